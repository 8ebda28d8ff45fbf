// Histories drawn by chance: good ones, good ones with one lie in them, and tiny ones beside a judge
// that tries every order.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <map>
#include <numeric>

#include "checker/check.hpp"
#include "histories.hpp"

using namespace runink;
using namespace runink::linearizability;

namespace {

Verdict verdict_of(const History& history) { return check(history, {}).verdict; }

/// Somebody sees what was overwritten before he asked. False when there is nobody to be lied to.
bool plant_stale_read(History& history) {
  const auto is_write = [](const Operation& one) { return one.done && one.act == Act::write; };
  for (Operation& reader : history) {
    if (!reader.done || reader.act != Act::read) continue;
    for (const Operation& newer : history) {
      if (!is_write(newer) || newer.key != reader.key || *newer.done >= reader.call) continue;
      for (const Operation& older : history) {
        if (!is_write(older) || older.key != reader.key || *older.done >= newer.call) continue;
        reader.told = older.argument;
        return true;
      }
    }
  }
  return false;
}

/// The last read of a key that was appended to misses, or doubles, what was acknowledged.
bool plant_in_last_read(History& history, bool doubled) {
  Operation& last = history.back();
  for (const Operation& one : history) {
    if (!one.done || one.act != Act::append || one.key != last.key) continue;
    std::string seen = last.told->value();
    const auto at = seen.find(*one.argument);
    if (doubled)
      seen += *one.argument;
    else
      seen.erase(at, one.argument->size());
    last.told = Value{seen};
    return true;
  }
  return false;
}

// ---- a judge of its own: no search, no memory, other types -----------------------------------------

/// What one operation does to a number; false when that is not what it told.
bool happens(const Operation& one, std::string& cell) {
  const std::string argument = one.argument.value_or("-");
  const std::string before = cell;
  if (one.act == Act::read) return !one.done || one.told->value_or("-") == cell;
  if (one.act == Act::write) cell = argument;
  if (one.act == Act::remove) cell = "-";
  if (one.act == Act::append) cell = (before == "-" ? "" : before) + argument;
  if (one.act == Act::compare_and_set) {
    const bool swaps = before == one.expected.value_or("-");
    if (one.done && swaps != one.swapped) return false;
    if (swaps) cell = argument;
  }
  return true;
}

bool some_order_fits(const History& history) {
  for (unsigned left_out = 0; left_out < (1u << history.size()); ++left_out) {
    std::vector<std::size_t> order;
    bool may_be = true;
    for (std::size_t i = 0; i < history.size(); ++i) {
      const bool out = (left_out >> i & 1) != 0;
      may_be &= !(out && history[i].done);
      if (!out) order.push_back(i);
    }
    if (!may_be) continue;
    do {
      std::string cell = "-";
      bool fits = true;
      for (std::size_t i = 0; fits && i < order.size(); ++i) {
        for (std::size_t j = i + 1; j < order.size(); ++j)
          fits &= !history[order[j]].done || *history[order[j]].done >= history[order[i]].call;
        fits = fits && happens(history[order[i]], cell);
      }
      if (fits) return true;
    } while (std::ranges::next_permutation(order).found);
  }
  return false;
}

History tiny(Randomness& random) {
  History history;
  const auto value = [&]() -> Value {
    const auto n = random.below(4);
    return n == 0 ? Value{} : Value{std::to_string(n)};
  };
  for (auto n = random.between(1, 5); n > 0; --n) {
    Operation one;
    one.client = static_cast<std::uint64_t>(n);
    one.call = random.between(0, 8);
    if (random.chance(80)) one.done = one.call + random.between(0, 5);
    one.act = static_cast<Act>(random.between(1, 5));
    one.argument = one.act == Act::append ? Value{"1"} : value();
    one.expected = value();
    one.swapped = random.chance(50);
    if (one.act == Act::read) one.told = random.chance(20) ? Value{"11"} : value();
    history.push_back(one);
  }
  return history;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(drawn_histories)

BOOST_AUTO_TEST_CASE(what_was_done_atomically_is_linearizable) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    Randomness random(seed);
    const Recipe recipe{.clients = static_cast<unsigned>(random.between(1, 9)),
                        .operations = static_cast<unsigned>(random.between(1, 300)),
                        .keys = static_cast<unsigned>(random.between(1, 3)),
                        .unanswered_percent = static_cast<unsigned>(random.below(15)),
                        .only_appends_and_reads = random.chance(40)};
    const Judgement judgement = check(draw(random, recipe), {});
    BOOST_TEST((judgement.verdict == Verdict::linearizable),
               "seed " << seed << ": " << judgement.why);
  }
}

BOOST_AUTO_TEST_CASE(one_stale_read_is_found_wherever_it_is) {
  unsigned planted = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    Randomness random(seed);
    History history =
        draw(random, {.operations = 150, .keys = static_cast<unsigned>(random.between(1, 3))});
    std::ranges::rotate(
        history, history.begin() + static_cast<std::ptrdiff_t>(random.below(history.size())));
    if (!plant_stale_read(history)) continue;
    ++planted;
    BOOST_TEST((verdict_of(history) == Verdict::not_linearizable), "seed " << seed);
  }
  BOOST_TEST(planted > 50u);
}

BOOST_AUTO_TEST_CASE(an_append_that_was_lost_or_done_twice_is_found) {
  unsigned planted = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    Randomness random(seed);
    History history =
        draw(random, {.clients = 8, .operations = 200, .only_appends_and_reads = true});
    BOOST_TEST((verdict_of(history) == Verdict::linearizable));
    if (!plant_in_last_read(history, seed % 2 == 0)) continue;
    ++planted;
    BOOST_TEST((verdict_of(history) == Verdict::not_linearizable), "seed " << seed);
  }
  BOOST_TEST(planted > 50u);
}

BOOST_AUTO_TEST_CASE(tiny_histories_are_judged_as_by_trying_every_order) {
  Randomness random(5);
  std::map<bool, unsigned> seen;
  for (int round = 0; round < 4000; ++round) {
    const History history = tiny(random);
    const bool fits = some_order_fits(history);
    ++seen[fits];
    std::string drawn;
    for (const Operation& one : history) drawn += to_string(one) + "\n";
    BOOST_TEST((verdict_of(history) == Verdict::linearizable) == fits, drawn);
  }
  BOOST_TEST(seen[true] > 500u);
  BOOST_TEST(seen[false] > 500u);
}

BOOST_AUTO_TEST_CASE(a_long_history_with_hundreds_of_unanswered_operations_is_decided) {
  for (const bool appends : {false, true}) {
    Randomness random(77);
    const History history = draw(random, {.clients = 20,
                                          .operations = 6000,
                                          .keys = 4,
                                          .unanswered_percent = 8,
                                          .only_appends_and_reads = appends});
    const Judgement judgement = check(history, {});
    BOOST_TEST_MESSAGE(history.size() << " operations: " << judgement.steps << " steps");
    BOOST_TEST((judgement.verdict == Verdict::linearizable), judgement.why);
  }
}

BOOST_AUTO_TEST_SUITE_END()
