#include "codegen/spec/cuda/Stub.h"

#include <cstdio>

namespace step37::spec {
namespace {

std::string exact(double value) {
  char text[64];
  std::snprintf(text, sizeof text, "%a", value); // a hexadecimal literal loses nothing
  return text;
}

std::string cudaType(DType type) {
  switch (type) {
  case DType::f32:
    return "float";
  case DType::bf16:
    return "step37::bf16";
  case DType::u8:
    return "unsigned char";
  default:
    return "int"; // indices
  }
}

/// One member of the constant struct `Spec` for each field of a spec.
struct ConstantPrinter {
  std::string out;

  void operator()(const char *name, int64_t value) {
    constant("long long", name, std::to_string(value));
  }
  void operator()(const char *name, bool value) {
    constant("bool", name, value ? "true" : "false");
  }
  void operator()(const char *name, double value) { constant("double", name, exact(value)); }
  void operator()(const char *name, ClampPosition value) {
    constant("bool", std::string(name) + "_after_silu",
             value == ClampPosition::afterSilu ? "true" : "false");
  }
  /// Which ranks exchange what no template knows: collectives have no stub.
  void operator()(const char *, Exchange) {}
  void operator()(const char *, const std::vector<std::string> &) {}
  /// An element type is a type: `using type = step37::bf16;`.
  void operator()(const char *name, DType value) {
    out += "  using " + std::string(name) + " = " + cudaType(value) + ";\n";
  }
  /// A list is a function of the index and its length.
  void operator()(const char *name, const std::vector<double> &values) {
    list("double", name, values, exact);
  }
  void operator()(const char *name, const std::vector<int64_t> &values) {
    list("long long", name, values, [](int64_t value) { return std::to_string(value); });
  }

  void constant(const std::string &type, const std::string &name, const std::string &value) {
    out += "  static constexpr " + type + " " + name + " = " + value + ";\n";
  }

  template <typename T, typename Print>
  void list(const std::string &type, const std::string &name, const std::vector<T> &values,
            Print print) {
    constant("int", name + "_count", std::to_string(values.size()));
    out += "  static __device__ " + type + " " + name + "(int i) {\n    static constexpr " + type +
           " values[] = {";
    for (const T &value : values)
      out += print(value) + ",";
    out += "};\n    return values[i];\n  }\n";
  }
};

/// The struct that a launch passes by value: a pointer an argument, in launch order, and an
/// accessor of every declared name.
std::string argumentsStruct(const KernelSpec &spec) {
  const auto declarations =
      std::visit([](const auto &typed) { return typed.declarations(); }, spec);
  std::string accessors;
  for (const Declaration &declaration : declarations) {
    const std::string type =
        (declaration.access == Access::read ? "const " : "") + cudaType(declaration.type) + " *";
    accessors += "  __device__ " + type + std::string(declaration.name) +
                 (declaration.list ? "(int i) const { return " : "() const { return ");
    if (declaration.count == 0)
      accessors += "nullptr; }\n";
    else
      accessors += "static_cast<" + type + ">(at[" + std::to_string(declaration.first) +
                   (declaration.list ? " + i" : "") + "]); }\n";
  }
  return "\nstruct Arguments {\n  void *at[" + std::to_string(arguments(spec).size()) + "];\n" +
         accessors + "};\n";
}

} // namespace

std::string entryName(const std::string &name, size_t stage) {
  return name + "_" + std::to_string(stage);
}

std::string printStub(const std::string &name, const KernelSpec &spec, const CudaKernel &kernel) {
  ConstantPrinter choices, constants;
  std::visit([&](const auto &typed) { typed.visit(typed, choices); }, kernel.config);
  std::visit([&](const auto &typed) { typed.visit(typed, constants); }, spec);
  std::string text = "struct Launch {\n" + choices.out + "};\n#include \"" +
                     std::string(kernel.variant.header) + "\"\n\nstruct Spec {\n" + constants.out +
                     "  using Launch = ::Launch;\n};\n" + argumentsStruct(spec);
  const std::vector<Stage> stages = kernel.stages();
  for (size_t i = 0; i < stages.size(); ++i)
    text += "\nextern \"C\" __global__ void __launch_bounds__(" + std::to_string(stages[i].block) +
            ", " + std::to_string(stages[i].blocksPerSm) + ")\n" + entryName(name, i) +
            "(const __grid_constant__ Arguments arguments) {\n  step37::" + stages[i].function +
            "<Spec>(arguments);\n}\n";
  return text;
}

} // namespace step37::spec
