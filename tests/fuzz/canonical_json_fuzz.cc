// webhooks::parse_strict_json and canonical() on any text, as a request's body, as a received body
// and as metadata. Checked:
// - what is accepted is written in a form that is accepted again and written as itself;
// - that form has no white space between its tokens and is what Boost.JSON's own parser reads too;
// - metadata that is accepted keeps to 16 KiB and 32 levels, and its kept text is canonical;
// - refusals are kInvalidArgument with a sentence.
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "tests/fuzz/fuzz.h"
#include "webhooks/canonical_json.h"
#include "webhooks/strict_json.h"

namespace verihook::fuzz {
namespace {

void check_fixed_point(std::string_view text, const webhooks::JsonLimits& limits) {
  const auto value = webhooks::parse_strict_json(text, limits);
  if (!value) {
    check(value.error().code == Errc::kInvalidArgument, "a refusal is kInvalidArgument",
          value.error().message);
    check_sentence(value.error().message);
    return;
  }
  const std::string once = webhooks::canonical(*value);
  const auto again = webhooks::parse_strict_json(once, limits);
  check(again.has_value(), "the canonical form is accepted", once);
  check_equal(webhooks::canonical(*again), once, "the canonical form is written as itself");

  boost::json::error_code error;
  boost::json::parse_options options;
  options.max_depth = limits.depth_max;
  const auto plain = boost::json::parse({once.data(), once.size()}, error, {}, options);
  check(!error, "another parser reads the canonical form", once);
  check(plain.kind() == again->kind(), "another parser reads the same kind of value", once);
}

void check_metadata(std::string_view text) {
  const auto metadata = webhooks::parse_metadata(text);
  if (!metadata) {
    check_sentence(metadata.error().message);
    return;
  }
  const auto kept = webhooks::canonical_metadata(*metadata);
  check(kept.has_value(), "metadata that was read is kept", text);
  check(kept->size() <= webhooks::kMetadataBytesMax && kept->starts_with('{'),
        "kept metadata is an object of 16 KiB at most", *kept);
  const auto again = webhooks::parse_metadata(*kept);
  check(again.has_value(), "kept metadata is accepted", *kept);
  check_equal(webhooks::canonical(*again), *kept, "kept metadata is canonical");
}

}  // namespace

void run_one(std::string_view input) {
  check_fixed_point(input, {});
  check_fixed_point(input, webhooks::received_json_limits());
  check_metadata(input);
}

}  // namespace verihook::fuzz
