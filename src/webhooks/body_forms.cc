#include "webhooks/body_forms.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include "webhooks/canonical_json.h"
#include "webhooks/strict_json.h"

namespace verihook::webhooks {
namespace {

namespace json = boost::json;

// How one of the common writers of JSON puts it.
struct Style {
  std::string_view what;
  std::size_t indent = 0;  // 0: on one line
  std::string_view comma = ",";
  std::string_view colon = ":";
  bool ascii = false;            // other characters as \uXXXX
  bool escaped_slashes = false;  // "\/"
  bool sorted = false;
};

constexpr std::array kStyles = {
    Style{.what = "as JSON.stringify writes it"},
    Style{.what = "pretty-printed with two spaces", .indent = 2, .colon = ": "},
    Style{.what = "pretty-printed with four spaces", .indent = 4, .colon = ": "},
    Style{.what = "as Python's json.dumps writes it", .comma = ", ", .colon = ": ", .ascii = true},
    Style{.what = "with a space behind each comma and colon", .comma = ", ", .colon = ": "},
    Style{.what = "as PHP's json_encode writes it", .ascii = true, .escaped_slashes = true},
    Style{.what = "with all but ASCII escaped", .ascii = true},
    Style{.what = "with its keys in order", .sorted = true},
};

// The code point that begins at `at` of valid UTF-8; `at` is moved behind it.
std::uint32_t next_code_point(std::string_view text, std::size_t& at) {
  const auto lead = static_cast<unsigned char>(text[at++]);
  if (lead < 0x80) return lead;
  const int more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
  std::uint32_t point = lead & (0x3FU >> more);
  for (int i = 0; i < more && at < text.size(); ++i) {
    point = point << 6 | (static_cast<unsigned char>(text[at++]) & 0x3FU);
  }
  return point;
}

void append_unit(std::string& out, std::uint32_t unit) { out += fmt::format("\\u{:04x}", unit); }

// `quoted` is a string in canonical form, with its quotation marks.
std::string restyled(std::string_view quoted, const Style& style) {
  if (!style.ascii && !style.escaped_slashes) return std::string(quoted);
  std::string out;
  for (std::size_t at = 0; at < quoted.size();) {
    const std::uint32_t point = next_code_point(quoted, at);
    if (point == '/' && style.escaped_slashes) {
      out += "\\/";
    } else if (point < 0x80 || !style.ascii) {
      out.append(quoted.substr(at - 1, 1));
    } else if (point < 0x10000) {
      append_unit(out, point);
    } else {
      append_unit(out, 0xD800 + ((point - 0x10000) >> 10));
      append_unit(out, 0xDC00 + ((point - 0x10000) & 0x3FF));
    }
  }
  return out;
}

class Writer {
 public:
  explicit Writer(const Style& style) : style_(style) {}

  std::string write(const json::value& value) {
    append(value);
    return std::move(out_);
  }

 private:
  void append(const json::value& value) {
    if (const auto* object = value.if_object()) {
      append_object(*object);
    } else if (const auto* array = value.if_array()) {
      append_items('[', ']', array->size(), [&](std::size_t i) { append((*array)[i]); });
    } else {
      out_ += value.is_string() ? restyled(canonical(value), style_) : canonical(value);
    }
  }
  void append_object(const json::object& object) {
    std::vector<const json::key_value_pair*> members;
    for (const json::key_value_pair& member : object) members.push_back(&member);
    if (style_.sorted) {
      std::ranges::sort(members, {}, [](const json::key_value_pair* member) {
        return std::string_view(member->key().data(), member->key().size());
      });
    }
    append_items('{', '}', members.size(), [&](std::size_t i) {
      out_ += restyled(canonical(json::value(members[i]->key())), style_);
      out_ += style_.colon;
      append(members[i]->value());
    });
  }
  template <class AppendItem>
  void append_items(char open, char close, std::size_t count, AppendItem append_item) {
    out_ += open;
    ++depth_;
    for (std::size_t i = 0; i < count; ++i) {
      if (i > 0) out_ += style_.comma;
      break_line();
      append_item(i);
    }
    --depth_;
    if (count > 0) break_line();
    out_ += close;
  }
  void break_line() {
    if (style_.indent > 0) out_.append("\n").append(style_.indent * depth_, ' ');
  }

  const Style& style_;
  std::size_t depth_ = 0;
  std::string out_;
};

std::string with_line_ends(std::string_view body, std::string_view line_end) {
  std::string out;
  for (const char c : body) {
    if (c == '\r') continue;
    if (c == '\n') {
      out += line_end;
    } else {
      out += c;
    }
  }
  return out;
}

std::string without_last_line_end(std::string_view body) {
  while (body.ends_with('\n') || body.ends_with('\r')) body.remove_suffix(1);
  return std::string(body);
}

}  // namespace

std::vector<BodyForm> body_forms(std::string_view body) {
  std::vector<BodyForm> forms;
  const auto add = [&](std::string_view what, bool line_end, std::string text) {
    if (text == body || std::ranges::find(forms, text, &BodyForm::text) != forms.end()) return;
    forms.push_back({what, line_end, std::move(text)});
  };
  add("without the line end at its end", true, without_last_line_end(body));
  add("with a line end at its end", true, std::string(body) + "\n");
  add("with line feeds alone at the ends of its lines", true, with_line_ends(body, "\n"));
  add("with carriage returns at the ends of its lines", true, with_line_ends(body, "\r\n"));
  const auto parsed = parse_strict_json(body, received_json_limits());
  if (!parsed) return forms;
  for (const Style& style : kStyles) add(style.what, false, Writer(style).write(*parsed));
  return forms;
}

}  // namespace verihook::webhooks
