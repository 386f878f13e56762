#include "store/embedded_contacts.h"

#include "base/text.h"
#include "store/contacts.h"

namespace verihook::store {
namespace {

constexpr std::int64_t kPageRows = 5'000;

}  // namespace

class EmbeddedContacts::Reader final : public ContactsReader {
 public:
  Reader(Database& database, std::string tenant_id, ContactSelection selection)
      : database_(database), tenant_id_(std::move(tenant_id)), selection_(std::move(selection)) {}

  Task<Result<std::vector<std::string>>> next() override {
    auto page = co_await database_.read([&](Connection& db) {
      return select_contacts(db, tenant_id_, selection_, after_, kPageRows);
    });
    if (page && !page->empty()) after_ = page->back();
    co_return page;
  }

 private:
  Database& database_;
  const std::string tenant_id_;
  const ContactSelection selection_;
  std::string after_;
};

Task<Result<std::int64_t>> EmbeddedContacts::apply(std::string job_id, WallTime verified_at,
                                                   ContactBatches rows, Deadline) {
  co_return co_await database_.write([&](Connection& db) -> Result<std::int64_t> {
    std::int64_t applied = 0;
    TRY_VOID(rows([&](std::span<const model::ContactUpdate> batch) -> Result<void> {
      TRY(changed, apply_verification(db, tenant_id_, job_id, verified_at, batch));
      applied += changed;
      return {};
    }));
    return applied;
  });
}

Task<Result<void>> EmbeddedContacts::mark(std::string job_id, std::vector<std::string> emails,
                                          Deadline) {
  co_return co_await database_.write([&](Connection& db) -> Result<void> {
    TRY_VOID(mark_contacts(db, tenant_id_, job_id, emails));
    return {};
  });
}

std::unique_ptr<ContactsReader> EmbeddedContacts::read(ContactSelection selection, Deadline) {
  return std::make_unique<Reader>(database_, tenant_id_, std::move(selection));
}

std::string EmbeddedContacts::key_of(std::string_view email) const { return to_lower(email); }

}  // namespace verihook::store
