#include "store/accounts.h"

#include "store/metadata.h"
#include "store/repository_fixture.h"

namespace verihook::store {
namespace {

class AccountsTest : public RepositoryTest {};

model::ApiKey make_key(const std::string& tenant, const std::string& id, const std::string& hash) {
  return {.tenant_id = tenant,
          .id = id,
          .name = "ci",
          .hash = hash,
          .prefix = "vh_live_ab",
          .scope = model::Scope::kWrite,
          .created_at = at_s(1),
          .expires_at = at_s(100),
          .revoked_at = std::nullopt};
}

TEST_F(AccountsTest, TenantsReadBackAndListInOrder) {
  ASSERT_TRUE(insert_tenant(db(), {.id = "b", .name = "Bee", .created_at = at_s(2)}));
  ASSERT_TRUE(insert_tenant(db(), {.id = "a", .name = "Ay", .created_at = at_s(1)}));
  EXPECT_EQ(code_of(insert_tenant(db(), {.id = "a", .name = "x", .created_at = {}})),
            Errc::kConflict);
  const auto found = find_tenant(db(), "b");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->id, "b");
  EXPECT_EQ(found->name, "Bee");
  EXPECT_EQ(found->created_at, at_s(2));
  EXPECT_EQ(code_of(find_tenant(db(), "c")), Errc::kNotFound);
  EXPECT_EQ(found->retention_days, std::nullopt);
  auto changed = *found;
  changed.name = "Bumble";
  changed.retention_days = 30;
  ASSERT_TRUE(update_tenant(db(), changed));
  EXPECT_EQ(find_tenant(db(), "b")->name, "Bumble");
  EXPECT_EQ(find_tenant(db(), "b")->retention_days, 30);
  changed.id = "c";
  EXPECT_EQ(code_of(update_tenant(db(), changed)), Errc::kNotFound);
  EXPECT_EQ(list_tenants(db(), "", 10)->size(), 2u);
  EXPECT_EQ(list_tenants(db(), "a", 10)->front().id, "b");
  EXPECT_EQ(list_tenants(db(), "", 1)->front().id, "a");
}

TEST_F(AccountsTest, KeysReadBackByHashWithEveryField) {
  const std::string hash("\0\xff hash", 7);
  ASSERT_TRUE(insert_key(db(), make_key("a", "key_1", hash)));
  const auto key = find_key_by_hash(db(), hash);
  ASSERT_TRUE(key);
  EXPECT_EQ(key->tenant_id, "a");
  EXPECT_EQ(key->id, "key_1");
  EXPECT_EQ(key->name, "ci");
  EXPECT_EQ(key->hash, hash);
  EXPECT_EQ(key->prefix, "vh_live_ab");
  EXPECT_EQ(key->scope, model::Scope::kWrite);
  EXPECT_EQ(key->created_at, at_s(1));
  EXPECT_EQ(key->expires_at, at_s(100));
  EXPECT_EQ(key->revoked_at, std::nullopt);
  EXPECT_EQ(code_of(find_key_by_hash(db(), "other")), Errc::kNotFound);
  EXPECT_EQ(code_of(insert_key(db(), make_key("b", "key_2", hash))), Errc::kConflict);
}

TEST_F(AccountsTest, RevokingKeepsTheFirstTimeAndTheTenantsApart) {
  ASSERT_TRUE(insert_key(db(), make_key("a", "key_1", "one")));
  ASSERT_TRUE(insert_key(db(), make_key("b", "key_2", "two")));
  EXPECT_EQ(count_keys(db()), 2);
  EXPECT_EQ(code_of(revoke_key(db(), "b", "key_1", at_s(5))), Errc::kNotFound);
  ASSERT_TRUE(revoke_key(db(), "a", "key_1", at_s(6)));
  ASSERT_TRUE(revoke_key(db(), "a", "key_1", at_s(7)));
  const auto keys = list_keys(db(), "a", "", 10);
  ASSERT_EQ(keys->size(), 1u);
  EXPECT_EQ(keys->front().revoked_at, at_s(6));
  EXPECT_TRUE(list_keys(db(), "a", "key_1", 10)->empty());
}

TEST_F(AccountsTest, IdempotentAnswersAreKeptUntilTheyExpire) {
  const IdempotentAnswer answer{.request_hash = "h\xff", .status = 202, .body = "{}"};
  ASSERT_TRUE(insert_idempotent_answer(db(), "a", "k", answer, at_s(10), at_s(0)));
  EXPECT_EQ(code_of(insert_idempotent_answer(db(), "a", "k", answer, at_s(20), at_s(9))),
            Errc::kConflict);
  const auto found = find_idempotent_answer(db(), "a", "k", at_s(9));
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->request_hash, answer.request_hash);
  EXPECT_EQ((*found)->status, 202);
  EXPECT_EQ((*found)->body, "{}");
  EXPECT_EQ(*find_idempotent_answer(db(), "b", "k", at_s(9)), std::nullopt);
  EXPECT_EQ(*find_idempotent_answer(db(), "a", "k", at_s(10)), std::nullopt);
  EXPECT_TRUE(insert_idempotent_answer(db(), "a", "k", answer, at_s(30), at_s(11)));
  EXPECT_EQ(forget_idempotent_answers(db(), at_s(29), 10), 0);
  EXPECT_EQ(forget_idempotent_answers(db(), at_s(30), 10), 1);
}

TEST_F(AccountsTest, MetadataIsReplaced) {
  EXPECT_EQ(*find_metadata(db(), "master_key"), std::nullopt);
  ASSERT_TRUE(put_metadata(db(), "master_key", "one"));
  ASSERT_TRUE(put_metadata(db(), "master_key", "two"));
  EXPECT_EQ(*find_metadata(db(), "master_key"), "two");
}

}  // namespace
}  // namespace verihook::store
