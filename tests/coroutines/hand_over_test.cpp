// The workers' policy: who runs next, and where.
#include "actors/coroutines/hand_over.hpp"

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <caf/all.hpp>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <thread>

#include "actors/coroutines/coroutines.hpp"

namespace runink::co {
namespace {

using go_atom = caf::atom_constant<caf::atom("go")>;
using where_atom = caf::atom_constant<caf::atom("where")>;
constexpr auto patience = std::chrono::seconds(20);

struct Workers {
  ActorSystemConfig config;
  caf::actor_system system{config};
};

caf::behavior says_where(caf::event_based_actor*) {
  return {[](where_atom) {
    return static_cast<std::uint64_t>(std::hash<std::thread::id>{}(std::this_thread::get_id()));
  }};
}

/// Answers with the threads of itself and of the one that it asked.
caf::behavior asks_where(caf::event_based_actor* self, caf::actor other) {
  return {[self, other](go_atom) {
    const std::uint64_t here = std::hash<std::thread::id>{}(std::this_thread::get_id());
    auto promise = self->make_response_promise();
    self->request(other, caf::infinite, where_atom::value)
        .then([promise, here](std::uint64_t there) mutable { promise.deliver(here == there); });
    return promise;
  }};
}

BOOST_FIXTURE_TEST_SUITE(hand_over, Workers)

BOOST_AUTO_TEST_CASE(what_a_handler_asks_runs_next_on_its_own_thread) {
  const caf::actor other = system.spawn(says_where);
  const caf::actor asks = system.spawn(asks_where, other);
  caf::scoped_actor self{system};
  constexpr int rounds = 200;
  int same = 0;
  for (int i = 0; i < rounds; ++i)
    self->request(asks, patience, go_atom::value)
        .receive([&](bool answer) { same += answer ? 1 : 0; }, [](caf::error&) {});
  // A round takes two turns out of the slot, the question and the answer. After so many in a row one
  // goes to the queue, where either worker may take it.
  BOOST_TEST(same >= rounds - rounds * 2 / static_cast<int>(HandOver::in_a_row_most));
}

BOOST_AUTO_TEST_CASE(of_two_that_a_handler_made_ready_one_runs_while_the_handler_goes_on) {
  auto first_ran = std::make_shared<std::promise<void>>();
  const caf::actor first = system.spawn([first_ran](caf::event_based_actor*) -> caf::behavior {
    return {[first_ran](go_atom) { first_ran->set_value(); }};
  });
  const caf::actor second =
      system.spawn([](caf::event_based_actor*) -> caf::behavior { return {[](go_atom) {}}; });
  auto seen = std::make_shared<std::promise<bool>>();
  const caf::actor both = system.spawn([=](caf::event_based_actor* self) -> caf::behavior {
    return {[=](go_atom) {
      auto ran = first_ran->get_future();
      const auto until = std::chrono::steady_clock::now() + patience;
      self->send(first, go_atom::value);
      // Who still runs elsewhere is not made ready by what it is sent, and pushes nobody out of the slot.
      do {
        self->send(second, go_atom::value);
      } while (ran.wait_for(std::chrono::milliseconds(1)) != std::future_status::ready &&
               std::chrono::steady_clock::now() < until);
      seen->set_value(ran.wait_for(std::chrono::seconds(0)) == std::future_status::ready);
    }};
  });
  caf::anon_send(both, go_atom::value);
  BOOST_TEST(seen->get_future().get());
}

/// Two that answer each other until `stop`.
caf::actor endless(caf::actor_system& system, std::shared_ptr<std::atomic<bool>> stop) {
  auto player = [stop](caf::event_based_actor* self) -> caf::behavior {
    return {[self, stop](go_atom, caf::actor& other) {
      if (!*stop) self->send(other, go_atom::value, caf::actor_cast<caf::actor>(self->ctrl()));
    }};
  };
  const caf::actor one = system.spawn(player);
  const caf::actor two = system.spawn(player);
  caf::anon_send(one, go_atom::value, two);
  return one;
}

BOOST_AUTO_TEST_CASE(pairs_that_answer_each_other_without_end_keep_nobody_waiting) {
  auto stop = std::make_shared<std::atomic<bool>>(false);
  for (int pair = 0; pair < 4; ++pair) endless(system, stop);  // more than there are workers
  const caf::actor other = system.spawn(says_where);
  caf::scoped_actor self{system};
  for (int i = 0; i < 50; ++i) {
    bool answered = false;
    self->request(other, patience, where_atom::value)
        .receive([&](std::uint64_t) { answered = true; }, [](caf::error&) {});
    BOOST_REQUIRE(answered);
  }
  *stop = true;
}

BOOST_AUTO_TEST_CASE(a_system_ends_while_its_actors_still_have_messages) {
  auto stop = std::make_shared<std::atomic<bool>>(false);
  for (int pair = 0; pair < 4; ++pair) endless(system, stop);
  *stop = true;  // the destructor of the system waits for the actors, which nobody holds any more
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace runink::co
