// Sessions of clients over keys and values: what is sent twice is done once.
#include <algorithm>

#include "state/change.hpp"
#include "vocabulary/codec.hpp"
#include "vocabulary/limits.hpp"

namespace runink::state {
namespace {

/// Those of one session whose keys are before `end`.
void forget_results(Change& change, SessionId id, const KvSessionKey& end) {
  KvSessions& sessions = change.cluster.kv_sessions;
  while (true) {
    const auto at = sessions.results.lower_bound({id, 0});
    if (at == sessions.results.end() || at->first >= end) return;
    const KvSessionKey key = at->first;
    sessions.remove(key);
    change.remove(Table::kv_session_results, key_of(key));
  }
}

void end_session(Change& change, SessionId id) {
  forget_results(change, id, {SessionId{id.value + 1}, 0});
  change.cluster.kv_sessions.remove(id);
  change.remove(Table::kv_sessions, key_of(id));
}

/// The client is there, and has the answers to all numbers below `first_unacked`.
void heard_from(Change& change, SessionId id, std::uint64_t first_unacked) {
  KvSession session = *change.cluster.kv_sessions.find(id);
  session.active = change.index;
  session.active_at = change.now;
  session.first_unacked = std::max(session.first_unacked, first_unacked);
  forget_results(change, id, {id, session.first_unacked});
  change.put(session);
  change.cluster.kv_sessions.add(std::move(session));
}

Outcome expired(SessionId id) {
  return refuse(Refusal::session_expired,
                "There is no session " + std::to_string(id.value) +
                    ": it was never opened, was quiet for more than " +
                    std::to_string(limits::kv_session_idle.ns / seconds(60).ns) +
                    " minutes, or went because there were too many. Nothing was done now; what was "
                    "sent before without an answer may have been. Read the keys, then open "
                    "another session.");
}

std::optional<Problem> check_request(const KvInSession& asked) {
  if (asked.seq == 0)
    return Problem{Refusal::bad_value, "The first number of a session is 1, not 0."};
  if (asked.first_unacked > asked.seq)
    return Problem{Refusal::bad_value, "The first number whose answer the client does not have (" +
                                           std::to_string(asked.first_unacked) +
                                           ") cannot be greater than that of this request (" +
                                           std::to_string(asked.seq) + "), which has none yet."};
  if (asked.transaction.request)
    return Problem{Refusal::bad_value, "A transaction has a request id or a session, not both."};
  return {};
}

std::optional<Problem> check_room(const KvSessions& sessions, const KvInSession& asked) {
  const KvShare held = sessions.share_from(asked.session, asked.first_unacked);
  if (held.count < limits::kv_session_results && held.bytes < limits::kv_session.value) return {};
  return Problem{Refusal::too_many,
                 "The session " + std::to_string(asked.session.value) + " holds " +
                     std::to_string(held.count) + " answers (" + std::to_string(held.bytes) +
                     " bytes) that its client has not acknowledged. Nothing was done. Send it "
                     "again with the first number whose answer you do not have (first_unacked): "
                     "the answers before it go."};
}

Outcome answered_before(const KvSessionResult& before, const Digest& digest) {
  if (before.transaction != digest)
    return refuse(Refusal::request_conflict,
                  "The number " + std::to_string(before.seq) + " of the session " +
                      std::to_string(before.session.value) +
                      " was used for another transaction. Take a new one for each intention.");
  if (!before.result) return refuse(before.refusal, before.what);
  Outcome outcome = repeat();
  outcome.kv = before.result;
  return outcome;
}

}  // namespace

void end_idle_sessions(Change& change) {
  const KvSessions& sessions = change.cluster.kv_sessions;
  for (std::uint32_t ended = 0; ended < limits::kv_sessions_ended; ++ended) {
    if (sessions.order.empty()) return;
    const SessionId oldest = sessions.order.begin()->second;
    if (!is_over(*sessions.find(oldest), change.now)) return;
    end_session(change, oldest);
  }
}

Outcome apply_one(Change& change, const KvSessionOpened&) {
  KvSessions& sessions = change.cluster.kv_sessions;
  while (sessions.sessions.size() >= limits::kv_sessions)
    end_session(change, sessions.order.begin()->second);
  const SessionId id{change.index.value};
  KvSession session{id, change.caller, change.index, change.now, 1};
  change.put(session);
  sessions.add(std::move(session));
  return accept();
}

Outcome apply_one(Change& change, const KvInSession& asked) {
  KvSessions& sessions = change.cluster.kv_sessions;
  const KvSession* session = sessions.find(asked.session);
  // Those that are over go a few at a time; one that is still there is over all the same.
  if (session == nullptr || is_over(*session, change.now)) return expired(asked.session);
  if (auto problem = check_request(asked)) return refuse(*problem);
  if (asked.seq < session->first_unacked)
    return refuse(Refusal::out_of_date, "The client has acknowledged the answer to the number " +
                                            std::to_string(asked.seq) + " of its session " +
                                            std::to_string(asked.session.value) +
                                            "; it was done once, and its answer is not kept.");
  const Digest digest = sha256(encode(asked.transaction));
  if (const KvSessionResult* before = sessions.answer_of({asked.session, asked.seq})) {
    Outcome outcome = answered_before(*before, digest);
    if (before->transaction == digest) heard_from(change, asked.session, asked.first_unacked);
    return outcome;
  }
  if (auto problem = check_room(sessions, asked)) return refuse(*problem);

  // A refusal is an answer like any other: a late copy of the request must not be done after all.
  Outcome outcome = apply_one(change, asked.transaction);
  heard_from(change, asked.session, asked.first_unacked);
  KvSessionResult result{asked.session, asked.seq,       digest,
                         outcome.kv,    outcome.refusal, outcome.what};
  change.put(result);
  sessions.add(std::move(result));
  while (sessions.all.bytes > limits::kv_sessions_all.value && sessions.sessions.size() > 1)
    end_session(change, sessions.order.begin()->second);
  return outcome;
}

}  // namespace runink::state
