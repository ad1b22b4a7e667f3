// Runs every GPU variant of one kernel spec against its host twin. Inputs go in by name, as in
// test/runtime/HostKernelHarness.h. Outputs start as NaN, every buffer stands between fences and
// begins at an address that is a multiple of 64 bytes and of nothing more, which is all that a plan
// promises. One line a variant is printed: how far off and how fast.
#pragma once

#include "codegen/cost/Work.h"
#include "codegen/spec/SpecJson.h"
#include "test/cuda/GpuKernel.h"
#include "test/runtime/HostKernelHarness.h"

#include <cstdio>

namespace step37::test {

/// Largest error of a GPU result relative to the twin's, in norm.
inline double gpuTolerance(DType type) { return type == DType::bf16 ? 1e-2 : 1e-5; }

template <class Spec> class GpuCase : public KernelRun<Spec> {
public:
  explicit GpuCase(const Spec &spec) : KernelRun<Spec>(spec), spec(spec), list(spec.arguments()) {}

  /// Normally distributed values, the same few over and over: quick for large arguments.
  GpuCase &fillLarge(const std::string &name, double deviation = 1) {
    constexpr size_t period = 100'003; // a prime: rows do not repeat
    size_t index = indexOf(name), size = size_t(byteSize(list[index].type));
    std::mt19937_64 random(index + 1);
    std::normal_distribution<double> normal(0, deviation);
    std::vector<std::byte> values(period * size);
    for (size_t i = 0; i < period; ++i)
      writeElement(normal(random), list[index].type, values.data() + i * size);
    std::vector<std::byte> &to = this->contents()[index];
    size_t bytes = size_t(list[index].elements) * size;
    for (size_t at = 0; at < bytes; at += values.size())
      std::copy_n(values.begin(), std::min(values.size(), bytes - at), to.begin() + long(at));
    return *this;
  }

  /// fillLarge for every input and every f32 or bf16 argument that is read and written, but those
  /// of indices.
  GpuCase &fillAll(double deviation = 1) {
    for (const spec::Argument &argument : list)
      if (argument.access != spec::Access::write && argument.type != DType::i32)
        fillLarge(argument.name, deviation);
    return *this;
  }

  /// How far `name` may be off where that is not gpuTolerance of its type.
  GpuCase &allow(const std::string &name, double tolerance) {
    tolerances[name] = tolerance;
    return *this;
  }

  /// The same without signs.
  GpuCase &fillPositive(const std::string &name, double deviation = 1) {
    fillLarge(name, deviation);
    size_t index = indexOf(name), size = size_t(byteSize(list[index].type));
    std::vector<std::byte> &bytes = this->contents()[index];
    for (size_t at = 0; at < size_t(list[index].elements) * size; at += size)
      bytes[at + size - 1] &= std::byte{0x7f};
    return *this;
  }

  /// One value.
  GpuCase &setSlot(const std::string &name, double value) {
    this->set(name, {value});
    return *this;
  }

  /// A result that is not compared.
  GpuCase &skip(const std::string &name) { return allow(name, INFINITY); }

  /// The twin, then every variant that takes the spec. The twin's results stay.
  GpuCase &check() {
    before = this->contents();
    this->runTwin();
    for (const spec::CudaVariant &variant : spec::cudaVariants(spec))
      checkVariant(variant);
    return *this;
  }

  /// The generic variant in the twin's place, where that would take too long; then the others.
  GpuCase &checkAgainstGeneric() {
    before = this->contents();
    std::vector<spec::CudaVariant> variants = spec::cudaVariants(spec);
    this->contents() = OnGpu(*this, kernelsOf(variants.back()).front()).run();
    variants.pop_back();
    for (const spec::CudaVariant &variant : variants)
      checkVariant(variant);
    return *this;
  }

  /// An argument as another case has it, results included.
  template <class Other> GpuCase &take(const std::string &name, GpuCase<Other> &other) {
    this->contents()[indexOf(name)] = other.bytesOf(name);
    return *this;
  }
  const std::vector<std::byte> &bytesOf(const std::string &name) {
    return this->contents()[indexOf(name)];
  }

private:
  using Buffers = typename KernelRun<Spec>::Buffers;
  static constexpr int64_t border = 64; // bytes before an argument; behind it is the twin's fence

  size_t indexOf(const std::string &name) const {
    for (size_t i = 0; i < list.size(); ++i)
      if (list[i].name == name)
        return i;
    throw std::invalid_argument("no argument " + name);
  }

  std::string describe(const spec::CudaKernel &kernel) const {
    return std::string(Spec::family) + " " + std::string(kernel.variant.name) + " " +
           spec::toJson(spec::KernelSpec(spec)).dump() + " " + spec::toJson(kernel.config).dump();
  }

  /// A kernel with its arguments in GPU memory.
  struct OnGpu {
    const GpuCase &test;
    GpuKernel kernel;
    std::vector<std::unique_ptr<cuda::Memory>> memory;
    std::vector<CUdeviceptr> pointers;

    OnGpu(const GpuCase &test, const spec::CudaKernel &kernel)
        : test(test), kernel(Gpu::instance(), test.spec, kernel) {
      for (size_t i = 0; i < test.list.size(); ++i) {
        memory.push_back(std::make_unique<cuda::Memory>(
            Gpu::instance().driver, border + int64_t(test.before[i].size()), test.list[i].name));
        pointers.push_back(memory[i]->address() + border);
      }
    }

    /// From the state that all runs start from; every argument afterwards.
    Buffers run(const std::vector<CUdeviceptr> &at) {
      for (size_t i = 0; i < memory.size(); ++i) {
        memory[i]->fill(static_cast<unsigned char>(GpuCase::poison));
        memory[i]->upload(border, test.before[i]);
      }
      kernel.run(at);
      Buffers after;
      for (size_t i = 0; i < memory.size(); ++i)
        after.push_back(test.downloadArgument(*memory[i], i));
      return after;
    }
    Buffers run() { return run(pointers); }
  };

  /// All its launch choices, which must give the same bits.
  void checkVariant(const spec::CudaVariant &variant) {
    Buffers bits;
    for (const spec::CudaKernel &kernel : spec::kernelsOf(variant)) {
      SCOPED_TRACE(describe(kernel));
      Buffers results = checkKernel(kernel);
      if (bits.empty())
        bits = std::move(results);
      else
        expectSame(results, bits, "with other launch choices");
    }
  }

  Buffers checkKernel(const spec::CudaKernel &kernel) {
    OnGpu gpu(*this, kernel);
    Buffers first = gpu.run();
    double error = 0;
    for (size_t i = 0; i < list.size(); ++i)
      if (list[i].access == spec::Access::read)
        EXPECT_TRUE(first[i] == before[i]) << list[i].name << " was written";
      else if (list[i].name != "workspace")
        error = std::max(error, compare(i, first[i]));
    expectSame(gpu.run(), first, "in a second run");
    for (size_t i = 0; i < list.size(); ++i)
      if (list[i].inPlaceOf >= 0) {
        size_t input = size_t(list[i].inPlaceOf);
        std::vector<CUdeviceptr> shared = gpu.pointers;
        shared[i] = shared[input];
        Buffers after = gpu.run(shared);
        std::swap(after[i], after[input]);
        after[input] = before[input];
        Buffers expected = first;
        keepGaps(i, expected[i], before[input]);
        expectSame(after, expected, "in place of " + list[input].name);
      }
    report(kernel.variant, error, gpu.kernel.seconds(gpu.pointers));
    return first;
  }

  /// An argument and its fence; checks what stands before it.
  std::vector<std::byte> downloadArgument(const cuda::Memory &memory, size_t index) const {
    std::vector<std::byte> bytes(size_t(memory.bytes()));
    memory.download(0, bytes);
    EXPECT_TRUE(std::all_of(bytes.begin(), bytes.begin() + border,
                            [&](std::byte byte) { return byte == this->poison; }))
        << "write before " << list[index].name;
    EXPECT_TRUE(std::all_of(bytes.end() - long(this->fence), bytes.end(),
                            [&](std::byte byte) { return byte == this->poison; }))
        << "write past the end of " << list[index].name;
    bytes.erase(bytes.begin(), bytes.begin() + border);
    return bytes;
  }

  /// Error in norm of a written argument. What the twin leaves as NaN (gaps between rows) must be
  /// left alone here too.
  double compare(size_t index, const std::vector<std::byte> &actual) {
    const std::vector<std::byte> &expected = this->contents()[index];
    const spec::Argument &argument = list[index];
    if (argument.type == DType::i32) {
      EXPECT_TRUE(actual == expected) << argument.name << " differs";
      return 0;
    }
    auto own = tolerances.find(argument.name);
    double tolerance = own == tolerances.end() ? gpuTolerance(argument.type) : own->second;
    if (std::isinf(tolerance))
      return 0;
    double error = 0, norm = 0;
    size_t size = size_t(byteSize(argument.type));
    for (size_t i = 0; i < size_t(argument.elements); ++i) {
      const std::byte *from = actual.data() + i * size, *to = expected.data() + i * size;
      if (std::memcmp(from, to, size) == 0 && std::isnan(readElement(to, argument.type)))
        continue;
      double value = readElement(from, argument.type), wanted = readElement(to, argument.type);
      double difference = value == wanted ? 0 : value - wanted; // infinities may be equal
      if (std::isnan(difference)) {
        ADD_FAILURE() << argument.name << "[" << i << "] is " << value << ", expected " << wanted;
        return INFINITY;
      }
      error += difference * difference;
      norm += std::isinf(wanted) ? 0 : wanted * wanted;
    }
    double relative = error == 0 ? 0 : std::sqrt(error / norm);
    EXPECT_LE(relative, tolerance) << argument.name << ", error in norm";
    return relative;
  }

  /// Gaps between written rows hold in place what the input had there. Integers have none, and −1,
  /// which is their poison, may be a result.
  void keepGaps(size_t index, std::vector<std::byte> &written,
                const std::vector<std::byte> &input) const {
    if (list[index].type == DType::i32)
      return;
    auto size = long(byteSize(list[index].type));
    for (auto at = written.begin(); at != written.end(); at += size)
      if (std::all_of(at, at + size, [&](std::byte byte) { return byte == this->poison; }))
        std::copy_n(input.begin() + (at - written.begin()), size, at);
  }

  void expectSame(const Buffers &actual, const Buffers &expected, const std::string &when) const {
    for (size_t i = 0; i < list.size(); ++i)
      EXPECT_TRUE(list[i].name == "workspace" || actual[i] == expected[i])
          << list[i].name << " differs " << when;
  }

  void report(const spec::CudaVariant &variant, double error, double seconds) const {
    spec::Work work = spec::workOf(spec);
    bool counts = work.operations > 0;
    std::string shape = spec::toJson(spec::KernelSpec(spec)).dump();
    if (shape.size() > 160)
      shape = shape.substr(0, 160) + "…";
    std::printf("%-20s %-10s error %.1e %10.1f us %8.1f %s  %s\n",
                std::string(Spec::family).c_str(), std::string(variant.name).c_str(), error,
                seconds * 1e6, (counts ? work.operations / 1e12 : work.bytes / 1e9) / seconds,
                counts ? "TFLOP/s" : "GB/s", shape.c_str());
  }

  Spec spec;
  spec::Arguments list;
  Buffers before; // what all runs start from
  std::map<std::string, double> tolerances;
};

} // namespace step37::test
