#include "store/postgres_url.h"

#include <gtest/gtest.h>

namespace verihook::store {
namespace {

TEST(PostgresUrl, ReadsAllItsParts) {
  const auto url = PostgresUrl::parse(
      "postgres://app:p%40ss:w@DB.example.com:5433,192.0.2.1,[2001:db8::1]:6000/crm%20x"
      "?sslmode=verify-full&target_session_attrs=read-write");
  ASSERT_TRUE(url) << url.error().message;
  EXPECT_EQ(url->user, "app");
  EXPECT_EQ(url->password, "p@ss:w");
  EXPECT_EQ(url->database, "crm x");
  EXPECT_EQ(url->ssl_mode, "verify-full");
  EXPECT_TRUE(url->writable);
  ASSERT_EQ(url->hosts.size(), 3u);
  EXPECT_EQ(url->hosts[0].name, "db.example.com");
  EXPECT_EQ(url->hosts[0].port, 5433);
  EXPECT_FALSE(url->hosts[0].literal);
  EXPECT_EQ(url->hosts[1].port, 5432);
  EXPECT_EQ(url->hosts[1].literal, net::IpAddress::parse("192.0.2.1").value());
  EXPECT_EQ(url->hosts[2].name, "2001:db8::1");
  EXPECT_EQ(url->hosts[2].port, 6000);
}

TEST(PostgresUrl, IsShownWithoutItsPasswordAndReadsBack) {
  const auto url = PostgresUrl::parse("postgresql://a%2Fb:hush@[::1]:7,h/n?sslmode=require");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->shown(), "postgres://a%2Fb@[::1]:7,h:5432/n?sslmode=require");
  auto again = PostgresUrl::parse(url->shown());
  ASSERT_TRUE(again);
  again->password = "hush";
  EXPECT_EQ(*again, *url);
}

TEST(PostgresUrl, RefusesWhatLeadsToThisMachinesFilesOrNowhere) {
  for (const char* text : {"",
                           "host=db dbname=n",
                           "mysql://u@h/n",
                           "postgres://",
                           "postgres://u@h",
                           "postgres://u@h/",
                           "postgres://h/n",
                           "postgres://u@/n",
                           "postgres://u@%2Fvar%2Frun/n",
                           "postgres://u@/var/n",
                           "postgres://u@h:0/n",
                           "postgres://u@h:65536/n",
                           "postgres://u@h:x/n",
                           "postgres://u@127.1/n",
                           "postgres://u@0x7f.0.0.1/n",
                           "postgres://u@2130706433/n",
                           "postgres://u@[127.0.0.1]/n",
                           "postgres://u@[::1/n",
                           "postgres://u@h,/n",
                           "postgres://u@a b/n",
                           "postgres://u%zz@h/n",
                           "postgres://u@h/n?sslkey=/etc/passwd",
                           "postgres://u@h/n?service=x",
                           "postgres://u@h/n?host=/tmp",
                           "postgres://u@h/n?hostaddr=127.0.0.1",
                           "postgres://u@h/n?options=-cx=1",
                           "postgres://u@h/n?sslmode=allow",
                           "postgres://u@h/n?passfile=/x",
                           "postgres://u@h/n?target_session_attrs=standby",
                           "postgres://u%00@h/n",
                           "postgres://u@h/n%ff",
                           "postgres://u@a,b,c,d,e,f,g,h,i/n"}) {
    const auto url = PostgresUrl::parse(text);
    ASSERT_FALSE(url) << text;
    EXPECT_EQ(url.error().code, Errc::kInvalidArgument) << text;
  }
}

TEST(PostgresUrl, NeverRepeatsAPasswordInItsComplaints) {
  for (const char* text : {"postgres://u:hush@h/n?x=1", "postgres://u:hush%@h/n",
                           "postgres://u:hush@h:x/n", "postgres://:hush@h/n"}) {
    const auto url = PostgresUrl::parse(text);
    ASSERT_FALSE(url) << text;
    EXPECT_FALSE(url.error().message.contains("hush")) << url.error().message;
  }
}

}  // namespace
}  // namespace verihook::store
