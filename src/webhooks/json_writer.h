// JsonWriter: JSON text appended to a string piece by piece, in the one form that JavaScript's
// JSON.stringify writes. It keeps no more than the state of the commas, so the string may be sent
// and cleared in the middle of a document: a result stream of any length needs no memory. Member
// order is the order of the calls; the caller never writes the same key twice. One thread; cannot
// fail.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace verihook::webhooks {

// The text of a number as ECMAScript's Number::toString gives it: the shortest digits that read
// back as the same double, "1e+21" and "1e-7" in exponent form, -0 as 0, NaN and infinities as
// null.
void append_js_number(std::string& out, double number);

// `text` (valid UTF-8) between quotation marks, escaping only what JSON.stringify escapes.
void append_js_string(std::string& out, std::string_view text);

// Exact; receivers written in JavaScript read it exactly up to 2^53.
void append_js_integer(std::string& out, std::int64_t number);

class JsonWriter {
 public:
  // `out` must outlive the writer.
  explicit JsonWriter(std::string& out) : out_(out) {}
  JsonWriter(const JsonWriter&) = delete;
  JsonWriter& operator=(const JsonWriter&) = delete;

  void begin_object() { open('{'); }
  void end_object() { close('}'); }
  void begin_array() { open('['); }
  void end_array() { close(']'); }
  void key(std::string_view name);

  void value(std::string_view text);
  void value(const char* text) { value(std::string_view(text)); }
  void value(const std::string& text) { value(std::string_view(text)); }
  void value(double number);
  void value(std::same_as<bool> auto truth) { literal(truth ? "true" : "false"); }
  // Exact; receivers written in JavaScript read it exactly up to 2^53.
  void value(std::integral auto number)
    requires(!std::same_as<decltype(number), bool>)
  {
    literal(std::to_string(number));
  }
  // null when there is nothing.
  template <class T>
  void value(const std::optional<T>& maybe) {
    if (maybe) {
      value(*maybe);
    } else {
      null();
    }
  }
  void null() { literal("null"); }
  // JSON text that is in canonical form already.
  void raw(std::string_view json) { literal(json); }

  // key() and value() in one call.
  void member(std::string_view name, const auto& member_value) {
    key(name);
    value(member_value);
  }

 private:
  void open(char bracket);
  void close(char bracket);
  void literal(std::string_view json);
  void separate();

  std::string& out_;
  std::vector<bool> has_members_;  // one for each open object or array
  bool after_key_ = false;
};

}  // namespace verihook::webhooks
