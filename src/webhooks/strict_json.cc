#include "webhooks/strict_json.h"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <unordered_set>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>
#include <boost/json/value_stack.hpp>

#include "base/text.h"

namespace verihook::webhooks {

namespace json = boost::json;

namespace {

constexpr std::int64_t kExactIntegerMax = std::int64_t{1} << 53;
constexpr double kFirstExponentForm = 1e21;  // from here on JavaScript writes exponents
constexpr std::size_t kPathBytesMax = 200;   // of a path in a message
constexpr std::size_t kKeptBucketsMax = 64;  // of a key set that is used again

// Where the parser stands: one for each open object or array.
struct Frame {
  bool is_object = false;
  std::string key;        // the member being read, in an object
  std::size_t index = 0;  // the element being read, in an array
  bool has_elements = false;
  std::unordered_set<std::string> keys;  // all keys so far, in an object
};

// Takes the parser's events, builds the value and refuses what the grammar allows and we do not. A
// refusal sets `refusal` and stops the parser with any error code.
class Handler {
 public:
  static constexpr std::size_t max_object_size = json::object::max_size();
  static constexpr std::size_t max_array_size = json::array::max_size();
  static constexpr std::size_t max_key_size = json::string::max_size();
  static constexpr std::size_t max_string_size = json::string::max_size();

  explicit Handler(const JsonLimits& limits) : limits_(limits) { stack_.reset(); }

  json::value release() { return stack_.release(); }
  const std::string& refusal() const { return refusal_; }

  // The member being read, quoted, e.g. "metadata.list[3].name"; a phrase for the outermost value.
  std::string path() const;

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }
  bool on_number_part(json::string_view, json::error_code&) { return true; }

  bool on_object_begin(json::error_code&) { return open(true); }
  bool on_array_begin(json::error_code&) { return open(false); }
  bool on_object_end(std::size_t count, json::error_code&) {
    stack_.push_object(count);
    return close();
  }
  bool on_array_end(std::size_t count, json::error_code&) {
    stack_.push_array(count);
    return close();
  }

  bool on_key_part(json::string_view part, std::size_t, json::error_code&) {
    stack_.push_chars(part);
    key_.append(part.data(), part.size());
    return true;
  }
  bool on_key(json::string_view part, std::size_t, json::error_code& error);

  bool on_string_part(json::string_view part, std::size_t, json::error_code&) {
    stack_.push_chars(part);
    return true;
  }
  bool on_string(json::string_view part, std::size_t, json::error_code&) {
    enter_value();
    stack_.push_string(part);
    return true;
  }
  bool on_int64(std::int64_t number, json::string_view, json::error_code& error);
  bool on_uint64(std::uint64_t number, json::string_view, json::error_code& error);
  bool on_double(double number, json::string_view text, json::error_code& error);
  bool on_bool(bool truth, json::error_code&) {
    enter_value();
    stack_.push_bool(truth);
    return true;
  }
  bool on_null(json::error_code&) {
    enter_value();
    stack_.push_null();
    return true;
  }

 private:
  bool open(bool is_object);
  bool close();
  void enter_value();
  bool refuse(std::string sentence, json::error_code& error);
  bool refuse_large_integer(json::error_code& error);

  const JsonLimits& limits_;
  json::value_stack stack_;
  std::vector<Frame> frames_;  // the first `depth_` are open, the rest are kept to be used again
  std::size_t depth_ = 0;
  std::string key_;
  std::string refusal_;
};

std::string Handler::path() const {
  std::string path = limits_.name;
  for (std::size_t i = 0; i < depth_ && path.size() <= kPathBytesMax; ++i) {
    const Frame& frame = frames_[i];
    if (!frame.is_object) {
      path += '[' + std::to_string(frame.index) + ']';
    } else if (!frame.key.empty()) {
      if (!path.empty()) path += '.';
      path += frame.key;
    }
  }
  if (path.empty()) return "The JSON text";
  if (path.size() > kPathBytesMax) {
    path.resize(kPathBytesMax);
    // Not in the middle of a character: the message must stay UTF-8.
    while (!path.empty() && !is_valid_utf8(path)) path.pop_back();
    path += "...";
  }
  return '"' + path + '"';
}

bool Handler::open(bool is_object) {
  enter_value();
  if (depth_ == frames_.size()) frames_.emplace_back();
  Frame& frame = frames_[depth_++];
  frame.is_object = is_object;
  frame.key.clear();
  frame.index = 0;
  frame.has_elements = false;
  // Clearing a set costs its buckets: a large one is replaced, or small objects after it pay for
  // it.
  if (frame.keys.bucket_count() > kKeptBucketsMax) {
    frame.keys = {};
  } else {
    frame.keys.clear();
  }
  return true;
}

bool Handler::close() {
  --depth_;
  return true;
}

void Handler::enter_value() {
  if (depth_ == 0 || frames_[depth_ - 1].is_object) return;
  Frame& frame = frames_[depth_ - 1];
  if (frame.has_elements) ++frame.index;
  frame.has_elements = true;
}

bool Handler::on_key(json::string_view part, std::size_t, json::error_code& error) {
  stack_.push_key(part);
  key_.append(part.data(), part.size());
  Frame& frame = frames_[depth_ - 1];
  frame.key = std::move(key_);
  key_.clear();
  if (frame.keys.insert(frame.key).second) return true;
  return refuse(path() + " occurs twice in the same object.", error);
}

bool Handler::on_int64(std::int64_t number, json::string_view, json::error_code& error) {
  enter_value();
  if (limits_.refuse_large_integers && (number > kExactIntegerMax || number < -kExactIntegerMax)) {
    return refuse_large_integer(error);
  }
  stack_.push_int64(number);
  return true;
}

bool Handler::on_uint64(std::uint64_t number, json::string_view, json::error_code& error) {
  enter_value();
  if (limits_.refuse_large_integers) return refuse_large_integer(error);
  stack_.push_uint64(number);
  return true;
}

// Boost 1.81 reads doubles with an error of the last bit, so the text is read again here.
bool Handler::on_double(double, json::string_view text, json::error_code& error) {
  enter_value();
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto [read_to, problem] = std::from_chars(text.data(), end, number);
  if (problem != std::errc{} || read_to != end) {
    return refuse(path() + " holds a number that is too large or too small for a double.", error);
  }
  const bool is_integer_literal = text.find_first_of(".eE") == json::string_view::npos;
  const double size = std::fabs(number);
  // What JavaScript would write as an integer of more than 2^53 is one, however it is spelled here.
  if (limits_.refuse_large_integers && size > static_cast<double>(kExactIntegerMax) &&
      (is_integer_literal || size < kFirstExponentForm)) {
    return refuse_large_integer(error);
  }
  stack_.push_double(number);
  return true;
}

bool Handler::refuse_large_integer(json::error_code& error) {
  return refuse(path() + " holds an integer beyond 2^53; send it as a string.", error);
}

bool Handler::refuse(std::string sentence, json::error_code& error) {
  refusal_ = std::move(sentence);
  error = json::error::syntax;
  return false;
}

using Parser = json::basic_parser<Handler>;

// Boost calls half a pair a plain syntax fault when no backslash follows it.
bool is_after_leading_surrogate(std::string_view text, std::size_t offset) {
  constexpr std::size_t kEscapeSize = 6;  // \ud800
  if (offset < kEscapeSize || offset > text.size()) return false;
  const std::string escape = to_lower(text.substr(offset - kEscapeSize, kEscapeSize));
  return escape.starts_with("\\ud") && escape[3] >= '8' && escape[3] <= 'b';
}

std::string sentence_for(const json::error_code& error, const Handler& handler,
                         std::string_view text, std::size_t offset, const JsonLimits& limits) {
  if (!handler.refusal().empty()) return handler.refusal();
  const std::string what = limits.name.empty() ? "The JSON text" : '"' + limits.name + '"';
  if (error == json::error::too_deep) {
    return what + " is nested more than " + std::to_string(limits.depth_max) + " levels deep.";
  }
  if (error == json::error::illegal_leading_surrogate ||
      error == json::error::illegal_trailing_surrogate ||
      error == json::error::expected_utf16_escape || is_after_leading_surrogate(text, offset)) {
    return handler.path() +
           " holds half of a surrogate pair (\\ud800 to \\udfff), which is no text.";
  }
  if (error == json::error::exponent_overflow) {
    return handler.path() + " holds a number that is too large or too small for a double.";
  }
  if (error == json::error::incomplete) return what + " is not valid JSON: it ends too early.";
  return what + " is not valid JSON: the fault is at byte " + std::to_string(offset) + ".";
}

}  // namespace

JsonLimits received_json_limits() {
  JsonLimits limits;
  limits.depth_max = 128;
  limits.refuse_large_integers = false;
  return limits;
}

Result<json::value> parse_strict_json(std::string_view text, const JsonLimits& limits) {
  const std::string what = limits.name.empty() ? "The JSON text" : '"' + limits.name + '"';
  if (text.size() > limits.bytes_max) {
    return fail(Errc::kTooLarge,
                what + " is larger than " + std::to_string(limits.bytes_max) + " bytes.");
  }
  if (!is_valid_utf8(text)) return fail(Errc::kInvalidArgument, what + " is not valid UTF-8.");
  json::parse_options options;
  options.max_depth = limits.depth_max;
  Parser parser(options, limits);
  json::error_code error;
  const std::size_t used = parser.write_some(false, text.data(), text.size(), error);
  if (!error && used < text.size()) error = json::error::extra_data;
  if (!error && !parser.done()) error = json::error::incomplete;
  if (error) {
    return fail(Errc::kInvalidArgument, sentence_for(error, parser.handler(), text, used, limits));
  }
  return parser.handler().release();
}

}  // namespace verihook::webhooks
