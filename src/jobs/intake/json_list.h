// JsonList: a JSON body read as it arrives: {"emails":[…], …} or a bare array. Entries are handed
// on one by one and never held; the other members are kept as text, to be read at the end. What is
// wrong with one entry rejects it; what is no JSON ends the reading, since nothing behind it can be
// trusted. Pure; one thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "jobs/intake/list_sink.h"

namespace verihook::jobs {

class JsonList final : public ListReader {
 public:
  // `email_member`: which member of an object is the address; empty: found by its name.
  JsonList(ListSink& sink, const ListLimits& limits, std::string email_member);
  ~JsonList() override;

  // kInvalidArgument says what is wrong; kTooLarge names the limit.
  Result<void> feed(std::string_view piece) override;
  Result<void> finish() override;

  // Whether it is a bare array, so that no members can follow. Known with the first entry.
  bool is_array() const;
  // After `finish`: the members beside `emails` as the text of a JSON object.
  const std::string& members() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace verihook::jobs
