// Attention and its gradient on the host, against the textbook formula in double precision with an
// explicit mask; that formula's own gradient against differences.
#include "test/runtime/HostKernelHarness.h"

namespace {

using namespace step37;
using namespace step37::test;

struct Case {
  int64_t rows, seqLen, heads, groups, headDim, window, documents, gap;
  bool gated = true, causal = true;
};

void PrintTo(const Case &c, std::ostream *out) {
  *out << c.rows << "x" << c.seqLen << ", heads " << c.heads << "/" << c.groups << ", dim "
       << c.headDim << ", window " << c.window << ", documents " << c.documents
       << (c.causal ? "" : ", whole rows");
}

spec::Attention forwardSpec(const Case &c, DType type) {
  return {c.rows * c.seqLen,
          c.seqLen,
          c.heads,
          c.groups,
          c.headDim,
          c.window,
          c.groups * c.headDim + c.gap,
          c.gated ? c.heads + c.gap : 0,
          c.gated,
          1 / std::sqrt(double(c.headDim)),
          type,
          c.causal};
}

spec::AttentionGrad gradSpec(const Case &c, DType type) {
  spec::Attention f = forwardSpec(c, type);
  return {f.tokens, f.seq_len,  f.heads,       f.groups,       f.head_dim,
          f.window, f.v_stride, f.gate_stride, f.v_stride + 2, c.gated ? f.gate_stride + 1 : 0,
          f.gated,  f.scale,    type,          f.causal};
}

/// Contiguous matrices, as the kernels' arguments without gaps.
struct Inputs {
  Values q, k, v, gate;
};
struct Outputs {
  Values out, lse;
};

/// The probabilities of all keys of the row for query head h of token t; zero where masked.
Values probabilities(const Case &c, const Inputs &in, const std::vector<int> &starts, int64_t t,
                     int64_t h, double *lse) {
  int64_t first = t / c.seqLen * c.seqLen, query = t - first;
  Values p(size_t(c.seqLen), 0);
  double sum = 0;
  for (int64_t j = 0; j < c.seqLen; ++j) {
    bool visible = !c.causal || (j <= query && j >= starts[size_t(t)] &&
                                 (c.window == 0 || j > query - c.window));
    if (!visible)
      continue;
    double score = 0;
    int64_t group = h / (c.heads / c.groups);
    for (int64_t d = 0; d < c.headDim; ++d)
      score += in.q[size_t((t * c.heads + h) * c.headDim + d)] *
               in.k[size_t(((first + j) * c.groups + group) * c.headDim + d)];
    sum += p[size_t(j)] = std::exp(score / std::sqrt(double(c.headDim)));
  }
  for (double &value : p)
    value /= sum;
  *lse = std::log(sum);
  return p;
}

double gateOf(const Case &c, const Inputs &in, int64_t t, int64_t h) {
  return c.gated ? sigmoid(in.gate[size_t(t * c.heads + h)]) : 1;
}

Outputs reference(const Case &c, const Inputs &in, const std::vector<int> &starts) {
  int64_t tokens = c.rows * c.seqLen;
  Outputs result;
  for (int64_t t = 0; t < tokens; ++t)
    for (int64_t h = 0; h < c.heads; ++h) {
      double lse;
      Values p = probabilities(c, in, starts, t, h, &lse);
      result.lse.push_back(lse);
      for (int64_t d = 0; d < c.headDim; ++d) {
        double sum = 0;
        for (int64_t j = 0; j < c.seqLen; ++j)
          sum += p[size_t(j)] *
                 in.v[size_t(((t / c.seqLen * c.seqLen + j) * c.groups + h / (c.heads / c.groups)) *
                                 c.headDim +
                             d)];
        result.out.push_back(sum * gateOf(c, in, t, h));
      }
    }
  return result;
}

/// The gradient of <dout, out>, with the softmax's row term taken from `out` as stored.
Inputs referenceGrad(const Case &c, const Inputs &in, const std::vector<int> &starts,
                     const Values &dout, const Values &out) {
  int64_t tokens = c.rows * c.seqLen, dim = c.headDim;
  double scale = 1 / std::sqrt(double(dim));
  Inputs grad{Values(in.q.size()), Values(in.k.size()), Values(in.v.size()),
              Values(in.gate.size())};
  for (int64_t t = 0; t < tokens; ++t)
    for (int64_t h = 0; h < c.heads; ++h) {
      double lse, term = 0, gate = gateOf(c, in, t, h);
      Values p = probabilities(c, in, starts, t, h, &lse);
      auto q = size_t((t * c.heads + h) * dim);
      for (size_t d = 0; d < size_t(dim); ++d)
        term += dout[q + d] * out[q + d];
      if (c.gated)
        grad.gate[size_t(t * c.heads + h)] = term * (1 - gate);
      for (int64_t j = 0; j < c.seqLen; ++j) {
        auto k =
            size_t(((t / c.seqLen * c.seqLen + j) * c.groups + h / (c.heads / c.groups)) * dim);
        double dp = 0, weight = p[size_t(j)];
        for (size_t d = 0; d < size_t(dim); ++d) {
          dp += gate * dout[q + d] * in.v[k + d];
          grad.v[k + d] += weight * gate * dout[q + d];
        }
        double ds = scale * weight * (dp - term);
        for (size_t d = 0; d < size_t(dim); ++d) {
          grad.q[q + d] += ds * in.k[k + d];
          grad.k[k + d] += ds * in.q[q + d];
        }
      }
    }
  return grad;
}

template <class Spec>
Inputs setInputs(KernelRun<Spec> &run, const Case &c, const std::vector<int> &starts) {
  run.fill("q", 2).fill("k").fill("v");
  if (c.causal)
    run.setIntegers("document_start", starts);
  if (c.gated)
    run.fill("gate", 2);
  spec::Attention f = forwardSpec(c, DType::f32);
  return {run.get("q"), run.get("k"), run.matrix("v", f.tokens, c.groups * c.headDim, f.v_stride),
          c.gated ? run.matrix("gate", f.tokens, c.heads, f.gate_stride) : Values{}};
}

class Attention : public testing::TestWithParam<std::tuple<Case, DType>> {};

TEST_P(Attention, MatchesFormula) {
  auto [c, type] = GetParam();
  KernelRun run(forwardSpec(c, type));
  auto starts = documentStarts(c.rows * c.seqLen, c.seqLen, c.documents);
  Inputs in = setInputs(run, c, starts);
  run.run();
  Outputs expected = reference(c, in, starts);
  expectClose(run.get("out"), expected.out, tolerance(type), "out");
  expectClose(run.get("lse"), expected.lse, 1e-6, "lse", 1);
}

TEST_P(Attention, GradientMatchesFormula) {
  auto [c, type] = GetParam();
  auto spec = gradSpec(c, type);
  KernelRun run(spec);
  auto starts = documentStarts(c.rows * c.seqLen, c.seqLen, c.documents);
  Inputs in = setInputs(run, c, starts);
  Outputs forward = reference(c, in, starts);
  run.set("out", forward.out).set("lse", forward.lse).fill("dout").run();
  Inputs expected = referenceGrad(c, in, starts, run.get("dout"), run.get("out"));
  double magnitude = c.seqLen == 1 || c.window == 1 ? 1 : 0; // one key: the gradient is zero
  // A score sums head_dim products in f32, in the order that this processor's BLAS takes.
  double ofScores = tolerance(type) * std::max(1.0, c.headDim / 128.0);
  expectClose(run.get("dq"), expected.q, ofScores, "dq", magnitude);
  expectClose(run.get("dk"), expected.k, ofScores, "dk", magnitude);
  expectClose(run.matrix("dv", spec.tokens, c.groups * c.headDim, spec.dv_stride), expected.v,
              tolerance(type), "dv");
  if (c.gated)
    expectClose(run.matrix("dgate", spec.tokens, c.heads, spec.dgate_stride), expected.gate,
                tolerance(type), "dgate");
}

INSTANTIATE_TEST_SUITE_P(
    HostKernel, Attention,
    testing::Combine(
        testing::Values(Case{1, 1, 1, 1, 8, 0, 1, 0}, Case{3, 1, 6, 2, 16, 5, 1, 3},
                        Case{2, 7, 6, 2, 24, 1, 3, 5}, Case{2, 33, 12, 1, 8, 5, 1, 0},
                        Case{1, 65, 6, 2, 16, 100, 4, 7}, Case{2, 65, 1, 1, 96, 0, 5, 1},
                        Case{1, 33, 2, 2, 128, 16, 2, 0}, Case{1, 300, 4, 2, 16, 0, 3, 2},
                        Case{1, 300, 3, 1, 24, 130, 1, 0}, Case{2, 150, 2, 1, 8, 20, 6, 0},
                        Case{2, 40, 96, 1, 8, 0, 2, 0}, Case{1, 20, 2, 1, 256, 0, 1, 0},
                        Case{2, 33, 6, 2, 16, 5, 2, 3, false},
                        Case{3, 1, 2, 2, 8, 0, 1, 0, false, false},
                        Case{2, 65, 2, 2, 96, 0, 1, 3, false, false},
                        Case{1, 300, 4, 2, 16, 0, 1, 2, true, false}),
        testing::Values(DType::f32, DType::bf16)));

TEST(HostKernel, AttentionGradientMatchesDifferences) {
  Case c{2, 5, 4, 2, 3, 3, 2, 0};
  auto starts = documentStarts(c.rows * c.seqLen, c.seqLen, c.documents);
  KernelRun run(gradSpec(c, DType::f32));
  Inputs in = setInputs(run, c, starts);
  Outputs forward = reference(c, in, starts);
  run.set("out", forward.out).set("lse", forward.lse).fill("dout").run();
  Values dout = run.get("dout");
  auto loss = [&](Values Inputs::*which) {
    return [&, which](const Values &at) {
      Inputs moved = in;
      moved.*which = at;
      return inner(dout, reference(c, moved, starts).out);
    };
  };
  auto spec = gradSpec(c, DType::f32);
  expectClose(run.get("dq"), slopes(loss(&Inputs::q), in.q), 1e-6, "dq");
  expectClose(run.get("dk"), slopes(loss(&Inputs::k), in.k), 1e-6, "dk");
  expectClose(run.matrix("dv", spec.tokens, c.groups * c.headDim, spec.dv_stride),
              slopes(loss(&Inputs::v), in.v), 1e-6, "dv");
  expectClose(run.matrix("dgate", spec.tokens, c.heads, spec.dgate_stride),
              slopes(loss(&Inputs::gate), in.gate), 1e-6, "dgate");
}

TEST(HostKernel, AttentionOfLargeScoresIsStable) {
  Case c{1, 200, 1, 1, 8, 0, 1, 0, false};
  KernelRun run(forwardSpec(c, DType::f32));
  // Scores of thousands that grow with the key: each query attends to its own token only.
  Values rising;
  for (int64_t t = 0; t < c.seqLen; ++t)
    rising.insert(rising.end(), size_t(c.headDim), double(t + 1));
  run.fill("v").set("k", rising).set("q", Values(rising.size(), 40));
  run.setIntegers("document_start", std::vector<int>(size_t(c.seqLen))).run();
  EXPECT_EQ(run.get("out"), run.matrix("v", c.seqLen, c.headDim, c.headDim));
}

TEST(HostKernel, AttentionLeavesRowsWithoutNaNAlone) {
  Case c{2, 40, 2, 1, 8, 0, 1, 0, false};
  KernelRun run(forwardSpec(c, DType::f32));
  run.fill("q").fill("k").fill("v");
  run.setIntegers("document_start", std::vector<int>(size_t(2 * c.seqLen)));
  Values q = run.get("q");
  std::fill_n(q.begin(), c.heads * c.headDim, NAN); // the first token's queries
  Values out = run.set("q", q).run().get("out");
  for (size_t i = 0; i < out.size(); ++i)
    EXPECT_EQ(std::isnan(out[i]), i < size_t(c.heads * c.headDim)) << i;
}

} // namespace
