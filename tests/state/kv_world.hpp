// Transactions over keys for the tests, said as short as they are meant.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tests/state/world.hpp"

namespace runink::state::testing {

inline World two_herds() { return World::with({node("n1")}); }
/// Of a key of the herd "finance".
inline std::string value_of(const World& world, const std::string& key) {
  const KvEntry* entry = world.state.kv.find(HerdName{"finance"}, key);
  return entry == nullptr ? "(none)" : entry->value;
}

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

/// Opens a session.
inline SessionId session_in(World& world) {
  world.say(KvSessionOpened{});
  return SessionId{world.state.applied.value};
}
inline KvInSession in_session(SessionId session, std::uint64_t seq, KvTransaction asked,
                              std::uint64_t first_unacked = 0) {
  return {session, seq, first_unacked, std::move(asked)};
}

}  // namespace runink::state::testing
