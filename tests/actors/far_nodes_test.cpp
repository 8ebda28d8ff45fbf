// What the workers of other nodes ask of a leader, as it comes over a link.
#include "actors/cluster/far_nodes.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>

#include "tests/actors/cluster_harness.hpp"
#include "vocabulary/codec.hpp"
#include "vocabulary/limits.hpp"

namespace runink::actors::testing {
namespace {

/// What a far node hears of its stream.
class HeardParts final : public PeerParts {
 public:
  boost::asio::awaitable<void> part(std::string bytes) override {
    const std::lock_guard lock(mutex_);
    auto whole = work_.take(bytes);
    if (whole && *whole) sets_.push_back(std::move(**whole));
    changed_.notify_all();
    co_return;
  }
  /// The first set that is so.
  std::optional<Assignments> becomes(const std::function<bool(const Assignments&)>& so) {
    std::unique_lock lock(mutex_);
    std::optional<Assignments> found;
    changed_.wait_for(lock, patience, [&] {
      for (const std::string& one : sets_)
        if (auto all = decode_assignments(one); all && so(*all)) found = std::move(*all);
      return found.has_value();
    });
    return found;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  WorkParts work_;
  std::vector<std::string> sets_;
};

/// A leader, and the far end of node n2.
struct Far {
  Far() : work(io.get_executor()), thread([this] { io.run(); }) {}
  ~Far() {
    if (streaming.valid()) {
      boost::asio::post(io, [this] { end.emit(boost::asio::cancellation_type::terminal); });
      streaming.wait();
    }
    work.reset();
    io.stop();
    thread.join();
    gate.reset();
  }
  PeerAnswer ask(Subject subject, std::string payload, const std::string& from = "n2") {
    PeerAsk question{{NodeName{from}, {"127.0.0.1", 2}, NodeId{2}}, subject, std::move(payload)};
    auto answer = [this, question = std::move(question)] { return nodes.answer(question, parts); };
    auto future = boost::asio::co_spawn(io, std::move(answer), boost::asio::use_future);
    BOOST_REQUIRE((future.wait_for(patience) == std::future_status::ready));
    return future.get();
  }
  void stream() {
    PeerAsk question{{NodeName{"n2"}, {"127.0.0.1", 2}, NodeId{2}}, Subject::stream, {}};
    auto promise = std::make_shared<std::promise<void>>();
    streaming = promise->get_future();
    auto answer = [this, question = std::move(question)] { return nodes.answer(question, parts); };
    boost::asio::co_spawn(
        io, std::move(answer),
        boost::asio::bind_cancellation_slot(
            end.slot(), [promise](std::exception_ptr, PeerAnswer) { promise->set_value(); }));
  }
  PeerAnswer say(state::Body body, const std::string& from = "n2") {
    state::Command command;
    command.body = std::move(body);
    return ask(Subject::submit, encode(command), from);
  }

  TempFolder folder;
  Cluster cluster{folder.path / "data"};
  std::unique_ptr<co::AsioGate> gate = std::make_unique<co::AsioGate>(*cluster.ground.system);
  FarNodes nodes{*cluster.ground.system, *gate, cluster.state};
  boost::asio::io_context io{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work;
  std::thread thread;
  HeardParts parts;
  boost::asio::cancellation_signal end;
  std::future<void> streaming;
};

BOOST_AUTO_TEST_SUITE(far_nodes)

BOOST_FIXTURE_TEST_CASE(a_far_node_joins_gets_its_work_and_its_commit_is_taken, Far) {
  const PeerAnswer joined = say(world::node("n2"));
  BOOST_REQUIRE(!joined.fault.has_value());
  BOOST_TEST((decode_submitted(joined.payload)->outcome.verdict == state::Verdict::accepted));
  cluster.furnish({"n2"});
  stream();
  const PeerAnswer renewed = ask(Subject::renew, {});
  BOOST_REQUIRE(!renewed.fault.has_value());
  const auto granted = decode_lease(renewed.payload);
  BOOST_REQUIRE(granted.has_value());
  BOOST_TEST((granted->lease == cluster.ground.config.lease));
  BOOST_REQUIRE(cluster.submit(world::plan({world::source("trades")}), "r1").has_value());
  const auto all = parts.becomes([](const Assignments& set) { return set.attempts.size() == 1; });
  BOOST_REQUIRE(all.has_value());
  BOOST_TEST((all->attempts.front()->node == NodeName{"n2"}));
  const AttemptKey attempt = all->attempts.front()->attempt;
  BOOST_TEST(!ask(Subject::progress, encode_progress(Progress(attempt, 500, 7))).fault.has_value());
  // Another node may say nothing of it.
  state::AttemptFailed failed;
  failed.attempt = attempt;
  for (const PeerAnswer& answer :
       {say(cluster.commit_of(attempt), "n3"), say(failed, "n3"),
        ask(Subject::progress, encode_progress(Progress(attempt, 900, 9)), "n3")}) {
    BOOST_REQUIRE(answer.fault.has_value());
    BOOST_TEST((answer.fault->kind == FaultKind::not_allowed), answer.fault->what);
  }
  const PeerAnswer committed = say(cluster.commit_of(attempt));
  BOOST_REQUIRE(!committed.fault.has_value());
  BOOST_TEST((decode_submitted(committed.payload)->outcome.verdict == state::Verdict::accepted));
  BOOST_TEST(parts
                 .becomes([&](const Assignments& set) {
                   return set.as_of > all->as_of && set.attempts.empty();
                 })
                 .has_value());
}

BOOST_FIXTURE_TEST_CASE(a_far_node_speaks_for_itself_only, Far) {
  for (const PeerAnswer& answer : {say(world::node("n3")), say(world::herd("mine"))}) {
    BOOST_REQUIRE(answer.fault.has_value());
    BOOST_TEST((answer.fault->kind == FaultKind::not_allowed));
  }
  BOOST_TEST((ask(Subject::submit, "no command").fault->kind == FaultKind::corrupt));
  BOOST_TEST((ask(Subject::progress, "none").fault->kind == FaultKind::corrupt));
  BOOST_TEST(ask(Subject::renew, {}).fault.has_value());  // it has not joined
  const state::ClusterState now = cluster.look();
  BOOST_TEST(!now.nodes.contains(NodeName{"n3"}));
  BOOST_TEST(!now.herds.contains(HerdName{"mine"}));
}

BOOST_AUTO_TEST_CASE(a_verdict_or_refusal_that_is_none_is_not_taken) {
  Submitted submitted;
  submitted.outcome.verdict = state::Verdict::refused;
  submitted.outcome.refusal = state::Refusal::fenced;
  const std::string good = encode_submitted(submitted);
  BOOST_REQUIRE(decode_submitted(good).has_value());
  constexpr std::size_t verdict = 8, refusal = 9;  // behind the index
  for (const auto& [at, value] : {std::pair{verdict, 0}, {verdict, 4}, {refusal, 200}}) {
    std::string wrong = good;
    wrong[at] = static_cast<char>(value);
    const auto read = decode_submitted(wrong);
    BOOST_REQUIRE(!read.has_value());
    BOOST_TEST((read.error().kind == FaultKind::corrupt));
  }
}

BOOST_AUTO_TEST_CASE(a_large_set_of_work_is_cut_and_put_together_again) {
  Assignments all;
  all.as_of = LogIndex{7};
  for (std::uint32_t i = 0; i < 400; ++i) {
    state::Assignment one;
    one.attempt.partition.partition = Partition{i};
    one.pipeline = PipelineName{std::string(100'000, 'p')};
    all.attempts.push_back(std::make_shared<const state::Assignment>(std::move(one)));
  }
  const auto parts = encode_assignments(all);
  BOOST_REQUIRE(parts.has_value());
  BOOST_TEST(parts->size() > 100u);
  WorkParts together;
  for (int set = 0; set < 2; ++set)
    for (std::size_t i = 0; i < parts->size(); ++i) {
      BOOST_REQUIRE((*parts)[i].size() <= limits::peer_work_part.value);
      const auto whole = together.take((*parts)[i]);
      BOOST_REQUIRE(whole.has_value());
      BOOST_REQUIRE(whole->has_value() == (i + 1 == parts->size()));
      if (!*whole) continue;
      const auto read = decode_assignments(**whole);
      BOOST_REQUIRE(read.has_value());
      BOOST_TEST((read->as_of == all.as_of));
      BOOST_REQUIRE(read->attempts.size() == 400u);
      BOOST_TEST((*read->attempts.back() == *all.attempts.back()));
    }
  for (const char* wrong : {"", "\x02 more"}) {
    const auto refused = together.take(wrong);
    BOOST_REQUIRE(!refused.has_value());
    BOOST_TEST((refused.error().kind == FaultKind::corrupt));
  }
}

BOOST_AUTO_TEST_CASE(a_lease_that_no_cluster_file_may_state_is_refused) {
  for (const Duration good : {limits::lease_shortest, milliseconds(1'500), limits::lease_longest}) {
    const auto read = decode_lease(encode_lease({good}));
    BOOST_REQUIRE(read.has_value());
    BOOST_TEST((read->lease == good));
  }
  for (const Duration absurd : {Duration{}, Duration{-1}, limits::lease_shortest - Duration{1},
                                limits::lease_longest + Duration{1}}) {
    const auto read = decode_lease(encode_lease({absurd}));
    BOOST_REQUIRE(!read.has_value());
    BOOST_TEST((read.error().kind == FaultKind::corrupt));
  }
  BOOST_TEST(!decode_lease("").has_value());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace runink::actors::testing
