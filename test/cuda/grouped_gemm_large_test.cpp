// Products over the rows of experts at published sizes: for these the host twin takes too long, so
// that elements of the result are picked and compared with sums in f64.
#include "runtime/exec/host/Elements.h"
#include "test/cuda/GpuKernel.h"
#include "test/cuda/GroupOffsets.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

namespace {

using namespace step37;
using namespace step37::test;

using host::BFloat16;

/// One argument on the GPU, 64 bytes behind a multiple of more, as a plan may place it.
class Buffer {
public:
  static constexpr int64_t border = 64;

  explicit Buffer(const spec::Argument &argument)
      : type(argument.type),
        memory(Gpu::instance().driver, border + argument.elements * byteSize(type), argument.name) {
    memory.fill(0xff);
  }
  CUdeviceptr address() const { return memory.address() + border; }

  void set(std::span<const std::byte> bytes) { memory.upload(border, bytes); }

  std::vector<double> read(int64_t first, int64_t count) const {
    std::vector<std::byte> bytes(size_t(count * byteSize(type)));
    memory.download(border + first * byteSize(type), bytes);
    std::vector<double> values;
    for (int64_t i = 0; i < count; ++i)
      values.push_back(
          type == DType::bf16
              ? double(host::load(reinterpret_cast<const BFloat16 *>(bytes.data()) + i))
              : double(host::load(reinterpret_cast<const float *>(bytes.data()) + i)));
    return values;
  }

private:
  DType type;
  cuda::Memory memory;
};

/// Normally distributed values, the same few over and over, on the host too.
class Matrix {
public:
  Matrix(Buffer &buffer, int64_t elements, unsigned seed, double deviation = 1)
      : values(size_t(elements)) {
    constexpr int64_t period = 100'003; // a prime: rows do not repeat
    std::mt19937_64 random(seed);
    std::normal_distribution<float> normal(0, float(deviation));
    for (int64_t i = 0; i < elements; ++i)
      if (i < period)
        host::store(&values[size_t(i)], normal(random));
      else
        values[size_t(i)] = values[size_t(i - period)];
    buffer.set(std::as_bytes(std::span(values)));
  }
  double operator[](int64_t i) const { return double(host::load(&values[size_t(i)])); }

private:
  std::vector<BFloat16> values;
};

/// Errors and results of all picked elements.
struct Comparison {
  double error = 0, norm = 0;

  /// Of a row every 13th element, so that each place in a tile has its turn.
  template <class Expected> void add(const std::vector<double> &row, const Expected &expected) {
    for (size_t i = 0; i < row.size(); i += 13) {
      double wanted = expected(int64_t(i));
      error += (row[i] - wanted) * (row[i] - wanted);
      norm += wanted * wanted;
    }
  }
  void expectWithin(double tolerance) const {
    EXPECT_LE(std::sqrt(error / norm), tolerance); // fails for NaN
  }
};

template <class Spec> class LargeRun {
public:
  explicit LargeRun(const Spec &spec) : spec(spec) {
    for (const spec::Argument &argument : spec.arguments())
      buffers.emplace_back(std::make_unique<Buffer>(argument));
  }
  Buffer &operator[](size_t index) { return *buffers[index]; }

  /// The fastest variant, which must be the one on tensor cores.
  void run() {
    spec::CudaKernel kernel = spec::chooseCudaKernel(spec).kernel;
    EXPECT_EQ(kernel.variant.name, "wgmma");
    std::vector<CUdeviceptr> pointers;
    for (const auto &buffer : buffers)
      pointers.push_back(buffer->address());
    GpuKernel(Gpu::instance(), spec, kernel).run(pointers);
  }

private:
  Spec spec;
  std::vector<std::unique_ptr<Buffer>> buffers;
};

/// Some rows of [first, last), the ends among them.
std::vector<int64_t> pick(int64_t first, int64_t last) {
  std::vector<int64_t> rows;
  for (int64_t row : {first, first + 63, first + 127, first + 128, (first + last) / 2, last - 1})
    if (row >= first && row < last)
      rows.push_back(row);
  return rows;
}

void checkGroupedGemm(const spec::GroupedGemm &spec, int64_t used) {
  LargeRun run(spec);
  std::vector<int> offsets = routedOffsets(spec.groups, used);
  Matrix x(run[0], spec.rows * spec.k, 1), w(run[1], spec.groups * spec.n * spec.k, 2);
  run[2].set(std::as_bytes(std::span(offsets)));
  run.run();
  Comparison comparison;
  for (int64_t group = 0; group < spec.groups; group += 7)
    for (int64_t row : pick(offsets[size_t(group)], offsets[size_t(group) + 1])) {
      int64_t weight = group * spec.n * spec.k;
      comparison.add(run[3].read(row * spec.n, spec.n), [&](int64_t j) {
        double sum = 0;
        for (int64_t i = 0; i < spec.k; ++i)
          sum += x[row * spec.k + i] *
                 w[weight + (spec.transpose_b ? j * spec.k + i : i * spec.n + j)];
        return sum;
      });
    }
  comparison.expectWithin(1e-2);
  for (int64_t row : pick(used, spec.rows))
    EXPECT_EQ(run[3].read(row * spec.n, spec.n), std::vector<double>(size_t(spec.n)));
}

TEST(GroupedGemm, Published) {
  for (bool transpose : {true, false}) {
    checkGroupedGemm({36, 65536, 1280, 4096, transpose, DType::bf16}, 65536);
    checkGroupedGemm({36, 65536, 4096, 1280, transpose, DType::bf16}, 60000);
  }
  checkGroupedGemm({288, 65536, 1280, 4096, true, DType::bf16}, 65536);
}

void checkGroupedGemmGrad(const spec::GroupedGemmGrad &spec, int64_t used, float beta) {
  LargeRun run(spec);
  std::vector<int> offsets = routedOffsets(spec.groups, used);
  Matrix a(run[0], spec.rows * spec.m, 1), b(run[1], spec.rows * spec.n, 2);
  run[2].set(std::as_bytes(std::span(offsets)));
  run[3].set(std::as_bytes(std::span(&beta, 1)));
  std::unique_ptr<Matrix> old;
  if (beta != 0)
    old = std::make_unique<Matrix>(run[4], spec.groups * spec.m * spec.n, 3, 30);
  run.run();
  Comparison comparison;
  for (int64_t group = 0; group < spec.groups; group += 7)
    for (int64_t line : pick(0, spec.m)) {
      int64_t first = (group * spec.m + line) * spec.n;
      comparison.add(run[4].read(first, spec.n), [&](int64_t j) {
        double sum = old ? double(beta) * (*old)[first + j] : 0;
        for (int64_t row = offsets[size_t(group)]; row < offsets[size_t(group) + 1]; ++row)
          sum += a[row * spec.m + line] * b[row * spec.n + j];
        return sum;
      });
    }
  comparison.expectWithin(spec.grad_type == DType::bf16 ? 1e-2 : 1e-4);
}

TEST(GroupedGemmGrad, Published) {
  checkGroupedGemmGrad({36, 65536, 1280, 4096, DType::bf16, DType::f32}, 65536, 0);
  checkGroupedGemmGrad({36, 65536, 4096, 1280, DType::bf16, DType::bf16}, 60000, 1);
}

} // namespace
