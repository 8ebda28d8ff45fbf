// By hand: what may have happened, and what cannot have.
#include <boost/test/unit_test.hpp>

#include "checker/check.hpp"
#include "histories.hpp"

using namespace runink::linearizability;

namespace {

bool fits(const History& history, const Value& initial = {}) {
  return check(history, initial).verdict == Verdict::linearizable;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(small_histories)

BOOST_AUTO_TEST_CASE(nothing_happened_and_that_is_fine) { BOOST_TEST(fits({})); }

BOOST_AUTO_TEST_CASE(a_register_begins_as_what_it_is_said_to_begin_as) {
  BOOST_TEST(fits({read(1, 0, 1, {})}));
  BOOST_TEST(!fits({read(1, 0, 1, "")}));
  BOOST_TEST(fits({read(1, 0, 1, "")}, ""));
  BOOST_TEST(!fits({read(1, 0, 1, {})}, ""));
}

BOOST_AUTO_TEST_CASE(who_reads_after_a_write_sees_it) {
  BOOST_TEST(fits({write(1, 0, 1, "a"), read(2, 2, 3, "a")}));
  BOOST_TEST(!fits({write(1, 0, 1, "a"), read(2, 2, 3, {})}));
}

BOOST_AUTO_TEST_CASE(who_reads_during_a_write_may_see_it_or_not) {
  BOOST_TEST(fits({write(1, 0, 9, "a"), read(2, 2, 3, {})}));
  BOOST_TEST(fits({write(1, 0, 9, "a"), read(2, 2, 3, "a")}));
  BOOST_TEST(fits({write(1, 0, 9, "a"), read(2, 2, 3, {}), read(2, 4, 5, "a")}));
}

BOOST_AUTO_TEST_CASE(nobody_looks_back_behind_what_somebody_has_seen) {
  BOOST_TEST(!fits({write(1, 0, 9, "a"), read(2, 2, 3, "a"), read(3, 4, 5, {})}));
  BOOST_TEST(fits({write(1, 0, 9, "a"), read(2, 2, 5, "a"), read(3, 4, 6, {})}));
}

BOOST_AUTO_TEST_CASE(what_ends_in_the_moment_another_begins_is_taken_as_at_once) {
  BOOST_TEST(fits({write(1, 0, 5, "a"), read(2, 5, 9, {})}));
  BOOST_TEST(!fits({write(1, 0, 4, "a"), read(2, 5, 9, {})}));
}

BOOST_AUTO_TEST_CASE(an_unanswered_write_may_happen_late_or_never_but_not_before_its_call) {
  const Operation lost = unanswered(write(1, 2, 0, "a"));
  BOOST_TEST(fits({lost}));
  BOOST_TEST(fits({lost, read(2, 100, 101, "a")}));
  BOOST_TEST(fits({lost, read(2, 100, 101, {}), read(2, 200, 201, "a")}));
  BOOST_TEST(!fits({lost, read(2, 100, 101, "a"), read(2, 200, 201, {})}));
  BOOST_TEST(!fits({lost, read(2, 0, 1, "a")}));
}

BOOST_AUTO_TEST_CASE(an_unanswered_write_happens_once) {
  const Operation lost = unanswered(write(1, 0, 0, "a"));
  const History seen_twice{lost, read(2, 1, 2, "a"), write(2, 3, 4, "b"), read(2, 5, 6, "a")};
  BOOST_TEST(!fits(seen_twice));
  History two_lost = seen_twice;
  two_lost.push_back(unanswered(write(3, 0, 0, "a")));
  BOOST_TEST(fits(two_lost));
}

BOOST_AUTO_TEST_CASE(a_compare_and_set_tells_what_was_there) {
  BOOST_TEST(fits({write(1, 0, 1, "a"), swap(2, 2, 3, "a", "b", true), read(1, 4, 5, "b")}));
  BOOST_TEST(!fits({write(1, 0, 1, "a"), swap(2, 2, 3, "c", "b", true)}));
  BOOST_TEST(fits({write(1, 0, 1, "a"), swap(2, 2, 3, "c", "b", false), read(1, 4, 5, "a")}));
  BOOST_TEST(!fits({write(1, 0, 1, "a"), swap(2, 2, 3, "a", "b", false)}));
  BOOST_TEST(fits({swap(1, 0, 1, {}, "a", true), read(1, 2, 3, "a")}));
}

BOOST_AUTO_TEST_CASE(of_two_that_set_the_same_value_only_one_can_have_won) {
  const History both{write(1, 0, 1, "a"), swap(2, 2, 9, "a", "b", true),
                     swap(3, 2, 9, "a", "c", true)};
  BOOST_TEST(!fits(both));
  History one = both;
  one[2].swapped = false;
  BOOST_TEST(fits(one));
}

BOOST_AUTO_TEST_CASE(an_unanswered_compare_and_set_may_have_met_either) {
  const Operation lost = unanswered(swap(1, 2, 0, "a", "b", true));
  BOOST_TEST(fits({write(2, 0, 1, "a"), lost, read(2, 3, 4, "b")}));
  BOOST_TEST(fits({write(2, 0, 1, "a"), lost, read(2, 3, 4, "a")}));
  BOOST_TEST(!fits({write(2, 0, 1, "c"), lost, read(2, 3, 4, "b")}));
}

BOOST_AUTO_TEST_CASE(appends_add_up_in_one_order) {
  const History two{append(1, 0, 5, "x"), append(2, 0, 5, "y")};
  for (const char* seen : {"xy", "yx"}) {
    History with_read = two;
    with_read.push_back(read(3, 6, 7, seen));
    BOOST_TEST(fits(with_read));
  }
  for (const char* seen : {"x", "y", "xyx", ""}) {
    History with_read = two;
    with_read.push_back(read(3, 6, 7, seen));
    BOOST_TEST(!fits(with_read), seen);
  }
  BOOST_TEST(
      !fits({append(1, 0, 5, "x"), append(2, 0, 5, "y"), read(3, 1, 2, "x"), read(4, 6, 7, "yx")}));
}

BOOST_AUTO_TEST_CASE(an_append_that_tells_what_it_left_is_held_to_it) {
  Operation told = append(2, 2, 3, "y");
  told.told = Value{"xy"};
  BOOST_TEST(fits({append(1, 0, 1, "x"), told}));
  told.told = Value{"y"};
  BOOST_TEST(!fits({append(1, 0, 1, "x"), told}));
}

BOOST_AUTO_TEST_CASE(what_was_removed_is_nil_again) {
  BOOST_TEST(fits({write(1, 0, 1, "a"), remove(1, 2, 3), read(1, 4, 5, {})}));
  BOOST_TEST(!fits({write(1, 0, 1, "a"), remove(1, 2, 3), read(1, 4, 5, "a")}));
  BOOST_TEST(
      fits({write(1, 0, 1, "a"), remove(1, 2, 3), append(1, 4, 5, "b"), read(1, 6, 7, "b")}));
}

BOOST_AUTO_TEST_CASE(each_key_is_a_cell_of_its_own_and_the_bad_one_is_named) {
  const Judgement judgement =
      check({of_key("good", write(1, 0, 1, "a")), of_key("bad", write(1, 2, 3, "a")),
             of_key("good", read(1, 4, 5, "a")), of_key("bad", read(7, 6, 7, "b"))},
            {});
  BOOST_TEST((judgement.verdict == Verdict::not_linearizable));
  BOOST_TEST(judgement.key == "bad");
  BOOST_TEST(judgement.why.find("0 of 2 operations") == 0u);
  BOOST_TEST(judgement.why.find("client 7 read \"b\" [6, 7]") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_search_that_reaches_its_limit_says_so_and_nothing_else) {
  const History history{write(1, 0, 1, "a"), read(1, 2, 3, "a"), read(1, 4, 5, "b")};
  BOOST_TEST((check(history, {}, {.steps_most = 1}).verdict == Verdict::undecided));
  BOOST_TEST((check(history, {}, {.memory_bytes_most = 1}).verdict == Verdict::undecided));
  BOOST_TEST((check(history, {}).verdict == Verdict::not_linearizable));
}

BOOST_AUTO_TEST_SUITE_END()
