// The bytes of a plan file: length, header, padding, blobs, and the hashes over them. The header's
// fields are in PlanToJson.cpp and PlanFromJson.cpp, what they must satisfy in PlanCheck.h.
#include "runtime/plan/PlanFile.h"

#include "runtime/base/AtomicFile.h"
#include "runtime/base/FieldPath.h"
#include "runtime/base/MappedFile.h"
#include "runtime/base/Sha256.h"
#include "runtime/base/StrictJson.h"
#include "runtime/plan/PlanCheck.h"
#include "runtime/plan/PlanJson.h"
#include "runtime/plan/UniqueNames.h"

#include <algorithm>

namespace step37::plan {

namespace {

constexpr size_t lengthBytes = 8;

/// Every header starts with this, the digest, and a quotation mark.
constexpr std::string_view digestPrefix = "{\"sha256\":\"";
constexpr size_t digestDigits = 64;
constexpr std::string_view configBlob = "config.json";

/// Longer headers are refused before they are parsed.
constexpr uint64_t maxHeaderBytes = uint64_t{1} << 30;

int64_t alignUp(int64_t offset) { return (offset + alignment - 1) / alignment * alignment; }

/// Digest of a header with zeros in the place of its own digits.
std::string headerDigest(std::string_view header) {
  Sha256 hash;
  hash.update(header.substr(0, digestPrefix.size()));
  hash.update(std::string(digestDigits, '0'));
  hash.update(header.substr(digestPrefix.size() + digestDigits));
  return hash.hex();
}

std::vector<BlobEntry> layOut(const std::vector<Blob> &blobs) {
  std::vector<BlobEntry> entries;
  int64_t offset = 0;
  for (const Blob &blob : blobs) {
    const auto bytes = static_cast<int64_t>(blob.bytes.size());
    entries.push_back({blob.name, offset, bytes, sha256Hex(blob.bytes)});
    offset = alignUp(offset + bytes);
  }
  return entries;
}

/// The header's text, between the length and the padding.
std::string_view findHeader(std::string_view bytes, const std::string &origin) {
  const FieldPath root(origin);
  if (bytes.size() < lengthBytes)
    root.fail(std::to_string(bytes.size()) + " bytes are too few for a plan");
  uint64_t length = 0;
  for (size_t i = 0; i < lengthBytes; ++i)
    length |= static_cast<uint64_t>(static_cast<uint8_t>(bytes[i])) << (8 * i);
  if (length > maxHeaderBytes)
    root.fail("not a plan: its header would be " + std::to_string(length) + " bytes long");
  if (length > bytes.size() - lengthBytes)
    root.fail("the header is " + std::to_string(length) + " bytes long, the file has " +
              std::to_string(bytes.size() - lengthBytes) + " after its length (is it truncated?)");
  const std::string_view header = bytes.substr(lengthBytes, length);
  if (!header.starts_with(digestPrefix) || header.size() < digestPrefix.size() + digestDigits)
    root.fail("not a plan: the header does not start with its SHA-256");
  return header;
}

void checkPadding(std::string_view padding, const FieldPath &path) {
  if (std::any_of(padding.begin(), padding.end(), [](char byte) { return byte != 0; }))
    path.fail("the padding before it is not zero");
}

/// Cuts the blobs out of the file's bytes; `end`: of the header.
std::vector<Blob> readBlobs(std::string_view bytes, size_t end,
                            const std::vector<BlobEntry> &entries, const FieldPath &root) {
  const auto fileBytes = static_cast<int64_t>(bytes.size());
  const auto start = alignUp(static_cast<int64_t>(end));
  const FieldPath list = root.field("blobs");
  std::vector<Blob> blobs;
  UniqueNames names;
  auto position = static_cast<int64_t>(end); // end of what was read
  for (size_t i = 0; i < entries.size(); ++i) {
    const BlobEntry &entry = entries[i];
    const FieldPath here = list.element(i);
    names.add(entry.name, here);
    const int64_t begin = alignUp(position);
    if (entry.offset != begin - start)
      here.field("offset").fail(std::to_string(entry.offset) + ", expected " +
                                std::to_string(begin - start));
    if (entry.bytes < 0 || begin > fileBytes || entry.bytes > fileBytes - begin)
      here.field("bytes").fail(std::to_string(entry.bytes) +
                               " bytes pass the file's end (is it truncated?)");
    checkPadding(bytes.substr(static_cast<size_t>(position), static_cast<size_t>(begin - position)),
                 here);
    const std::string_view content =
        bytes.substr(static_cast<size_t>(begin), static_cast<size_t>(entry.bytes));
    if (sha256Hex(content) != entry.sha256)
      here.field("sha256").fail("the blob '" + entry.name + "' is damaged: its hash differs");
    blobs.push_back({entry.name, std::string(content)});
    position = begin + entry.bytes;
  }
  if (position != fileBytes)
    root.fail(std::to_string(fileBytes - position) + " bytes too many at the end");
  return blobs;
}

/// The config that the plan was made of is in it.
void checkConfig(const Plan &plan, const std::vector<BlobEntry> &entries, const FieldPath &root) {
  const FieldPath list = root.field("blobs");
  const auto config = std::find_if(entries.begin(), entries.end(),
                                   [](const BlobEntry &entry) { return entry.name == configBlob; });
  if (config == entries.end())
    list.fail("there is no '" + std::string(configBlob) + "'");
  if (config->sha256 != plan.config_sha256)
    root.field("config_sha256")
        .fail("is not the hash of the blob '" + std::string(configBlob) + "'");
}

} // namespace

std::string serialize(const Plan &plan) {
  std::string header;
  try {
    header = headerJson(plan, layOut(plan.blobs), std::string(digestDigits, '0')).dump();
  } catch (const nlohmann::json::exception &) {
    throw Error("plan: a name in it is not valid UTF-8");
  }
  header.replace(digestPrefix.size(), digestDigits, headerDigest(header));
  std::string bytes;
  for (size_t i = 0; i < lengthBytes; ++i)
    bytes += static_cast<char>(header.size() >> (8 * i));
  bytes += header;
  for (const Blob &blob : plan.blobs) {
    bytes.resize(static_cast<size_t>(alignUp(static_cast<int64_t>(bytes.size()))), '\0');
    bytes += blob.bytes;
  }
  return bytes;
}

Plan deserialize(std::string_view bytes, const std::string &origin) {
  const FieldPath root(origin);
  const std::string_view text = findHeader(bytes, origin);
  const nlohmann::json header = parseStrictJson(text, origin + ": header");
  checkVersion(header, origin);
  if (headerDigest(text) != text.substr(digestPrefix.size(), digestDigits))
    root.field("sha256").fail("the header is damaged: its hash differs");
  ParsedHeader parsed = parseHeader(header, origin);
  checkConfig(parsed.plan, parsed.blobs, root);
  parsed.plan.blobs = readBlobs(bytes, lengthBytes + text.size(), parsed.blobs, root);
  check(parsed.plan, origin);
  return std::move(parsed.plan);
}

void save(const Plan &plan, const std::filesystem::path &path) { writeFile(path, serialize(plan)); }

Plan load(const std::filesystem::path &path) {
  const MappedFile file(path);
  return deserialize(file.text(), path.string());
}

} // namespace step37::plan
