// Requests on their way to whoever leads, over a real link between two nodes.
#include "actors/service/forwarding.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>

#include "tests/actors/cluster_harness.hpp"
#include "tests/links/two_nodes.hpp"
#include "vocabulary/limits.hpp"

namespace runink::actors::testing {
namespace {

namespace json = boost::json;

class NoStream final : public AdminStream {
 public:
  boost::asio::awaitable<void> event(json::value) override { co_return; }
  void diagnostics(json::array) override {}
};

/// Answers as the test says, and keeps what it was asked.
class ScriptedHandler final : public AdminHandler {
 public:
  boost::asio::awaitable<Result<json::value>> handle(AdminRequest request, AdminStream&) override {
    const std::lock_guard lock(mutex_);
    asked_.push_back(json::serialize(request.body));
    changed_.notify_all();
    co_return answer(asked_.size());
  }
  bool asked(std::size_t times) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, linked::patience, [&] { return asked_.size() >= times; });
  }
  std::vector<std::string> all() {
    const std::lock_guard lock(mutex_);
    return asked_;
  }
  /// Is given how often it was asked; on the Asio thread.
  std::function<Result<json::value>(std::size_t)> answer;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> asked_;
};

Result<json::value> not_leading() { return fail(FaultKind::not_leader, "I do not lead any more."); }

Wishes on(const Clock& clock) {
  Wishes wishes;
  wishes.clock = &clock;
  return wishes;
}

struct Forwarded : linked::ThreeNodes {
  struct End {
    End(const std::filesystem::path& data, PeerLinksOptions options, const Clock& clock,
        caf::actor_system& system)
        : ground(data, on(clock)) {
      ground.config.node.id = options.self.id;
      ground.config.node.name = options.self.name;
      ground.config.nodes = options.nodes;
      node.emplace(std::move(options), system);
      forwarding.emplace(*ground.services, local, *node->links);
      node->answer_with(*forwarding);
    }
    ~End() { node->links->stop(); }
    End(const End&) = delete;
    End& operator=(const End&) = delete;
    void leader(std::uint64_t id) {
      *ground.services->leader = id;
      node->links->led_by(NodeId{id});
    }
    /// `verb`, with a text in its body.
    std::future<Result<json::value>> ask(std::string verb, std::string text = "hello") {
      auto job = [this, verb = std::move(verb),
                  text = std::move(text)]() -> boost::asio::awaitable<Result<json::value>> {
        AdminRequest request;
        request.caller.name = "ada";
        request.verb = verb;
        request.body = {{"text", text}};
        NoStream stream;
        co_return co_await forwarding->handle(std::move(request), stream);
      };
      jobs.push_back(std::make_unique<std::function<boost::asio::awaitable<Result<json::value>>()>>(
          std::move(job)));
      return boost::asio::co_spawn(node->executor(), *jobs.back(), boost::asio::use_future);
    }
    Ground ground;
    ScriptedHandler local;
    std::optional<linked::LinkedNode> node;
    std::optional<Forwarding> forwarding;
    std::vector<std::unique_ptr<std::function<boost::asio::awaitable<Result<json::value>>()>>> jobs;
  };

  static Result<json::value> answer_of(std::future<Result<json::value>> asked) {
    BOOST_REQUIRE((asked.wait_for(linked::patience) == std::future_status::ready));
    return asked.get();
  }
  static bool says(const Result<json::value>& answer, const std::string& words) {
    const std::string what = answer ? std::string("no fault") : answer.error().what;
    BOOST_TEST(what.find(words) != std::string::npos, what);
    return what.find(words) != std::string::npos;
  }

  /// Time goes on, and the waits of n1 see it at once: their own timers are real.
  void pass(Duration time) {
    clock.advance(time);
    one.leader(*one.ground.services->leader);
  }

  TempFolder data;
  HandClock clock;
  End one{data.path / "1", options(1), clock, system};
};

/// Both nodes run.
struct ForwardedToTwo : Forwarded {
  End two{data.path / "2", options(2), clock, system};
};

BOOST_AUTO_TEST_SUITE(forwarding)

BOOST_FIXTURE_TEST_CASE(who_waits_for_a_leader_hears_of_one_at_once, Forwarded) {
  one.local.answer = [](std::size_t) -> Result<json::value> { return json::value("done"); };
  clock.hold();  // nothing but the news ends the wait: its own end is ten seconds away
  auto asked = one.ask("apply");
  BOOST_TEST((asked.wait_for(a_while) == std::future_status::timeout));
  one.leader(1);
  BOOST_REQUIRE((asked.wait_for(std::chrono::seconds(5)) == std::future_status::ready));
  BOOST_TEST(asked.get()->as_string() == "done");
}

BOOST_FIXTURE_TEST_CASE(a_request_that_the_leader_here_could_not_take_is_asked_again, Forwarded) {
  one.leader(1);
  one.local.answer = [](std::size_t times) -> Result<json::value> {
    if (times < 3) return not_leading();
    return json::value("done");
  };
  const auto answer = answer_of(one.ask("apply"));
  BOOST_REQUIRE(answer.has_value());
  BOOST_TEST(answer->as_string() == "done");
  const std::string body = R"({"text":"hello"})";
  BOOST_TEST((one.local.all() == std::vector<std::string>{body, body, body}));
}

BOOST_FIXTURE_TEST_CASE(what_may_have_been_done_here_is_not_done_twice, Forwarded) {
  one.leader(1);
  one.local.answer = [](std::size_t) -> Result<json::value> {
    return fail(FaultKind::unknown_outcome, "Who knows?");
  };
  BOOST_TEST((answer_of(one.ask("apply")).error().kind == FaultKind::unknown_outcome));
  BOOST_TEST(one.local.all().size() == 1u);
}

BOOST_FIXTURE_TEST_CASE(what_only_looks_is_asked_again_when_nobody_knows_how_it_went, Forwarded) {
  one.leader(1);
  one.local.answer = [](std::size_t times) -> Result<json::value> {
    if (times % 2 == 1) return fail(FaultKind::unknown_outcome, "Who knows?");
    return json::value("here it is");
  };
  std::size_t asked = 0;
  for (const char* verb : {"kv.get", "kv.list", "get", "contract.get", "lineage"}) {
    const auto answer = answer_of(one.ask(verb));
    BOOST_REQUIRE_MESSAGE(answer.has_value(), verb);
    asked += 2;
    BOOST_TEST(one.local.all().size() == asked, verb);
  }
  for (const char* verb : {"kv.put", "kv.append", "kv.cas", "contract.apply", "no.such.verb"}) {
    BOOST_TEST((answer_of(one.ask(verb)).error().kind == FaultKind::unknown_outcome), verb);
    asked += 1;
    BOOST_TEST(one.local.all().size() == asked, verb);
    BOOST_REQUIRE(answer_of(one.ask("kv.get")).has_value());  // an even number again
    asked += 1;
  }
}

BOOST_FIXTURE_TEST_CASE(what_may_have_been_done_is_never_said_not_to_be, Forwarded) {
  clock.hold();
  one.leader(1);
  one.local.answer = [this](std::size_t) -> Result<json::value> {
    one.leader(0);
    return fail(FaultKind::unknown_outcome, "Who knows?");
  };
  auto asked = one.ask("run");  // it may be done twice, so it is asked again
  BOOST_REQUIRE(one.local.asked(1));
  BOOST_TEST((asked.wait_for(a_while) == std::future_status::timeout));
  pass(seconds(11));
  const auto answer = answer_of(std::move(asked));
  BOOST_TEST((answer.error().kind == FaultKind::unknown_outcome));
  says(answer, "No node has led the cluster for 10 s");
  says(answer, "may have acted");
}

BOOST_FIXTURE_TEST_CASE(time_with_a_leader_is_no_time_without_one, ForwardedToTwo) {
  clock.hold();
  one.leader(2);
  two.leader(2);
  two.local.answer = [this](std::size_t times) -> Result<json::value> {
    if (times > 1) return json::value("done");
    clock.advance(seconds(3600));
    one.leader(0);  // nobody leads when it comes back
    return not_leading();
  };
  auto asked = one.ask("run");
  BOOST_REQUIRE(two.local.asked(1));
  BOOST_TEST((asked.wait_for(a_while) == std::future_status::timeout));
  one.leader(2);
  const auto answer = answer_of(std::move(asked));
  BOOST_REQUIRE_MESSAGE(answer.has_value(), (answer ? std::string() : answer.error().what));
  BOOST_TEST(answer->as_string() == "done");
}

BOOST_FIXTURE_TEST_CASE(a_leader_that_does_not_take_it_is_not_asked_at_every_look, ForwardedToTwo) {
  clock.hold();
  one.leader(2);
  two.leader(2);
  two.local.answer = [](std::size_t) { return not_leading(); };
  auto asked = one.ask("run");
  BOOST_REQUIRE(two.local.asked(1));
  BOOST_TEST((asked.wait_for(a_while) == std::future_status::timeout));
  BOOST_TEST(two.local.all().size() == 1u);  // time stands still
  pass(milliseconds(20));
  BOOST_REQUIRE(two.local.asked(2));
  pass(milliseconds(20));  // it rests for twice as long now
  BOOST_TEST((asked.wait_for(a_while) == std::future_status::timeout));
  BOOST_TEST(two.local.all().size() == 2u);
  pass(seconds(11));
  says(answer_of(std::move(asked)), "Node 'n2' leads the cluster, as far as node 'n1' knows");
}

// The leader closed the connection, with every question on it, and nobody knew what had been done.
BOOST_FIXTURE_TEST_CASE(a_request_that_no_frame_holds_is_refused_here, ForwardedToTwo) {
  one.leader(2);
  two.leader(2);
  two.local.answer = [](std::size_t) -> Result<json::value> { return json::value("done"); };
  const auto answer = answer_of(one.ask("run", std::string(limits::peer_question.value, 'x')));
  BOOST_REQUIRE(!answer.has_value());
  BOOST_TEST((answer.error().kind == FaultKind::exhausted), answer.error().what);
  BOOST_TEST(two.local.all().empty());
  BOOST_TEST(answer_of(one.ask("run", std::string(limits::admin_line.value, 'x'))).has_value());
}

BOOST_FIXTURE_TEST_CASE(nobody_who_leads_and_a_leader_out_of_reach_are_told_apart, Forwarded) {
  clock.hold();
  auto asked = one.ask("run");
  BOOST_TEST((asked.wait_for(a_while) == std::future_status::timeout));
  pass(seconds(11));
  const auto nobody = answer_of(std::move(asked));
  BOOST_TEST((nobody.error().kind == FaultKind::not_leader));
  says(nobody, "No node has led the cluster for 10 s");
  one.leader(2);
  asked = one.ask("run");
  BOOST_TEST((asked.wait_for(a_while) == std::future_status::timeout));
  pass(seconds(11));
  const auto away = answer_of(std::move(asked));
  BOOST_TEST((away.error().kind == FaultKind::not_leader));
  says(away, "Node 'n2' leads the cluster, as far as node 'n1' knows");
  says(away, "cannot be reached");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace runink::actors::testing
