// Keys and values of herds: what a transaction does, what it refuses, what is remembered of it.
#include <boost/test/unit_test.hpp>

#include "tests/state/kv_world.hpp"
#include "tests/state/refusals.hpp"

using namespace runink;
using namespace runink::state;
using namespace runink::state::testing;

namespace {

const HerdName owner{"finance"};

const KvResult& result_of(const Applied& applied) {
  BOOST_REQUIRE_MESSAGE(applied.outcome.kv.has_value(), applied.outcome.what);
  return *applied.outcome.kv;
}

bool holds(World& world, const KvCompare& compare) {
  return result_of(world.say(transaction({compare}, {KvGet{"k"}}, {KvGet{"k"}}))).succeeded;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(keys_and_values)

BOOST_AUTO_TEST_CASE(a_change_has_the_index_of_its_entry_as_revision) {
  World world = two_herds();
  const Applied made = world.say(put("leader", "n1"));
  const LogIndex first = world.state.applied;
  BOOST_TEST((made.outcome.verdict == Verdict::accepted));
  BOOST_CHECK((result_of(made) == KvResult{true, first, {{true, first, first, 1, {}}}}));
  BOOST_CHECK((made.events == std::vector<Event>{KvChanged{owner, first}}));

  const Applied again = world.say(put("leader", "n2"));
  const LogIndex second = world.state.applied;
  BOOST_CHECK((result_of(again).answers == std::vector<KvAnswer>{{true, second, first, 2, {}}}));
  const KvEntry* entry = world.state.kv.find(owner, "leader");
  BOOST_REQUIRE(entry != nullptr);
  BOOST_TEST(entry->value == "n2");
  BOOST_TEST(entry->changed_by.name == "ada");

  const Applied removed = world.say(gone("leader"));
  BOOST_CHECK((result_of(removed).answers == std::vector<KvAnswer>{{true, second, first, 2, {}}}));
  BOOST_TEST((world.state.kv.find(owner, "leader") == nullptr));

  const Applied anew = world.say(put("leader", "n3"));
  const LogIndex last = world.state.applied;
  BOOST_CHECK((result_of(anew).answers == std::vector<KvAnswer>{{true, last, last, 1, {}}}));
}

BOOST_AUTO_TEST_CASE(keys_of_another_herd_are_other_keys) {
  World world = two_herds();
  world.say(put("leader", "n1"));
  world.say(put("leader", "n9", "risk"));
  world.say(gone("leader", "risk"));
  BOOST_TEST(value_of(world, "leader") == "n1");
  is_refused(world.say(put("leader", "n1", "nobody")), Refusal::no_such_herd);
}

BOOST_AUTO_TEST_CASE(a_delete_of_what_is_not_there_changes_nothing_and_wakes_nobody) {
  World world = two_herds();
  const Applied applied = world.say(gone("nothing"));
  BOOST_TEST((applied.outcome.verdict == Verdict::accepted));
  BOOST_CHECK((result_of(applied).answers == std::vector<KvAnswer>{KvAnswer{}}));
  BOOST_TEST(applied.events.empty());
  BOOST_TEST(applied.rows.size() == 1u);  // meta
}

BOOST_AUTO_TEST_CASE(an_append_makes_a_key_or_makes_its_value_longer) {
  World world = two_herds();
  world.say(append("log", "a"));
  const LogIndex first = world.state.applied;
  const Applied second = world.say(append("log", "b"));
  BOOST_TEST(value_of(world, "log") == "ab");
  BOOST_TEST((result_of(second).answers.front().created == first));
  BOOST_TEST(result_of(second).answers.front().version == 2u);
}

BOOST_AUTO_TEST_CASE(of_two_who_compare_with_the_same_revision_one_wins) {
  World world = two_herds();
  BOOST_TEST(result_of(world.say(cas("lock", LogIndex{}, "ada"))).succeeded);
  const LogIndex held = world.state.applied;
  BOOST_TEST(!result_of(world.say(cas("lock", LogIndex{}, "bob"))).succeeded);
  BOOST_TEST(value_of(world, "lock") == "ada");
  BOOST_TEST(result_of(world.say(cas("lock", held, "bob"))).succeeded);
  BOOST_TEST(!result_of(world.say(cas("lock", held, "eve"))).succeeded);
  BOOST_TEST(value_of(world, "lock") == "bob");
}

BOOST_AUTO_TEST_CASE(every_aspect_is_compared_in_every_relation) {
  World world = two_herds();
  world.say(put("k", "m"));
  const std::uint64_t created = world.state.applied.value;
  world.say(put("k", "m"));
  const std::uint64_t revision = world.state.applied.value;
  const std::pair<KvAspect, std::uint64_t> numbers[] = {
      {KvAspect::revision, revision}, {KvAspect::created, created}, {KvAspect::version, 2}};
  for (const auto& [aspect, is] : numbers)
    for (const std::uint64_t other : {is - 1, is, is + 1}) {
      BOOST_TEST(holds(world, {"k", aspect, KvRelation::equal, other, ""}) == (is == other));
      BOOST_TEST(holds(world, {"k", aspect, KvRelation::not_equal, other, ""}) == (is != other));
      BOOST_TEST(holds(world, {"k", aspect, KvRelation::less, other, ""}) == (is < other));
      BOOST_TEST(holds(world, {"k", aspect, KvRelation::greater, other, ""}) == (is > other));
    }
  for (const std::string other : {"", "a", "m", "mm", "z"}) {
    const std::string is = "m";
    const KvAspect value = KvAspect::value;
    BOOST_TEST(holds(world, {"k", value, KvRelation::equal, 0, other}) == (is == other));
    BOOST_TEST(holds(world, {"k", value, KvRelation::not_equal, 0, other}) == (is != other));
    BOOST_TEST(holds(world, {"k", value, KvRelation::less, 0, other}) == (is < other));
    BOOST_TEST(holds(world, {"k", value, KvRelation::greater, 0, other}) == (is > other));
  }
}

BOOST_AUTO_TEST_CASE(a_key_that_does_not_exist_is_of_revision_0_and_has_no_value) {
  World world = two_herds();
  for (const KvAspect aspect : {KvAspect::revision, KvAspect::created, KvAspect::version}) {
    BOOST_TEST(holds(world, {"k", aspect, KvRelation::equal, 0, ""}));
    BOOST_TEST(!holds(world, {"k", aspect, KvRelation::greater, 0, ""}));
    BOOST_TEST(holds(world, {"k", aspect, KvRelation::less, 1, ""}));
  }
  for (const std::string text : {"", "a"}) {
    BOOST_TEST(!holds(world, {"k", KvAspect::value, KvRelation::equal, 0, text}));
    BOOST_TEST(holds(world, {"k", KvAspect::value, KvRelation::not_equal, 0, text}));
    BOOST_TEST(!holds(world, {"k", KvAspect::value, KvRelation::less, 0, text}));
    BOOST_TEST(!holds(world, {"k", KvAspect::value, KvRelation::greater, 0, text}));
  }
}

BOOST_AUTO_TEST_CASE(a_transaction_over_several_keys_does_one_branch_whole) {
  World world = two_herds();
  world.say(put("from", "10"));
  world.say(put("to", "1"));
  const LogIndex seen = world.state.applied;
  const std::vector<KvCompare> unchanged = {
      {"from", KvAspect::revision, KvRelation::less, seen.value + 1, ""},
      {"to", KvAspect::value, KvRelation::equal, 0, "1"}};
  const KvTransaction move =
      transaction(unchanged, {KvPut{"from", "0"}, KvPut{"to", "11"}, KvGet{"to"}, KvDelete{"old"}},
                  {KvGet{"from"}, KvAppend{"late", "x"}});
  const Applied first = world.say(move);
  const LogIndex index = world.state.applied;
  BOOST_TEST(result_of(first).succeeded);
  BOOST_TEST(result_of(first).answers.size() == 4u);
  // A get sees what stands before it in the transaction.
  BOOST_TEST(result_of(first).answers[2].value.value() == "11");
  BOOST_TEST((result_of(first).answers[2].revision == index));
  BOOST_TEST(value_of(world, "from") == "0");

  const Applied second = world.say(move);
  BOOST_TEST(!result_of(second).succeeded);
  BOOST_TEST(result_of(second).answers.size() == 2u);
  BOOST_TEST(result_of(second).answers[0].value.value() == "0");
  BOOST_TEST(value_of(world, "late") == "x");
  BOOST_TEST(value_of(world, "to") == "11");
}

BOOST_AUTO_TEST_CASE(what_cannot_be_done_whole_is_not_done_at_all) {
  World world = two_herds();
  world.say(put("long", std::string(limits::kv_value.value, 'x')));
  const KvTables before = world.state.kv;
  const std::string half(limits::kv_value.value / 2, 'x');
  const KvTransaction refused[] = {
      transaction({}, {}),
      transaction({}, {KvPut{"a", "1"}, KvPut{"", "2"}}),
      transaction({}, {KvPut{"a", "1"}, KvPut{"b\n", "2"}}),
      transaction({}, {KvPut{"a", "1"}, KvPut{"b\xff", "2"}}),
      transaction({}, {KvPut{"a", "1"}, KvPut{std::string(limits::kv_key_bytes + 1, 'k'), "2"}}),
      transaction({}, {KvPut{"a", "1"}, KvPut{"b", std::string(limits::kv_value.value + 1, 'v')}}),
      transaction({}, {KvPut{"a", "1"}, KvAppend{"long", "2"}}),
      transaction({}, {KvPut{"a", "1"}, KvDelete{"a"}}),
      transaction({}, {KvPut{"a", "1"}, KvAppend{"a", "1"}}),
      transaction({}, std::vector<KvOperation>(limits::kv_operations + 1, KvGet{"a"})),
      transaction(std::vector<KvCompare>(limits::kv_operations + 1), {KvPut{"a", "1"}}),
      transaction({{"", KvAspect::version, KvRelation::equal, 0, ""}}, {KvPut{"a", "1"}}),
      // The branch that is not done must be possible, too.
      transaction({}, {KvPut{"a", "1"}}, {KvPut{"", "2"}}),
      // Too much is brought, too much is read.
      transaction({}, {KvPut{"a", half}, KvPut{"b", half}, KvPut{"c", half}, KvPut{"d", half},
                       KvPut{"e", half}, KvPut{"f", half}}),
      transaction({}, {KvPut{"a", "1"}, KvGet{"long"}, KvGet{"long"}, KvGet{"long"}}),
      with_request(put("a", "1"), ""),
      with_request(put("a", "1"), std::string(limits::request_id_bytes + 1, 'r')),
  };
  for (const KvTransaction& one : refused) {
    const Applied applied = world.say(one);
    BOOST_TEST((applied.outcome.verdict == Verdict::refused));
    BOOST_TEST(!applied.outcome.what.empty());
    BOOST_TEST(applied.rows.size() == 1u);
    BOOST_TEST(applied.events.empty());
    BOOST_TEST(!applied.outcome.kv.has_value());
    BOOST_CHECK((world.state.kv == before));
  }
  // As much as is possible is possible.
  BOOST_TEST((world.say(put(std::string(limits::kv_key_bytes, 'k'), half)).outcome.verdict ==
              Verdict::accepted));
}

BOOST_AUTO_TEST_CASE(a_key_is_any_text_without_control_characters) {
  BOOST_TEST(!why_no_key("Über/schlüssel 1:2=3"));
  BOOST_TEST(!why_no_key(std::string(limits::kv_key_bytes, 'k')));
  for (const std::string& bad :
       {std::string(), std::string("a\tb"), std::string("a\0b", 3), std::string("\x7f"),
        std::string("\xc3"), std::string(limits::kv_key_bytes + 1, 'k')})
    BOOST_TEST(why_no_key(bad).has_value());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(repeated_transactions)

BOOST_AUTO_TEST_CASE(the_same_request_is_answered_as_before_and_done_once) {
  World world = two_herds();
  const KvTransaction asked =
      with_request(transaction({}, {KvAppend{"log", "a"}, KvGet{"log"}}), "r-1");
  const KvResult first = result_of(world.say(asked));
  world.say(append("log", "b"));
  const Applied again = world.say(asked);
  BOOST_TEST((again.outcome.verdict == Verdict::repeated));
  BOOST_CHECK((result_of(again) == first));
  BOOST_TEST(again.rows.size() == 1u);
  BOOST_TEST(again.events.empty());
  BOOST_TEST(value_of(world, "log") == "ab");
  // What was decided by a comparison stays decided.
  const KvTransaction lock = with_request(cas("log", LogIndex{}, "mine"), "r-2");
  BOOST_TEST(!result_of(world.say(lock)).succeeded);
  world.say(gone("log"));
  BOOST_TEST(!result_of(world.say(lock)).succeeded);
}

BOOST_AUTO_TEST_CASE(a_request_id_with_another_content_is_a_conflict) {
  World world = two_herds();
  world.say(with_request(put("k", "1"), "r-1"));
  is_refused(world.say(with_request(put("k", "2"), "r-1")), Refusal::request_conflict);
  BOOST_TEST(value_of(world, "k") == "1");
  // Another herd has requests of its own.
  BOOST_TEST(
      (world.say(with_request(put("k", "2", "risk"), "r-1")).outcome.verdict == Verdict::accepted));
}

BOOST_AUTO_TEST_CASE(answers_are_kept_for_the_newest_requests) {
  World world = two_herds();
  const auto numbered = [](std::uint32_t i) {
    return with_request(append("log", "."), "r-" + std::to_string(i));
  };
  for (std::uint32_t i = 0; i < limits::kv_answers + 1; ++i) world.say(numbered(i));
  BOOST_TEST(world.state.kv.answered.rows.size() == limits::kv_answers);
  BOOST_TEST((world.say(numbered(1)).outcome.verdict == Verdict::repeated));
  BOOST_TEST((world.say(numbered(0)).outcome.verdict == Verdict::accepted));
}

BOOST_AUTO_TEST_CASE(answers_that_read_much_are_kept_as_far_as_there_is_room) {
  World world = two_herds();
  world.say(put("large", std::string(limits::kv_value.value, 'x')));
  const auto reading = [](int i) {
    return with_request(transaction({}, {KvGet{"large"}, KvGet{"large"}}),
                        "r-" + std::to_string(i));
  };
  for (int i = 0; i < 30; ++i) world.say(reading(i));
  const KvShare kept = world.state.kv.answered.shares.at(owner);
  BOOST_TEST(kept.bytes <= limits::kv_answered.value);
  BOOST_TEST(kept.bytes + 2 * limits::kv_value.value + limits::request_id_bytes >
             limits::kv_answered.value);
  BOOST_TEST((world.say(reading(29)).outcome.verdict == Verdict::repeated));
  BOOST_TEST((world.say(reading(0)).outcome.verdict == Verdict::accepted));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(history_of_keys)

BOOST_AUTO_TEST_CASE(what_an_entry_changed_stands_together_with_who_did_it) {
  World world = two_herds();
  world.say(put("b", "1"));
  world.say(transaction({}, {KvPut{"c", "2"}, KvDelete{"b"}, KvPut{"a", "3"}, KvDelete{"none"}}));
  const LogIndex index = world.state.applied;
  const KvChanges& told = world.state.kv.history.rows.at({owner, index});
  BOOST_TEST((told.index == index));
  BOOST_TEST(told.caller.name == "ada");
  const std::vector<KvChange> changes = {
      {"a", "3", index, 1}, {"b", std::nullopt, {}, 0}, {"c", "2", index, 1}};
  BOOST_CHECK((told.changes == changes));
}

BOOST_AUTO_TEST_CASE(the_newest_changes_are_kept_and_the_head_says_since_when) {
  World world = two_herds();
  BOOST_TEST((world.state.kv.compacted(owner) == LogIndex{}));
  world.say(put("k", "0"));
  const LogIndex first = world.state.applied;
  for (std::uint32_t i = 1; i < limits::kv_history_entries; ++i) world.say(append("n", ""));
  BOOST_TEST((world.state.kv.compacted(owner) == LogIndex{}));
  BOOST_TEST(world.state.kv.history.rows.contains({owner, first}));
  world.say(put("k", "1"));
  BOOST_TEST((world.state.kv.compacted(owner) == first));
  BOOST_TEST(world.state.kv.history.rows.size() == limits::kv_history_entries);
  // Another herd's changes are not concerned.
  world.say(put("k", "1", "risk"));
  BOOST_TEST((world.state.kv.compacted(owner) == first));
  BOOST_TEST((world.state.kv.compacted(HerdName{"risk"}) == LogIndex{}));
}

BOOST_AUTO_TEST_CASE(long_values_make_the_history_shorter) {
  World world = two_herds();
  const std::string large(limits::kv_value.value, 'x');
  const std::uint64_t fit = limits::kv_history.value / (large.size() + 1);
  for (std::uint64_t i = 0; i < fit; ++i) world.say(put("k", large));
  BOOST_TEST((world.state.kv.compacted(owner) == LogIndex{}));
  world.say(put("k", large));
  BOOST_TEST((world.state.kv.compacted(owner) != LogIndex{}));
  BOOST_TEST(world.state.kv.history.shares.at(owner).bytes <= limits::kv_history.value);
}

BOOST_AUTO_TEST_CASE(all_herds_together_have_a_bound_and_the_oldest_change_of_all_goes) {
  World world = two_herds();
  const std::string large(limits::kv_value.value - 1, 'x');
  world.say(put("k", large));
  const LogIndex first = world.state.applied;
  const std::uint64_t herds = limits::kv_history_all.value / limits::kv_history.value + 1;
  const std::uint64_t fit = limits::kv_history.value / (large.size() + 1);
  for (std::uint64_t i = 0; i < herds; ++i) {
    const std::string name = "herd" + std::to_string(i);
    world.say(herd(name));
    for (std::uint64_t n = 0; n < fit; ++n) world.say(put("k", large, name));
    world.store.clear();  // what is asked here is not on disk
  }
  BOOST_TEST(world.state.kv.history.all.bytes <= limits::kv_history_all.value);
  BOOST_TEST(world.state.kv.history.all.bytes + large.size() + 1 > limits::kv_history_all.value);
  BOOST_TEST((world.state.kv.compacted(owner) == first));
  BOOST_TEST(!world.state.kv.history.shares.contains(owner));
  BOOST_TEST((world.state.kv.compacted(HerdName{"herd0"}) != LogIndex{}));
  BOOST_TEST((world.state.kv.compacted(HerdName{"herd1"}) == LogIndex{}));
}

BOOST_AUTO_TEST_CASE(with_a_herd_go_its_keys_and_nobody_goes_on_watching_another_of_its_name) {
  World world = two_herds();
  world.say(with_request(put("k", "1"), "r-1"));
  world.say(put("k", "1", "risk"));
  world.say(HerdRemoved{owner});
  const LogIndex removed = world.state.applied;
  BOOST_TEST(world.state.kv.entries.size() == 1u);
  BOOST_TEST(world.state.kv.history.rows.size() == 1u);
  BOOST_TEST(world.state.kv.answered.rows.empty());
  world.say(herd("finance"));
  BOOST_TEST((world.state.kv.compacted(owner) == removed));
  world.say(put("k", "2"));
  BOOST_TEST((world.state.kv.compacted(owner) == removed));
  BOOST_TEST((world.say(with_request(put("k", "1"), "r-1")).outcome.verdict == Verdict::accepted));
  // Who watches a herd that stayed goes on.
  BOOST_TEST((world.state.kv.compacted(HerdName{"risk"}) == LogIndex{}));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(quotas_of_keys)

BOOST_AUTO_TEST_CASE(a_herd_has_so_many_keys_and_may_go_on_changing_them) {
  World world = two_herds();
  std::uint32_t made = 0;
  while (made < limits::kv_herd_keys) {
    KvTransaction many = transaction({}, {});
    while (many.then.size() < limits::kv_operations && made < limits::kv_herd_keys)
      many.then.push_back(KvPut{"k" + std::to_string(made++), ""});
    BOOST_REQUIRE((world.say(many).outcome.verdict == Verdict::accepted));
  }
  is_refused(world.say(put("one-more", "")), Refusal::quota_keys);
  is_refused(world.say(transaction({}, {KvDelete{"k0"}, KvPut{"a", ""}, KvPut{"b", ""}})),
             Refusal::quota_keys);
  BOOST_TEST((world.say(put("k0", "changed")).outcome.verdict == Verdict::accepted));
  BOOST_TEST((world.say(transaction({}, {KvDelete{"k1"}, KvPut{"a", ""}})).outcome.verdict ==
              Verdict::accepted));
  BOOST_TEST((world.say(put("x", "", "risk")).outcome.verdict == Verdict::accepted));
}

BOOST_AUTO_TEST_CASE(a_herd_has_so_many_bytes_and_may_always_make_them_fewer) {
  World world = two_herds();
  const std::string large(limits::kv_value.value - 8, 'x');
  const std::uint64_t fit = limits::kv_herd.value / (large.size() + 8);
  const auto name = [](std::uint64_t i) { return std::to_string(10'000'000 + i); };
  for (std::uint64_t i = 0; i < fit; ++i)
    BOOST_REQUIRE((world.say(put(name(i), large)).outcome.verdict == Verdict::accepted));
  BOOST_TEST(world.state.kv.share_of(owner).bytes == limits::kv_herd.value);
  is_refused(world.say(put("k", "")), Refusal::quota_keys);
  is_refused(world.say(append(name(0), "1")), Refusal::quota_keys);
  BOOST_TEST((world.say(put(name(0), "short")).outcome.verdict == Verdict::accepted));
  BOOST_TEST((world.say(put("k", "")).outcome.verdict == Verdict::accepted));
}

BOOST_AUTO_TEST_CASE(all_herds_together_have_so_many_bytes) {
  World world = two_herds();
  const std::string large(limits::kv_value.value - 8, 'x');
  const std::uint64_t each = limits::kv_herd.value / (large.size() + 8);
  const std::uint64_t herds = limits::kv_all.value / limits::kv_herd.value;
  for (std::uint64_t h = 0; h < herds; ++h) {
    const std::string herd_name = "herd" + std::to_string(h);
    world.say(herd(herd_name));
    for (std::uint64_t i = 0; i < each; ++i)
      world.say(put(std::to_string(10'000'000 + i), large, herd_name));
    world.store.clear();
  }
  BOOST_TEST(world.state.kv.all.bytes == limits::kv_all.value);
  is_refused(world.say(put("k", "")), Refusal::too_many);
  world.say(gone("10000000", "herd0"));
  BOOST_TEST((world.say(put("k", "")).outcome.verdict == Verdict::accepted));
}

BOOST_AUTO_TEST_SUITE_END()
