// jobs::BulkRequestParser on any bytes, in any pieces (see pieces.h), with limits small enough to
// be reached. Checked:
// - addresses handed on, members and error are the same however the bytes are cut; where a string
//   is both too long and no JSON, which of the two is said may depend on it;
// - what is accepted is JSON to the strict parser too, and the addresses are its member "emails";
// - limits hold, metadata is canonical, and errors are sentences.
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "jobs/bulk_request.h"
#include "tests/fuzz/pieces.h"
#include "webhooks/canonical_json.h"
#include "webhooks/strict_json.h"

namespace verihook::fuzz {
namespace {

constexpr jobs::BulkRequestLimits kLimits{
    .email_bytes_max = 24, .other_members_bytes_max = 400, .emails_max = 6};

struct Parsed {
  std::vector<std::string> emails;
  Result<jobs::BulkRequest> request = fail(Errc::kInternal, "not parsed");
};

Parsed parse(const Pieces& pieces) {
  Parsed parsed;
  jobs::BulkRequestParser parser(
      [&](std::string email) -> Result<void> {
        parsed.emails.push_back(std::move(email));
        return {};
      },
      kLimits);
  for (const auto& piece : pieces) {
    if (auto fed = parser.feed(view(piece)); !fed) {
      parsed.request = std::unexpected(fed.error());
      return parsed;
    }
  }
  parsed.request = parser.finish();
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

  const auto value = webhooks::parse_strict_json(whole);
  check(value && value->is_object(), "the strict parser accepts the body", whole);
  const auto* emails = value->get_object().if_contains("emails");
  check(
      emails != nullptr && emails->is_array() && emails->get_array().size() == parsed.emails.size(),
      "the addresses are the member \"emails\"", whole);
  for (std::size_t i = 0; i < parsed.emails.size(); ++i) {
    const auto& expected = emails->get_array()[i];
    check(expected.is_string() && std::string_view(expected.get_string()) == parsed.emails[i],
          "an address is the element of \"emails\"", parsed.emails[i]);
  }
}

std::string describe(const Parsed& parsed) {
  std::string text;
  for (const std::string& email : parsed.emails) {
    check(email.size() <= kLimits.email_bytes_max && is_valid_utf8(email),
          "an address handed on is short UTF-8", email);
    text += email + "\n";
  }
  check(parsed.emails.size() <= static_cast<std::size_t>(kLimits.emails_max),
        "no more addresses are handed on than are allowed", text);
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
