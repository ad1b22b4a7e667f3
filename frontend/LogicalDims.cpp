#include "frontend/LogicalDims.h"

namespace step37 {
namespace {

struct NamedDims {
  std::string_view suffix;
  std::vector<std::string_view> dims;
};

} // namespace

std::vector<std::string_view> logicalDims(const PublishedTensor &tensor) {
  static const std::vector<NamedDims> table = {
      {".moe.gate_proj.weight", {"expert", "expert_ffn", ""}},
      {".moe.up_proj.weight", {"expert", "expert_ffn", ""}},
      {".moe.down_proj.weight", {"expert", "", "expert_ffn"}},
      {".q_proj.weight", {"head", ""}},
      {".k_proj.weight", {"head", ""}},
      {".v_proj.weight", {"head", ""}},
      {".g_proj.weight", {"head", ""}},
      {".o_proj.weight", {"", "head"}},
      {".gate_proj.weight", {"ffn", ""}},
      {".up_proj.weight", {"ffn", ""}},
      {".down_proj.weight", {"", "ffn"}},
      {"embed_tokens.weight", {"vocab", ""}},
      {"lm_head.weight", {"vocab", ""}},
      {".shared_head.output.weight", {"vocab", ""}},
  };
  for (const NamedDims &entry : table)
    if (std::string_view(tensor.name).ends_with(entry.suffix) &&
        tensor.shape.size() == entry.dims.size())
      return entry.dims;
  return {};
}

} // namespace step37
