// Checks a part's placement; see PartRuns.h.
#include "bridge/PartRuns.h"

#include "runtime/base/CheckedSize.h"
#include "runtime/base/Error.h"

namespace step37 {

int64_t checkPart(const plan::Parameter &parameter, const plan::Part &part, int64_t bufferElements,
                  const plan::Mesh &mesh) {
  const std::string label = parameter.name + ": " + part.name + ": ";
  const auto elements = checkedProduct(part.shape);
  if (!elements || part.blocks < 1 || part.block < 1 ||
      checkedMultiply(part.blocks, part.block) !=
          checkedProduct(plan::localShape(mesh, part.shape, part.split)))
    throw Error(label + "its blocks do not make up its shape");
  const auto lastBlock = checkedMultiply(part.blocks - 1, part.stride);
  const auto last = lastBlock ? checkedAdd(*lastBlock, part.begin) : lastBlock;
  const auto end = last ? checkedAdd(*last, part.block) : last;
  if (part.begin < 0 || part.stride < 0 || !end || *end > bufferElements)
    throw Error(label + "lies outside of the parameter's buffer of " +
                std::to_string(bufferElements) + " elements");
  return *elements;
}

} // namespace step37
