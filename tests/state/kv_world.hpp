// Transactions over keys for the tests, said as short as they are meant.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tests/state/world.hpp"

namespace runink::state::testing {

inline KvTransaction transaction(std::vector<KvCompare> compare, std::vector<KvOperation> then,
                                 std::vector<KvOperation> otherwise = {},
                                 const std::string& herd = "finance") {
  return {HerdName{herd}, std::nullopt, std::move(compare), std::move(then), std::move(otherwise)};
}
inline KvTransaction put(const std::string& key, const std::string& value,
                         const std::string& herd = "finance") {
  return transaction({}, {KvPut{key, value}}, {}, herd);
}
inline KvTransaction append(const std::string& key, const std::string& value) {
  return transaction({}, {KvAppend{key, value}});
}
inline KvTransaction gone(const std::string& key, const std::string& herd = "finance") {
  return transaction({}, {KvDelete{key}}, {}, herd);
}
/// Puts `value` when `key` has this revision; 0: when it does not exist.
inline KvTransaction cas(const std::string& key, LogIndex revision, const std::string& value) {
  return transaction({{key, KvAspect::revision, KvRelation::equal, revision.value, ""}},
                     {KvPut{key, value}});
}
inline KvTransaction with_request(KvTransaction asked, const std::string& request) {
  asked.request = RequestId{request};
  return asked;
}

}  // namespace runink::state::testing
