// The twins that know where image tokens are, against straightforward loops over images, rows and
// columns in double precision; gradients against their forward twins, of which they are the
// transposes.
#include "test/runtime/HostKernelHarness.h"

namespace {

using namespace step37;
using namespace step37::test;

struct Group {
  int64_t images, height, width;
};

using Grids = std::vector<int64_t>;

/// Calls body(group, token of the image's first row, image) for every image in order.
template <class Body> void forEachImage(const Grids &grids, bool classToken, Body body) {
  int64_t token = 0;
  for (size_t i = 0; i < grids.size(); i += 3)
    for (int64_t image = 0; image < grids[i]; ++image) {
      Group group{grids[i], grids[i + 1], grids[i + 2]};
      body(group, token);
      token += group.height * group.width + (classToken ? 1 : 0);
    }
}

/// <y, forward(x)> − <transposed(y), x>, relative to the first: zero for a transpose.
void expectTransposed(const Values &y, const Values &forward, const Values &transposed,
                      const Values &x) {
  EXPECT_NEAR(inner(y, forward), inner(transposed, x), 1e-5 * std::sqrt(inner(y, y) * inner(x, x)));
}

TEST(HostImages, GridTokens) {
  EXPECT_EQ(spec::gridTokens({2, 3, 4, 1, 5, 5}, false), 49);
  EXPECT_EQ(spec::gridTokens({2, 3, 4, 1, 5, 5}, true), 52);
  EXPECT_EQ(spec::halvedGrids({2, 3, 4, 1, 5, 1}), (Grids{2, 2, 2, 1, 3, 1}));
}

class ImagesOfType : public testing::TestWithParam<DType> {};
INSTANTIATE_TEST_SUITE_P(HostImages, ImagesOfType, testing::Values(DType::f32, DType::bf16));

TEST_P(ImagesOfType, Patches) {
  for (bool classToken : {false, true}) {
    spec::Patches spec{2, 3, 6, 4, 2, classToken, GetParam()};
    KernelRun run(spec);
    Values pixels = run.fill("pixels").get("pixels"), expected;
    for (int64_t image = 0; image < 2; ++image) {
      if (classToken)
        expected.insert(expected.end(), 12, 0.0);
      for (int64_t row = 0; row < 3; ++row)
        for (int64_t column = 0; column < 2; ++column)
          for (int64_t channel = 0; channel < 3; ++channel)
            for (int64_t y = 0; y < 2; ++y)
              for (int64_t x = 0; x < 2; ++x)
                expected.push_back(
                    pixels[size_t(((image * 3 + channel) * 6 + row * 2 + y) * 4 + column * 2 + x)]);
    }
    expectClose(run.run().get("out"), expected, tolerance(GetParam()), "out");
  }
}

const std::vector<Grids> someGrids = {{1, 1, 1}, {1, 4, 4}, {2, 3, 5, 1, 4, 2}, {1, 1, 7, 3, 6, 6}};

TEST_P(ImagesOfType, UnfoldIsAConvolutionsInput) {
  for (const Grids &grids : someGrids)
    for (bool classToken : {false, true}) {
      spec::Unfold spec{grids, classToken, 3, GetParam()};
      KernelRun run(spec);
      Values x = run.fill("x").get("x"), expected;
      forEachImage(grids, classToken, [&](const Group &group, int64_t token) {
        for (int64_t row = 0; row < (group.height + 1) / 2; ++row)
          for (int64_t column = 0; column < (group.width + 1) / 2; ++column)
            for (int64_t channel = 0; channel < 3; ++channel)
              for (int64_t y = 2 * row - 1; y <= 2 * row + 1; ++y)
                for (int64_t c = 2 * column - 1; c <= 2 * column + 1; ++c) {
                  bool inside = y >= 0 && y < group.height && c >= 0 && c < group.width;
                  int64_t at = token + classToken + y * group.width + c;
                  expected.push_back(inside ? x[size_t(at * 3 + channel)] : 0);
                }
      });
      EXPECT_EQ(run.run().get("out"), expected);
    }
}

TEST_P(ImagesOfType, FoldIsItsTranspose) {
  for (const Grids &grids : someGrids)
    for (bool classToken : {false, true}) {
      KernelRun unfold(spec::Unfold{grids, classToken, 5, DType::f32});
      KernelRun fold(spec::Fold{grids, classToken, 5, GetParam()});
      Values x = unfold.fill("x").get("x"), y = fold.fill("x").get("x");
      unfold.run();
      fold.run();
      if (GetParam() == DType::f32)
        expectTransposed(y, unfold.get("out"), fold.get("out"), x);
      // Bit for bit what f32 gives, rounded: every sum has its order.
      KernelRun wide(spec::Fold{grids, classToken, 5, DType::f32});
      expectClose(fold.get("out"), wide.set("x", y).run().get("out"), tolerance(GetParam()), "out");
    }
}

/// Entry `index` of `length` of a line of `side` values, as torch samples with align_corners=False.
std::vector<std::pair<int64_t, double>> sampled(int64_t index, int64_t length, int64_t side) {
  double place = std::max(0.0, (double(index) + 0.5) * double(side) / double(length) - 0.5);
  auto low = int64_t(place);
  if (low + 1 >= side)
    return {{side - 1, 1.0}};
  return {{low, 1 - (place - double(low))}, {low + 1, place - double(low)}};
}

struct PositionCase {
  Grids grids;
  bool classToken;
  int64_t side;
};

std::vector<PositionCase> positionCases() {
  std::vector<PositionCase> cases;
  for (bool classToken : {false, true})
    for (int64_t side : {0, 1, 4, 7})
      if (side > 0 || classToken)
        for (const Grids &grids :
             {Grids{2, 4, 4}, Grids{1, 2, 3, 2, 7, 5}, Grids{1, 1, 1}, Grids{1, 9, 16}})
          cases.push_back({grids, classToken, side});
  return cases;
}

TEST_P(ImagesOfType, AddPositionsResamplesBilinearly) {
  constexpr int64_t width = 6;
  for (const PositionCase &c : positionCases()) {
    spec::AddPositions spec{c.grids, c.classToken, c.side, width, GetParam()};
    KernelRun run(spec);
    Values expected = run.fill("x").get("x"), table, classEmbedding;
    if (c.side > 0)
      table = run.fill("table").get("table");
    if (c.classToken)
      classEmbedding = run.fill("class_embedding").get("class_embedding");
    forEachImage(c.grids, c.classToken, [&](const Group &group, int64_t token) {
      for (size_t i = 0; c.classToken && i < width; ++i)
        expected[size_t(token) * width + i] += classEmbedding[i] + (c.side > 0 ? table[i] : 0);
      for (int64_t row = 0; c.side > 0 && row < group.height; ++row)
        for (int64_t column = 0; column < group.width; ++column)
          for (auto [y, yShare] : sampled(row, group.height, c.side))
            for (auto [x, xShare] : sampled(column, group.width, c.side))
              for (int64_t i = 0; i < width; ++i)
                expected[size_t((token + c.classToken + row * group.width + column) * width + i)] +=
                    yShare * xShare * table[size_t((c.classToken + y * c.side + x) * width + i)];
    });
    expectClose(run.run().get("out"), expected, tolerance(GetParam()), "out");
  }
}

TEST_P(ImagesOfType, PositionGradientsAreTheTranspose) {
  constexpr int64_t width = 300; // more than the columns of a piece
  for (const PositionCase &c : positionCases()) {
    spec::AddPositions forwardSpec{c.grids, c.classToken, c.side, width, DType::f32};
    KernelRun forward(forwardSpec);
    Values zero(size_t(spec::gridTokens(c.grids, c.classToken) * width), 0.0);
    forward.set("x", zero);
    Values x;
    for (const char *name : {"table", "class_embedding"})
      if (name == std::string("table") ? c.side > 0 : c.classToken) {
        Values values = forward.fill(name).get(name);
        x.insert(x.end(), values.begin(), values.end());
      }
    forward.run();
    for (double beta : {0.0, 0.5}) {
      spec::AddPositionsGrad gradSpec{c.grids, c.classToken, c.side, width, DType::f32, GetParam()};
      KernelRun grad(gradSpec);
      Values y = grad.fill("dout").get("dout");
      grad.set("beta", {beta});
      Values before, after;
      auto append = [&](Values &to, bool fill) {
        for (const char *name : {"dtable", "dclass_embedding"})
          if (name == std::string("dtable") ? c.side > 0 : c.classToken) {
            Values values = fill ? grad.fill(name).get(name) : grad.get(name);
            to.insert(to.end(), values.begin(), values.end());
          }
      };
      if (beta != 0)
        append(before, true);
      grad.run();
      append(after, false);
      for (size_t i = 0; i < before.size(); ++i)
        after[i] -= beta * before[i];
      EXPECT_NEAR(inner(y, forward.get("out")), inner(after, x),
                  tolerance(GetParam()) * 10 * std::sqrt(inner(y, y) * inner(x, x)));
    }
  }
}

TEST(HostImages, AxialRopeTable) {
  Grids grids{2, 2, 3, 1, 1, 4};
  for (bool classToken : {false, true})
    for (bool columnFirst : {true, false}) {
      KernelRun run(spec::AxialRopeTable{grids, classToken, columnFirst, {1.0, 0.3}});
      Values expected;
      forEachImage(grids, classToken, [&](const Group &group, int64_t) {
        auto add = [&](double row, double column) {
          double first = columnFirst ? column : row, second = columnFirst ? row : column;
          Values angles{first, first * 0.3, second, second * 0.3};
          for (double angle : angles)
            expected.push_back(std::cos(angle));
          for (double angle : angles)
            expected.push_back(std::sin(angle));
        };
        if (classToken)
          add(0, 0);
        for (int row = 0; row < group.height; ++row)
          for (int column = 0; column < group.width; ++column)
            add(row + classToken, column + classToken);
      });
      expectClose(run.run().get("table"), expected, 1e-6, "table");
    }
}

TEST_P(ImagesOfType, RotatePairs) {
  for (bool inverse : {false, true})
    for (int64_t gap : {0, 3}) {
      spec::RotatePairs spec{5, 3, 4, 12 + gap, 12 + 2 * gap, inverse, GetParam()};
      KernelRun run(spec);
      Values table;
      for (int i = 0; i < 5; ++i)
        for (double angle : {0.3 * i, 1.0 - i, 0.3 * i, 1.0 - i})
          table.push_back(table.size() % 4 < 2 ? std::cos(angle) : std::sin(angle));
      run.fill("x").set("table", table);
      Values x = run.matrix("x", 5, 12, 12 + gap), expected = x;
      for (size_t row = 0; row < 5; ++row)
        for (size_t i = 0; i < 12; i += 2) {
          double cosine = table[row * 4 + i / 2 % 2], sine = table[row * 4 + 2 + i / 2 % 2];
          sine = inverse ? -sine : sine;
          double a = x[row * 12 + i], b = x[row * 12 + i + 1];
          expected[row * 12 + i] = a * cosine - b * sine;
          expected[row * 12 + i + 1] = b * cosine + a * sine;
        }
      expectClose(run.run().matrix("out", 5, 12, 12 + 2 * gap), expected, tolerance(GetParam()),
                  "out");
    }
}

TEST_P(ImagesOfType, MergeRows) {
  const std::vector<int> index{-1, 2, -1, 0, 3, -1};
  for (auto [hasX, hasSource] : {std::pair(true, true), {true, false}, {false, true}}) {
    KernelRun run(spec::MergeRows{6, 4, 45, hasX, hasSource, GetParam()});
    Values x(6 * 45, 0.0), source(4 * 45, 0.0);
    if (hasX)
      x = run.fill("x").get("x");
    if (hasSource)
      source = run.fill("source").get("source");
    run.setIntegers("index", index).run();
    Values expected;
    for (size_t i = 0; i < 6; ++i) {
      const Values &from = index[i] < 0 ? x : source;
      auto row = size_t(index[i] < 0 ? int(i) : index[i]) * 45;
      expected.insert(expected.end(), from.begin() + long(row), from.begin() + long(row) + 45);
    }
    EXPECT_EQ(run.get("out"), expected);
  }
}

} // namespace
