#include "runtime/plan/Names.h"

#include <algorithm>

namespace step37::plan {
namespace names {

std::string numbered(std::string_view name, int64_t number) {
  return std::string(name) + "." + std::to_string(number);
}

std::string hyperparameter(std::string_view name) {
  return std::string(optimizerPrefix) + std::string(name);
}

std::string coordinateAlong(std::span<const std::string> axes) {
  std::string name = coordinate;
  for (const std::string &axis : axes)
    name += "." + axis;
  return name;
}

std::string gradient(std::string_view parameter) { return "gradient." + std::string(parameter); }

std::string optimizerState(std::string_view role, std::string_view parameter) {
  return std::string(role) + "." + std::string(parameter);
}

} // namespace names

namespace {

using namespace names;

constexpr std::string_view batch[] = {inputIds,         lossMask,     documentStart, pixelValues,
                                      pixelValuesLocal, imageFeature, imagePosition};
constexpr std::string_view batchAndScales[] = {
    inputIds,     lossMask,      documentStart,  pixelValues, pixelValuesLocal,
    imageFeature, imagePosition, accumulateBeta, lossScale,   mtpLossScale};
constexpr std::string_view ofUpdate[] = {maxNorm, optimizerPrefix};
constexpr std::string_view batchAndUpdate[] = {
    inputIds,      lossMask,       documentStart, pixelValues,  pixelValuesLocal, imageFeature,
    imagePosition, accumulateBeta, lossScale,     mtpLossScale, maxNorm,          optimizerPrefix};
constexpr std::string_view chunkOnly[] = {chunk};
constexpr std::string_view sums[] = {lossSum, mtpLossSum, tokenLoss};
constexpr std::string_view norm[] = {gradNorm};
constexpr std::string_view sumsAndNorm[] = {lossSum, mtpLossSum, tokenLoss, gradNorm};
constexpr std::string_view losses[] = {lossSum, mtpLossSum, tokenLoss};
constexpr std::string_view rowsOfLogits[] = {names::logits};

constexpr std::array infos = {
    ProgramInfo{ProgramRole::accumulate, accumulateProgram, batchAndScales, sums},
    ProgramInfo{ProgramRole::update, updateProgram, ofUpdate, norm},
    ProgramInfo{ProgramRole::accumulateUpdate, accumulateUpdateProgram, batchAndUpdate,
                sumsAndNorm},
    ProgramInfo{ProgramRole::evaluate, evaluateProgram, batch, losses},
    ProgramInfo{ProgramRole::logits, logitsProgram, chunkOnly, rowsOfLogits},
    ProgramInfo{ProgramRole::logits, mtpLogitsProgram, chunkOnly, rowsOfLogits},
};

/// "mtp_loss_sum" of "mtp_loss_sum.1".
std::string_view withoutNumber(std::string_view name) {
  const size_t dot = name.rfind('.');
  if (dot == std::string_view::npos || dot + 1 == name.size() ||
      name.find_first_not_of("0123456789", dot + 1) != std::string_view::npos)
    return name;
  return name.substr(0, dot);
}

} // namespace

std::string_view name(ProgramRole role) {
  constexpr std::array<std::string_view, programRoleCount> names{
      "accumulate", "update", "accumulate_update", "evaluate", "logits"};
  return names[static_cast<size_t>(role)];
}

bool ProgramInfo::takesBuffer(std::string_view buffer) const {
  if (buffer.starts_with(optimizerPrefix))
    return std::ranges::count(takes, std::string_view(optimizerPrefix)) > 0;
  return std::ranges::count(takes, withoutNumber(buffer)) > 0;
}

bool ProgramInfo::givesBuffer(std::string_view buffer) const {
  return std::ranges::count(gives, withoutNumber(buffer)) > 0;
}

const ProgramInfo *findProgramInfo(std::string_view program) {
  const auto *found = std::ranges::find(infos, withoutNumber(program), &ProgramInfo::name);
  return found == infos.end() ? nullptr : found;
}

} // namespace step37::plan
