#include "http/mime.h"

#include <gtest/gtest.h>

namespace verihook::http {
namespace {

TEST(Mime, GoesByTheExtension) {
  EXPECT_EQ(content_type_of("/assets/app.1a2b.js"), "text/javascript; charset=utf-8");
  EXPECT_EQ(content_type_of("index.HTML"), "text/html; charset=utf-8");
  for (const std::string_view other : {"", "js", "/a.js/b", "a.", "a.exe"}) {
    EXPECT_EQ(content_type_of(other), "application/octet-stream") << other;
  }
}

}  // namespace
}  // namespace verihook::http
