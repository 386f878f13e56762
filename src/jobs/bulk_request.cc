#include "jobs/bulk_request.h"

#include <initializer_list>

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value.hpp>

#include "webhooks/canonical_json.h"
#include "webhooks/json_writer.h"
#include "webhooks/strict_json.h"

namespace verihook::jobs {
namespace {

namespace json = boost::json;
using ErrorCode = boost::system::error_code;

std::string ordinal_of_email(std::int64_t index) { return "emails[" + std::to_string(index) + "]"; }

}  // namespace

// The SAX handler behind the parser. Inside `emails` strings go to the callback; everything else is
// written again, without white space, into `others_`, which the strict parser reads at the end.
class BulkHandler {
 public:
  static constexpr std::size_t max_object_size = std::size_t(-1);
  static constexpr std::size_t max_array_size = std::size_t(-1);
  static constexpr std::size_t max_key_size = std::size_t(-1);
  static constexpr std::size_t max_string_size = std::size_t(-1);

  BulkHandler(BulkRequestParser::OnEmail on_email, BulkRequestLimits limits)
      : on_email_(std::move(on_email)), limits_(limits) {}

  const Error* error() const { return error_ ? &*error_ : nullptr; }
  bool saw_emails() const { return saw_emails_; }
  const std::string& others() const { return others_; }

  bool on_document_begin(ErrorCode&) { return true; }
  bool on_document_end(ErrorCode&) { return true; }

  bool on_object_begin(ErrorCode& ec) {
    if (in_emails_) return refuse_element(ec);
    ++depth_;
    return write("{", ec);
  }
  bool on_object_end(std::size_t, ErrorCode& ec) {
    --depth_;
    if (others_.ends_with(',')) others_.pop_back();
    return write(depth_ == 0 ? "}" : "},", ec);
  }

  bool on_array_begin(ErrorCode& ec) {
    if (in_emails_) return refuse_element(ec);
    if (depth_ == 0) {
      return refuse(ec, "the body must be a JSON object with a member \"emails\"");
    }
    if (key_is_emails_) {
      key_is_emails_ = false;
      in_emails_ = true;
      return true;
    }
    ++depth_;
    return write("[", ec);
  }
  bool on_array_end(std::size_t, ErrorCode& ec) {
    if (in_emails_) {
      in_emails_ = false;
      return true;
    }
    --depth_;
    if (others_.ends_with(',')) others_.pop_back();
    return write("],", ec);
  }

  bool on_key_part(json::string_view part, std::size_t, ErrorCode& ec) {
    return append_text(part, limits_.other_members_bytes_max, ec);
  }
  bool on_key(json::string_view part, std::size_t, ErrorCode& ec) {
    if (!append_text(part, limits_.other_members_bytes_max, ec)) return false;
    const std::string key = std::exchange(text_, {});
    if (depth_ == 1 && key == "emails") {
      if (std::exchange(saw_emails_, true)) return refuse(ec, "\"emails\" is given twice");
      key_is_emails_ = true;
      return true;
    }
    std::string quoted;
    webhooks::append_js_string(quoted, key);
    return write(quoted + ":", ec);
  }

  bool on_string_part(json::string_view part, std::size_t, ErrorCode& ec) {
    return append_text(part, text_limit(), ec);
  }
  bool on_string(json::string_view part, std::size_t, ErrorCode& ec) {
    if (!append_text(part, text_limit(), ec)) return false;
    std::string text = std::exchange(text_, {});
    if (in_emails_) return take_email(std::move(text), ec);
    std::string quoted;
    webhooks::append_js_string(quoted, text);
    return write_value(quoted, ec);
  }

  bool on_number_part(json::string_view part, ErrorCode& ec) {
    return append_text(part, limits_.other_members_bytes_max, ec);
  }
  bool on_int64(std::int64_t, json::string_view part, ErrorCode& ec) { return number(part, ec); }
  bool on_uint64(std::uint64_t, json::string_view part, ErrorCode& ec) { return number(part, ec); }
  bool on_double(double, json::string_view part, ErrorCode& ec) { return number(part, ec); }
  bool on_bool(bool value, ErrorCode& ec) { return write_value(value ? "true" : "false", ec); }
  bool on_null(ErrorCode& ec) { return write_value("null", ec); }
  bool on_comment_part(json::string_view, ErrorCode&) { return true; }
  bool on_comment(json::string_view, ErrorCode&) { return true; }

 private:
  std::size_t text_limit() const {
    return in_emails_ ? limits_.email_bytes_max : limits_.other_members_bytes_max;
  }

  bool stop(ErrorCode& ec, Error error) {
    error_ = std::move(error);
    ec = json::error::syntax;
    return false;
  }
  bool refuse(ErrorCode& ec, std::string sentence) {
    return stop(ec, {Errc::kInvalidArgument, std::move(sentence)});
  }
  bool refuse_element(ErrorCode& ec) {
    return refuse(ec, ordinal_of_email(email_count_) + " must be a string with an e-mail address");
  }

  bool append_text(json::string_view part, std::size_t limit, ErrorCode& ec) {
    if (text_.size() + part.size() > limit) {
      const std::string what = in_emails_ ? ordinal_of_email(email_count_) : "a member of the body";
      return stop(ec,
                  {Errc::kTooLarge, what + " is longer than " + std::to_string(limit) + " bytes"});
    }
    text_.append(part.data(), part.size());
    return true;
  }

  bool write(std::string_view piece, ErrorCode& ec) {
    if (others_.size() + piece.size() > limits_.other_members_bytes_max) {
      return stop(
          ec, {Errc::kTooLarge, "the members beside \"emails\" are larger than " +
                                    std::to_string(limits_.other_members_bytes_max) + " bytes"});
    }
    others_.append(piece);
    return true;
  }
  bool write_value(std::string_view value, ErrorCode& ec) {
    if (in_emails_) return refuse_element(ec);
    if (key_is_emails_) return refuse(ec, "\"emails\" must be an array of strings");
    if (depth_ == 0) {
      return refuse(ec, "the body must be a JSON object with a member \"emails\"");
    }
    return write(std::string(value) + ",", ec);
  }
  bool number(json::string_view part, ErrorCode& ec) {
    if (!append_text(part, limits_.other_members_bytes_max, ec)) return false;
    return write_value(std::exchange(text_, {}), ec);
  }

  bool take_email(std::string email, ErrorCode& ec) {
    if (email_count_ >= limits_.emails_max) {
      return stop(ec, {Errc::kTooLarge, "a job may have " + std::to_string(limits_.emails_max) +
                                            " addresses at most; split the list"});
    }
    ++email_count_;
    if (auto taken = on_email_(std::move(email)); !taken) return stop(ec, taken.error());
    return true;
  }

  const BulkRequestParser::OnEmail on_email_;
  const BulkRequestLimits limits_;
  std::optional<Error> error_;
  std::string text_;    // the string, key or number that is arriving
  std::string others_;  // the body without `emails`
  std::size_t depth_ = 0;
  std::int64_t email_count_ = 0;
  bool key_is_emails_ = false;
  bool in_emails_ = false;
  bool saw_emails_ = false;
};

struct BulkRequestParser::Impl {
  static json::parse_options options() {
    json::parse_options options;
    options.max_depth = 40;
    return options;
  }
  Impl(OnEmail on_email, BulkRequestLimits limits)
      : parser(options(), std::move(on_email), limits) {}

  Error failure(const ErrorCode& ec) {
    if (const Error* error = parser.handler().error()) return *error;
    return {Errc::kInvalidArgument, "the body is not valid JSON: " + ec.message()};
  }

  json::basic_parser<BulkHandler> parser;
};

BulkRequestParser::BulkRequestParser(OnEmail on_email, BulkRequestLimits limits)
    : impl_(std::make_unique<Impl>(std::move(on_email), limits)) {}
BulkRequestParser::~BulkRequestParser() = default;

Result<void> BulkRequestParser::feed(std::string_view piece) {
  ErrorCode ec;
  const std::size_t used = impl_->parser.write_some(true, piece.data(), piece.size(), ec);
  if (ec) return std::unexpected(impl_->failure(ec));
  if (used < piece.size()) {
    if (piece.find_first_not_of(" \t\r\n", used) != piece.npos) {
      return fail(Errc::kInvalidArgument, "something follows the JSON object of the body");
    }
  }
  return {};
}

Result<BulkRequest> BulkRequestParser::finish() {
  ErrorCode ec;
  if (!impl_->parser.done()) impl_->parser.write_some(false, "", 0, ec);
  if (ec) return std::unexpected(impl_->failure(ec));
  if (!impl_->parser.handler().saw_emails()) {
    return fail(Errc::kInvalidArgument,
                "\"emails\" is missing: give an array with the addresses to verify");
  }
  return parse_bulk_members(impl_->parser.handler().others());
}

namespace {

template <class Enum>
Result<Enum> read_enum(const json::value& value, std::string_view name,
                       std::initializer_list<std::pair<std::string_view, Enum>> choices) {
  std::string allowed;
  for (const auto& [text, choice] : choices) {
    if (value.is_string() && value.get_string() == json::string_view(text.data(), text.size())) {
      return choice;
    }
    allowed += allowed.empty() ? "" : ", ";
    allowed += text;
  }
  return fail(Errc::kInvalidArgument, std::string(name) + " must be one of: " + allowed);
}

Result<bool> read_bool(const json::value& value, std::string_view name) {
  if (!value.is_bool()) {
    return fail(Errc::kInvalidArgument, std::string(name) + " must be true or false");
  }
  return value.get_bool();
}

Result<std::string> read_string(const json::value& value, std::string_view name,
                                std::size_t bytes_max) {
  if (!value.is_string() || value.get_string().size() > bytes_max) {
    return fail(Errc::kInvalidArgument, std::string(name) + " must be a string of at most " +
                                            std::to_string(bytes_max) + " bytes");
  }
  return std::string(value.get_string());
}

template <class Enum>
using Choices = std::initializer_list<std::pair<std::string_view, Enum>>;

// The options that are one of some words.
Result<void> read_choice(std::string_view key, const json::value& value, const std::string& name,
                         model::JobOptions& options) {
  using model::CatchAllAs;
  using model::DisposableAs;
  using model::Greylist;
  using model::Priority;
  using model::RoleAs;
  using model::Syntax;
  const auto read = [&]<class Enum>(Enum& option, Choices<Enum> choices) -> Result<void> {
    TRY(choice, read_enum(value, name, choices));
    option = choice;
    return {};
  };
  if (key == "disposable_as") {
    return read(options.disposable_as, {{"risky", DisposableAs::kRisky},
                                        {"invalid", DisposableAs::kInvalid},
                                        {"flag", DisposableAs::kFlag}});
  }
  if (key == "role_as") {
    return read(options.role_as, {{"flag", RoleAs::kFlag}, {"risky", RoleAs::kRisky}});
  }
  if (key == "catch_all_as") {
    return read(options.catch_all_as, {{"risky", CatchAllAs::kRisky},
                                       {"valid", CatchAllAs::kValid},
                                       {"unknown", CatchAllAs::kUnknown}});
  }
  if (key == "greylist") {
    return read(options.greylist, {{"wait", Greylist::kWait}, {"skip", Greylist::kSkip}});
  }
  if (key == "syntax") {
    return read(options.syntax, {{"standard", Syntax::kStandard},
                                 {"strict", Syntax::kStrict},
                                 {"web_form", Syntax::kWebForm}});
  }
  if (key == "priority") {
    return read(
        options.priority,
        {{"low", Priority::kLow}, {"normal", Priority::kNormal}, {"high", Priority::kHigh}});
  }
  return fail(Errc::kInvalidArgument, name + " is not an option; see /openapi.json");
}

Result<void> read_option(std::string_view key, const json::value& value,
                         model::JobOptions& options) {
  const std::string name = "options." + std::string(key);
  if (key == "smtp") {
    TRY(smtp, read_bool(value, name));
    options.smtp = smtp;
    return {};
  }
  if (key == "cache") {
    TRY(cache, read_bool(value, name));
    options.cache = cache;
    return {};
  }
  if (key == "deadline_s") {
    const bool whole = value.is_int64() && value.get_int64() > 0;
    if (!whole) return fail(Errc::kInvalidArgument, name + " must be a number of seconds above 0");
    options.deadline_s = value.get_int64();
    return {};
  }
  if (key == "retention_days") {
    const bool whole = value.is_int64() && value.get_int64() > 0 && value.get_int64() <= 36'500;
    if (!whole) {
      return fail(Errc::kInvalidArgument, name + " must be a number of days from 1 to 36500");
    }
    options.retention_days = value.get_int64();
    return {};
  }
  return read_choice(key, value, name, options);
}

}  // namespace

Result<BulkRequest> parse_bulk_members(std::string_view text) {
  TRY(value, webhooks::parse_strict_json(text));
  if (!value.is_object()) {
    return fail(Errc::kInvalidArgument, "the body must be a JSON object with a member \"emails\"");
  }
  BulkRequest request;
  for (const auto& member : value.get_object()) {
    const std::string_view key(member.key().data(), member.key().size());
    if (key == "name") {
      TRY(name, read_string(member.value(), key, 200));
      request.name = name;
    } else if (key == "metadata") {
      TRY(metadata, webhooks::canonical_metadata(member.value()));
      request.metadata = metadata;
    } else if (key == "options") {
      if (!member.value().is_object()) {
        return fail(Errc::kInvalidArgument, "options must be an object");
      }
      for (const auto& option : member.value().get_object()) {
        TRY_VOID(read_option({option.key().data(), option.key().size()}, option.value(),
                             request.options));
      }
    } else if (key == "webhook_url") {
      TRY(url, read_string(member.value(), key, 2'048));
      request.webhook_url = url;
    } else if (key == "webhook_secret") {
      TRY(secret, read_string(member.value(), key, 512));
      request.webhook_secret = secret;
    } else if (key == "start") {
      TRY(start, read_bool(member.value(), std::string(key)));
      request.start = start;
    } else {
      return fail(
          Errc::kInvalidArgument,
          "\"" + std::string(key) + "\" is not a member of this request; see /openapi.json");
    }
  }
  if (!request.webhook_secret.empty() && request.webhook_url.empty()) {
    return fail(Errc::kInvalidArgument, "webhook_secret is given without webhook_url");
  }
  return request;
}

}  // namespace verihook::jobs
