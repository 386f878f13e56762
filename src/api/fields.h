// Fields: the members of a JSON request body, read one by one with their types, so that every
// handler refuses what is wrong, missing or unknown with a sentence that names the member. Refers
// to nothing outside itself. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>

#include "base/result.h"

namespace verihook::api {

class Fields {
 public:
  // kInvalidArgument unless `body` is one strict JSON object.
  static Result<Fields> parse(std::string_view body);
  explicit Fields(boost::json::object object, std::string path = {})
      : object_(std::move(object)), path_(std::move(path)) {}

  Result<std::string> string(std::string_view name, std::size_t bytes_max = 1024);
  Result<std::optional<std::string>> optional_string(std::string_view name,
                                                     std::size_t bytes_max = 1024);
  Result<std::optional<bool>> optional_bool(std::string_view name);
  Result<std::optional<std::int64_t>> optional_integer(std::string_view name, std::int64_t min,
                                                       std::int64_t max);
  Result<std::optional<double>> optional_number(std::string_view name, double min, double max);
  Result<std::optional<std::vector<std::string>>> optional_strings(std::string_view name,
                                                                   std::size_t count_max = 100);
  Result<std::optional<Fields>> optional_object(std::string_view name);
  // Any value, as it came; null when absent.
  const boost::json::value* optional_value(std::string_view name);

  bool has(std::string_view name) const { return object_.contains(name); }
  const boost::json::object& object() const { return object_; }

  // kInvalidArgument that names the first member nobody asked for. Call it after the others.
  Result<void> refuse_others() const;

 private:
  const boost::json::value* take(std::string_view name);
  std::string full_name(std::string_view name) const;
  std::unexpected<Error> wrong(std::string_view name, std::string_view expected) const;

  boost::json::object object_;
  std::string path_;  // "options." for messages
  std::set<std::string, std::less<>> taken_;
};

}  // namespace verihook::api
