#include "frontend/RopeFrequencies.h"

#include <cmath>
#include <numbers>

namespace step37 {
namespace {

double smoothed(double frequency, const RopeScaling &scaling) {
  double wavelength = 2 * std::numbers::pi / frequency;
  double original = double(scaling.original_max_position_embeddings);
  if (wavelength < original / scaling.high_freq_factor)
    return frequency;
  if (wavelength > original / scaling.low_freq_factor)
    return frequency / scaling.factor;
  double s = (original / wavelength - scaling.low_freq_factor) /
             (scaling.high_freq_factor - scaling.low_freq_factor);
  return (1 - s) * frequency / scaling.factor + s * frequency;
}

} // namespace

std::vector<double> ropeFrequencies(const LayerConfig &layer, bool scaled) {
  std::vector<double> frequencies;
  for (int64_t i = 0; i < layer.rotary_dim / 2; ++i) {
    double frequency = std::pow(layer.rope_theta, -2.0 * double(i) / double(layer.rotary_dim));
    frequencies.push_back(scaled && layer.rope_scaling ? smoothed(frequency, *layer.rope_scaling)
                                                       : frequency);
  }
  return frequencies;
}

} // namespace step37
