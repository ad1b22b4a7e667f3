// Makes small plans by hand: appends buffers one after another and steps that name their buffers.
// The plans that tests make with it are BigramPlan.h and MeshBigramPlan.h.
#pragma once

#include "codegen/spec/KernelSpec.h"
#include "codegen/spec/SpecJson.h"
#include "runtime/plan/Plan.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace step37::test {

class PlanBuilder {
public:
  PlanBuilder() { target.name = "host"; }

protected:
  using Cls = plan::BufferClass;
  using Kind = plan::BufferKind;

  plan::Buffer &add(std::string name, Cls cls, Kind kind, DType type, std::vector<int64_t> dims,
                    int program = -1) {
    plan::Buffer buffer;
    buffer.name = std::move(name);
    buffer.cls = cls;
    buffer.kind = kind;
    buffer.type = type;
    buffer.shape = std::move(dims);
    buffer.offset = target.arena_bytes;
    buffer.program = program;
    target.arena_bytes +=
        (buffer.bytes() + plan::alignment - 1) / plan::alignment * plan::alignment;
    return target.buffers.emplace_back(std::move(buffer));
  }

  void temporary(std::string name, DType type, std::vector<int64_t> dims) {
    add(std::move(name), Cls::temporary, Kind::activations, type, std::move(dims),
        static_cast<int>(target.programs.size()) - 1);
  }

  void program(std::string name) {
    const plan::ProgramRole role = plan::findProgramInfo(name)->role;
    target.programs.push_back({std::move(name), role, {}});
  }

  void launch(const spec::KernelSpec &spec, const std::vector<std::string> &names,
              std::string origin) {
    plan::Kernel kernel;
    kernel.family = spec::family(spec);
    kernel.name = kernel.family + "_" + std::to_string(target.kernels.size());
    kernel.variant = "host";
    kernel.reason = "the only one";
    kernel.spec = nlohmann::json(spec::toJson(spec));
    plan::Step step;
    step.kind = kernel.family == "gemm"         ? plan::StepKind::gemm
                : kernel.family == "collective" ? plan::StepKind::collective
                                                : plan::StepKind::launch;
    step.kernel = static_cast<int>(target.kernels.size());
    step.origin = std::move(origin);
    auto number = static_cast<int>(target.programs.back().steps.size());
    for (const std::string &name : names) {
      int index = target.findBuffer(name);
      step.arguments.push_back({index, 0});
      plan::Buffer &buffer = target.buffers[static_cast<size_t>(index)];
      if (buffer.cls != Cls::temporary)
        continue;
      buffer.first_step = buffer.first_step < 0 ? number : buffer.first_step;
      buffer.last_step = number;
    }
    target.kernels.push_back(std::move(kernel));
    target.programs.back().steps.push_back(std::move(step));
  }

  /// c[m,n] = a[m,k]·b[k,n] on whole matrices.
  static spec::Gemm product(int64_t m, int64_t n, int64_t k, DType a, DType b, DType c) {
    spec::Gemm gemm;
    gemm.m = m;
    gemm.n = gemm.b_stride = gemm.c_stride = n;
    gemm.k = gemm.a_stride = k;
    gemm.a_type = a;
    gemm.b_type = b;
    gemm.c_type = c;
    return gemm;
  }

  /// c[m,n] = a[m,k]·b[n,k]ᵀ, a and b of one type.
  static spec::Gemm productWithTransposed(int64_t m, int64_t n, int64_t k, DType type, DType c) {
    spec::Gemm gemm = product(m, n, k, type, type, c);
    gemm.transpose_b = true;
    gemm.b_stride = k;
    return gemm;
  }

  plan::Target target;
};

} // namespace step37::test
