// QkNormRope and its gradient on the host. The reference rotates complex numbers in double
// precision; the gradient is checked as the transpose of the forward's derivative.
#include "test/runtime/HostKernelHarness.h"

#include <complex>
#include <numeric>

namespace {

using namespace step37;
using namespace step37::test;

struct Case {
  int64_t rows, seqLen, heads, groups, headDim, rotaryDim, gap, documents;
  bool normalize;
};

spec::QkNormRope forwardSpec(const Case &c, DType type) {
  spec::QkNormRope spec;
  spec.tokens = c.rows * c.seqLen;
  spec.seq_len = c.seqLen;
  spec.heads = c.heads;
  spec.groups = c.groups;
  spec.head_dim = c.headDim;
  spec.rotary_dim = c.rotaryDim;
  spec.q_stride = c.heads * c.headDim + c.gap;
  spec.k_stride = c.groups * c.headDim + 2 * c.gap;
  spec.normalize = c.normalize;
  spec.type = type;
  return spec;
}

spec::QkNormRopeGrad gradSpec(const Case &c, DType type, DType gradType) {
  spec::QkNormRope f = forwardSpec(c, type);
  return {f.tokens,     f.seq_len,  f.heads,    f.groups,       f.head_dim,
          f.rotary_dim, f.q_stride, f.k_stride, f.q_stride + 3, f.k_stride + 1,
          f.normalize,  f.eps,      type,       gradType};
}

/// Angles of position p and pair i; the table holds their cosines, then sines.
double angle(int64_t position, int64_t pair) { return double(position) * std::pow(0.7, pair); }

Values table(const Case &c) {
  Values out;
  for (int64_t p = 0; p < c.seqLen; ++p)
    for (int64_t i = 0; i < c.rotaryDim; ++i)
      out.push_back(2 * i < c.rotaryDim ? std::cos(angle(p, i))
                                        : std::sin(angle(p, i - c.rotaryDim / 2)));
  return out;
}

/// One side (q or k), contiguous [tokens, heads·headDim].
Values reference(const Case &c, const Values &x, const Values &weight, double eps,
                 const std::vector<int> &starts, Values *inverseRms = nullptr) {
  Values out(x.size());
  auto dim = size_t(c.headDim), half = size_t(c.rotaryDim / 2);
  size_t heads = x.size() / starts.size() / dim;
  for (size_t row = 0; row < x.size() / dim; ++row) {
    const double *from = &x[row * dim];
    double r = 1 / std::sqrt(std::inner_product(from, from + dim, from, 0.0) / double(dim) + eps);
    if (inverseRms)
      inverseRms->push_back(r);
    auto value = [&](size_t i) { return c.normalize ? from[i] * r * (1 + weight[i]) : from[i]; };
    size_t token = row / heads;
    int64_t position = int64_t(token) % c.seqLen - starts[token];
    for (size_t i = 0; i < dim; ++i)
      out[row * dim + i] = value(i);
    for (size_t i = 0; i < half; ++i) {
      std::complex<double> z(value(i), value(i + half));
      z *= std::polar(1.0, angle(position, int64_t(i)));
      out[row * dim + i] = z.real();
      out[row * dim + i + half] = z.imag();
    }
  }
  return out;
}

/// q's heads and k's heads of each token side by side, as the kernel stores them.
Values interleave(const Values &q, const Values &k, int64_t tokens) {
  Values out;
  size_t qWidth = q.size() / size_t(tokens), kWidth = k.size() / size_t(tokens);
  for (size_t t = 0; t < size_t(tokens); ++t) {
    out.insert(out.end(), &q[t * qWidth], &q[t * qWidth] + qWidth);
    out.insert(out.end(), &k[t * kWidth], &k[t * kWidth] + kWidth);
  }
  return out;
}

template <class Spec>
void setCommon(KernelRun<Spec> &run, const Case &c, const std::vector<int> &starts) {
  run.fill("q", 2).fill("k").setIntegers("document_start", starts);
  if (c.normalize)
    run.fill("q_weight", 0.5).fill("k_weight", 0.5);
  if (c.rotaryDim > 0)
    run.set("table", table(c));
}

class QkNormRope : public testing::TestWithParam<std::tuple<Case, DType>> {};

TEST_P(QkNormRope, MatchesComplexRotation) {
  auto [c, type] = GetParam();
  auto spec = forwardSpec(c, type);
  auto starts = documentStarts(spec.tokens, c.seqLen, c.documents);
  KernelRun run(spec);
  setCommon(run, c, starts);
  run.run();
  Values none, qr, kr;
  Values q = run.matrix("q", spec.tokens, c.heads * c.headDim, spec.q_stride);
  Values k = run.matrix("k", spec.tokens, c.groups * c.headDim, spec.k_stride);
  Values qOut = reference(c, q, c.normalize ? run.get("q_weight") : none, spec.eps, starts, &qr);
  Values kOut = reference(c, k, c.normalize ? run.get("k_weight") : none, spec.eps, starts, &kr);
  expectClose(run.get("q_out"), qOut, tolerance(type), "q_out");
  expectClose(run.get("k_out"), kOut, tolerance(type), "k_out");
  if (c.normalize)
    expectClose(run.get("inverse_rms"), interleave(qr, kr, spec.tokens), 1e-6, "inverse_rms");
}

/// The gradient of <d, f(x)> by differences, token by token (f works on each alone).
Values slopesByHead(const Case &c, const Values &d, const Values &x, const Values &weight,
                    double eps, const std::vector<int> &starts) {
  Values out(x.size());
  // Perturbing element i of every head at once is enough: heads do not touch each other.
  auto dim = size_t(c.headDim);
  for (size_t i = 0; i < dim; ++i) {
    Values above = x, below = x;
    double step = 1e-5;
    for (size_t row = 0; row < x.size() / dim; ++row) {
      above[row * dim + i] += step;
      below[row * dim + i] -= step;
    }
    above = reference(c, above, weight, eps, starts);
    below = reference(c, below, weight, eps, starts);
    for (size_t row = 0; row < x.size() / dim; ++row)
      for (size_t j = row * dim; j < (row + 1) * dim; ++j)
        out[row * dim + i] += d[j] * (above[j] - below[j]) / (2 * step);
  }
  return out;
}

TEST_P(QkNormRope, GradientMatchesDifferences) {
  auto [c, type] = GetParam();
  for (DType gradType : {DType::f32, DType::bf16}) {
    auto spec = gradSpec(c, type, gradType);
    auto starts = documentStarts(spec.tokens, c.seqLen, c.documents);
    KernelRun run(spec);
    setCommon(run, c, starts);
    run.fill("dq_out").fill("dk_out");
    double beta = gradType == DType::f32 ? 0 : 0.5;
    Values q = run.matrix("q", spec.tokens, c.heads * c.headDim, spec.q_stride);
    Values k = run.matrix("k", spec.tokens, c.groups * c.headDim, spec.k_stride);
    Values qw, kw, qr, kr, qBefore(size_t(c.headDim)), kBefore(size_t(c.headDim));
    if (c.normalize) {
      qw = run.get("q_weight");
      kw = run.get("k_weight");
      reference(c, q, qw, spec.eps, starts, &qr);
      reference(c, k, kw, spec.eps, starts, &kr);
      run.set("inverse_rms", interleave(qr, kr, spec.tokens)).set("beta", {beta});
      if (beta != 0) {
        qBefore = run.fill("dq_weight").get("dq_weight");
        kBefore = run.fill("dk_weight").get("dk_weight");
      }
    }
    run.run();

    Values dq = run.matrix("dq", spec.tokens, c.heads * c.headDim, spec.dq_stride);
    Values dk = run.matrix("dk", spec.tokens, c.groups * c.headDim, spec.dk_stride);
    expectClose(dq, slopesByHead(c, run.get("dq_out"), q, qw, spec.eps, starts), tolerance(type),
                "dq");
    expectClose(dk, slopesByHead(c, run.get("dk_out"), k, kw, spec.eps, starts), tolerance(type),
                "dk");
    if (!c.normalize)
      continue;
    // The output is linear in the weight.
    auto weightGrad = [&](const Values &d, const Values &x, const Values &before) {
      Values out(static_cast<size_t>(c.headDim));
      for (size_t i = 0; i < out.size(); ++i) {
        Values unit(out.size(), -1);
        unit[i] = 0;
        out[i] = beta * before[i] + inner(d, reference(c, x, unit, spec.eps, starts));
      }
      return out;
    };
    expectClose(run.get("dq_weight"), weightGrad(run.get("dq_out"), q, qBefore),
                tolerance(gradType), "dq_weight");
    expectClose(run.get("dk_weight"), weightGrad(run.get("dk_out"), k, kBefore),
                tolerance(gradType), "dk_weight");
  }
}

/// Frozen weights have no gradients, and those of q and k are the same.
TEST_P(QkNormRope, GradientWithFrozenWeights) {
  auto [c, type] = GetParam();
  if (!c.normalize)
    return; // no weights
  Values dq[2], dk[2];
  for (bool frozen : {false, true}) {
    auto spec = gradSpec(c, type, DType::f32);
    spec.frozen = frozen;
    KernelRun run(spec);
    setCommon(run, c, documentStarts(spec.tokens, c.seqLen, c.documents));
    run.fill("dq_out").fill("dk_out").fill("inverse_rms");
    if (!frozen)
      run.set("beta", {0});
    run.run();
    dq[frozen] = run.matrix("dq", spec.tokens, c.heads * c.headDim, spec.dq_stride);
    dk[frozen] = run.matrix("dk", spec.tokens, c.groups * c.headDim, spec.dk_stride);
  }
  EXPECT_EQ(dq[1], dq[0]);
  EXPECT_EQ(dk[1], dk[0]);
}

INSTANTIATE_TEST_SUITE_P(HostKernel, QkNormRope,
                         testing::Combine(testing::Values(Case{1, 1, 1, 1, 8, 8, 0, 1, true},
                                                          Case{2, 7, 6, 2, 16, 8, 5, 3, true},
                                                          Case{1, 65, 12, 1, 24, 24, 1, 4, true},
                                                          Case{2, 33, 4, 4, 96, 48, 0, 1, true},
                                                          Case{3, 9, 2, 1, 128, 64, 7, 2, false},
                                                          Case{1, 33, 3, 3, 16, 0, 2, 2, true},
                                                          Case{1, 5, 2, 2, 8, 0, 0, 1, false}),
                                          testing::Values(DType::f32, DType::bf16)));

} // namespace
