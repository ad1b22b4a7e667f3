// Outputs that may take over an input's storage give the same bits when they do.
#include "codegen/spec/KernelSpec.h"
#include "runtime/exec/host/Blas.h"
#include "runtime/exec/host/Elements.h"
#include "test/runtime/HostKernelHarness.h"

#include <gtest/gtest.h>

#include <random>

namespace {

using namespace step37;
using Bytes = std::vector<std::byte>;

Bytes randomBytes(const spec::Argument &argument, std::mt19937 &random) {
  Bytes bytes(size_t(argument.elements * byteSize(argument.type)));
  for (int64_t i = 0; i < argument.elements; ++i) {
    float value = float(random() % 2001) / 1000 - 1;
    if (argument.type == DType::i32)
      reinterpret_cast<int32_t *>(bytes.data())[i] = int32_t(random() % 8); // a label
    else if (argument.type == DType::f32)
      host::store(reinterpret_cast<float *>(bytes.data()) + i, value);
    else
      host::store(reinterpret_cast<host::BFloat16 *>(bytes.data()) + i, value);
  }
  return bytes;
}

/// Runs a kernel on random arguments and returns all of them. The output `shared`, or none if it is
/// -1, stands where the input is that it may overwrite.
std::vector<Bytes> run(const spec::KernelSpec &spec, int shared) {
  static const host::Blas blas;
  ThreadPool pool(2);
  spec::Arguments arguments = spec::arguments(spec);
  std::mt19937 random(7);
  std::vector<Bytes> buffers;
  for (const spec::Argument &argument : arguments)
    buffers.push_back(randomBytes(argument, random));
  std::vector<std::byte *> addresses;
  for (Bytes &buffer : buffers)
    addresses.push_back(buffer.data());
  if (shared >= 0)
    addresses[size_t(shared)] = addresses[size_t(arguments[size_t(shared)].inPlaceOf)];

  int64_t perWorker =
      std::visit([](const auto &typed) { return host::twinOf(typed).scratchFloats; }, spec);
  std::vector<float> scratch(size_t(perWorker * pool.threads()));
  host::HostContext context{pool, blas, scratch.data(), perWorker};
  std::visit([&](const auto &typed) { test::callTwin(typed, context, addresses); }, spec);
  if (shared >= 0)
    buffers[size_t(shared)].assign(addresses[size_t(shared)],
                                   addresses[size_t(shared)] + buffers[size_t(shared)].size());
  return buffers;
}

void checkInPlace(const spec::KernelSpec &spec) {
  spec::Arguments arguments = spec::arguments(spec);
  std::vector<Bytes> apart = run(spec, -1);
  int checked = 0;
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i].inPlaceOf < 0)
      continue;
    std::vector<Bytes> together = run(spec, int(i));
    for (size_t j = 0; j < arguments.size(); ++j)
      if (arguments[j].access != spec::Access::read) {
        EXPECT_TRUE(together[j] == apart[j]) << family(spec) << ": " << arguments[j].name
                                             << " with " << arguments[i].name << " in place";
      }
    ++checked;
  }
  EXPECT_GT(checked, 0) << family(spec);
}

TEST(HostInPlace, SameBits) {
  checkInPlace(spec::LogitsLoss{17, 300, true, DType::f32});
  for (DType type : {DType::f32, DType::bf16}) {
    checkInPlace(spec::Add{40001, 3, type});
    checkInPlace(spec::RmsNorm{130, 65, 2, 1e-5, type});
    checkInPlace(spec::RmsNormGrad{130, 65, 0, 1e-5, type});
    checkInPlace(spec::RmsNormGrad{130, 65, 2, 1e-5, type});
    checkInPlace(spec::Swiglu{130, 300, 300, 300, 0.5, spec::ClampPosition::afterSilu, type});
    checkInPlace(spec::Swiglu{130, 300, 600, 300, 0.5, spec::ClampPosition::afterSilu, type});
  }
}

} // namespace
