#include "address/special_names.h"

#include <gtest/gtest.h>

namespace verihook::address {
namespace {

TEST(SpecialNames, CoverANameAndAllBelowIt) {
  for (const auto* domain :
       {"test", "shop.test", "a.b.invalid", "localhost", "mail.localhost", "example", "example.com",
        "www.example.org", "example.net", "printer.local", "abc.onion", "corp.internal", "x.alt",
        "router.home.arpa", "1.2.0.192.in-addr.arpa"}) {
    EXPECT_TRUE(is_special_use(domain)) << domain;
  }
}

TEST(SpecialNames, LeaveOrdinaryNamesAndTheSandboxAlone) {
  for (const auto* domain : {"", "com", "contest", "latest.com", "myexample.com", "example.com.au",
                             "local.net", "sandbox.test", "a.sandbox.test", "arpa"}) {
    EXPECT_FALSE(is_special_use(domain)) << domain;
  }
  EXPECT_TRUE(is_special_use("notsandbox.test"));
}

}  // namespace
}  // namespace verihook::address
