// Parses, erases, writes.
#include "bridge/DequantizedConfig.h"

#include "runtime/base/AtomicFile.h"
#include "runtime/base/MappedFile.h"
#include "runtime/base/StrictJson.h"

namespace step37 {

void dropQuantizationConfig(const std::filesystem::path &config) {
  constexpr const char *key = "quantization_config", *text = "text_config";
  const std::string before(MappedFile(config).text());
  parseStrictJson(before, config.string());
  nlohmann::ordered_json json = nlohmann::ordered_json::parse(before);
  size_t erased = json.erase(key);
  if (json.contains(text) && json[text].is_object())
    erased += json[text].erase(key);
  if (erased > 0)
    writeFile(config, json.dump(2) + '\n');
}

} // namespace step37
