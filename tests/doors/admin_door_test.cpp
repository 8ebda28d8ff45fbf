// The admin door with real sockets.
#include "actors/doors/admin_door.hpp"

#include <grp.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/test/unit_test.hpp>
#include <future>
#include <thread>

#include "tests/doors/client.hpp"

namespace asio = boost::asio;

namespace runink::actors {
namespace {

/// Serves verbs that do what their names say.
struct Scripted : AdminHandler {
  std::atomic<int> running = 0;
  std::atomic<int> cancelled = 0;
  std::atomic<int> events_sent = 0;
  AdminRequest last;

  struct Running {
    explicit Running(Scripted& given) : all(given) { ++all.running; }
    ~Running() { --all.running; }
    Scripted& all;
  };

  asio::awaitable<Result<boost::json::value>> handle(AdminRequest request,
                                                     AdminStream& stream) override {
    Running counted(*this);
    last = request;
    if (request.verb == "echo") co_return request.body.at("text");
    if (request.verb == "missing")
      co_return fail(FaultKind::no_such_thing, "There is no such run.");
    if (request.verb == "throw") throw std::runtime_error("a broken wire");
    if (request.verb == "compile") {
      boost::json::array found;
      found.push_back(boost::json::object{{"line", 3}});
      stream.diagnostics(std::move(found));
      co_return fail(FaultKind::bad_input, "One mistake.");
    }
    if (request.verb == "count") {
      for (int i = 0; i < 3; ++i) co_await stream.event(i);
      co_return "counted";
    }
    if (request.verb == "flood") {
      const std::string block(100'000, 'x');
      for (events_sent = 0; events_sent < 200; ++events_sent) {
        boost::json::value event(block);
        co_await stream.event(std::move(event));
      }
      co_return "flooded";
    }
    co_return co_await sleep_long();
  }
  asio::awaitable<Result<boost::json::value>> sleep_long() {
    asio::steady_timer timer(co_await asio::this_coro::executor, std::chrono::hours(1));
    try {
      co_await timer.async_wait(asio::use_awaitable);
    } catch (const boost::system::system_error&) {
      ++cancelled;
      throw;
    }
    co_return "slept";
  }
};

struct Open : Folder {
  std::filesystem::path socket = path / "n1.sock";
  Scripted handler;
  asio::io_context io{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{io.get_executor()};
  co::DiskThreads disk{1, 16};
  std::unique_ptr<AdminDoor> door;
  std::thread thread{[this] { io.run(); }};

  Open() {
    AdminDoorOptions options;
    options.socket = socket;
    open(std::move(options));
  }
  void open(AdminDoorOptions options) {
    if (door) door->stop();
    auto opened =
        AdminDoor::open(io.get_executor(), std::move(options), handler, disk, Log::silent());
    BOOST_REQUIRE(opened);
    door = std::move(*opened);
  }
  ~Open() {
    door->stop();
    door.reset();
    work.reset();
    thread.join();
    disk.stop();
  }
  template <class F>
  bool comes_true(F condition) {
    for (int i = 0; i < 5000; ++i) {
      if (condition()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return false;
  }
  /// The number of events that went out, once no more can: after a hundred rounds of the io thread, in which all
  /// that is ready runs and what was written is in the other's socket, only someone from outside can move it.
  int settled_events() {
    int seen = -1;
    for (int still = 0; still < 100; ++still) {
      std::promise<void> round;
      asio::post(io, [&round] { round.set_value(); });
      round.get_future().wait();
      if (handler.events_sent == seen) continue;
      seen = handler.events_sent;
      still = 0;
    }
    return seen;
  }
};

BOOST_FIXTURE_TEST_SUITE(admin_door, Open)

BOOST_AUTO_TEST_CASE(a_request_is_answered_and_its_caller_known) {
  Client client(socket);
  client.say("{\"id\":1,\"verb\":\"echo\",\"text\":\"hello\"}\n");
  BOOST_TEST(*client.hear() == "{\"id\":1,\"result\":\"hello\"}");
  BOOST_TEST(handler.last.caller.uid == ::geteuid());
  BOOST_TEST(handler.last.caller.pid == ::getpid());
  BOOST_TEST(!handler.last.caller.name.empty());
  BOOST_TEST(handler.last.deadline.has_value());
}

BOOST_AUTO_TEST_CASE(requests_of_one_connection_are_answered_in_their_order_however_they_arrive) {
  Client client(socket);
  std::string all;
  for (int i = 0; i < 500; ++i)
    all += "{\"id\":" + std::to_string(i) + ",\"verb\":\"" + (i % 3 ? "echo" : "count") +
           "\",\"text\":1}\n";
  std::thread sender([&] {
    for (std::size_t at = 0; at < all.size(); at += 777) client.say(all.substr(at, 777));
  });
  for (int i = 0; i < 500; ++i) {
    boost::json::value answer = client.hear_json();
    while (answer.as_object().contains("event")) answer = client.hear_json();
    BOOST_TEST(answer.at("id").as_int64() == i);
  }
  sender.join();
}

BOOST_AUTO_TEST_CASE(events_come_before_the_result) {
  Client client(socket);
  client.say("{\"id\":\"e\",\"verb\":\"count\"}\n");
  for (int i = 0; i < 3; ++i) BOOST_TEST(client.hear_json().at("event").as_int64() == i);
  BOOST_TEST(*client.hear() == "{\"id\":\"e\",\"result\":\"counted\"}");
}

BOOST_AUTO_TEST_CASE(errors_carry_kind_exit_code_and_diagnostics) {
  Client client(socket);
  client.say("{\"id\":1,\"verb\":\"missing\"}\n{\"id\":2,\"verb\":\"compile\"}\n");
  auto missing = client.hear_json();
  BOOST_TEST(text(missing.at("error").at("kind")) == "\"no_such_thing\"");
  BOOST_TEST(missing.at("error").at("exit").as_int64() == 4);
  BOOST_TEST(client.hear_json().at("error").at("diagnostics").at(0).at("line").as_int64() == 3);
}

BOOST_AUTO_TEST_CASE(a_handler_that_throws_costs_one_answer_and_no_more) {
  Client client(socket);
  client.say("{\"id\":1,\"verb\":\"throw\"}\n{\"id\":2,\"verb\":\"echo\",\"text\":1}\n");
  auto failed = client.hear_json();
  BOOST_TEST(text(failed.at("error").at("kind")) == "\"outside_failed\"");
  BOOST_TEST(text(failed).find("a broken wire") != std::string::npos);
  BOOST_TEST(client.hear_json().at("result").as_int64() == 1);
}

BOOST_AUTO_TEST_CASE(what_is_no_request_is_answered_and_the_next_line_is_served) {
  Client client(socket);
  client.say("nonsense\n\n  \r\n{\"id\":9,\"verb\":\"echo\",\"text\":true}\n");
  auto told = client.hear_json();
  BOOST_TEST(told.at("id").is_null());
  BOOST_TEST(told.at("error").at("exit").as_int64() == 1);
  BOOST_TEST(*client.hear() == "{\"id\":9,\"result\":true}");
}

BOOST_AUTO_TEST_CASE(a_long_line_is_read_up_to_the_limit_and_refused_beyond) {
  AdminDoorOptions options;
  options.socket = socket;
  options.line = KiB(300);
  open(options);
  const std::string fits(250'000, 'x');
  Client client(socket);
  client.say("{\"id\":1,\"verb\":\"echo\",\"text\":\"" + fits + "\"}\n");
  BOOST_TEST(client.hear_json().at("result").as_string().size() == fits.size());
  client.say(std::string(400'000, 'y'));
  BOOST_TEST(text(client.hear_json().at("error").at("message")).find("307200") !=
             std::string::npos);
  BOOST_TEST(!client.hear().has_value());
}

BOOST_AUTO_TEST_CASE(closing_the_connection_cancels_what_runs) {
  Client client(socket);
  client.say("{\"id\":1,\"verb\":\"sleep\"}\n{\"id\":2,\"verb\":\"sleep\"}\n");
  BOOST_REQUIRE(comes_true([&] { return handler.running == 1; }));
  client.close();
  BOOST_TEST(comes_true([&] { return door->connections() == 0; }));
  BOOST_TEST(handler.cancelled == 1);
  BOOST_TEST(handler.running == 0);
}

BOOST_AUTO_TEST_CASE(half_closing_cancels_nothing_until_the_rest_is_closed_too) {
  Client one(socket);
  one.say("{\"id\":1,\"verb\":\"count\"}\n{\"id\":2,\"verb\":\"echo\",\"text\":5}");  // no line end
  one.half_close();
  for (int i = 0; i < 4; ++i) one.hear();
  BOOST_TEST(one.hear_json().at("result").as_int64() == 5);
  BOOST_TEST(!one.hear().has_value());

  Client other(socket);
  other.say("{\"id\":1,\"verb\":\"sleep\"}\n");
  other.half_close();
  BOOST_REQUIRE(comes_true([&] { return handler.running == 1; }));
  std::this_thread::sleep_for(std::chrono::milliseconds(120));
  BOOST_TEST(handler.running == 1);
  other.close();
  BOOST_TEST(comes_true([&] { return handler.running == 0; }));
}

BOOST_AUTO_TEST_CASE(a_deadline_answers_cancels_and_leaves_the_connection_usable) {
  Client client(socket);
  client.say("{\"id\":1,\"verb\":\"sleep\",\"timeout_ms\":30}\n");
  auto late = client.hear_json();
  BOOST_TEST(late.at("error").at("exit").as_int64() == 7);
  client.say("{\"id\":2,\"verb\":\"echo\",\"text\":2}\n");
  BOOST_TEST(client.hear_json().at("result").as_int64() == 2);
  BOOST_TEST(handler.cancelled == 1);
}

BOOST_AUTO_TEST_CASE(who_does_not_read_stops_his_own_events_and_nobody_elses) {
  Client slow(socket);
  slow.say("{\"id\":1,\"verb\":\"flood\"}\n");
  BOOST_REQUIRE(comes_true([&] { return handler.events_sent > 0; }));
  const int stopped_at = settled_events();
  BOOST_TEST(stopped_at < 50);
  Client other(socket);
  other.say("{\"id\":1,\"verb\":\"echo\",\"text\":1}\n");
  BOOST_TEST(other.hear_json().at("result").as_int64() == 1);
  BOOST_TEST(handler.events_sent == stopped_at);
  for (int i = 0; i < 200; ++i) BOOST_REQUIRE(slow.hear().has_value());
  BOOST_TEST(*slow.hear() == "{\"id\":1,\"result\":\"flooded\"}");
}

BOOST_AUTO_TEST_CASE(one_connection_too_many_is_told_so) {
  AdminDoorOptions options;
  options.socket = socket;
  options.connections = 2;
  open(options);
  Client first(socket);
  Client second(socket);
  BOOST_REQUIRE(comes_true([&] { return door->connections() == 2; }));
  Client third(socket);
  BOOST_TEST(third.hear_json().at("error").at("exit").as_int64() == 6);
  first.close();
  BOOST_REQUIRE(comes_true([&] { return door->connections() == 1; }));
  Client fourth(socket);
  fourth.say("{\"id\":1,\"verb\":\"echo\",\"text\":1}\n");
  BOOST_TEST(fourth.hear_json().at("result").as_int64() == 1);
}

BOOST_AUTO_TEST_CASE(stopping_cancels_requests_closes_connections_and_removes_the_file) {
  Client busy(socket);
  Client idle(socket);
  busy.say("{\"id\":1,\"verb\":\"sleep\"}\n");
  BOOST_REQUIRE(comes_true([&] { return handler.running == 1 && door->connections() == 2; }));
  door->stop();
  BOOST_TEST(handler.running == 0);
  BOOST_TEST(door->connections() == 0u);
  BOOST_TEST(!std::filesystem::exists(socket));
  BOOST_TEST(!busy.hear().has_value());
  BOOST_TEST(!idle.hear().has_value());
}

/// What a process of that account hears when it asks; only root can make one.
std::string heard_as(const std::filesystem::path& socket, uid_t uid, gid_t gid,
                     std::vector<gid_t> groups) {
  int pipe_ends[2];
  BOOST_REQUIRE(::pipe(pipe_ends) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const bool changed = ::setgroups(groups.size(), groups.data()) == 0 &&
                         ::setresgid(gid, gid, gid) == 0 && ::setresuid(uid, uid, uid) == 0;
    OwnedFd fd = connect_to(socket);
    const std::string_view ask = "{\"id\":1,\"verb\":\"echo\",\"text\":1}\n";
    char answer[2048] = "cannot connect";
    if (changed && fd) {
      // Who is sent away may find the door closed before he has spoken; the answer is there.
      [[maybe_unused]] auto sent = ::send(fd.get(), ask.data(), ask.size(), MSG_NOSIGNAL);
      const auto size = ::recv(fd.get(), answer, sizeof(answer) - 1, 0);
      answer[size > 0 ? size : 0] = 0;
    }
    [[maybe_unused]] auto written = ::write(pipe_ends[1], answer, std::strlen(answer));
    ::_exit(0);
  }
  ::close(pipe_ends[1]);
  std::string all;
  char chunk[2048];
  for (ssize_t size = 0; (size = ::read(pipe_ends[0], chunk, sizeof(chunk))) > 0;)
    all.append(chunk, static_cast<std::size_t>(size));
  ::close(pipe_ends[0]);
  ::waitpid(child, nullptr, 0);
  return all;
}

BOOST_AUTO_TEST_CASE(only_the_owner_root_and_the_group_are_served) {
  if (::geteuid() != 0) {
    BOOST_TEST_MESSAGE("skipped: needs root to become other accounts");
    return;
  }
  constexpr uid_t owner = 61'001, stranger = 61'002;
  constexpr gid_t group = 61'010, other = 61'011;
  AdminDoorOptions options;
  options.socket = socket;
  options.owner = owner;
  options.group = group;
  open(options);
  std::filesystem::permissions(path, std::filesystem::perms(0755));
  const std::string served = "{\"id\":1,\"result\":1}\n";
  BOOST_TEST(heard_as(socket, owner, other, {}) == served);
  BOOST_TEST(heard_as(socket, stranger, group, {}) == served);
  BOOST_TEST(heard_as(socket, stranger, other, {}) == "cannot connect");
  // Even if the file's mode let everybody in, the door would not.
  BOOST_REQUIRE(::chmod(socket.c_str(), 0666) == 0);
  const std::string refused = heard_as(socket, stranger, other, {});
  BOOST_TEST(refused.find("\"kind\":\"not_allowed\"") != std::string::npos);
  BOOST_TEST(refused.find("\"exit\":3") != std::string::npos);
  BOOST_TEST(heard_as(socket, 0, other, {}) == served);
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace
}  // namespace runink::actors
