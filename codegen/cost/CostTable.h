// Every constant of the cost model (CostModel.h), each with where it is from: how near kernels and
// exchanges come to what the device and its links can do. Ceilings are Ceilings.h's.
#pragma once

#include <span>
#include <string_view>

namespace step37::report {

/// The GPU that all of it was measured on.
inline constexpr const char *costDevice = "NVIDIA H200";

/// A launch takes at least so many seconds, however little it has to do: the smallest kernels of
/// the kernel tests, launched one after another, take 3.7 to 6 µs.
inline constexpr double leastLaunch = 4e-6;

/// Seconds that every exchange costs besides its steps: NCCL 2.28 between two GPUs gathers 1 MiB in
/// 23 µs, of which one step of a ring is 5 µs (Cluster.h) and the link 2 µs.
inline constexpr double exchangeStart = 16e-6;

/// What a kernel reaches of the device's ceilings: products of the one for its element type, and
/// bytes of memory's. `variant` is the plan's; empty: any.
struct KernelEfficiency {
  std::string_view family, variant;
  bool window; // attention within a window
  double products, memory;
  std::string_view source;
};

/// What an exchange reaches of a link's bandwidth.
struct LinkEfficiency {
  std::string_view exchange; // spec::name of it
  double nvlink, network;
};

/// The row of this family and variant; where nobody has measured it, one that says so.
const KernelEfficiency &kernelEfficiency(std::string_view family, std::string_view variant,
                                         bool window);

/// The row of this exchange. The name must be one of spec::Exchange.
const LinkEfficiency &linkEfficiency(std::string_view exchange);

/// All of these rows.
std::span<const LinkEfficiency> linkEfficiencies();

/// In one sentence: where the links' figures are from.
inline constexpr std::string_view linkSource =
    "NVLink as NCCL 2.28 reached it with 1 GiB between two H200s, network assumed";

} // namespace step37::report
