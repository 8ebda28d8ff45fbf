// Disk threads and Asio, with the real scheduler and real threads.
#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/test/unit_test.hpp>
#include <future>
#include <latch>
#include <stdexcept>
#include <thread>

#include "actors/coroutines/coroutines.hpp"

namespace asio = boost::asio;

namespace runink::co {
namespace {

struct Worker {
  Scope scope;
};
using WorkerActor = caf::stateful_actor<Worker>;

/// The parts in the order in which a node has them: they end in the opposite one, so that what actors
/// use outlives the actors.
struct Threads {
  asio::io_context io;
  asio::executor_work_guard<asio::io_context::executor_type> work{io.get_executor()};
  DiskThreads disk{2, 8};
  ActorSystemConfig config;
  caf::actor_system system{config};
  std::optional<AsioGate> gate{std::in_place, system};
  std::thread thread{[this] { io.run(); }};

  ~Threads() {
    settle();
    disk.stop();
    io.stop();
    thread.join();
    gate.reset();
  }
  /// What `f`, an actor's coroutine, returns.
  template <class T, class F>
  caf::expected<T> within_actor(F f) {
    caf::scoped_actor self{system};
    auto actor = system.spawn([f](WorkerActor* worker) -> caf::behavior {
      return {[f, worker](int) { return respond<T>(worker, worker->state.scope, f, worker); }};
    });
    caf::expected<T> result{caf::error{}};
    self->request(actor, std::chrono::seconds(20), 1)
        .receive([&](T& value) { result = std::move(value); },
                 [&](caf::error& error) { result = std::move(error); });
    return result;
  }
  void settle() {
    for (int i = 0; i < 2000 && live_frames() != 0; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
};

BOOST_FIXTURE_TEST_SUITE(threads, Threads)

BOOST_AUTO_TEST_CASE(a_disk_job_runs_elsewhere_and_its_actor_goes_on_with_the_result) {
  auto same = within_actor<bool>([this](WorkerActor* self) -> Task<bool> {
    auto elsewhere = co_await on_disk(self, disk, [] { return std::this_thread::get_id(); });
    co_return *elsewhere == std::this_thread::get_id();
  });
  BOOST_TEST(*same == false);
}

BOOST_AUTO_TEST_CASE(a_disk_job_gives_its_fault_or_its_exception) {
  auto told = within_actor<std::string>([this](WorkerActor* self) -> Task<std::string> {
    auto failed = co_await on_disk(self, disk, []() -> Result<int> {
      return fail(FaultKind::corrupt, "Not what was written.");
    });
    std::string text = failed.error().what;
    try {
      (void)co_await on_disk(self, disk, []() -> int { throw std::runtime_error("thrown"); });
    } catch (const std::runtime_error& error) {
      text += error.what();
    }
    auto nothing = co_await on_disk(self, disk, [] {});
    co_return text + (nothing ? "." : "!");
  });
  BOOST_TEST(*told == "Not what was written.thrown.");
}

BOOST_AUTO_TEST_CASE(what_a_job_owns_is_destroyed_once) {
  auto owned = std::make_shared<int>(3);
  std::vector<std::shared_ptr<int>> spare(4, owned);  // a double destruction would be seen below
  auto sum = within_actor<int>([this, owned](WorkerActor* self) -> Task<int> {
    auto read = [owned] { return *owned; };
    auto first = co_await on_disk(self, disk, read);
    auto wait = [owned]() -> asio::awaitable<int> { co_return *owned; };
    co_return *first + co_await on_asio(self, io.get_executor(), wait);
  });
  BOOST_TEST(*sum == 6);
  settle();
  disk.stop();
  for (int i = 0; i < 2000 && owned.use_count() != 5; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  BOOST_TEST(owned.use_count() == 5);
}

BOOST_AUTO_TEST_CASE(a_full_queue_and_stopped_threads_are_faults_at_once) {
  std::latch hold(1);
  std::latch held(2);
  for (int i = 0; i < 2; ++i)
    BOOST_REQUIRE(disk.submit([&] {
      held.count_down();
      hold.wait();
    }));
  held.wait();
  for (int i = 0; i < 8; ++i) BOOST_REQUIRE(disk.submit([] {}));
  auto told = within_actor<std::string>([this](WorkerActor* self) -> Task<std::string> {
    auto refused = co_await on_disk(self, disk, [] { return 1; });
    co_return std::string(to_string(refused.error().kind));
  });
  BOOST_TEST(*told == "exhausted");
  hold.count_down();
  disk.stop();
  BOOST_TEST((disk.submit([] {}).error().kind == FaultKind::outside_failed));
}

BOOST_AUTO_TEST_CASE(stopping_runs_what_waits) {
  std::atomic<int> ran = 0;
  for (int i = 0; i < 8; ++i)
    BOOST_REQUIRE(disk.submit([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      ++ran;
    }));
  disk.stop();
  BOOST_TEST(ran == 8);
}

BOOST_AUTO_TEST_CASE(the_result_for_an_actor_that_ended_is_dropped) {
  std::latch started(1);
  std::latch go_on(1);
  auto result = std::make_shared<int>(7);
  std::weak_ptr<int> watched = result;
  auto actor = system.spawn([&](WorkerActor* self) -> caf::behavior {
    return {[&, self](int) {
      spawn(self, self->state.scope, [&, self]() -> Task<> {
        auto hold = [&, kept = watched.lock()] {
          started.count_down();
          go_on.wait();
          return kept;
        };
        auto held = co_await on_disk(self, disk, hold);
        BOOST_ERROR("went on after the end of its actor");
      });
    }};
  });
  caf::anon_send(actor, 1);
  started.wait();
  result.reset();
  caf::anon_send_exit(actor, caf::exit_reason::kill);
  settle();
  BOOST_TEST(live_frames() == 0);
  go_on.count_down();
  disk.stop();
  BOOST_TEST(watched.expired());
}

BOOST_AUTO_TEST_CASE(an_asio_coroutine_waits_for_a_disk_job_on_its_own_thread) {
  auto told = asio::co_spawn(
      io,
      [this]() -> asio::awaitable<bool> {
        auto before = std::this_thread::get_id();
        auto elsewhere = co_await on_disk(disk, [] { return std::this_thread::get_id(); });
        co_return *elsewhere != before&& std::this_thread::get_id() == before;
      },
      asio::use_future);
  BOOST_TEST(told.get());
}

BOOST_AUTO_TEST_CASE(an_asio_coroutine_asks_an_actor) {
  auto actor = system.spawn([](caf::event_based_actor*) -> caf::behavior {
    return {[](int number) { return number + 1; },
            [](double) -> caf::result<Result<int>> {
              return Result<int>(fail(FaultKind::refused, "No."));
            }};
  });
  auto told = asio::co_spawn(
      io,
      [this, actor]() -> asio::awaitable<std::string> {
        auto sum = co_await gate->ask<int>(actor, seconds(5), 41);
        auto wrong = co_await gate->ask<std::string>(actor, seconds(5), 41);
        auto refused = co_await gate->ask_result<int>("The actor", actor, seconds(5), 1.0);
        co_return std::to_string(*sum) + (wrong ? "?" : " unexpected ") + refused.error().what;
      },
      asio::use_future);
  BOOST_TEST(told.get() == "42 unexpected No.");
  BOOST_TEST(gate->pending() == 0u);
}

BOOST_AUTO_TEST_CASE(a_gate_tells_silence_from_death) {
  auto silent = system.spawn([](caf::event_based_actor* self) -> caf::behavior {
    self->set_default_handler(caf::skip);
    return {[](char) {}};
  });
  auto told = asio::co_spawn(
      io,
      [this, silent]() -> asio::awaitable<std::string> {
        auto late = co_await gate->ask<int>(silent, milliseconds(20), 1);
        std::string text = late.error() == caf::sec::request_timeout ? "late " : "? ";
        caf::anon_send_exit(silent, caf::exit_reason::kill);
        auto gone = co_await gate->ask<int>(silent, seconds(10), 1);
        co_return text + (gone.error() == caf::sec::request_receiver_down ? "gone" : "?");
      },
      asio::use_future);
  BOOST_TEST(told.get() == "late gone");
}

BOOST_AUTO_TEST_CASE(an_actor_waits_for_an_asio_coroutine_and_takes_what_cannot_be_copied) {
  auto told = within_actor<int>([this](WorkerActor* self) -> Task<int> {
    auto made =
        co_await on_asio(self, io.get_executor(), []() -> asio::awaitable<std::unique_ptr<int>> {
          asio::steady_timer timer(co_await asio::this_coro::executor,
                                   std::chrono::milliseconds(1));
          co_await timer.async_wait(asio::use_awaitable);
          co_return std::make_unique<int>(9);
        });
    co_return *made;
  });
  BOOST_TEST(*told == 9);
  auto thrown = within_actor<int>([this](WorkerActor* self) -> Task<int> {
    co_await on_asio(self, io.get_executor(), []() -> asio::awaitable<void> {
      throw std::runtime_error("torn");
      co_return;
    });
    co_return 1;
  });
  BOOST_TEST((thrown.error() == caf::sec::runtime_error));
}

BOOST_AUTO_TEST_CASE(the_end_of_an_actor_cancels_the_asio_coroutine_it_waits_for) {
  std::promise<bool> cancelled;
  std::latch started(1);
  auto actor = system.spawn([&](WorkerActor* self) -> caf::behavior {
    return {[&, self](int) {
      spawn(self, self->state.scope, [&, self]() -> Task<> {
        co_await on_asio(self, io.get_executor(), [&]() -> asio::awaitable<void> {
          asio::steady_timer timer(co_await asio::this_coro::executor, std::chrono::hours(1));
          started.count_down();
          try {
            co_await timer.async_wait(asio::use_awaitable);
          } catch (const boost::system::system_error& error) {
            cancelled.set_value(error.code() == asio::error::operation_aborted);
          }
        });
      });
    }};
  });
  caf::anon_send(actor, 1);
  started.wait();
  caf::anon_send_exit(actor, caf::exit_reason::kill);
  auto answer = cancelled.get_future();
  BOOST_REQUIRE((answer.wait_for(std::chrono::seconds(10)) == std::future_status::ready));
  BOOST_TEST(answer.get());
}

BOOST_AUTO_TEST_CASE(churning_actors_with_jobs_under_way_leave_nothing) {
  std::vector<caf::actor> actors;
  for (int i = 0; i < 200; ++i)
    actors.push_back(system.spawn([this](WorkerActor* self) -> caf::behavior {
      return {[this, self](int) {
        spawn(self, self->state.scope, [this, self]() -> Task<> {
          while (true) {
            (void)co_await on_disk(self, disk, [] { return 1; });
            co_await sleep(self, microseconds(100));
          }
        });
      }};
    }));
  for (auto& one : actors) caf::anon_send(one, 1);
  std::this_thread::sleep_for(std::chrono::milliseconds(30));
  for (auto& one : actors) caf::anon_send_exit(one, caf::exit_reason::kill);
  settle();
  BOOST_TEST(live_frames() == 0);
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace
}  // namespace runink::co
