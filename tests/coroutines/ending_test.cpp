// What is left of coroutines when their actors end: nothing, and in the right order.
#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "tests/coroutines/stage.hpp"

namespace runink::co {
namespace {

/// Writes its name when it ends.
struct Witness {
  Witness(std::vector<std::string>* given_log, std::string given_name)
      : log(given_log), name(std::move(given_name)) {}
  Witness(Witness&& other) noexcept
      : log(std::exchange(other.log, nullptr)), name(std::move(other.name)) {}
  ~Witness() {
    if (log) log->push_back(name);
  }
  std::vector<std::string>* log;
  std::string name;
};

struct Teller {
  std::optional<Witness> first;
  Scope scope;
};
using TellerActor = caf::stateful_actor<Teller>;

/// Never answers, and forgets the promise only with its own end.
caf::behavior deaf(caf::event_based_actor* self) {
  self->set_default_handler(caf::skip);
  return {[](char) {}};
}

Task<> wait_for_ever(TellerActor* self, caf::actor whom, std::vector<std::string>* log) {
  Witness frame{log, "frame"};
  co_await ask<int>(self, whom, caf::infinite, 1);
  log->push_back("answered");
}

Task<> sleep_long(TellerActor* self, std::vector<std::string>* log) {
  Witness frame{log, "frame"};
  co_await sleep(self, seconds(3600));
  log->push_back("woken");
}

struct Ending : Stage {
  ~Ending() { end(); }
  std::vector<std::string> log;
  caf::actor silent = keep(system.spawn(deaf));
  caf::actor teller() {
    return keep(system.spawn([this](TellerActor* self) -> caf::behavior {
      self->state.first.emplace(&log, "state");
      return {[this, self](int number) {
                for (int i = 0; i < number; ++i)
                  spawn(self, self->state.scope, wait_for_ever, self, silent, &log);
              },
              [this, self](double) { spawn(self, self->state.scope, sleep_long, self, &log); },
              [this, self](const std::string&) {
                return respond<int>(
                    self, self->state.scope,
                    [](TellerActor* me, caf::actor whom) -> Task<int> {
                      co_return *co_await ask<int>(me, whom, caf::infinite, 1);
                    },
                    self, silent);
              },
              [self](bool) { self->quit(); }, [self](char) { self->state.scope.cancel_all(); }};
    }));
  }
};

BOOST_FIXTURE_TEST_SUITE(endings, Ending)

BOOST_AUTO_TEST_CASE(frames_end_before_the_state_they_use) {
  auto actor = teller();
  caf::anon_send(actor, 2);
  run();
  BOOST_TEST(live_frames() == 4);  // two roots, a task each
  caf::anon_send_exit(actor, caf::exit_reason::kill);
  run();
  const std::vector<std::string> expected{"frame", "frame", "state"};
  BOOST_TEST(log == expected, boost::test_tools::per_element());
  BOOST_TEST(live_frames() == 0);
}

BOOST_AUTO_TEST_CASE(an_actor_that_quits_takes_its_coroutines_along) {
  auto actor = teller();
  caf::anon_send(actor, 1);
  caf::anon_send(actor, true);
  run();
  BOOST_TEST(live_frames() == 0);
  BOOST_TEST(log.size() == 2u);
}

BOOST_AUTO_TEST_CASE(a_sleeper_that_dies_leaves_no_timer_that_would_keep_its_actor) {
  auto actor = teller();
  caf::anon_send(actor, 1.0);
  run();
  BOOST_TEST(scheduler().has_pending_timeout());
  caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
  run();
  BOOST_TEST(!scheduler().has_pending_timeout());
  BOOST_TEST(live_frames() == 0);
}

BOOST_AUTO_TEST_CASE(a_requester_hears_when_the_answering_coroutine_dies_with_its_actor) {
  auto actor = teller();
  auto question = send<int>(actor, std::string("please"));
  BOOST_TEST(!question.done());
  caf::anon_send_exit(actor, caf::exit_reason::kill);
  run();
  BOOST_REQUIRE(question.done());
  BOOST_TEST((question.get().error() == caf::sec::request_receiver_down));
  BOOST_TEST((to_fault(question.get().error(), "The teller").kind == FaultKind::unknown_outcome));
}

BOOST_AUTO_TEST_CASE(a_scope_that_is_cancelled_ends_the_waiting_and_the_actor_lives) {
  auto actor = teller();
  caf::anon_send(actor, 3);
  run();
  caf::anon_send(actor, 'x');
  run();
  BOOST_TEST(live_frames() == 0);
  caf::anon_send(actor, 1);
  run();
  BOOST_TEST(live_frames() == 2);
}

BOOST_AUTO_TEST_CASE(a_late_answer_to_a_cancelled_coroutine_is_dropped) {
  auto slow = keep(system.spawn([](caf::event_based_actor* self) -> caf::behavior {
    auto promise = std::make_shared<caf::typed_response_promise<int>>();
    return {[self, promise](int) {
              *promise = self->make_response_promise<int>();
              return *promise;
            },
            [promise](char) { promise->deliver(5); }};
  }));
  auto actor = keep(system.spawn([this, slow](TellerActor* self) -> caf::behavior {
    return {[this, self, slow](int) {
              spawn(self, self->state.scope, wait_for_ever, self, slow, &log);
            },
            [self](char) { self->state.scope.cancel_all(); }};
  }));
  caf::anon_send(actor, 1);
  run();
  caf::anon_send(actor, 'x');
  run();
  caf::anon_send(slow, 'x');
  run();
  const std::vector<std::string> expected{"frame"};
  BOOST_TEST(log == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_coroutine_that_quits_its_own_actor_ends_at_its_next_wait) {
  auto actor = keep(system.spawn([this](TellerActor* self) -> caf::behavior {
    return {[this, self](int) {
      spawn(self, self->state.scope, [self, log = &log]() -> Task<> {
        Witness frame{log, "frame"};
        self->quit();
        log->push_back("still here");
        co_await sleep(self, milliseconds(1));
        log->push_back("never");
      });
    }};
  }));
  caf::anon_send(actor, 1);
  run();
  scheduler().advance_time(std::chrono::seconds(1));
  run();
  const std::vector<std::string> expected{"still here", "frame"};
  BOOST_TEST(log == expected, boost::test_tools::per_element());
  BOOST_TEST(live_frames() == 0);
}

BOOST_AUTO_TEST_CASE(a_thousand_waiting_coroutines_of_churning_actors_leave_nothing) {
  for (int round = 0; round < 50; ++round) {
    auto actor = teller();
    caf::anon_send(actor, 10);
    caf::anon_send(actor, 1.0);
    run();
    if (round % 2)
      caf::anon_send(actor, true);
    else
      caf::anon_send_exit(actor, caf::exit_reason::kill);
    run();
  }
  BOOST_TEST(live_frames() == 0);
  BOOST_TEST(log.size() == 50u * 12);
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace
}  // namespace runink::co
