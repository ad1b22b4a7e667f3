#include "test/cuda/LastPage.h"

#include "runtime/exec/CreateExecutor.h"
#include "runtime/plan/PlanFile.h"

#include <algorithm>
#include <set>

namespace step37::test {
namespace {

constexpr int64_t pageBytes = 4096;
constexpr std::byte poison{0xa5};

/// The bytes of one buffer that lie in the page.
struct Piece {
  int buffer;
  int64_t begin; // in the buffer
  std::vector<std::byte> bytes;
};

std::vector<Piece> piecesOf(const plan::Target &target) {
  const int64_t page = std::max<int64_t>(0, target.arena_bytes - pageBytes);
  std::vector<Piece> pieces;
  for (size_t i = 0; i < target.buffers.size(); ++i) {
    const plan::Buffer &buffer = target.buffers[i];
    const int64_t begin = std::max<int64_t>(0, page - buffer.offset);
    // What the runtime writes tells kernels where to look: it is left alone.
    if (buffer.cls == plan::BufferClass::input || buffer.cls == plan::BufferClass::scalar)
      continue;
    if (begin < buffer.bytes())
      pieces.push_back(
          {int(i), begin, std::vector<std::byte>(size_t(buffer.bytes() - begin), poison)});
  }
  return pieces;
}

/// Programs that touch a buffer.
std::set<int> programsOf(const plan::Target &target, const std::vector<Piece> &pieces) {
  std::set<int> programs;
  for (size_t program = 0; program < target.programs.size(); ++program)
    for (const plan::Step &step : target.programs[program].steps)
      for (const plan::Argument &argument : step.arguments)
        if (std::ranges::find(pieces, argument.buffer, &Piece::buffer) != pieces.end())
          programs.insert(int(program));
  return programs;
}

} // namespace

Verdict lastPageIsUsed(const std::filesystem::path &path, const std::string &device) {
  const plan::Plan plan = plan::load(path);
  ExecutorOptions options;
  options.device = device;
  const std::unique_ptr<Executor> executor = createExecutor(plan, options);
  const plan::Target &target = executor->target();
  std::vector<Piece> pieces = piecesOf(target);
  int64_t changed = 0;
  for (int program : programsOf(target, pieces)) {
    for (const Piece &piece : pieces)
      executor->write(0, piece.buffer, piece.begin,
                      std::vector<std::byte>(piece.bytes.size(), poison));
    executor->run(program);
    for (Piece &piece : pieces) {
      executor->read(0, piece.buffer, piece.begin, piece.bytes);
      changed += std::ranges::count_if(piece.bytes, [](std::byte byte) { return byte != poison; });
    }
  }
  return {changed > 0, std::to_string(pieces.size()) + " buffers in the last " +
                           std::to_string(pageBytes) + " of " + std::to_string(target.arena_bytes) +
                           " bytes, " + std::to_string(changed) + " bytes written"};
}

} // namespace step37::test
