// One entry of a list in JSON: a string with the address, or an object with the address, perhaps an
// `id`, and whatever else the caller wants back. Pure; one thread.
#pragma once

#include <string_view>

#include <boost/json/value.hpp>

#include "jobs/intake/list_sink.h"

namespace verihook::jobs {

class JsonEntries {
 public:
  JsonEntries(ListSink& sink, const ListLimits& limits, std::string email_member)
      : sink_(sink), limits_(limits), email_member_(std::move(email_member)) {}

  // An entry as JSON text.
  Result<void> take_text(std::int64_t number, std::int64_t line, std::string_view text);
  // An entry that is a string.
  Result<void> take_address(std::int64_t number, std::int64_t line, std::string_view address);
  void reject(std::int64_t number, std::int64_t line, Rejection reason, std::string_view text);

 private:
  Result<void> take_object(std::int64_t number, std::int64_t line, std::string_view text,
                           boost::json::object object);
  const boost::json::value* find_email(const boost::json::object& object) const;

  ListSink& sink_;
  const ListLimits limits_;
  const std::string email_member_;  // the caller's `email_column`; empty: found by its name
};

}  // namespace verihook::jobs
