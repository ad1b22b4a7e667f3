// Typed access to JSON fields; see ConfigReader.h.
#include "frontend/config/ConfigReader.h"

#include "runtime/base/Error.h"
#include "runtime/base/StrictJson.h"

#include <algorithm>
#include <cmath>
#include <sstream>
#include <utility>

namespace step37::config {

namespace {

/// A value as a message shows it: scalars in JSON, cut short; what they are otherwise.
std::string describe(const nlohmann::json &value) {
  if (value.is_array())
    return "a list";
  if (value.is_object())
    return "an object";
  std::string text = value.dump(-1, ' ', true);
  constexpr size_t limit = 60;
  if (text.size() > limit)
    text = text.substr(0, limit) + "...";
  return text;
}

std::string formatted(double value) {
  std::ostringstream stream;
  stream << value;
  return stream.str();
}

std::string quotedList(Names names) {
  std::string text;
  for (std::string_view name : names)
    text += (text.empty() ? "\"" : ", \"") + std::string(name) + '"';
  return text;
}

} // namespace

Field::Field(const nlohmann::json &value, const std::string &origin, std::string path)
    : value(&value), origin(&origin), fieldPath(std::move(path)) {}

int64_t Field::integer(int64_t min, int64_t max) const {
  // Compared as doubles first: a literal beyond int64 is in no range that we ask for.
  const double approximate = value->is_number() ? value->get<double>() : NAN;
  const bool integral = value->is_number_integer() || approximate == std::floor(approximate);
  if (!integral || std::abs(approximate) > 0x1p53 || value->get<int64_t>() < min ||
      value->get<int64_t>() > max)
    fail("must be an integer from " + std::to_string(min) + " to " + std::to_string(max) + ", is " +
         describe(*value));
  return value->get<int64_t>();
}

double Field::number(double min, double max) const {
  const double result = value->is_number() ? value->get<double>() : NAN;
  if (!(result >= min && result <= max))
    fail("must be a number from " + formatted(min) + " to " + formatted(max) + ", is " +
         describe(*value));
  return result;
}

double Field::positive() const {
  const double result = value->is_number() ? value->get<double>() : NAN;
  if (!(result > 0))
    fail("must be a number above 0, is " + describe(*value));
  return result;
}

bool Field::flag() const {
  if (!value->is_boolean())
    fail("must be true or false, is " + describe(*value));
  return value->get<bool>();
}

std::string Field::text() const {
  if (!value->is_string())
    fail("must be a text, is " + describe(*value));
  return value->get<std::string>();
}

std::string Field::oneOf(Names accepted) const {
  if (!value->is_string() || std::find(accepted.begin(), accepted.end(),
                                       value->get_ref<const std::string &>()) == accepted.end())
    fail("is " + describe(*value) + "; accepted: " + quotedList(accepted));
  return value->get<std::string>();
}

std::vector<Field> Field::list() const {
  if (!value->is_array())
    fail("must be a list, is " + describe(*value));
  std::vector<Field> result;
  result.reserve(value->size());
  for (const nlohmann::json &entry : *value)
    result.emplace_back(entry, *origin, fieldPath + '[' + std::to_string(result.size()) + ']');
  return result;
}

std::vector<std::pair<std::string, Field>> Field::members() const {
  if (!value->is_object())
    fail("must be an object, is " + describe(*value));
  std::vector<std::pair<std::string, Field>> result;
  for (const auto &entry : value->items())
    result.emplace_back(entry.key(), member(entry.key()));
  return result;
}

std::optional<Field> Field::find(Names names) const {
  if (!value->is_object())
    fail("must be an object, is " + describe(*value));
  std::optional<Field> found;
  for (std::string_view name : names) {
    auto entry = value->find(name);
    if (entry == value->end() || entry->is_null())
      continue;
    if (found && *found->value != *entry)
      member(name).fail("differs from " + found->fieldPath +
                        ", another spelling of the same field; give one, or both alike");
    if (!found)
      found = member(name);
  }
  return found;
}

Field Field::require(Names names) const {
  if (std::optional<Field> found = find(names))
    return *found;
  std::string what = "is missing, and has no default";
  if (names.size() > 1)
    what += " (spellings: " + quotedList(names) + ")";
  failAt(*names.begin(), what);
}

void Field::fail(const std::string &what) const {
  throw Error(*origin + ": " + (fieldPath.empty() ? "" : fieldPath + ": ") + what);
}

void Field::failAt(std::string_view name, const std::string &what) const {
  Field(*value, *origin,
        fieldPath.empty() ? std::string(name) : fieldPath + '.' + std::string(name))
      .fail(what);
}

Field Field::member(std::string_view name) const {
  return Field(value->find(name).value(), *origin,
               fieldPath.empty() ? std::string(name) : fieldPath + '.' + std::string(name));
}

Document::Document(std::string_view text, std::string origin)
    : json(parseStrictJson(text, origin)), origin(std::move(origin)) {
  if (!json.is_object())
    throw Error(this->origin + ": must be a JSON object, is " + describe(json));
}

} // namespace step37::config
