// Runs one host twin for a test: a buffer an argument, exactly as large as the spec says, poisoned
// with NaN where nothing is set, and watched. Every run is made with several numbers of threads,
// and with every output in the place of the input that the spec allows, and must give the same
// bytes, leave inputs alone and stay inside its buffers and scratch. Values go in and out as
// doubles, rounded to the argument's type on the way in.
#pragma once

#include "codegen/spec/SpecCheck.h"
#include "runtime/exec/host/Blas.h"
#include "runtime/exec/host/Elements.h"
#include "runtime/exec/host/HostKernels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace step37::test {

using Values = std::vector<double>;

/// One value of an element type from and to memory.
inline double readElement(const std::byte *from, DType type) {
  if (type == DType::i32) {
    int32_t value;
    std::memcpy(&value, from, sizeof value);
    return value;
  }
  if (type == DType::bf16)
    return host::load(reinterpret_cast<const host::BFloat16 *>(from));
  return *reinterpret_cast<const float *>(from);
}

inline void writeElement(double value, DType type, std::byte *to) {
  if (type == DType::i32) {
    auto integer = static_cast<int32_t>(value);
    std::memcpy(to, &integer, sizeof integer);
  } else if (type == DType::bf16) {
    host::store(reinterpret_cast<host::BFloat16 *>(to), static_cast<float>(value));
  } else {
    *reinterpret_cast<float *>(to) = static_cast<float>(value);
  }
}

/// Calls a spec's twin with arguments at these addresses, in launch order; in an exchange those of
/// the first rank, then of the second one, ….
template <class Spec>
void callTwin(const Spec &spec, host::HostContext &context,
              const std::vector<std::byte *> &addresses) {
  const size_t each = spec.arguments().size();
  std::vector<host::Buffers<Spec>> ranks;
  for (size_t first = 0; first < addresses.size(); first += each) {
    std::vector<host::HostBuffer> own;
    for (size_t i = 0; i < each; ++i)
      own.push_back({addresses[first + i]});
    ranks.push_back(spec::byName<Spec, host::HostBuffer>(spec, own));
  }
  if constexpr (spec::exchanges<Spec>)
    host::twinOf(spec).run(spec, context, ranks);
  else
    host::twinOf(spec).run(spec, context, ranks.front());
}

template <class Spec> class KernelRun {
public:
  explicit KernelRun(const Spec &spec) : spec(spec), arguments(spec.arguments()), random(20) {
    spec::check(spec);
    for (const spec::Argument &argument : arguments)
      buffers.emplace_back(size_t(argument.elements * byteSize(argument.type)) + fence, poison);
  }

  /// All elements of an argument, gaps between strided rows included.
  KernelRun &set(const std::string &name, const Values &values) {
    size_t index = find(name);
    DType type = arguments[index].type;
    EXPECT_EQ(int64_t(values.size()), arguments[index].elements) << name;
    for (size_t i = 0; i < values.size(); ++i)
      writeElement(values[i], type, buffers[index].data() + i * size_t(byteSize(type)));
    return *this;
  }
  template <class Int> KernelRun &setIntegers(const std::string &name, const std::vector<Int> &in) {
    return set(name, Values(in.begin(), in.end()));
  }

  /// Normally distributed values.
  KernelRun &fill(const std::string &name, double deviation = 1) {
    std::normal_distribution<double> normal(0, deviation);
    Values values(size_t(arguments[find(name)].elements));
    for (double &value : values)
      value = normal(random);
    return set(name, values);
  }

  Values get(const std::string &name) const {
    int64_t elements = arguments[find(name)].elements;
    return matrix(name, 1, elements, elements);
  }
  std::vector<int64_t> integers(const std::string &name) const {
    Values values = get(name);
    return {values.begin(), values.end()};
  }

  /// A strided matrix without its gaps. The gaps of an output must still be poison.
  Values matrix(const std::string &name, int64_t rows, int64_t cols, int64_t stride) const {
    size_t index = find(name);
    DType type = arguments[index].type;
    bool written = arguments[index].access != spec::Access::read;
    Values out;
    for (int64_t i = 0; i < (rows - 1) * stride + cols; ++i) {
      const std::byte *at = buffers[index].data() + i * byteSize(type);
      if (i % stride < cols)
        out.push_back(readElement(at, type));
      else
        EXPECT_TRUE(!written || *at == poison) << name << ": element " << i << " is in a gap";
    }
    return out;
  }

  /// The bytes of every argument, each followed by its fence: for a harness built on this one.
  using Buffers = std::vector<std::vector<std::byte>>;
  Buffers &contents() { return buffers; }

  /// One run on all cores, without the comparisons of `run`.
  KernelRun &runTwin() {
    runOnce(std::max(1, int(std::thread::hardware_concurrency())), addresses());
    return *this;
  }

  /// Runs with 1, 2, 3 and 5 threads from the same state, and in place.
  KernelRun &run() {
    auto before = buffers;
    runOnce(1, addresses());
    auto expected = buffers;
    for (size_t i = 0; i < arguments.size(); ++i) {
      bool mayChange = arguments[i].access != spec::Access::read;
      EXPECT_TRUE(mayChange || buffers[i] == before[i]) << arguments[i].name << " was written";
      EXPECT_TRUE(std::all_of(buffers[i].end() - fence, buffers[i].end(),
                              [](std::byte byte) { return byte == poison; }))
          << "write past the end of " << arguments[i].name;
    }
    for (int threads : {2, 3, 5}) {
      buffers = before;
      runOnce(threads, addresses());
      for (size_t i = 0; i < arguments.size(); ++i)
        EXPECT_TRUE(buffers[i] == expected[i])
            << arguments[i].name << " differs with " << threads << " threads";
    }
    for (size_t i = 0; i < arguments.size(); ++i)
      if (arguments[i].inPlaceOf >= 0)
        runInPlace(i, size_t(arguments[i].inPlaceOf), before, expected);
    buffers = expected;
    return *this;
  }

  static constexpr std::byte poison{0xff}; // NaN in f32 and bf16, −1 in i32
  static constexpr size_t fence = 64;      // bytes behind every buffer

private:
  size_t find(const std::string &name) const {
    for (size_t i = 0; i < arguments.size(); ++i)
      if (arguments[i].name == name)
        return i;
    throw std::invalid_argument("no argument " + name);
  }

  /// With the storage of argument `input` for argument `output` too.
  void runInPlace(size_t output, size_t input, const Buffers &before, const Buffers &expected) {
    buffers = before;
    std::vector<std::byte *> pointers = addresses();
    pointers[output] = pointers[input];
    runOnce(2, pointers);
    buffers[output] = buffers[input];
    for (size_t i = 0; i < arguments.size(); ++i)
      EXPECT_TRUE(i == input || buffers[i] == expected[i])
          << arguments[i].name << " differs with " << arguments[output].name << " in place of "
          << arguments[input].name;
  }

  std::vector<std::byte *> addresses() {
    std::vector<std::byte *> pointers;
    for (auto &buffer : buffers)
      pointers.push_back(buffer.data());
    return pointers;
  }

  void runOnce(int threads, const std::vector<std::byte *> &pointers) {
    static const host::Blas blas;
    static std::map<int, std::unique_ptr<ThreadPool>> pools;
    auto &pool = pools[threads];
    if (!pool)
      pool = std::make_unique<ThreadPool>(threads);
    struct alignas(64) Line {
      float values[16] = {NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN,
                          NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
    };
    int64_t floats = host::twinOf(spec).scratchFloats, perWorker = floats / 16 * 16 + 32;
    std::vector<Line> scratch(size_t(perWorker / 16 * threads));
    host::HostContext context{*pool, blas, scratch[0].values, perWorker};
    callTwin(spec, context, pointers);
    for (int worker = 0; worker < threads; ++worker)
      for (int64_t i = floats; i < perWorker; ++i)
        EXPECT_TRUE(std::isnan(context.workerScratch(worker)[i])) << "write past the scratch";
  }

  Spec spec;
  spec::Arguments arguments;
  Buffers buffers;
  std::mt19937_64 random;
};

/// How far a result may be from exact arithmetic on the same inputs, rounded once to `type`.
inline double tolerance(DType type) { return type == DType::f32 ? 1e-6 : 4e-3; }

/// Within `tolerance` relative in norm, and within 8 times as much of the largest value everywhere.
/// `magnitude` is the size of the terms where the result can be much smaller than they are.
inline void expectClose(const Values &actual, const Values &expected, double tolerance,
                        const std::string &what, double magnitude = 0) {
  ASSERT_EQ(actual.size(), expected.size()) << what;
  double error = 0, norm = magnitude * magnitude * double(expected.size());
  double worst = 0, largest = magnitude;
  for (size_t i = 0; i < actual.size(); ++i) {
    double difference = std::fabs(actual[i] - expected[i]);
    ASSERT_FALSE(std::isnan(difference))
        << what << "[" << i << "] is " << actual[i] << ", expected " << expected[i];
    error += difference * difference;
    norm += expected[i] * expected[i];
    worst = std::max(worst, difference);
    largest = std::max(largest, std::fabs(expected[i]));
  }
  EXPECT_LE(std::sqrt(error), tolerance * std::sqrt(norm)) << what << ", error in norm";
  EXPECT_LE(worst, 8 * tolerance * largest) << what << ", largest error";
}

/// Central differences of a scalar function.
inline Values slopes(const std::function<double(const Values &)> &function, Values at,
                     double step = 1e-5) {
  Values out(at.size());
  for (size_t i = 0; i < at.size(); ++i) {
    double x = at[i];
    at[i] = x + step;
    double above = function(at);
    at[i] = x - step;
    out[i] = (above - function(at)) / (2 * step);
    at[i] = x;
  }
  return out;
}

inline double inner(const Values &a, const Values &b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i)
    sum += a[i] * b[i];
  return sum;
}

inline double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

/// Starts of documents in rows of `seqLen` tokens: each row of `documents` of random lengths.
inline std::vector<int> documentStarts(int64_t tokens, int64_t seqLen, int64_t documents) {
  std::mt19937 random(5);
  std::vector<int> starts(static_cast<size_t>(tokens));
  for (int64_t row = 0; row < tokens / seqLen; ++row) {
    std::vector<bool> begins(static_cast<size_t>(seqLen));
    for (int64_t i = 1; i < documents; ++i)
      begins[random() % static_cast<size_t>(seqLen)] = true;
    int start = 0;
    for (int64_t t = 0; t < seqLen; ++t) {
      start = begins[static_cast<size_t>(t)] ? static_cast<int>(t) : start;
      starts[static_cast<size_t>(row * seqLen + t)] = start;
    }
  }
  return starts;
}

} // namespace step37::test
