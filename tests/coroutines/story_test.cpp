// Coroutines of actors under CAF's test coordinator: one thread, virtual time, every step chosen.
#include <boost/test/unit_test.hpp>

#include "tests/coroutines/stage.hpp"

namespace runink::co {
namespace {

struct StoryTeller {
  std::string told;
  Scope scope;
};
using StoryTellerActor = caf::stateful_actor<StoryTeller>;

Task<int> doubled(int number) { co_return number * 2; }

Task<int> ask_twice(StoryTellerActor* self, caf::actor other, int number) {
  int first = co_await ask_or_throw<int>(self, other, seconds(1), number);
  auto second = co_await ask<int>(self, other, seconds(1), co_await doubled(first));
  co_return *second;
}

caf::behavior adder(caf::event_based_actor*) {
  return {[](int number) { return number + 1; },
          [](const std::string& text) { return text + "!"; }};
}

struct Staged : Stage {
  caf::actor other = system.spawn(adder);
  template <class F>
  caf::actor teller(F behavior) {
    return keep(system.spawn(
        [behavior](StoryTellerActor* self) -> caf::behavior { return behavior(self); }));
  }
};

BOOST_FIXTURE_TEST_SUITE(stories, Staged)

BOOST_AUTO_TEST_CASE(a_handler_answers_with_what_its_coroutine_returns) {
  auto actor = teller([this](StoryTellerActor* self) -> caf::behavior {
    return {[this, self](int number) {
      return respond<int>(self, self->state.scope, ask_twice, self, other, number);
    }};
  });
  BOOST_TEST(*answer<int>(actor, 10) == 23);
  BOOST_TEST(live_frames() == 0);
}

BOOST_AUTO_TEST_CASE(time_passes_only_while_one_sleeps) {
  auto actor = teller([](StoryTellerActor* self) -> caf::behavior {
    return {[self](int) {
      return respond<bool>(self, self->state.scope, [self]() -> Task<bool> {
        co_await sleep(self, seconds(3600));
        co_return true;
      });
    }};
  });
  auto question = send<bool>(actor, 1);
  scheduler().advance_time(std::chrono::seconds(3599));
  run();
  BOOST_TEST(!question.done());
  scheduler().advance_time(std::chrono::seconds(1));
  run();
  BOOST_TEST(*question.get());
  BOOST_TEST(!scheduler().has_pending_timeout());
}

BOOST_AUTO_TEST_CASE(an_answer_that_does_not_come_is_a_timeout_at_its_time) {
  auto silent = keep(system.spawn([](caf::event_based_actor* self) -> caf::behavior {
    self->set_default_handler(caf::skip);
    return {[](char) {}};
  }));
  auto actor = teller([silent](StoryTellerActor* self) -> caf::behavior {
    return {[self, silent](int) {
      return respond<std::string>(self, self->state.scope, [self, silent]() -> Task<std::string> {
        auto got = co_await ask<int>(self, silent, milliseconds(250), 7);
        co_return got ? "answered" : to_fault(got.error(), "the silent one").what;
      });
    }};
  });
  auto question = send<std::string>(actor, 1);
  scheduler().advance_time(std::chrono::milliseconds(249));
  run();
  BOOST_TEST(!question.done());
  scheduler().advance_time(std::chrono::milliseconds(1));
  run();
  BOOST_TEST(*question.get() == "No answer from the silent one before the deadline.");
}

BOOST_AUTO_TEST_CASE(an_answer_in_time_leaves_no_timer_behind) {
  auto actor = teller([this](StoryTellerActor* self) -> caf::behavior {
    return {[this, self](int) {
      return respond<int>(self, self->state.scope, ask_twice, self, other, 1);
    }};
  });
  BOOST_TEST(static_cast<bool>(answer<int>(actor, 1)));
  BOOST_TEST(!scheduler().has_pending_timeout());
}

BOOST_AUTO_TEST_CASE(an_answer_of_another_type_is_an_error_and_no_crash) {
  auto actor = teller([this](StoryTellerActor* self) -> caf::behavior {
    return {[this, self](int number) {
      return respond<int>(
          self, self->state.scope,
          [](StoryTellerActor* me, caf::actor whom, int what) -> Task<int> {
            co_return (co_await ask_or_throw<std::string>(me, whom, seconds(1), what)).size();
          },
          self, other, number);
    }};
  });
  auto got = answer<int>(actor, 1);
  BOOST_REQUIRE(!got);
  BOOST_TEST((got.error() == caf::sec::unexpected_response));
}

BOOST_AUTO_TEST_CASE(several_values_arrive_as_a_tuple_and_none_as_a_unit) {
  auto pair = system.spawn([](caf::event_based_actor*) -> caf::behavior {
    return {[](int number) { return caf::make_message(number, std::string("two")); },
            [](double) {}};
  });
  auto actor = teller([pair](StoryTellerActor* self) -> caf::behavior {
    return {[self, pair](int) {
      return respond<int>(self, self->state.scope, [self, pair]() -> Task<int> {
        auto both = co_await ask<int, std::string>(self, pair, seconds(1), 40);
        auto none = co_await ask<>(self, pair, seconds(1), 1.0);
        co_return none ? std::get<0>(*both) + static_cast<int>(std::get<1>(*both).size()) : -1;
      });
    }};
  });
  BOOST_TEST(*answer<int>(actor, 0) == 43);
}

BOOST_AUTO_TEST_CASE(the_asked_actor_that_dies_is_told_apart_from_silence) {
  auto dying = system.spawn([](caf::event_based_actor* self) -> caf::behavior {
    return {[self](int) {
      self->quit(caf::exit_reason::user_shutdown);
      return self->make_response_promise();  // dropped
    }};
  });
  auto actor = teller([dying](StoryTellerActor* self) -> caf::behavior {
    return {[self, dying](int) {
      return respond<bool>(self, self->state.scope, [self, dying]() -> Task<bool> {
        self->send_exit(dying, caf::exit_reason::kill);
        auto got = co_await ask<int>(self, dying, seconds(5), 1);
        co_return !got && got.error() == caf::sec::request_receiver_down;
      });
    }};
  });
  BOOST_TEST(*answer<bool>(actor, 1));
}

BOOST_AUTO_TEST_CASE(an_exception_answers_the_requester_and_the_actor_lives_on) {
  auto actor = teller([](StoryTellerActor* self) -> caf::behavior {
    return {[self](int number) {
      return respond<int>(
          self, self->state.scope,
          [](int what) -> Task<int> {
            if (what == 0) throw std::runtime_error("nought");
            co_return what;
          },
          number);
    }};
  });
  auto refused = answer<int>(actor, 0);
  BOOST_REQUIRE(!refused);
  BOOST_TEST((refused.error() == caf::sec::runtime_error));
  BOOST_TEST(*answer<int>(actor, 5) == 5);
}

BOOST_AUTO_TEST_CASE(an_exception_of_a_spawned_coroutine_ends_the_actor_with_its_error) {
  auto actor = teller([](StoryTellerActor* self) -> caf::behavior {
    return {[self](int) {
      spawn(self, self->state.scope, [self]() -> Task<> {
        co_await sleep(self, milliseconds(5));
        throw std::runtime_error("fell over");
      });
    }};
  });
  static caf::error reason;  // outlives the watcher
  reason = caf::error{};
  watch(actor, reason);
  caf::anon_send(actor, 1);
  run();
  scheduler().advance_time(std::chrono::milliseconds(5));
  run();
  BOOST_TEST_CONTEXT("it ended with " << system.render(reason))
  BOOST_TEST((reason == caf::sec::runtime_error));
  BOOST_TEST(live_frames() == 0);
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace
}  // namespace runink::co
