#include "jobs/erased_rows.h"

#include <array>
#include <set>

#include <boost/json/object.hpp>

#include "jobs/result_record.h"
#include "verification/verdict_rules.h"
#include "webhooks/canonical_json.h"
#include "webhooks/strict_json.h"

namespace verihook::jobs {
namespace {

constexpr std::array<std::string_view, 7> kIdentifying = {
    "normalized_email", "suggestion", "user", "domain", "mx", "id", "data"};

void blank_result(boost::json::object& result) {
  result["email"] =
      boost::json::string_view(address::kErasedAddress.data(), address::kErasedAddress.size());
  for (const std::string_view member : kIdentifying) {
    if (auto* value = result.if_contains(member)) *value = nullptr;
  }
  auto* smtp = result.if_contains("smtp");
  if (smtp != nullptr && smtp->is_object()) smtp->get_object()["message"] = nullptr;
}

bool is_of(const boost::json::object& result, const address::Spellings& spellings) {
  const auto* email = result.if_contains("email");
  return email != nullptr && email->is_string() && spellings.is(email->get_string());
}

// The numbers of the rows that are the address's own.
std::set<std::int64_t> erase_in_rows(std::vector<InputRow>& rows,
                                     const address::Spellings& spellings,
                                     std::set<std::int64_t>& changed) {
  std::set<std::int64_t> own;
  for (InputRow& row : rows) {
    if (spellings.is(row.email)) {
      row = {.number = row.number,
             .email = std::string(address::kErasedAddress),
             .duplicate = row.duplicate};
      own.insert(row.number);
      changed.insert(row.number);
    } else if (spellings.erase_from(row.email) + spellings.erase_from(row.id) +
                   spellings.erase_from(row.data) >
               0) {
      changed.insert(row.number);
    }
  }
  return own;
}

// Whether anything changed.
bool erase_in_stored(StoredResult& stored, bool own, const address::Spellings& spellings) {
  model::Verdict& verdict = stored.verdict;
  if (!own && !spellings.is(verdict.email)) {
    std::size_t places = 0;
    for (std::string* text : {&verdict.email, &verdict.normalized_email, &verdict.suggestion,
                              &verdict.smtp.message, &stored.id, &stored.data}) {
      places += spellings.erase_from(*text);
    }
    return places > 0;
  }
  verdict.email = address::kErasedAddress;
  for (std::string* text : {&verdict.normalized_email, &verdict.suggestion, &verdict.user,
                            &verdict.domain, &verdict.smtp.message, &stored.id, &stored.data}) {
    text->clear();
  }
  verdict.mx.reset();
  return true;
}

// The same of a segment or a final result.
Result<bool> erase_in_lines(std::string& encoded, const std::set<std::int64_t>& own,
                            const address::Spellings& spellings, std::set<std::int64_t>& changed) {
  std::vector<ResultLine> lines;
  TRY_VOID(decode_results(encoded, lines));
  bool any = false;
  StoredResult stored;
  for (ResultLine& line : lines) {
    TRY_VOID(read_record(line.record, stored));
    if (!erase_in_stored(stored, own.contains(line.number), spellings)) continue;
    line.record.clear();
    append_record(line.record, stored.verdict, stored.id, stored.data, stored.duplicate);
    changed.insert(line.number);
    any = true;
  }
  if (any) encoded = encode_results(lines);
  return any;
}

}  // namespace

Result<std::string> erase_in_result(std::string_view json, const address::Spellings& spellings) {
  TRY(value, webhooks::parse_strict_json(json));
  std::string text;
  if (value.is_object() && is_of(value.get_object(), spellings)) {
    blank_result(value.get_object());
    text = webhooks::canonical(value);
  } else {
    text = json;
  }
  spellings.erase_from(text);
  return text;
}

Result<std::optional<ErasedChunk>> erase_in_chunk(const store::ChunkResults& stored,
                                                  const address::Spellings& spellings) {
  ErasedChunk erased;
  erased.segments = stored.segments;
  erased.result = stored.result;
  std::set<std::int64_t> changed;
  TRY(rows, decode_rows(stored.input));
  const auto own = erase_in_rows(rows, spellings, changed);
  erased.input = changed.empty() ? stored.input : encode_rows(rows);
  for (std::string& segment : erased.segments) {
    TRY_VOID(erase_in_lines(segment, own, spellings, changed));
  }
  if (!erased.result.empty()) TRY_VOID(erase_in_lines(erased.result, own, spellings, changed));
  if (changed.empty()) return std::optional<ErasedChunk>();
  erased.rows = std::ssize(changed);
  return std::optional<ErasedChunk>(std::move(erased));
}

}  // namespace verihook::jobs
