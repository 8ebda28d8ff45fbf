// Names kept apart by numbers: "a", "a#2", "a#3".
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>

namespace runink::governance {

class UniqueNames {
 public:
  /// `name`, or the first of name#2, name#3, ... that was not given yet.
  std::string unique(const std::string& name) {
    std::string made = name;
    while (!given_.insert(made).second) made = name + "#" + std::to_string(++last_[name] + 1);
    return made;
  }

 private:
  std::set<std::string> given_;
  std::map<std::string, std::size_t> last_;  ///< numbers tried of each name, less one
};

}  // namespace runink::governance
