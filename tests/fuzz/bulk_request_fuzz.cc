// jobs::JsonList on any bytes, in any pieces (see pieces.h), with limits small enough to be
// reached. Checked:
// - entries handed on, members and error are the same however the bytes are cut; where a string
//   is both too long and no JSON, which of the two is said may depend on it;
// - what is accepted is JSON to the whole parser too, and each element of the list is handed on;
// - limits hold, metadata is canonical, and errors are sentences.
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>

#include "jobs/intake/bulk_request.h"
#include "jobs/intake/json_list.h"
#include "tests/fuzz/pieces.h"
#include "webhooks/canonical_json.h"

namespace verihook::fuzz {
namespace {

constexpr jobs::ListLimits kLimits{
    .email_bytes_max = 24, .entry_bytes_max = 64, .columns_max = 4, .members_bytes_max = 400};

struct Parsed : jobs::ListSink {
  void columns(std::vector<std::string>) override {}
  Result<void> row(const jobs::ListRow& row) override {
    check(row.email.size() <= kLimits.email_bytes_max && row.id.size() <= kLimits.email_bytes_max &&
              is_valid_utf8(row.email) && is_valid_utf8(row.id) && is_valid_utf8(row.data),
          "what is handed on is short UTF-8", row.email);
    entries += fmt::format("{} {} {} {}\n", row.number, row.email, row.id, row.data);
    ++count;
    return {};
  }
  void reject(jobs::RejectedEntry entry) override {
    check(is_valid_utf8(entry.excerpt), "an excerpt is UTF-8", entry.excerpt);
    entries += fmt::format("{} {} {}\n", entry.number, to_string(entry.reason), entry.excerpt);
    ++count;
  }

  std::string entries;
  std::size_t count = 0;
  Result<jobs::BulkRequest> request = fail(Errc::kInternal, "not parsed");
};

Result<jobs::BulkRequest> parse_into(Parsed& parsed, const Pieces& pieces) {
  jobs::JsonList list(parsed, kLimits, "");
  for (const auto& piece : pieces) TRY_VOID(list.feed(view(piece)));
  TRY_VOID(list.finish());
  jobs::BulkRequest request;
  TRY_VOID(jobs::read_members(list.members(), request));
  TRY_VOID(jobs::check_parameters(request));
  return request;
}

Parsed parse(const Pieces& pieces) {
  Parsed parsed;
  parsed.request = parse_into(parsed, pieces);
  return parsed;
}

void check_accepted(std::string_view whole, const Parsed& parsed) {
  const jobs::BulkRequest& request = *parsed.request;
  const auto metadata = webhooks::parse_metadata(request.metadata);
  check(metadata && webhooks::canonical(*metadata) == request.metadata, "metadata is canonical",
        request.metadata);
  check(is_valid_utf8(request.name) && is_valid_utf8(request.webhook_url) &&
            is_valid_utf8(request.webhook_secret),
        "members are UTF-8", whole);

  boost::json::parse_options options;
  options.max_depth = 64;
  const auto value = boost::json::parse(whole, {}, options);
  const auto& emails = value.is_array() ? value.get_array() : value.at("emails").as_array();
  check(emails.size() == parsed.count, "every element of the list is handed on", whole);
}

std::string describe(const Parsed& parsed) {
  const std::string& text = parsed.entries;
  if (!parsed.request) {
    const Error& error = parsed.request.error();
    check_sentence(error.message);
    const bool not_json = error.message.contains("not valid JSON");
    return text + (not_json || error.code == Errc::kTooLarge ? "unreadable" : error.message);
  }
  const jobs::BulkRequest& request = *parsed.request;
  const model::JobOptions& options = request.options;
  return text + fmt::format("{}|{}|{}|{}|{}{}{}{}{}{}|{}", request.name, request.metadata,
                            request.webhook_url, request.webhook_secret, options.smtp,
                            options.cache, static_cast<int>(options.disposable_as),
                            static_cast<int>(options.role_as),
                            static_cast<int>(options.catch_all_as),
                            static_cast<int>(options.greylist), options.deadline_s.value_or(0));
}

}  // namespace

void run_one(std::string_view input) {
  check_cuts(input, [](const Pieces& pieces) {
    const Parsed parsed = parse(pieces);
    if (parsed.request) {
      std::string whole;
      for (const auto& piece : pieces) whole += view(piece);
      check_accepted(whole, parsed);
    }
    return describe(parsed);
  });
}

}  // namespace verihook::fuzz
