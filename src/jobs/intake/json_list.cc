#include "jobs/intake/json_list.h"

#include <optional>

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value.hpp>

#include "jobs/intake/json_entry.h"
#include "webhooks/json_writer.h"

namespace verihook::jobs {
namespace {

namespace json = boost::json;
using ErrorCode = boost::system::error_code;

constexpr std::string_view kNoList =
    "the body must be a JSON object with a member \"emails\", or an array";

// Text written again as it arrives, without white space, up to a limit.
class Copy {
 public:
  explicit Copy(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  // As much as there is room for, so that the beginning is the same however it arrives.
  void append(std::string_view piece) {
    if (too_long_) return;
    const std::size_t room = bytes_max_ - text_.size();
    text_.append(piece.substr(0, room));
    too_long_ = piece.size() > room;
  }
  // `part` was cut, so that what it becomes a part of is too long as well.
  void append_part(const Copy& part, std::string_view piece) {
    append(piece);
    too_long_ = too_long_ || part.too_long();
  }
  void close(std::string_view bracket) {
    if (text_.ends_with(',')) text_.pop_back();
    append(bracket);
  }
  void clear() {
    text_.clear();
    too_long_ = false;
  }
  bool too_long() const { return too_long_; }
  const std::string& text() const { return text_; }

 private:
  const std::size_t bytes_max_;
  std::string text_;
  bool too_long_ = false;
};

}  // namespace

// The SAX handler behind the parser. Inside the list, strings are entries at once and everything
// else is copied until it ends; outside, everything is copied into the members.
class JsonListHandler {
 public:
  static constexpr std::size_t max_object_size = std::size_t(-1);
  static constexpr std::size_t max_array_size = std::size_t(-1);
  static constexpr std::size_t max_key_size = std::size_t(-1);
  static constexpr std::size_t max_string_size = std::size_t(-1);

  JsonListHandler(ListSink& sink, const ListLimits& limits, std::string email_member)
      : entries_(sink, limits, std::move(email_member)),
        members_(limits.members_bytes_max),
        entry_(limits.entry_bytes_max),
        text_(std::max(limits.entry_bytes_max, limits.members_bytes_max)) {}

  const Error* error() const { return error_ ? &*error_ : nullptr; }
  bool saw_list() const { return saw_list_; }
  bool is_array() const { return is_array_; }
  const std::string& members() const { return members_.text(); }

  bool on_document_begin(ErrorCode&) { return true; }
  bool on_document_end(ErrorCode&) { return true; }

  bool on_object_begin(ErrorCode& ec) { return open("{", ec); }
  bool on_object_end(std::size_t, ErrorCode& ec) { return close("}", ec); }

  bool on_array_begin(ErrorCode& ec) {
    if (!in_list_ && (depth_ == 0 || key_is_emails_)) {
      is_array_ = depth_ == 0;
      if (is_array_) members_.append("{}");
      key_is_emails_ = false;
      in_list_ = saw_list_ = true;
      return true;
    }
    return open("[", ec);
  }
  bool on_array_end(std::size_t, ErrorCode& ec) {
    if (in_list_ && entry_depth_ == 0) {
      in_list_ = false;
      return true;
    }
    return close("]", ec);
  }

  bool on_key_part(json::string_view part, std::size_t, ErrorCode&) {
    text_.append({part.data(), part.size()});
    return true;
  }
  bool on_key(json::string_view part, std::size_t, ErrorCode& ec) {
    text_.append({part.data(), part.size()});
    if (!in_list_ && depth_ == 1 && text_.text() == "emails" && !text_.too_long()) {
      text_.clear();
      if (saw_list_) return refuse(ec, "\"emails\" is given twice");
      key_is_emails_ = true;
      return true;
    }
    return copy_string(":", ec);
  }

  bool on_string_part(json::string_view part, std::size_t, ErrorCode&) {
    text_.append({part.data(), part.size()});
    return true;
  }
  bool on_string(json::string_view part, std::size_t, ErrorCode& ec) {
    text_.append({part.data(), part.size()});
    if (in_list_ && entry_depth_ == 0) {
      ++number_;
      const bool too_long = text_.too_long();
      if (too_long) entries_.reject(number_, 0, Rejection::kTooLong, text_.text());
      const auto taken =
          too_long ? Result<void>() : entries_.take_address(number_, 0, text_.text());
      text_.clear();
      return taken ? true : stop(ec, taken.error());
    }
    if (!may_have_value(ec)) return false;
    return copy_string(",", ec);
  }

  bool on_number_part(json::string_view part, ErrorCode&) {
    text_.append({part.data(), part.size()});
    return true;
  }
  bool on_int64(std::int64_t, json::string_view part, ErrorCode& ec) { return number(part, ec); }
  bool on_uint64(std::uint64_t, json::string_view part, ErrorCode& ec) { return number(part, ec); }
  bool on_double(double, json::string_view part, ErrorCode& ec) { return number(part, ec); }
  bool on_bool(bool value, ErrorCode& ec) { return plain_value(value ? "true" : "false", ec); }
  bool on_null(ErrorCode& ec) { return plain_value("null", ec); }
  bool on_comment_part(json::string_view, ErrorCode&) { return true; }
  bool on_comment(json::string_view, ErrorCode&) { return true; }

 private:
  bool stop(ErrorCode& ec, Error error) {
    error_ = std::move(error);
    ec = json::error::syntax;
    return false;
  }
  bool refuse(ErrorCode& ec, std::string_view sentence) {
    return stop(ec, {Errc::kInvalidArgument, std::string(sentence)});
  }

  Copy& copy() { return in_list_ ? entry_ : members_; }
  // Members past their limit are refused at once; an entry is rejected when it ends.
  bool check_members(ErrorCode& ec) {
    if (!members_.too_long()) return true;
    return stop(ec, {Errc::kTooLarge,
                     "the members beside \"emails\" are longer than the configuration allows"});
  }
  bool may_have_value(ErrorCode& ec) {
    if (in_list_) return true;
    if (key_is_emails_) return refuse(ec, "\"emails\" must be an array of addresses or objects");
    return depth_ > 0 ? true : refuse(ec, kNoList);
  }

  bool open(std::string_view bracket, ErrorCode& ec) {
    if (!in_list_ && key_is_emails_) return may_have_value(ec);
    if (in_list_) {
      ++entry_depth_;
    } else {
      ++depth_;
    }
    copy().append(bracket);
    return check_members(ec);
  }
  bool close(std::string_view bracket, ErrorCode& ec) {
    copy().close(bracket);
    if (in_list_) {
      if (--entry_depth_ == 0) return end_entry(ec);
    } else if (--depth_ == 0) {
      return check_members(ec);
    }
    copy().append(",");
    return check_members(ec);
  }

  bool copy_string(std::string_view after, ErrorCode& ec) {
    std::string quoted;
    webhooks::append_js_string(quoted, text_.text());
    quoted += after;
    copy().append_part(text_, quoted);
    text_.clear();
    return check_members(ec);
  }
  bool plain_value(std::string_view value, ErrorCode& ec) {
    if (!may_have_value(ec)) return false;
    copy().append_part(text_, value);
    text_.clear();
    if (in_list_ && entry_depth_ == 0) return end_entry(ec);
    copy().append(",");
    return check_members(ec);
  }
  bool number(json::string_view part, ErrorCode& ec) {
    text_.append({part.data(), part.size()});
    return plain_value(std::string(text_.text()), ec);
  }

  bool end_entry(ErrorCode& ec) {
    ++number_;
    Result<void> taken;
    if (entry_.too_long()) {
      entries_.reject(number_, 0, Rejection::kTooLong, entry_.text());
    } else {
      taken = entries_.take_text(number_, 0, entry_.text());
    }
    entry_.clear();
    return taken ? true : stop(ec, taken.error());
  }

  JsonEntries entries_;
  Copy members_;  // the body without the list
  Copy entry_;    // of the list, while it arrives
  Copy text_;     // the string, key or number that is arriving
  std::optional<Error> error_;
  std::int64_t number_ = 0;
  std::size_t depth_ = 0;        // outside the list
  std::size_t entry_depth_ = 0;  // inside an entry
  bool key_is_emails_ = false;
  bool in_list_ = false;
  bool saw_list_ = false;
  bool is_array_ = false;
};

struct JsonList::Impl {
  static json::parse_options options() {
    json::parse_options options;
    options.max_depth = 40;
    return options;
  }
  Impl(ListSink& sink, const ListLimits& limits, std::string email_member)
      : parser(options(), sink, limits, std::move(email_member)) {}

  Error failure(const ErrorCode& ec) {
    if (const Error* error = parser.handler().error()) return *error;
    return {Errc::kInvalidArgument, "the body is not valid JSON: " + ec.message()};
  }

  json::basic_parser<JsonListHandler> parser;
};

JsonList::JsonList(ListSink& sink, const ListLimits& limits, std::string email_member)
    : impl_(std::make_unique<Impl>(sink, limits, std::move(email_member))) {}
JsonList::~JsonList() = default;

Result<void> JsonList::feed(std::string_view piece) {
  ErrorCode ec;
  const std::size_t used = impl_->parser.write_some(true, piece.data(), piece.size(), ec);
  if (ec) return std::unexpected(impl_->failure(ec));
  if (used < piece.size() && piece.find_first_not_of(" \t\r\n", used) != piece.npos) {
    return fail(Errc::kInvalidArgument, "something follows the JSON of the body");
  }
  return {};
}

Result<void> JsonList::finish() {
  ErrorCode ec;
  if (!impl_->parser.done()) impl_->parser.write_some(false, "", 0, ec);
  if (ec) return std::unexpected(impl_->failure(ec));
  if (!impl_->parser.handler().saw_list()) {
    return fail(Errc::kInvalidArgument,
                "\"emails\" is missing: give an array with the addresses to verify");
  }
  return {};
}

bool JsonList::is_array() const { return impl_->parser.handler().is_array(); }

const std::string& JsonList::members() const { return impl_->parser.handler().members(); }

}  // namespace verihook::jobs
