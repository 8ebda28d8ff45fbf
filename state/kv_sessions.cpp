#include "state/kv_sessions.hpp"

#include "vocabulary/limits.hpp"

namespace runink::state {
namespace {

// What a row and each answer in it take beside their texts, in memory and on disk.
constexpr std::uint64_t result_bytes = 128;
constexpr std::uint64_t answer_bytes = 32;

}  // namespace

std::uint64_t bytes_of(const KvSessionResult& result) {
  std::uint64_t bytes = result_bytes + result.what.size();
  if (result.result)
    for (const KvAnswer& one : result.result->answers)
      bytes += answer_bytes + (one.value ? one.value->size() : 0);
  return bytes;
}

const KvSession* KvSessions::find(SessionId id) const {
  const auto at = sessions.find(id);
  return at == sessions.end() ? nullptr : &at->second;
}

const KvSessionResult* KvSessions::answer_of(const KvSessionKey& key) const {
  const auto at = results.find(key);
  return at == results.end() ? nullptr : &at->second;
}

KvShare KvSessions::share_of(SessionId id) const {
  const auto at = shares.find(id);
  return at == shares.end() ? KvShare{} : at->second;
}

KvShare KvSessions::share_from(SessionId id, std::uint64_t first_unacked) const {
  KvShare share = share_of(id);
  for (auto at = results.lower_bound({id, 0});
       at != results.end() && at->first < KvSessionKey(id, first_unacked); ++at)
    share.take(bytes_of(at->second));
  return share;
}

void KvSessions::add(KvSession session) {
  remove(session.id);
  order.insert({session.active, session.id});
  sessions.emplace(session.id, std::move(session));
}

void KvSessions::remove(SessionId id) {
  const auto at = sessions.find(id);
  if (at == sessions.end()) return;
  order.erase({at->second.active, id});
  sessions.erase(at);
}

void KvSessions::add(KvSessionResult result) {
  const std::uint64_t bytes = bytes_of(result);
  shares[result.session].add(bytes);
  all.add(bytes);
  const KvSessionKey key(result.session, result.seq);
  results.emplace(key, std::move(result));
}

void KvSessions::remove(const KvSessionKey& key) {
  const auto at = results.find(key);
  const std::uint64_t bytes = bytes_of(at->second);
  const auto share = shares.find(key.first);
  share->second.take(bytes);
  if (share->second.count == 0) shares.erase(share);
  all.take(bytes);
  results.erase(at);
}

void KvSessions::derive() {
  shares.clear();
  order.clear();
  all = {};
  for (const auto& [id, session] : sessions) order.insert({session.active, id});
  for (const auto& [key, result] : results) {
    shares[key.first].add(bytes_of(result));
    all.add(bytes_of(result));
  }
}

bool is_over(const KvSession& session, WallTime now) {
  return session.active_at < now + limits::kv_session_idle * -1;
}

}  // namespace runink::state
