// The machines that a plan is priced for without them: how many GPUs, which of them share fast
// links, what the links carry. What that means for a plan is CostModel.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace step37::report {

/// Bandwidths are bytes a second that one GPU sends at most, before what CostTable.h takes off.
struct Cluster {
  int64_t gpus = 0;                 // 0: not said
  int64_t nvlink = 8;               // GPUs of one NVLink domain, neighbours in rank order
  double nvlinkBandwidth = 478e9;   // 18 links of 26.56e9, as two H200s of one host report them
  double networkBandwidth = 50e9;   // one 400 Gbit/s adapter a GPU
  double latency = 5e-6;            // seconds of one step of a ring
  int64_t memory = 141'000'000'000; // bytes of a GPU that a plan may take: an H200's
};

/// "gpus=64,nvlink=8,memory=141GB": keys gpus, nvlink, nvlink-bandwidth, network-bandwidth,
/// latency, memory, in any order. Bytes may have a unit (kB, MB, GB, TB or KiB, MiB, GiB, TiB),
/// bandwidths "/s" behind it, latency s, ms or us. Throws Error "<key>: …" for an unknown key, one
/// given twice, a value that is no positive number, and gpus that domains of nvlink do not fill.
Cluster parseCluster(const std::string &text);

/// "141GB" as the memory of a cluster: a positive number with at most one of these units behind it.
/// Throws Error "<key>: …".
int64_t parseBytes(const std::string &key, std::string_view text);

/// "64 NVIDIA H200, 8 a domain; NVLink 478 GB/s, network 50 GB/s, latency 5 us".
std::string describe(const Cluster &cluster);

} // namespace step37::report
