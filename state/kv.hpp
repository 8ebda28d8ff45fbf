// The tables of keys and values: what is there, what changed lately, which requests were answered.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "state/commands.hpp"

namespace runink::state {

/// Herd and key; all keys of a herd stand together, in the order of their bytes.
using KvKey = std::pair<HerdName, std::string>;

struct KvEntry {
  KvKey key;
  std::string value;
  LogIndex created;
  LogIndex revision;
  std::uint64_t version = 0;
  WallTime changed_at;
  Caller changed_by;
  friend bool operator==(const KvEntry&, const KvEntry&) = default;
  static auto fields(auto& self) {
    return std::tie(self.key, self.value, self.created, self.revision, self.version,
                    self.changed_at, self.changed_by);
  }
};

/// One key as an entry of the log has left it.
struct KvChange {
  std::string key;
  std::optional<std::string> value;  ///< nothing: it was deleted
  LogIndex created;                  ///< 0 when it was deleted, as is `version`
  std::uint64_t version = 0;
  friend bool operator==(const KvChange&, const KvChange&) = default;
  static auto fields(auto& self) {
    return std::tie(self.key, self.value, self.created, self.version);
  }
};

/// All that one entry of the log changed, in the order of the keys.
struct KvChanges {
  HerdName herd;
  LogIndex index;
  WallTime at;
  Caller caller;
  std::vector<KvChange> changes;
  friend bool operator==(const KvChanges&, const KvChanges&) = default;
  static auto fields(auto& self) {
    return std::tie(self.herd, self.index, self.at, self.caller, self.changes);
  }
};

/// What a transaction with a request id was answered.
struct KvAnswered {
  HerdName herd;
  LogIndex index;
  RequestId request;
  Digest transaction;  ///< SHA-256 of the encoded transaction
  KvResult result;
  friend bool operator==(const KvAnswered&, const KvAnswered&) = default;
  static auto fields(auto& self) {
    return std::tie(self.herd, self.index, self.request, self.transaction, self.result);
  }
};

/// Changes of the herd up to and with `compacted` may be forgotten: nobody can watch from before it.
/// The head of no herd ("") stands for all herds that have none of their own.
struct KvHead {
  HerdName herd;
  LogIndex compacted;
  friend bool operator==(const KvHead&, const KvHead&) = default;
  static auto fields(auto& self) { return std::tie(self.herd, self.compacted); }
};

/// Bytes that count against the limits: of keys, values, request ids and what was read.
std::uint64_t bytes_of(const KvEntry& entry);
std::uint64_t bytes_of(const KvChanges& changes);
std::uint64_t bytes_of(const KvAnswered& answered);

/// How much there is of something.
struct KvShare {
  std::uint64_t count = 0;
  std::uint64_t bytes = 0;
  void add(std::uint64_t more) {
    ++count;
    bytes += more;
  }
  void take(std::uint64_t less) {
    --count;
    bytes -= less;
  }
  friend bool operator==(const KvShare&, const KvShare&) = default;
};

/// Rows of herds of which only the newest are kept, at most one for each entry of the log.
template <class T>
struct KvKept {
  std::map<std::pair<HerdName, LogIndex>, T> rows;

  // Derived from `rows`.
  std::map<HerdName, KvShare> shares;
  KvShare all;
  std::set<std::pair<LogIndex, HerdName>> order;
  friend bool operator==(const KvKept&, const KvKept&) = default;

  const T& add(T row) {
    count(row);
    const std::pair<HerdName, LogIndex> key(row.herd, row.index);
    return rows.emplace(key, std::move(row)).first->second;
  }
  void remove(const std::pair<HerdName, LogIndex>& key) {
    const auto at = rows.find(key);
    const std::uint64_t bytes = bytes_of(at->second);
    const auto share = shares.find(key.first);
    share->second.take(bytes);
    if (share->second.count == 0) shares.erase(share);
    all.take(bytes);
    order.erase({key.second, key.first});
    rows.erase(at);
  }
  /// The oldest row of the herd when it has more than its share, else the oldest of all when these
  /// together are more than `bytes_of_all`; nothing when all may stay.
  std::optional<std::pair<HerdName, LogIndex>> excess(const HerdName& herd, const KvShare& of_herd,
                                                      std::uint64_t bytes_of_all) const {
    const auto share = shares.find(herd);
    if (share != shares.end() &&
        (share->second.count > of_herd.count || share->second.bytes > of_herd.bytes))
      return rows.lower_bound({herd, LogIndex{}})->first;
    if (all.bytes > bytes_of_all) return std::pair(order.begin()->second, order.begin()->first);
    return std::nullopt;
  }
  void derive() {
    shares.clear();
    order.clear();
    all = {};
    for (const auto& [key, row] : rows) count(row);
  }

 private:
  void count(const T& row) {
    shares[row.herd].add(bytes_of(row));
    all.add(bytes_of(row));
    order.insert({row.index, row.herd});
  }
};

struct KvTables {
  std::map<KvKey, KvEntry> entries;
  KvKept<KvChanges> history;
  KvKept<KvAnswered> answered;
  std::map<HerdName, KvHead> heads;

  // Derived.
  std::map<HerdName, KvShare> shares;  ///< of `entries`
  KvShare all;
  std::map<std::pair<HerdName, RequestId>, LogIndex> requests;
  friend bool operator==(const KvTables&, const KvTables&) = default;

  /// The key, or null.
  const KvEntry* find(const HerdName& herd, const std::string& key) const;
  KvShare share_of(const HerdName& herd) const;
  /// Who has seen all changes up to here, or a later one, can go on from there.
  LogIndex compacted(const HerdName& herd) const;
  /// The newest entry that changed a key of the herd, as far as is known; 0: there was none.
  LogIndex changed(const HerdName& herd) const;
  /// What a request was answered, or null.
  const KvAnswered* answer_of(const HerdName& herd, const RequestId& request) const;
  void derive();
};

/// Whether a key may be called so: 1 to `limits::kv_key_bytes` bytes of UTF-8 without control
/// characters. Else why not, a whole sentence.
std::optional<std::string> why_no_key(std::string_view key);

}  // namespace runink::state
