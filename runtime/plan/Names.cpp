#include "runtime/plan/Names.h"

#include "runtime/base/Error.h"

namespace step37::plan {
namespace names {

std::string numbered(std::string_view name, int64_t number) {
  return std::string(name) + "." + std::to_string(number);
}

std::string hyperparameter(std::string_view name) {
  return std::string(optimizerPrefix) + std::string(name);
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
constexpr std::string_view sums[] = {lossSum, mtpLossSum};
constexpr std::string_view norm[] = {gradNorm};
constexpr std::string_view sumsAndNorm[] = {lossSum, mtpLossSum, gradNorm};
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

} // namespace

const ProgramInfo &infoOf(std::string_view program) {
  for (const ProgramInfo &info : infos)
    if (program == info.name || program.starts_with(std::string(info.name) + "."))
      return info;
  throw Error("no program is called '" + std::string(program) + "'");
}

} // namespace step37::plan
