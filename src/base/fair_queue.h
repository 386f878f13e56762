// FairQueue: what waits for a scarce thing, in turns. Each owner has its turn after the others, and
// within an owner each of its groups: a group of a hundred is not behind one of a million. Within a
// group, first come, first served. Not synchronized.
#pragma once

#include <algorithm>
#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <utility>

#include <boost/container/devector.hpp>

namespace verihook {

template <class Item>
class FairQueue {
 public:
  // Whether it is the only one of its group.
  bool push(std::string_view owner, std::string_view group, Item item) {
    auto& items = named(named(owners_, owner).groups, group).items;
    items.push_back(std::move(item));
    ++size_;
    return items.size() == 1;
  }

  // The one whose turn it is. Must not be empty.
  Item pop() {
    Owner& owner = owners_.front();
    Group& group = owner.groups.front();
    Item item = std::move(group.items.front());
    group.items.pop_front();
    --size_;
    pass_turn(owner.groups, group.items.empty());
    pass_turn(owners_, owner.groups.empty());
    return item;
  }

  template <class Predicate>
  void erase_if(Predicate predicate) {
    size_ = 0;
    for (Owner& owner : owners_) {
      for (Group& group : owner.groups) {
        const auto kept = std::remove_if(group.items.begin(), group.items.end(), predicate);
        group.items.erase(kept, group.items.end());
        size_ += group.items.size();
      }
      owner.groups.remove_if([](const Group& group) { return group.items.empty(); });
    }
    owners_.remove_if([](const Owner& owner) { return owner.groups.empty(); });
  }

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

 private:
  struct Group {
    std::string name;
    boost::container::devector<Item> items;  // mostly one; a std::deque begins with half a kilobyte
  };
  struct Owner {
    std::string name;
    std::list<Group> groups;  // the next in turn first; none without items
  };

  // Whoever comes new has its turn after those who wait. There are as many as have work in progress
  // at once, which is few; the one who pushed last is mostly the one who pushes next.
  template <class Named>
  static Named& named(std::list<Named>& all, std::string_view name) {
    if (!all.empty() && all.back().name == name) return all.back();
    for (Named& one : all) {
      if (one.name == name) return one;
    }
    all.push_back({std::string(name), {}});
    return all.back();
  }

  template <class Named>
  static void pass_turn(std::list<Named>& all, bool has_left) {
    if (has_left) {
      all.pop_front();
    } else {
      all.splice(all.end(), all, all.begin());
    }
  }

  std::list<Owner> owners_;  // the next in turn first; none without groups
  std::size_t size_ = 0;
};

}  // namespace verihook
