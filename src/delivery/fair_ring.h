// FairRing: whose turn it is. Tenants take turns, and within a tenant its destinations do, so that
// neither a tenant with many destinations nor a destination with many deliveries gets more than one
// turn a round. Holds pointers that its owner removes before they go. One io thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace verihook::delivery {

template <class Member>
class FairRing {
 public:
  // The caller adds a member once at a time.
  void add(std::string_view tenant, Member* member) {
    auto found = turns_.find(tenant);
    if (found == turns_.end()) {
      found = turns_.emplace(std::string(tenant), std::deque<Member*>{}).first;
      order_.push_back(found->first);
    }
    found->second.push_back(member);
    ++size_;
  }

  // Takes out the member whose turn it is, among the tenants that `may_go`; null when there is
  // none.
  Member* take_next(const std::function<bool(const std::string&)>& may_go) {
    for (std::size_t i = 0; i < order_.size(); ++i) {
      std::string tenant = std::move(order_.front());
      order_.pop_front();
      if (!may_go(tenant)) {
        order_.push_back(std::move(tenant));
        continue;
      }
      const auto found = turns_.find(tenant);
      Member* member = found->second.front();
      found->second.pop_front();
      if (found->second.empty()) {
        turns_.erase(found);
      } else {
        order_.push_back(std::move(tenant));
      }
      --size_;
      return member;
    }
    return nullptr;
  }

  void remove(std::string_view tenant, const Member* member) {
    const auto found = turns_.find(tenant);
    if (found == turns_.end()) return;
    size_ -= std::erase(found->second, member);
    if (!found->second.empty()) return;
    std::erase(order_, found->first);
    turns_.erase(found);
  }

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }

 private:
  std::map<std::string, std::deque<Member*>, std::less<>> turns_;
  std::deque<std::string> order_;  // the tenants in turns_
  std::size_t size_ = 0;
};

}  // namespace verihook::delivery
