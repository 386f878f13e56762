#include "destinations/result_reader.h"

#include <optional>
#include <string>
#include <utility>

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/error.hpp>

#include "base/text.h"

namespace verihook::destinations {

namespace json = boost::json;

namespace {

constexpr std::size_t kKeyBytesKept = 16;  // more than the longest wanted name

// The members of a row that are wanted.
enum class Member {
  kOther,    // passed over
  kEmail,    // a string
  kIsValid,  // true, false or null
  kReason,   // a string or null
};

Member member_named(std::string_view name) {
  if (name == "email") return Member::kEmail;
  if (name == "is_valid") return Member::kIsValid;
  if (name == "reason") return Member::kReason;
  return Member::kOther;
}

// Appends no more than up to `limit` bytes in all; false when something was left out.
bool append_up_to(std::string& text, std::string_view more, std::size_t limit) {
  const std::size_t room = limit - std::min(limit, text.size());
  text.append(more.substr(0, room));
  return more.size() <= room;
}

// What Boost.JSON's parser calls. Depth 1 is the array, depth 2 a row; a value at depth 2 is one of
// the row's members, everything deeper belongs to a member that is passed over.
class Handler {
 public:
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);

  explicit Handler(ResultReader::OnRow on_row) : on_row_(std::move(on_row)) {}

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }
  bool on_array_begin(json::error_code& ec) {
    if (depth_ == 1) return refuse(ec, "an entry of the results is not an object");
    if (depth_ == 2 && member_ != Member::kOther) return refuse(ec, kWrongType);
    ++depth_;
    return true;
  }
  bool on_array_end(std::size_t, json::error_code&) {
    --depth_;
    return true;
  }
  bool on_object_begin(json::error_code& ec) {
    if (depth_ == 0) return refuse(ec, "the results are not an array");
    if (depth_ == 2 && member_ != Member::kOther) return refuse(ec, kWrongType);
    if (++depth_ == 2) row_ = {};
    return true;
  }
  bool on_object_end(std::size_t, json::error_code& ec) {
    if (--depth_ == 1) return end_row(ec);
    return true;
  }
  bool on_key_part(json::string_view part, std::size_t, json::error_code&) {
    if (depth_ == 2) append_up_to(key_, {part.data(), part.size()}, kKeyBytesKept);
    return true;
  }
  bool on_key(json::string_view part, std::size_t size, json::error_code& ec) {
    if (depth_ != 2) return true;
    on_key_part(part, size, ec);
    member_ = member_named(key_);
    key_.clear();
    bool* const seen = member_ == Member::kEmail     ? &row_.has_email
                       : member_ == Member::kIsValid ? &row_.has_verdict
                       : member_ == Member::kReason  ? &row_.has_reason
                                                     : nullptr;
    if (seen != nullptr && std::exchange(*seen, true)) {
      return refuse(ec, "a row of the results has a member twice");
    }
    return true;
  }
  bool on_string_part(json::string_view part, std::size_t, json::error_code& ec) {
    if (depth_ <= 1) return refuse(ec, kNotRows);
    if (depth_ != 2) return true;
    const std::string_view text{part.data(), part.size()};
    switch (member_) {
      case Member::kEmail:
        if (!append_up_to(row_.email, text, kResultEmailBytesMax)) row_.too_long = true;
        return true;
      case Member::kReason:
        append_up_to(row_.reason, text, kResultReasonBytesMax);
        return true;
      case Member::kIsValid:
        return refuse(ec, kWrongType);
      case Member::kOther:
        return true;
    }
    return true;
  }
  bool on_string(json::string_view part, std::size_t size, json::error_code& ec) {
    return on_string_part(part, size, ec);
  }
  bool on_bool(bool value, json::error_code& ec) {
    if (depth_ == 2 && member_ == Member::kIsValid) {
      row_.is_valid = value;
      return true;
    }
    return pass_over(ec);
  }
  bool on_null(json::error_code& ec) {
    if (depth_ == 2 && member_ != Member::kEmail) return true;
    return pass_over(ec);
  }
  bool on_number_part(json::string_view, json::error_code&) { return true; }
  bool on_int64(std::int64_t, json::string_view, json::error_code& ec) { return pass_over(ec); }
  bool on_uint64(std::uint64_t, json::string_view, json::error_code& ec) { return pass_over(ec); }
  bool on_double(double, json::string_view, json::error_code& ec) { return pass_over(ec); }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }

  const std::optional<Error>& error() const { return error_; }
  std::int64_t rows() const { return rows_; }
  std::int64_t rows_left_out() const { return rows_left_out_; }

 private:
  static constexpr std::string_view kNotRows = "the results are not an array of objects";
  static constexpr std::string_view kWrongType =
      "a member of a row of the results is of the wrong type";

  struct Row {
    std::string email;
    std::string reason;
    std::optional<bool> is_valid;
    bool has_email = false;
    bool has_verdict = false;
    bool has_reason = false;
    bool too_long = false;
  };

  bool refuse(json::error_code& ec, std::string_view sentence) {
    error_ = Error{Errc::kInvalidArgument, std::string(sentence)};
    ec = json::error::syntax;  // any: error_ says what it is
    return false;
  }
  // A scalar that no wanted member may be.
  bool pass_over(json::error_code& ec) {
    if (depth_ <= 1) return refuse(ec, kNotRows);
    if (depth_ == 2 && member_ != Member::kOther) return refuse(ec, kWrongType);
    return true;
  }
  bool end_row(json::error_code& ec) {
    if (!row_.has_email) return refuse(ec, "a row of the results has no email");
    if (!row_.has_verdict) return refuse(ec, "a row of the results has no is_valid");
    if (!row_.is_valid || row_.too_long || row_.email.empty()) {
      ++rows_left_out_;
      return true;
    }
    update_.email = std::move(row_.email);
    update_.email_verified = *row_.is_valid;
    update_.email_invalid_reason.clear();
    if (!*row_.is_valid) {
      // A cut may have gone through a character.
      while (!is_valid_utf8(row_.reason)) row_.reason.pop_back();
      update_.email_invalid_reason =
          row_.reason.empty() ? std::string(kUnspecifiedReason) : std::move(row_.reason);
    }
    if (auto taken = on_row_(update_); !taken) {
      error_ = std::move(taken).error();
      ec = json::error::syntax;
      return false;
    }
    ++rows_;
    return true;
  }

  const ResultReader::OnRow on_row_;
  int depth_ = 0;
  std::string key_;
  Member member_ = Member::kOther;
  Row row_;
  model::ContactUpdate update_;
  std::int64_t rows_ = 0;
  std::int64_t rows_left_out_ = 0;
  std::optional<Error> error_;
};

}  // namespace

class ResultReader::Impl {
 public:
  explicit Impl(OnRow on_row) : parser(json::parse_options{}, std::move(on_row)) {}

  // `more` is false for the end of the list.
  Result<void> write(std::string_view piece, bool more) {
    if (failed) return std::unexpected(*failed);
    json::error_code ec;
    const std::size_t used = parser.write_some(more, piece.data(), piece.size(), ec);
    if (!ec && used < piece.size()) ec = json::error::extra_data;
    if (!ec) return {};
    const auto& own = parser.handler().error();
    failed =
        own ? *own : Error{Errc::kInvalidArgument, "the results are not JSON: " + ec.message()};
    return std::unexpected(*failed);
  }

  json::basic_parser<Handler> parser;
  std::optional<Error> failed;
};

ResultReader::ResultReader(OnRow on_row) : impl_(std::make_unique<Impl>(std::move(on_row))) {}
ResultReader::~ResultReader() = default;

Result<void> ResultReader::feed(std::string_view piece) {
  if (piece.empty()) return {};
  return impl_->write(piece, true);
}

Result<void> ResultReader::finish() { return impl_->write({}, false); }

std::int64_t ResultReader::rows() const { return impl_->parser.handler().rows(); }
std::int64_t ResultReader::rows_left_out() const { return impl_->parser.handler().rows_left_out(); }

}  // namespace verihook::destinations
