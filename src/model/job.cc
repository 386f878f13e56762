#include "model/job.h"

#include <array>

namespace verihook::model {
namespace {

constexpr std::array<std::string_view, 7> kJobStates = {
    "queued", "parsing", "processing", "paused", "completed", "failed", "cancelled"};
constexpr std::array<std::string_view, 3> kSyntaxes = {"standard", "strict", "web_form"};

template <class Enum, std::size_t N>
std::optional<Enum> value_in(const std::array<std::string_view, N>& names, std::string_view text) {
  for (std::size_t i = 0; i < N; ++i) {
    if (names[i] == text) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

}  // namespace

std::string_view to_string(JobState state) { return kJobStates[static_cast<std::size_t>(state)]; }

std::optional<JobState> parse_job_state(std::string_view text) {
  return value_in<JobState>(kJobStates, text);
}

std::string_view to_string(Syntax syntax) { return kSyntaxes[static_cast<std::size_t>(syntax)]; }

std::optional<Syntax> parse_syntax(std::string_view text) {
  return value_in<Syntax>(kSyntaxes, text);
}

}  // namespace verihook::model
