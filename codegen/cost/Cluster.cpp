// Reading and printing of --cluster; see Cluster.h.
#include "codegen/cost/Cluster.h"

#include "codegen/cost/CostTable.h"
#include "runtime/base/Error.h"
#include "runtime/base/Printed.h"

#include <charconv>
#include <cmath>
#include <functional>
#include <map>
#include <set>
#include <span>
#include <string_view>

namespace step37::report {
namespace {

struct Unit {
  std::string_view name;
  double factor;
};

constexpr Unit byteUnits[] = {{"kB", 1e3},     {"MB", 1e6},     {"GB", 1e9},
                              {"TB", 1e12},    {"KiB", 1024.0}, {"MiB", 1048576.0},
                              {"GiB", 0x1p30}, {"TiB", 0x1p40}, {"B", 1}};
constexpr Unit secondUnits[] = {{"s", 1}, {"ms", 1e-3}, {"us", 1e-6}};

/// A positive number with at most one of these units behind it.
double quantity(const std::string &key, std::string_view text, std::span<const Unit> units,
                const char *like) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string_view rest(end, static_cast<size_t>(text.data() + text.size() - end));
  double factor = rest.empty() ? 1 : 0;
  for (const Unit &unit : units)
    if (rest == unit.name)
      factor = unit.factor;
  value *= factor;
  constexpr double largest = 0x1p62; // counts and bytes become 64-bit numbers
  if (error != std::errc() || !(value > 0) || value > largest)
    throw Error(key + ": '" + std::string(text) + "' is not a positive number like " + like);
  return value;
}

int64_t count(const std::string &key, std::string_view text) {
  const double value = quantity(key, text, {}, "8");
  if (value != std::floor(value) || value > INT32_MAX)
    throw Error(key + ": '" + std::string(text) + "' is not a number of GPUs");
  return static_cast<int64_t>(value);
}

double bandwidth(const std::string &key, std::string_view text) {
  if (text.ends_with("/s"))
    text.remove_suffix(2);
  return quantity(key, text, byteUnits, "50GB/s");
}

} // namespace

int64_t parseBytes(const std::string &key, std::string_view text) {
  return static_cast<int64_t>(quantity(key, text, byteUnits, "141GB"));
}

Cluster parseCluster(const std::string &text) {
  Cluster cluster;
  using Read = std::function<void(const std::string &, std::string_view)>;
  const std::map<std::string, Read> readers{
      {"gpus", [&](auto &key, auto value) { cluster.gpus = count(key, value); }},
      {"nvlink", [&](auto &key, auto value) { cluster.nvlink = count(key, value); }},
      {"nvlink-bandwidth",
       [&](auto &key, auto value) { cluster.nvlinkBandwidth = bandwidth(key, value); }},
      {"network-bandwidth",
       [&](auto &key, auto value) { cluster.networkBandwidth = bandwidth(key, value); }},
      {"latency",
       [&](auto &key, auto value) { cluster.latency = quantity(key, value, secondUnits, "5us"); }},
      {"memory", [&](auto &key, auto value) { cluster.memory = parseBytes(key, value); }}};
  std::set<std::string> given;
  for (size_t at = 0; at <= text.size();) {
    const size_t end = std::min(text.find(',', at), text.size());
    const std::string entry = text.substr(at, end - at);
    at = end + 1;
    const size_t equal = entry.find('=');
    const std::string key = entry.substr(0, equal);
    const auto reader = readers.find(key);
    if (reader == readers.end()) {
      std::string known;
      for (const auto &[name, read] : readers)
        known += (known.empty() ? "" : ", ") + name;
      throw Error("'" + key + "': is not one of " + known);
    }
    if (equal == std::string::npos)
      throw Error(key + ": has no value");
    if (!given.insert(key).second)
      throw Error(key + ": is given twice");
    reader->second(key, std::string_view(entry).substr(equal + 1));
  }
  if (cluster.gpus > cluster.nvlink && cluster.gpus % cluster.nvlink != 0)
    throw Error("nvlink: domains of " + std::to_string(cluster.nvlink) + " do not fill " +
                std::to_string(cluster.gpus) + " GPUs");
  return cluster;
}

std::string describe(const Cluster &cluster) {
  return printed("%lld %s, %lld in an NVLink domain; NVLink %.4g GB/s, network %.4g GB/s a GPU, "
                 "latency %.3g us",
                 static_cast<long long>(cluster.gpus), costDevice,
                 static_cast<long long>(std::min(cluster.nvlink, cluster.gpus)),
                 cluster.nvlinkBandwidth / 1e9, cluster.networkBandwidth / 1e9,
                 cluster.latency * 1e6);
}

} // namespace step37::report
