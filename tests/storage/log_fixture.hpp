// Requests as a core makes them, and a reader that knows only RocksDB.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "raft/ports.hpp"
#include "tests/storage/temporary.hpp"

namespace runink::test {

inline raft::Entry entry(std::uint64_t index, std::uint64_t term, std::string payload) {
  return {Term{term}, LogIndex{index}, raft::EntryType::command, std::move(payload)};
}

/// Request `seq` with entries `from`..`to` of `term`; the hard state commits `commit`.
inline raft::Persist request(std::uint64_t seq, std::uint64_t from, std::uint64_t to,
                             std::uint64_t term, std::uint64_t commit, std::size_t bytes = 100) {
  raft::Persist persist;
  persist.seq = raft::PersistSeq{seq};
  persist.hard_state = raft::HardState{Term{term}, NodeId{1}, LogIndex{commit}};
  for (std::uint64_t i = from; i <= to; ++i)
    persist.entries.push_back(entry(i, term, std::string(bytes, static_cast<char>('a' + i % 26))));
  return persist;
}

/// The value under `key` in the database folder `path`, read without our code.
std::string raw_value(const std::string& path, const std::string& key);
/// Replaces it.
void put_raw(const std::string& path, const std::string& key, const std::string& value);

}  // namespace runink::test
