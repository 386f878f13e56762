#include "destinations/contacts_settings.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "webhooks/strict_json.h"

namespace verihook::destinations {
namespace {

class ContactsSettingsTest : public ::testing::Test {
 protected:
  Result<std::string> seal(std::string_view text, std::string_view previous = "{}") {
    const auto given = webhooks::parse_strict_json(text).value();
    return seal_contacts_settings(given.get_object(), previous, box_, "t|dst_1");
  }
  ContactsSettings open(std::string_view stored) {
    return open_contacts_settings(stored, box_, "t|dst_1").value();
  }

  SeededRandom random_{5};
  crypto::SecretBox box_{crypto::AesKey(std::array<std::byte, crypto::kAesKeyBytes>{}), random_};
};

TEST_F(ContactsSettingsTest, NameTheEmbeddedTableOrOneElsewhere) {
  EXPECT_FALSE(open(seal("{}").value()).postgres);
  const auto spec = open(seal(R"({"database":"postgres://u:p@h/d","schema":"s","table":"t.x",)"
                              R"("columns":{"email":"E-Mail","verification_date":"when"},)"
                              R"("ignore_case":true})")
                             .value())
                        .postgres;
  ASSERT_TRUE(spec);
  EXPECT_EQ(spec->url.password, "p");
  EXPECT_EQ(spec->schema, "s");
  EXPECT_EQ(spec->table, "t.x");
  EXPECT_EQ(spec->email, "E-Mail");
  EXPECT_EQ(spec->email_verified, "email_verified");
  EXPECT_EQ(spec->verification_date, "when");
  EXPECT_TRUE(spec->ignore_case);
}

TEST_F(ContactsSettingsTest, ThePasswordIsSealedToItsPlaceAndNeverShown) {
  const std::string stored = seal(R"({"database":"postgres://u:hush@h/d","api_key":"k"})").value();
  EXPECT_FALSE(stored.contains("hush"));
  EXPECT_FALSE(open_contacts_settings(stored, box_, "t|dst_2"));
  const auto shown = public_contacts_settings(stored).value();
  EXPECT_EQ(shown.at("database").as_string(), "postgres://u@h:5432/d?sslmode=prefer");
  EXPECT_TRUE(shown.at("has_database_password").as_bool());
  EXPECT_TRUE(shown.at("has_api_key").as_bool());
  EXPECT_FALSE(shown.contains("database_password_sealed"));
}

TEST_F(ContactsSettingsTest, ThePasswordIsKeptForTheSameUrlAndForNoOther) {
  const std::string stored = seal(R"({"database":"postgres://u:hush@h/d"})").value();
  const auto password_after = [&](std::string_view change) {
    return open(seal(change, stored).value()).postgres->url.password;
  };
  EXPECT_EQ(password_after(R"({"database":"postgres://u@h/d","table":"other"})"), "hush");
  EXPECT_EQ(password_after(R"({"database":"postgres://u@evil.example/d"})"), "");
  EXPECT_EQ(password_after(R"({"database":"postgres://u@h/d?sslmode=disable"})"), "");
  EXPECT_EQ(password_after(R"({"database":"postgres://u:new@h/d"})"), "new");
}

TEST_F(ContactsSettingsTest, RefuseWhatIsNoSettingAndSayWhich) {
  const std::string long_name(64, 'n');
  for (const std::string& bad :
       {std::string(R"({"database":1})"), std::string(R"({"database":"mysql://u@h/d"})"),
        std::string(R"({"database":"postgres://u@/var/run/d"})"), std::string(R"({"table":"t"})"),
        std::string(R"({"columns":{}})"), std::string(R"({"destination":"dst_2"})"),
        std::string(R"({"database_password_sealed":"x"})"), std::string(R"({"databse":"x"})"),
        std::string(R"({"database":"postgres://u@h/d","table":""})"),
        std::string(R"({"database":"postgres://u@h/d","table":"a\u0000b"})"),
        R"({"database":"postgres://u@h/d","schema":")" + long_name + "\"}",
        std::string(R"({"database":"postgres://u@h/d","columns":{"phone":"p"}})"),
        std::string(R"({"database":"postgres://u@h/d","columns":{"email":1}})"),
        std::string(R"({"database":"postgres://u@h/d","columns":[]})"),
        std::string(R"({"database":"postgres://u@h/d","ignore_case":"yes"})")}) {
    const auto sealed = seal(bad);
    ASSERT_FALSE(sealed) << bad;
    EXPECT_EQ(sealed.error().code, Errc::kInvalidArgument) << bad;
  }
}

TEST_F(ContactsSettingsTest, ARouteNamesTheDestinationWhoseTableItIs) {
  EXPECT_EQ(open(contacts_route_settings("dst_7")).destination, "dst_7");
  EXPECT_EQ(open(contacts_route_settings("")).destination, "");
}

}  // namespace
}  // namespace verihook::destinations
