// SurvivingStore: a database in memory that outlives the Database in front of it, so that a test
// can play a crash: mark it dead, tear the program down, mark it alive, build the program anew. It
// can also be full for some commits, or die in a commit that the disk keeps and nobody hears of.
// One thread.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/random.h"
#include "store/sqlite/sqlite_driver.h"

namespace verihook::testing {

// One in-memory database that several drivers open one after another.
class SurvivingStore {
 public:
  SurvivingStore() {
    writer_ = inner_.open_writer().value();
    reader_ = inner_.open_reader().value();
  }
  std::unique_ptr<store::Driver> driver();

  bool dead = false;               // nothing is written any more
  bool dies_after_commit = false;  // the next commit is kept, its answer is lost
  double full_chance = 0;          // of each commit
  SeededRandom random{99};

 private:
  class Forward;
  class ForwardDriver;
  store::sqlite::SqliteDriver inner_{"", {.in_memory = true, .vfs = ""}};
  std::unique_ptr<store::Connection> writer_;
  std::unique_ptr<store::Connection> reader_;
};

class SurvivingStore::Forward final : public store::Connection {
 public:
  explicit Forward(store::Connection& inner) : inner_(inner) {}
  Result<std::int64_t> execute(std::string_view sql, std::span<const store::Param> p) override {
    return inner_.execute(sql, p);
  }
  Result<void> query(std::string_view sql, std::span<const store::Param> p,
                     const std::function<bool(const store::Row&)>& on_row) override {
    return inner_.query(sql, p, on_row);
  }
  Result<void> execute_script(std::string_view sql) override { return inner_.execute_script(sql); }

 private:
  store::Connection& inner_;
};

class SurvivingStore::ForwardDriver final : public store::Driver {
 public:
  explicit ForwardDriver(SurvivingStore& store) : store_(store) {}
  Result<std::unique_ptr<store::Connection>> open_writer() override {
    return std::make_unique<Forward>(*store_.writer_);
  }
  Result<std::unique_ptr<store::Connection>> open_reader() override {
    return std::make_unique<Forward>(*store_.reader_);
  }
  Result<void> begin(store::Connection&) override {
    if (store_.dead) return fail(Errc::kStorageFailed, "the machine is off");
    return store_.inner_.begin(*store_.writer_);
  }
  Result<void> commit(store::Connection&) override {
    if (store_.dead) return fail(Errc::kStorageFailed, "the machine is off");
    if (store_.random.chance(store_.full_chance)) return fail(Errc::kStorageFull, "no space left");
    Result<void> done = store_.inner_.commit(*store_.writer_);
    if (!store_.dies_after_commit) return done;
    store_.dead = true;
    return fail(Errc::kStorageFailed, "the machine went off");
  }
  void rollback(store::Connection&) override { store_.inner_.rollback(*store_.writer_); }
  Result<void> maintain(store::Connection&) override { return {}; }
  Result<void> scrub(store::Connection&) override {
    if (store_.dead) return fail(Errc::kStorageFailed, "the machine is off");
    return store_.inner_.scrub(*store_.writer_);
  }
  std::string translate_schema(std::string_view sql) const override {
    return store_.inner_.translate_schema(sql);
  }
  bool reads_through_writer() const override { return true; }

 private:
  SurvivingStore& store_;
};

inline std::unique_ptr<store::Driver> SurvivingStore::driver() {
  return std::make_unique<ForwardDriver>(*this);
}

}  // namespace verihook::testing
