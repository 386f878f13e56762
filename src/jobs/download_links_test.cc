#include "jobs/download_links.h"

#include <array>

#include <gtest/gtest.h>

namespace verihook::jobs {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kUrl = "https://v.example/v1/bulk/download/job_1";

model::Job job_of(std::string tenant_id, std::string id) {
  model::Job job;
  job.tenant_id = std::move(tenant_id);
  job.id = std::move(id);
  return job;
}

std::string token_of(std::string_view url) {
  const auto at = url.find("token=");
  return at == url.npos ? std::string() : std::string(url.substr(at + 6));
}

// Why a token opens nothing; empty when it opens something.
std::string refusal(const Result<std::string>& tenant) {
  if (tenant) return "";
  EXPECT_EQ(tenant.error().code, Errc::kUnauthorized);
  return tenant.error().message;
}

class DownloadLinksTest : public testing::Test {
 protected:
  SeededRandom random_{1};
  std::array<std::byte, crypto::kAesKeyBytes> key_{};
  crypto::SecretBox box_{key_, random_};
  DownloadLinks links_{"https://v.example", box_, 24h};
  model::Job job_ = job_of("ten_1", "job_1");
  WallTime now_ = WallTime{Milliseconds{1'800'000'000'000}};
};

TEST_F(DownloadLinksTest, OpenTheResultsOfOneJobUntilTheyExpire) {
  const std::string url = links_.url_of(job_, now_);
  EXPECT_TRUE(url.starts_with(std::string(kUrl) + "?token=")) << url;
  const std::string token = token_of(url);
  EXPECT_EQ(links_.tenant_of(token, "job_1", now_), "ten_1");
  EXPECT_EQ(links_.tenant_of(token, "job_1", now_ + 24h - 1ms), "ten_1");
  EXPECT_TRUE(refusal(links_.tenant_of(token, "job_1", now_ + 25h)).contains("expired at 20"));
  EXPECT_TRUE(refusal(links_.tenant_of(token, "job_2", now_)).contains("another job"));
}

TEST_F(DownloadLinksTest, StayTheSameForAnHourOnTheClock) {
  const WallTime hour = WallTime{Milliseconds{1'800'000'000'000}};
  ASSERT_EQ(to_unix_ms(hour) % 3'600'000, 0);
  EXPECT_EQ(links_.url_of(job_, hour + 1ms), links_.url_of(job_, hour + 59min));
  EXPECT_NE(links_.url_of(job_, hour + 1ms), links_.url_of(job_, hour + 61min));
}

TEST_F(DownloadLinksTest, OfAFailedJobAskForWhatThereIs) {
  job_.state = model::JobState::kCancelled;
  const std::string url = links_.url_of(job_, now_);
  EXPECT_TRUE(url.starts_with(std::string(kUrl) + "?partial=true&token=")) << url;
}

TEST_F(DownloadLinksTest, AreNotOpenedByATokenThatWasChanged) {
  const std::string token = token_of(links_.url_of(job_, now_));
  for (std::size_t i = 0; i < token.size(); ++i) {
    std::string other = token;
    other[i] = other[i] == '1' ? '2' : '1';
    EXPECT_NE(refusal(links_.tenant_of(other, "job_1", now_)), "") << other;
    EXPECT_NE(refusal(links_.tenant_of(token.substr(0, i), "job_1", now_)), "") << i;
  }
  for (const std::string_view other : {"", ".", "..", "...", "x.y.z"}) {
    EXPECT_NE(refusal(links_.tenant_of(other, "job_1", now_)), "") << other;
  }
}

TEST_F(DownloadLinksTest, AreNotOpenedUnderAnotherMasterKey) {
  key_[0] = std::byte{1};
  const crypto::SecretBox box(key_, random_);
  const DownloadLinks others("https://v.example", box, 24h);
  EXPECT_NE(refusal(others.tenant_of(token_of(links_.url_of(job_, now_)), "job_1", now_)), "");
}

TEST_F(DownloadLinksTest, WantAKeyWhenTheyAreValidForNoTime) {
  const DownloadLinks unsigned_links("https://v.example", box_, 0ms);
  EXPECT_EQ(unsigned_links.url_of(job_, now_), kUrl);
  model::Job failed = job_;
  failed.state = model::JobState::kFailed;
  EXPECT_EQ(DownloadLinks("https://v.example").url_of(failed, now_),
            std::string(kUrl) + "?partial=true");
  const std::string token = token_of(links_.url_of(job_, now_));
  for (const DownloadLinks& wants_a_key : {unsigned_links, DownloadLinks("https://v.example")}) {
    EXPECT_TRUE(refusal(wants_a_key.tenant_of(token, "job_1", now_)).contains("API key"));
  }
}

}  // namespace
}  // namespace verihook::jobs
