// Two passes: one that looks for what is refused, one that builds the document. (One with
// nlohmann's parser callback takes quadratic time in the length of a list.)
#include "runtime/base/StrictJson.h"

#include "runtime/base/Error.h"

#include <set>
#include <vector>

namespace step37 {

namespace {

using nlohmann::json;

/// Follows the document's events and throws at the first thing that is wrong.
class Watcher : public nlohmann::json_sax<json> {
public:
  explicit Watcher(const std::string &origin) : origin(origin) {}

  bool start_object(size_t) override {
    keys.emplace_back();
    return enter();
  }
  bool end_object() override {
    keys.pop_back();
    return leave();
  }
  bool start_array(size_t) override { return enter(); }
  bool end_array() override { return leave(); }
  bool key(string_t &name) override {
    if (!keys.back().insert(name).second)
      throw Error(origin + ": " + name + ": appears twice in the same JSON object");
    return true;
  }
  bool parse_error(size_t position, const std::string &, const json::exception &error) override {
    if (dynamic_cast<const json::out_of_range *>(&error))
      throw Error(origin + ": holds a number that is too large, at byte " +
                  std::to_string(position));
    throw Error(origin + ": not valid JSON, at byte " + std::to_string(position));
  }

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t &) override { return true; }
  bool string(string_t &) override { return true; }
  bool binary(binary_t &) override { return true; }

private:
  bool enter() {
    if (++depth > maxJsonDepth)
      throw Error(origin + ": JSON nested deeper than " + std::to_string(maxJsonDepth));
    return true;
  }
  bool leave() {
    --depth;
    return true;
  }

  const std::string &origin;
  std::vector<std::set<std::string>> keys; // of the open objects
  int depth = 0;
};

} // namespace

json parseStrictJson(std::string_view text, const std::string &origin) {
  Watcher watcher(origin);
  json::sax_parse(text, &watcher);
  return json::parse(text);
}

} // namespace step37
