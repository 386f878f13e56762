#include "jobs/erased_texts.h"

#include <algorithm>
#include <string>

#include <boost/json/object.hpp>

#include "jobs/erased_rows.h"
#include "webhooks/canonical_json.h"
#include "webhooks/strict_json.h"

namespace verihook::jobs {
namespace {

// A payload of verification.completed, ours (its tail, which is its members without brackets) or
// one that was received: the whole result says who it is about.
void erase_in_payload(std::string& body, const address::Spellings& spellings) {
  const bool whole = body.starts_with('{');
  const auto parsed = webhooks::parse_strict_json(whole ? body : "{" + body + "}");
  if (!parsed || !parsed->is_object()) return;
  boost::json::object payload = parsed->get_object();
  auto* result = payload.if_contains("result");
  if (result == nullptr || !result->is_object()) return;
  const std::string before = webhooks::canonical(*result);
  const auto after = erase_in_result(before, spellings);
  if (!after || *after == before) return;
  const auto value = webhooks::parse_strict_json(*after);
  if (!value) return;
  *result = *value;
  body = webhooks::canonical(payload);
  if (!whole) body = body.substr(1, body.size() - 2);
}

}  // namespace

bool holds_address(const store::TextRow& row, const address::Spellings& spellings) {
  const auto holds = [&](const std::string& text) {
    return spellings.is(text) || spellings.occurs_in(text);
  };
  return std::ranges::any_of(row.key, holds) || std::ranges::any_of(row.texts, holds);
}

store::TextChange erase_in_text_row(const store::TextTable& table, store::TextRow& row,
                                    const address::Spellings& spellings) {
  if (holds_address({.key = row.key, .texts = {}}, spellings)) return store::TextChange::kRemove;
  const std::vector<std::string> before = row.texts;
  if (table.name == "verifications" && spellings.is(row.texts.front())) {
    std::string& result = row.texts.back();
    // Nobody has been told anything yet, and nobody will be.
    if (result.empty()) return store::TextChange::kRemove;
    if (auto erased = erase_in_result(result, spellings)) result = *std::move(erased);
    row.texts.front() = address::kErasedAddress;
  }
  if (table.name == "events") erase_in_payload(row.texts.back(), spellings);
  for (std::string& text : row.texts) spellings.erase_from(text);
  return row.texts == before ? store::TextChange::kNone : store::TextChange::kRewritten;
}

}  // namespace verihook::jobs
