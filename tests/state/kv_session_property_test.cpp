// Sessions against a plain map: over random logs in which most things are sent more than once, each
// number of a session is done once and always answered alike, and a replay and the rows give the same.
#include <boost/test/unit_test.hpp>
#include <map>
#include <optional>

#include "tests/state/kv_world.hpp"

using namespace runink;
using namespace runink::state;
using namespace runink::state::testing;

namespace {

/// What a client would say, mostly; each transaction leaves a mark of its own in "log".
KvTransaction marked(Randomness& chance, SessionId session, std::uint64_t seq) {
  const std::string mark =
      std::to_string(session.value) + "." + std::to_string(seq) + (chance.chance(5) ? "?;" : ";");
  KvTransaction asked = append("log", mark);
  if (seq % 3 == 0) asked.then.push_back(KvGet{"log"});
  if (seq % 5 == 0) asked.herd = HerdName{"sometimes"};
  if (seq % 7 == 0) asked.compare = {{"log", KvAspect::version, KvRelation::less, 200, ""}};
  return asked;
}

Body random_session_body(Randomness& chance, const std::vector<SessionId>& opened) {
  if (opened.empty() || chance.chance(4)) return KvSessionOpened{};
  if (chance.chance(3)) return herd("sometimes");
  if (chance.chance(3)) return HerdRemoved{HerdName{"sometimes"}};
  if (chance.chance(5)) return with_request(put("other", "v"), "r-1");
  // The newest ones mostly; now and then one that may be over, or was never there.
  SessionId session =
      opened[opened.size() - 1 - chance.below(std::min<std::size_t>(3, opened.size()))];
  if (chance.chance(10)) session = pick(chance, opened);
  if (chance.chance(1)) session.value += 1;
  const std::uint64_t seq = chance.below(40);
  const std::uint64_t first_unacked = chance.chance(10) ? chance.below(seq + 2) : 0;
  return in_session(session, seq, marked(chance, session, seq), first_unacked);
}

template <class Each>
World random_session_log(std::uint64_t seed, std::size_t entries, Each each) {
  Randomness chance(seed);
  World world = World::with({node("n1")});
  std::vector<Body> said;
  std::vector<SessionId> opened;
  for (std::size_t i = 0; i < entries; ++i) {
    world.wait(milliseconds(static_cast<std::int64_t>(chance.below(400))));
    if (chance.chance(1)) world.wait({limits::kv_session_idle.ns / 2});
    Command command;
    command.at = world.now;
    command.caller = {1000, chance.chance(50) ? "ada" : "bob"};
    command.body = !said.empty() && chance.chance(30) ? pick(chance, said)
                                                      : random_session_body(chance, opened);
    said.push_back(command.body);
    const Applied applied = world.say(command);
    if (std::holds_alternative<KvSessionOpened>(command.body))
      opened.push_back(SessionId{world.state.applied.value});
    each(world, command, applied);
  }
  return world;
}

struct ModelAnswer {
  KvTransaction transaction;
  Outcome outcome;
};
struct ModelSession {
  WallTime active;
  std::uint64_t acknowledged = 1;  ///< all below
  std::map<std::uint64_t, ModelAnswer> answers;
};

/// What each client may be told, said plainly.
struct SessionsModel {
  std::map<SessionId, ModelSession> sessions;
  std::map<HerdName, std::string> log;
  std::map<KvSessionKey, std::size_t> times_done;
  std::size_t done = 0, repeated = 0, refused_again = 0, expired = 0, acknowledged = 0,
              conflicts = 0;

  void take(const World& world, const Command& command, const Applied& applied) {
    std::erase_if(sessions, [&](const auto& one) {
      return world.state.clock - one.second.active > limits::kv_session_idle;
    });
    if (std::holds_alternative<KvSessionOpened>(command.body))
      sessions[SessionId{world.state.applied.value}].active = world.state.clock;
    if (const auto* gone = std::get_if<HerdRemoved>(&command.body))
      if (applied.outcome.verdict == Verdict::accepted) log.erase(gone->herd);
    if (const auto* asked = std::get_if<KvInSession>(&command.body))
      take(world, *asked, applied.outcome);
  }
  void take(const World& world, const KvInSession& asked, const Outcome& outcome) {
    const auto at = sessions.find(asked.session);
    if (at == sessions.end()) {
      ++expired;
      BOOST_REQUIRE((outcome.refusal == Refusal::session_expired));
      return;
    }
    if (asked.seq == 0 || asked.first_unacked > asked.seq) {
      BOOST_REQUIRE((outcome.refusal == Refusal::bad_value));
      return;
    }
    ModelSession& session = at->second;
    if (asked.seq < session.acknowledged) {
      ++acknowledged;
      BOOST_REQUIRE((outcome.refusal == Refusal::out_of_date));
      return;
    }
    const auto before = session.answers.find(asked.seq);
    if (before != session.answers.end() && before->second.transaction != asked.transaction) {
      ++conflicts;
      BOOST_REQUIRE((outcome.refusal == Refusal::request_conflict));
      return;
    }
    session.active = world.state.clock;
    session.acknowledged = std::max(session.acknowledged, asked.first_unacked);
    if (before != session.answers.end())
      is_answered_alike(before->second.outcome, outcome);
    else
      is_done(asked, session, outcome);
  }
  void is_answered_alike(const Outcome& before, const Outcome& now) {
    BOOST_REQUIRE((before.kv == now.kv));
    BOOST_REQUIRE((before.refusal == now.refusal && before.what == now.what));
    const bool was_done = before.verdict == Verdict::accepted;
    ++(was_done ? repeated : refused_again);
    BOOST_REQUIRE((now.verdict == (was_done ? Verdict::repeated : Verdict::refused)));
  }
  void is_done(const KvInSession& asked, ModelSession& session, const Outcome& outcome) {
    BOOST_REQUIRE((outcome.verdict != Verdict::repeated));
    session.answers[asked.seq] = {asked.transaction, outcome};
    if (outcome.verdict == Verdict::refused) return;
    ++done;
    BOOST_REQUIRE(++times_done[KvSessionKey(asked.session, asked.seq)] == 1u);
    if (outcome.kv->succeeded)
      log[asked.transaction.herd] += std::get<KvAppend>(asked.transaction.then[0]).value;
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(every_log_of_sessions)

BOOST_AUTO_TEST_CASE(does_each_number_once_and_answers_it_alike) {
  SessionsModel sum;
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      SessionsModel model;
      const World world = random_session_log(
          seed, 700, [&](const World& now, const Command& command, const Applied& applied) {
            model.take(now, command, applied);
          });
      for (const char* name : {"finance", "sometimes"}) {
        const KvEntry* entry = world.state.kv.find(HerdName{name}, "log");
        BOOST_TEST((entry == nullptr ? "" : entry->value) == model.log[HerdName{name}]);
      }
      sum.done += model.done, sum.repeated += model.repeated;
      sum.refused_again += model.refused_again, sum.expired += model.expired;
      sum.acknowledged += model.acknowledged, sum.conflicts += model.conflicts;
    }
  }
  // The random logs are worth something only if all of it happens in them.
  BOOST_TEST_MESSAGE("done " << sum.done << ", repeated " << sum.repeated << ", refused again "
                             << sum.refused_again << ", expired " << sum.expired
                             << ", acknowledged " << sum.acknowledged << ", conflicts "
                             << sum.conflicts);
  BOOST_TEST(sum.done > 1000);
  BOOST_TEST(sum.repeated > 300);
  BOOST_TEST(sum.refused_again > 20);
  BOOST_TEST(sum.expired > 100);
  BOOST_TEST(sum.acknowledged > 100);
  BOOST_TEST(sum.conflicts > 20);
}

BOOST_AUTO_TEST_CASE(gives_the_same_rows_and_hash_when_it_is_applied_again) {
  for (std::uint64_t seed = 30; seed < 36; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      World second = World::with({node("n1")});
      const World first = random_session_log(
          seed, 300, [&](const World&, const Command& command, const Applied& applied) {
            const Result<Command> read = decode_command(encode(command));
            BOOST_REQUIRE(read.has_value());
            BOOST_REQUIRE((second.say(*read) == applied));
          });
      BOOST_TEST(second.state.hash == first.state.hash);
      BOOST_CHECK((second.state == first.state));
      BOOST_CHECK((second.store == first.store));
    }
  }
}

BOOST_AUTO_TEST_CASE(can_be_restored_from_its_rows_at_any_entry_and_goes_on_alike) {
  for (std::uint64_t seed = 40; seed < 44; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      std::size_t entry = 0;
      std::optional<ClusterState> restored;
      random_session_log(
          seed, 300, [&](const World& world, const Command& command, const Applied& applied) {
            if (restored) {
              const Applied alike =
                  apply(*restored, next(restored->applied), command, encode(command));
              BOOST_REQUIRE((alike == applied));
            }
            if (++entry % 23 != 0) return;
            const Result<ClusterState> loaded = load(world.stored());
            BOOST_REQUIRE_MESSAGE(loaded.has_value(), (loaded ? "" : loaded.error().what));
            BOOST_REQUIRE((*loaded == world.state));
            BOOST_REQUIRE((rows_of(world.state) == world.stored_live()));
            restored = *loaded;
          });
    }
  }
}

BOOST_AUTO_TEST_CASE(has_the_hash_that_every_other_build_of_it_has) {
  const std::pair<std::uint64_t, std::uint64_t> golden[] = {{101, 4240046455702142335u},
                                                            {102, 12087979914040135941u}};
  for (const auto& [seed, hash] : golden) {
    const World world =
        random_session_log(seed, 400, [](const World&, const Command&, const Applied&) {});
    BOOST_TEST_MESSAGE("state hash of seed " << seed << ": " << world.state.hash);
    BOOST_TEST(world.state.hash == hash);
  }
}

BOOST_AUTO_TEST_CASE(rows_and_commands_that_were_changed_never_crash) {
  Randomness chance(9);
  std::vector<std::string> logs;
  World world =
      random_session_log(62, 300, [&](const World&, const Command& command, const Applied&) {
        logs.push_back(encode(command));
      });
  std::vector<Row> rows = world.stored();
  std::vector<std::size_t> of_sessions;
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (rows[i].table == Table::kv_sessions || rows[i].table == Table::kv_session_results)
      of_sessions.push_back(i);
  BOOST_REQUIRE(of_sessions.size() > 20);
  std::size_t corrupt = 0, read = 0;
  for (int round = 0; round < 400; ++round) {
    std::vector<Row> changed = rows;
    std::string& value = *changed[pick(chance, of_sessions)].value;
    value[chance.below(value.size())] = static_cast<char>(chance.next());
    Result<ClusterState> loaded = load(changed);
    if (!loaded) {
      ++corrupt;
      continue;
    }
    World other;
    other.state = std::move(*loaded);
    other.now = world.now;
    for (int i = 0; i < 8; ++i) {
      std::string bytes = pick(chance, logs);
      if (chance.chance(50)) bytes[chance.below(bytes.size())] = static_cast<char>(chance.next());
      const Result<Command> command = decode_command(bytes);
      if (!command) continue;
      ++read;
      other.say(*command);
    }
  }
  BOOST_TEST(corrupt > 0);
  BOOST_TEST(read > 100);
}

BOOST_AUTO_TEST_SUITE_END()
