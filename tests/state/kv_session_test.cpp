// Sessions over keys and values: what a client sends twice is done once; what is remembered for it,
// for how long, and what it is told when that is gone.
#include <boost/test/unit_test.hpp>

#include "tests/state/kv_world.hpp"
#include "tests/state/refusals.hpp"

using namespace runink;
using namespace runink::state;
using namespace runink::state::testing;

namespace {

void is_accepted(const Applied& applied) {
  BOOST_REQUIRE_MESSAGE(applied.outcome.verdict == Verdict::accepted, applied.outcome.what);
}

/// What it is must be what its rows say.
void is_what_is_stored(const World& world) {
  const Result<ClusterState> loaded = load(world.stored());
  BOOST_REQUIRE_MESSAGE(loaded.has_value(), (loaded ? "" : loaded.error().what));
  BOOST_CHECK((*loaded == world.state));
  BOOST_CHECK((rows_of(world.state) == world.stored_live()));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(sessions_over_keys)

BOOST_AUTO_TEST_CASE(a_session_is_called_by_the_entry_that_opened_it) {
  World world = two_herds();
  is_accepted(world.say(KvSessionOpened{}));
  const SessionId first{world.state.applied.value};
  const SessionId second = session_in(world);
  BOOST_TEST(first.value + 1 == second.value);
  BOOST_REQUIRE(world.state.kv_sessions.find(first) != nullptr);
  BOOST_TEST(world.state.kv_sessions.find(first)->opened_by.name == "ada");
  BOOST_TEST(world.state.kv_sessions.sessions.size() == 2u);
  is_what_is_stored(world);
}

BOOST_AUTO_TEST_CASE(the_same_number_is_answered_as_before_and_done_once) {
  World world = two_herds();
  const SessionId mine = session_in(world);
  const KvInSession asked =
      in_session(mine, 1, transaction({}, {KvAppend{"log", "a"}, KvGet{"log"}}));
  const Applied first = world.say(asked);
  is_accepted(first);
  world.say(append("log", "b"));
  const Applied again = world.say(asked);
  BOOST_TEST((again.outcome.verdict == Verdict::repeated));
  BOOST_REQUIRE(again.outcome.kv.has_value());
  BOOST_CHECK((*again.outcome.kv == *first.outcome.kv));
  BOOST_TEST(again.outcome.kv->answers[1].value.value() == "a");
  BOOST_TEST(again.events.empty());
  BOOST_TEST(value_of(world, "log") == "ab");
  // However much others ask meanwhile: with a request id it would be done again.
  for (std::uint32_t i = 0; i <= limits::kv_answers; ++i)
    world.say(with_request(append("other", "."), "r-" + std::to_string(i)));
  BOOST_TEST((world.say(asked).outcome.verdict == Verdict::repeated));
  BOOST_TEST(value_of(world, "log") == "ab");
  is_what_is_stored(world);
}

BOOST_AUTO_TEST_CASE(numbers_may_come_in_any_order_and_each_session_has_its_own) {
  World world = two_herds();
  const SessionId mine = session_in(world);
  const SessionId other = session_in(world);
  for (const std::uint64_t seq : {3, 1, 2, 3, 1})
    world.say(in_session(mine, seq, append("log", std::to_string(seq))));
  is_accepted(world.say(in_session(other, 1, append("log", "x"))));
  BOOST_TEST(value_of(world, "log") == "312x");
}

BOOST_AUTO_TEST_CASE(a_number_with_another_transaction_is_a_conflict) {
  World world = two_herds();
  const SessionId mine = session_in(world);
  world.say(in_session(mine, 1, put("k", "1")));
  is_refused(world.say(in_session(mine, 1, put("k", "2"))), Refusal::request_conflict);
  BOOST_TEST(value_of(world, "k") == "1");
}

BOOST_AUTO_TEST_CASE(a_refusal_is_an_answer_and_a_late_copy_is_not_done_after_all) {
  World world = two_herds();
  const SessionId mine = session_in(world);
  const KvInSession asked = in_session(mine, 1, put("k", "1", "later"));
  const Applied first = world.say(asked);
  BOOST_TEST((first.outcome.refusal == Refusal::no_such_herd));
  world.say(herd("later"));
  const Applied copy = world.say(asked);
  BOOST_TEST((copy.outcome == first.outcome));
  BOOST_TEST(world.state.kv.entries.empty());
  is_accepted(world.say(in_session(mine, 2, put("k", "1", "later"))));
  is_what_is_stored(world);
}

BOOST_AUTO_TEST_CASE(what_was_decided_by_a_comparison_stays_decided) {
  World world = two_herds();
  const SessionId mine = session_in(world);
  world.say(put("lock", "ada"));
  const KvInSession asked = in_session(mine, 1, cas("lock", LogIndex{}, "bob"));
  BOOST_TEST(!world.say(asked).outcome.kv->succeeded);
  world.say(gone("lock"));
  BOOST_TEST(!world.say(asked).outcome.kv->succeeded);
  BOOST_TEST(value_of(world, "lock") == "(none)");
}

BOOST_AUTO_TEST_CASE(answers_that_were_acknowledged_go_and_are_not_done_again) {
  World world = two_herds();
  const SessionId mine = session_in(world);
  const SessionId other = session_in(world);
  for (std::uint64_t seq = 1; seq <= 4; ++seq)
    for (const SessionId id : {mine, other}) world.say(in_session(id, seq, append("log", ".")));
  is_accepted(world.say(in_session(mine, 5, append("log", "."), 4)));
  BOOST_TEST(world.state.kv_sessions.share_of(mine).count == 2u);
  BOOST_TEST(world.state.kv_sessions.share_of(other).count == 4u);
  is_refused(world.say(in_session(mine, 3, append("log", "."))), Refusal::out_of_date);
  // What was acknowledged once stays so.
  BOOST_TEST(
      (world.say(in_session(mine, 4, append("log", "."), 1)).outcome.verdict == Verdict::repeated));
  BOOST_TEST(world.state.kv_sessions.find(mine)->first_unacked == 4u);
  // So does what a repeated request acknowledges.
  BOOST_TEST(
      (world.say(in_session(mine, 5, append("log", "."), 5)).outcome.verdict == Verdict::repeated));
  BOOST_TEST(world.state.kv_sessions.share_of(mine).count == 1u);
  BOOST_TEST(value_of(world, "log") == std::string(9, '.'));
  is_what_is_stored(world);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_asked_in_a_session_changes_nothing) {
  World world = two_herds();
  const SessionId mine = session_in(world);
  const KvSessions before = world.state.kv_sessions;
  is_refused(world.say(in_session(mine, 0, put("k", "1"))), Refusal::bad_value);
  is_refused(world.say(in_session(mine, 1, put("k", "1"), 2)), Refusal::bad_value);
  is_refused(world.say(in_session(mine, 1, with_request(put("k", "1"), "r"))), Refusal::bad_value);
  BOOST_CHECK((world.state.kv_sessions == before));
  BOOST_TEST(value_of(world, "k") == "(none)");
}

BOOST_AUTO_TEST_CASE(nobody_gets_a_session_by_asking_in_one) {
  World world = two_herds();
  for (const std::uint64_t id :
       {std::uint64_t{0}, std::uint64_t{1}, world.state.applied.value + 1, UINT64_MAX}) {
    const Applied applied = world.say(in_session(SessionId{id}, 1, put("k", "1")));
    is_refused(applied, Refusal::session_expired);
    BOOST_TEST((fault_kind(applied.outcome.refusal) == FaultKind::session_expired));
  }
  BOOST_TEST(world.state.kv_sessions.sessions.empty());
  BOOST_TEST(value_of(world, "k") == "(none)");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(bounds_of_sessions)

BOOST_AUTO_TEST_CASE(a_client_that_acknowledges_nothing_gets_no_more_until_it_does) {
  World world = two_herds();
  const SessionId mine = session_in(world);
  const std::uint64_t most = limits::kv_session_results;
  for (std::uint64_t seq = 1; seq <= most; ++seq)
    is_accepted(world.say(in_session(mine, seq, append("log", "."))));
  is_refused(world.say(in_session(mine, most + 1, append("log", "."))), Refusal::too_many);
  BOOST_TEST(value_of(world, "log").size() == most);
  BOOST_TEST(
      (world.say(in_session(mine, 1, append("log", "."))).outcome.verdict == Verdict::repeated));
  is_accepted(world.say(in_session(mine, most + 1, append("log", "."), 2)));
  BOOST_TEST(world.state.kv_sessions.share_of(mine).count == most);
  is_what_is_stored(world);
}

BOOST_AUTO_TEST_CASE(answers_that_read_much_count_by_their_bytes) {
  World world = two_herds();
  const SessionId mine = session_in(world);
  world.say(put("large", std::string(limits::kv_value.value, 'x')));
  const KvTransaction read = transaction({}, {KvGet{"large"}, KvGet{"large"}});
  std::uint64_t seq = 0;
  Applied last;
  while ((last = world.say(in_session(mine, ++seq, read))).outcome.verdict == Verdict::accepted)
    BOOST_REQUIRE(seq < 100);
  is_refused(last, Refusal::too_many);
  const KvShare held = world.state.kv_sessions.share_of(mine);
  BOOST_TEST(held.bytes >= limits::kv_session.value);
  BOOST_TEST(held.bytes < limits::kv_session.value + 2 * limits::kv_transaction.value);
  is_accepted(world.say(in_session(mine, seq, read, 2)));
  BOOST_TEST((world.state.kv_sessions.share_of(mine).bytes == held.bytes));
}

BOOST_AUTO_TEST_CASE(for_one_session_more_the_one_that_was_quiet_longest_goes) {
  World world = two_herds();
  const SessionId first = session_in(world);
  const SessionId second = session_in(world);
  world.say(in_session(second, 1, append("log", "2")));
  while (world.state.kv_sessions.sessions.size() < limits::kv_sessions) session_in(world);
  // The first one is heard of again, also when it only repeats.
  world.say(in_session(first, 1, append("log", "1")));
  world.say(in_session(first, 1, append("log", "1")));
  session_in(world);
  BOOST_TEST(world.state.kv_sessions.sessions.size() == limits::kv_sessions);
  is_refused(world.say(in_session(second, 1, append("log", "2"))), Refusal::session_expired);
  BOOST_TEST(
      (world.say(in_session(first, 1, append("log", "1"))).outcome.verdict == Verdict::repeated));
  BOOST_TEST((world.state.kv_sessions.share_of(second) == KvShare{}));
  BOOST_TEST(value_of(world, "log") == "21");
  is_what_is_stored(world);
}

BOOST_AUTO_TEST_CASE(all_sessions_together_hold_so_many_bytes) {
  World world = two_herds();
  world.say(put("large", std::string(limits::kv_value.value, 'x')));
  const KvTransaction read = transaction({}, {KvGet{"large"}, KvGet{"large"}});
  const SessionId quiet = session_in(world);
  std::uint64_t count = 0;
  while (world.state.kv_sessions.find(quiet) != nullptr) {
    const SessionId one = session_in(world);
    for (std::uint64_t seq = 1; seq <= 8; ++seq) is_accepted(world.say(in_session(one, seq, read)));
    BOOST_REQUIRE(++count < 1'000);
    world.store.clear();
  }
  BOOST_TEST(world.state.kv_sessions.all.bytes <= limits::kv_sessions_all.value);
  BOOST_TEST(world.state.kv_sessions.all.bytes + 2 * limits::kv_session.value >
             limits::kv_sessions_all.value);
  is_refused(world.say(in_session(quiet, 1, put("k", "1"))), Refusal::session_expired);
}

BOOST_AUTO_TEST_CASE(a_session_ends_when_its_client_is_quiet_for_too_long) {
  World world = two_herds();
  const SessionId quiet = session_in(world);
  world.say(in_session(quiet, 1, append("log", "q")));
  const SessionId busy = session_in(world);
  world.wait(limits::kv_session_idle);
  BOOST_TEST(
      (world.say(in_session(busy, 1, append("log", "b"))).outcome.verdict == Verdict::accepted));
  BOOST_TEST((world.state.kv_sessions.find(quiet) != nullptr));
  // Whatever is said next ends it, with all that it held.
  world.wait(milliseconds(1));
  world.say(put("k", "1"));
  BOOST_TEST((world.state.kv_sessions.find(quiet) == nullptr));
  BOOST_TEST((world.state.kv_sessions.share_of(quiet) == KvShare{}));
  BOOST_TEST((world.state.kv_sessions.find(busy) != nullptr));
  is_refused(world.say(in_session(quiet, 1, append("log", "q"))), Refusal::session_expired);
  BOOST_TEST(value_of(world, "log") == "qb");
  is_what_is_stored(world);
}

BOOST_AUTO_TEST_CASE(many_sessions_end_a_few_at_a_time_and_are_over_all_the_same) {
  World world = two_herds();
  std::vector<SessionId> all;
  while (all.size() < 3 * limits::kv_sessions_ended) all.push_back(session_in(world));
  world.wait(limits::kv_session_idle + milliseconds(1));
  const Applied late = world.say(in_session(all.back(), 1, put("k", "1")));
  BOOST_TEST((late.outcome.refusal == Refusal::session_expired));
  BOOST_TEST(world.state.kv_sessions.sessions.size() == 2 * limits::kv_sessions_ended);
  BOOST_TEST((world.state.kv_sessions.find(all.back()) != nullptr));
  world.say(put("k", "2"));
  world.say(put("k", "3"));
  BOOST_TEST(world.state.kv_sessions.sessions.empty());
  is_what_is_stored(world);
}

BOOST_AUTO_TEST_CASE(a_clock_that_goes_back_ends_nothing) {
  World world = two_herds();
  const SessionId mine = session_in(world);
  world.now = WallTime{0};
  is_accepted(world.say(in_session(mine, 1, put("k", "1"))));
}

BOOST_AUTO_TEST_CASE(results_without_a_session_are_damage) {
  World world = two_herds();
  world.say(in_session(session_in(world), 1, put("k", "1")));
  std::vector<Row> rows = world.stored();
  BOOST_TEST(load(rows).has_value());
  std::erase_if(rows, [](const Row& row) { return row.table == Table::kv_sessions; });
  const Result<ClusterState> loaded = load(rows);
  BOOST_REQUIRE(!loaded.has_value());
  BOOST_TEST((loaded.error().kind == FaultKind::corrupt));
}

BOOST_AUTO_TEST_SUITE_END()
