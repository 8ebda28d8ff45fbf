// Clients that asked for a session, and what each was answered: what they send twice is done once
// (Ongaro, "Consensus: Bridging Theory and Practice", 6.3).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "state/kv.hpp"
#include "state/refusal.hpp"

namespace runink::state {

struct KvSession {
  SessionId id;
  Caller opened_by;
  LogIndex active;  ///< the entry of its last request
  WallTime active_at;
  /// What was asked under a lower number was answered, and the client has the answer.
  std::uint64_t first_unacked = 1;
  friend bool operator==(const KvSession&, const KvSession&) = default;
  static auto fields(auto& self) {
    return std::tie(self.id, self.opened_by, self.active, self.active_at, self.first_unacked);
  }
};

/// Session and the client's number.
using KvSessionKey = std::pair<SessionId, std::uint64_t>;

/// What a transaction of a session was answered.
struct KvSessionResult {
  SessionId session;
  std::uint64_t seq = 0;
  Digest transaction;              ///< SHA-256 of the encoded transaction
  std::optional<KvResult> result;  ///< nothing: it was refused
  Refusal refusal = Refusal::none;
  std::string what;  ///< why, a whole sentence
  friend bool operator==(const KvSessionResult&, const KvSessionResult&) = default;
  static auto fields(auto& self) {
    return std::tie(self.session, self.seq, self.transaction, self.result, self.refusal, self.what);
  }
};

/// Bytes that count against the limits: of what was read and said, and of the row around it.
std::uint64_t bytes_of(const KvSessionResult& result);

struct KvSessions {
  std::map<SessionId, KvSession> sessions;
  std::map<KvSessionKey, KvSessionResult> results;

  // Derived.
  std::map<SessionId, KvShare> shares;  ///< of `results`
  KvShare all;
  std::set<std::pair<LogIndex, SessionId>> order;  ///< by the last request, the oldest first
  friend bool operator==(const KvSessions&, const KvSessions&) = default;

  /// The session, or null.
  const KvSession* find(SessionId id) const;
  /// What it was answered under this number, or null.
  const KvSessionResult* answer_of(const KvSessionKey& key) const;
  KvShare share_of(SessionId id) const;
  /// What it holds beside the results below `first_unacked`.
  KvShare share_from(SessionId id, std::uint64_t first_unacked) const;

  void add(KvSession session);
  /// Its results must be gone.
  void remove(SessionId id);
  void add(KvSessionResult result);
  void remove(const KvSessionKey& key);
  void derive();
};

/// Whether its client was quiet for longer than `limits::kv_session_idle`.
bool is_over(const KvSession& session, WallTime now);

}  // namespace runink::state
