// An actor system under the test coordinator, and a way to ask its actors from a test.
#pragma once

#include <caf/all.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "actors/coroutines/coroutines.hpp"

namespace runink::co {

/// What became of a message that a test sent as a request.
template <class T>
class Question {
 public:
  bool done() const { return answer_->has_value(); }
  caf::expected<T> get() const {
    if (!done()) return caf::make_error(caf::sec::request_timeout);
    return **answer_;
  }

 private:
  friend struct Stage;
  std::shared_ptr<std::optional<caf::expected<T>>> answer_ =
      std::make_shared<std::optional<caf::expected<T>>>();
};

struct Stage {
  struct Config : caf::actor_system_config {
    Config() { set("scheduler.policy", caf::atom("testing")); }
  };
  Config config;
  caf::actor_system system{config};

  caf::scheduler::test_coordinator& scheduler() {
    return dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler());
  }
  /// Actors that hold each other would keep the system waiting for ever: the stage ends them.
  caf::actor keep(caf::actor actor) {
    kept.push_back(actor);
    return actor;
  }
  ~Stage() { end(); }
  /// A fixture whose own members are used by its actors calls this in its destructor.
  void end() {
    for (const caf::actor& one : kept) caf::anon_send_exit(one, caf::exit_reason::kill);
    run();
  }
  std::vector<caf::actor> kept;

  /// Every message there is, and no time.
  void run() {
    while (scheduler().try_run_once()) {
    }
  }
  template <class T, class... Message>
  Question<T> send(const caf::actor& to, Message... message) {
    Question<T> question;
    system.spawn(
        [to, got = question.answer_, ... parts = std::move(message)](caf::event_based_actor* self) {
          self->request(to, caf::infinite, parts...)
              .then([got](T& value) { *got = std::move(value); },
                    [got](caf::error& error) { *got = std::move(error); });
        });
    run();
    return question;
  }
  template <class T, class... Message>
  caf::expected<T> answer(const caf::actor& to, Message... message) {
    return send<T>(to, std::move(message)...).get();
  }
  /// `reason` becomes why `actor` ended.
  void watch(const caf::actor& actor, caf::error& reason) {
    keep(system.spawn([actor, &reason](caf::event_based_actor* self) -> caf::behavior {
      self->monitor(actor);
      self->set_down_handler([&reason](caf::down_msg& down) { reason = down.reason; });
      return {[](char) {}};
    }));
    run();
  }
};

}  // namespace runink::co
