// The members of a JSON object in canonical form (no white space), found without building a tree:
// the caller's columns of a row, looked at ten thousand times a chunk. Keys and values are views of
// the text as it stands, escapes and all. Pure.
#pragma once

#include <string>
#include <string_view>

namespace verihook::jobs {

class JsonMembers {
 public:
  explicit JsonMembers(std::string_view object);

  // The next member, without the quotation marks of its key; false at the end, and where the text
  // is not what it should be.
  bool next(std::string_view& key, std::string_view& value);

 private:
  std::string_view rest_;
};

// What a JSON string (with its quotation marks, or without them as a key is handed out) says.
std::string unescaped(std::string_view json);

}  // namespace verihook::jobs
