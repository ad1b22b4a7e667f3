// What the config tests share: the sample configs as JSON, and parsing with the message of the
// error.
#pragma once

#include "frontend/config/ModelConfig.h"
#include "runtime/base/Error.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>
#include <string>

namespace step37::test {

inline std::filesystem::path dataDirectory() { return STEP37_TEST_DATA; }

inline nlohmann::json readConfig(const std::string &name) {
  std::ifstream stream(dataDirectory() / name);
  return nlohmann::json::parse(stream);
}

/// The text part of the golden config: a Step-3.5 config that a test can change. Fields stay in
/// the published spelling, or in that of transformers.
inline nlohmann::json tinyConfig() { return readConfig("step37-tiny/config.json")["text_config"]; }
inline nlohmann::json tinyResaved() {
  return readConfig("step37-tiny/config_resaved.json")["text_config"];
}

inline ModelConfig parse(const nlohmann::json &config) {
  return parseModelConfig(config.dump(), "some.json");
}

/// The message of the Error for this text; a test failure where there is none.
inline std::string errorOf(const std::string &text) {
  try {
    parseModelConfig(text, "some.json");
  } catch (const Error &error) {
    return error.what();
  }
  ADD_FAILURE() << "accepted: " << text.substr(0, 200);
  return "";
}

/// Expects an Error that names the file, the field and, if given, `detail`.
inline void expectRefused(const nlohmann::json &config, const std::string &field,
                          const std::string &detail = "") {
  const std::string message = errorOf(config.dump());
  EXPECT_TRUE(message.starts_with("some.json: " + field + ": ")) << field << " <> " << message;
  EXPECT_NE(message.find(detail), std::string::npos) << message;
}

} // namespace step37::test
