// A slice whose inputs and outputs move between nodes: what ends a move, and what it finds afterwards. The
// other node is the test, the spawner is nobody.
#include <poll.h>
#include <sys/socket.h>

#include <boost/asio/post.hpp>
#include <fstream>
#include <sstream>

#include "actors/workloads/artifact_exchange.hpp"
#include "actors/workloads/slice_actor.hpp"
#include "actors/workloads/slice_folder.hpp"
#include "isolation/packet_socket.hpp"
#include "isolation/protocol.hpp"
#include "pipeline/bundle.hpp"
#include "tests/actors/cluster_harness.hpp"
#include "tests/links/two_nodes.hpp"

namespace runink::actors::testing {
namespace {

using Ready = std::future_status;

/// Has an artifact, and keeps who asks waiting.
class SlowHolder final : public PeerService {
 public:
  boost::asio::awaitable<PeerAnswer> answer(PeerAsk ask, PeerParts& parts) override {
    if (refuses)
      co_return PeerAnswer{Fault{FaultKind::no_such_thing, "It is not here."}, {}, false};
    const Cancelled cancelled(*this);
    auto changed = std::make_shared<co::Waker>(co_await boost::asio::this_coro::executor);
    waker_ = changed;
    asked.set_value(ask.subject);
    while (!given_) co_await changed->wait();
    std::string bytes = *given_;
    co_await parts.part(std::move(bytes));
    co_return PeerAnswer{};
  }
  /// On its Asio thread.
  void give(std::string bytes) {
    given_ = std::move(bytes);
    if (const auto waits = waker_.lock()) waits->wake();
  }
  std::atomic<bool> refuses{false};
  std::promise<Subject> asked;
  std::promise<void> over;

 private:
  struct Cancelled {
    explicit Cancelled(SlowHolder& of) : holder(of) {}
    Cancelled(const Cancelled&) = delete;
    Cancelled& operator=(const Cancelled&) = delete;
    ~Cancelled() { holder.over.set_value(); }
    SlowHolder& holder;
  };
  std::weak_ptr<co::Waker> waker_;  // of who waits: its timer must not outlive its Asio context
  std::optional<std::string> given_;
};

/// What the actors around the slice hear.
struct Said {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<state::Body> bodies;
  bool waits_for_inputs = false;
};

struct Moving : linked::ThreeNodes {
  Moving() {
    one.answer_with(exchange);
    two.answer_with(holder);
    ground.services->exchange = &exchange;
    auto said = heard;
    cluster = ground.keep(ground.system->spawn([said](caf::event_based_actor*) -> caf::behavior {
      return {[said](const Submit& submit) -> Result<Submitted> {
                const std::lock_guard lock(said->mutex);
                said->bodies.push_back(*submit.body);
                said->changed.notify_all();
                return Submitted{LogIndex{said->bodies.size()}, {}};
              },
              [said](const Progress& progress) {
                const std::lock_guard lock(said->mutex);
                said->waits_for_inputs |= progress.waits_for_inputs;
                said->changed.notify_all();
              }};
    }));
    worker = ground.keep(ground.system->spawn([](caf::event_based_actor*) -> caf::behavior {
      return {[](const SpawnerHas&) {}, [](const SliceDone&) {}};
    }));
    ground.spawner->start(worker);
    spawner = OwnedFd(::accept4(ground.spawner_socket(), nullptr, nullptr, SOCK_CLOEXEC));
    BOOST_REQUIRE(spawner);
    renew(seconds(3600));
    meet();
  }
  ~Moving() {
    if (slice) ground.kill(slice);
    std::promise<void> settled;  // what the slice left on the Asio thread uses the exchange
    boost::asio::post(one.executor(), [&] { settled.set_value(); });
    settled.get_future().wait();
  }
  void meet() {
    const auto until = std::chrono::steady_clock::now() + patience;
    while (std::chrono::steady_clock::now() < until) {
      for (const PeerContact& contact : one.links->contacts())
        if (contact.peer.id == NodeId{2} && contact.connected) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    BOOST_FAIL("the two do not meet");
  }
  void renew(Duration lease) {
    const Instant now = clock.now();
    ground.spawner->renew(now + lease, now);
  }
  /// Reads an artifact that only n2 has, if it has one.
  void start(bool with_input) {
    pipeline::Bundle bundle;
    bundle.files.push_back({"readme", false, "for tests"});
    const auto stored =
        ground.artifacts->put(pipeline::encode_bundle(bundle).value(), storage::PinOwner{"test"});
    BOOST_REQUIRE(stored.has_value());
    auto work = std::make_shared<state::Assignment>();
    work->attempt = {{RunId{std::string(32, 'a')}, StepName{"netted"}, Partition{0}}, Attempt{9}};
    work->node = NodeName{"n1"};
    work->herd = HerdName{"finance"};
    work->pipeline = PipelineName{"settlement"};
    work->bundle = stored->digest;
    work->step.name = StepName{"netted"};
    work->step.work = pipeline::ExecWork{{"/bin/true"}};
    work->step.outputs = {DatasetName{"netted"}};
    work->step.needs.memory = MiB(128);
    work->step.timeout = seconds(30);
    if (with_input) {
      state::InputDataset input;
      input.dataset = DatasetName{"trades"};
      input.files.push_back({"part.csv", {sha256(far), Bytes{far.size()}}});
      input.holders = {NodeName{"n2"}};
      work->inputs.push_back(std::move(input));
    }
    id = slice_id_of(work->attempt);
    caf::scoped_actor maker{*ground.system};
    slice = ground.keep(spawn_slice(*maker, *ground.services, cluster, worker, std::move(work),
                                    SpawnerKnows::nothing));
  }
  bool n2_is_asked() { return holder.asked.get_future().wait_for(patience) == Ready::ready; }
  bool n2_is_left_alone() { return holder.over.get_future().wait_for(patience) == Ready::ready; }
  /// What was made of the attempt.
  std::optional<state::Body> reported(std::chrono::milliseconds within = patience) {
    std::unique_lock lock(heard->mutex);
    if (!heard->changed.wait_for(lock, within, [&] { return !heard->bodies.empty(); })) return {};
    return heard->bodies.front();
  }
  std::optional<state::AttemptEnd> failed_as() {
    const auto body = reported();
    const auto* failed = body ? std::get_if<state::AttemptFailed>(&*body) : nullptr;
    return failed ? std::optional(failed->end) : std::nullopt;
  }
  bool launched(std::chrono::milliseconds within) {
    for (;;) {
      pollfd watched{spawner.get(), POLLIN, 0};
      if (::poll(&watched, 1, static_cast<int>(within.count())) != 1) return false;
      const auto got =
          isolation::receive_packet(spawner.get(), isolation::packet_bytes_max.value, 8);
      if (got.kind != isolation::Incoming::Kind::packet) return false;
      const auto message = isolation::read_to_spawner(got.packet.bytes);
      if (message && std::holds_alternative<isolation::Launch>(*message)) return true;
    }
  }
  std::string log_text() {
    log->flush();
    std::ostringstream text;
    text << std::ifstream(scratch.path / "log").rdbuf();
    return text.str();
  }
  Wishes wishes() {
    LogOptions options;
    options.to_stderr = false;
    options.file = scratch.path / "log";
    log = *Log::open(NodeName{"n1"}, options);
    Wishes wishes;
    wishes.clock = &clock;
    wishes.log = log.get();
    return wishes;
  }

  const std::string far = "a,b\n";
  TempFolder scratch;
  HandClock clock;
  std::unique_ptr<Log> log;
  Ground ground{scratch.path / "data", wishes()};
  std::shared_ptr<Said> heard = std::make_shared<Said>();
  SlowHolder holder;
  linked::LinkedNode one{options(1), system}, two{options(2), system};
  ArtifactExchange exchange{*ground.services, *one.links, one.executor()};
  caf::actor cluster, worker, slice;
  isolation::SliceId id;
  OwnedFd spawner;
};

BOOST_FIXTURE_TEST_SUITE(between_nodes, Moving)

BOOST_AUTO_TEST_CASE(a_slice_that_has_to_end_gives_up_a_fetch_that_is_under_way) {
  start(true);
  BOOST_REQUIRE(n2_is_asked());
  BOOST_TEST(!reported(a_while).has_value());
  caf::anon_send(slice, EndSlice{});
  BOOST_TEST((failed_as() == state::AttemptEnd::cancelled));
  BOOST_TEST(n2_is_left_alone());
  BOOST_TEST(!launched(a_while));
}

BOOST_AUTO_TEST_CASE(inputs_that_come_in_time_are_read_by_the_slice) {
  start(true);
  BOOST_REQUIRE(n2_is_asked());
  boost::asio::post(two.executor(), [this] { holder.give(far); });
  BOOST_TEST(launched(patience));
  BOOST_TEST(ground.artifacts->has(sha256(far)));
}

// The node was declared lost meanwhile, and its work runs elsewhere.
BOOST_AUTO_TEST_CASE(inputs_that_come_when_the_lease_is_over_launch_nothing) {
  clock.hold();
  renew(seconds(10));
  start(true);
  BOOST_REQUIRE(n2_is_asked());
  clock.advance(seconds(11));
  boost::asio::post(two.executor(), [this] { holder.give(far); });
  BOOST_TEST((failed_as() == state::AttemptEnd::lost));
  BOOST_TEST(!launched(a_while));
}

BOOST_AUTO_TEST_CASE(inputs_that_do_not_come_are_told_with_their_slice_their_node_and_what_to_do) {
  holder.refuses = true;
  start(true);
  {
    std::unique_lock lock(heard->mutex);
    BOOST_REQUIRE(heard->changed.wait_for(lock, patience, [&] { return heard->waits_for_inputs; }));
  }
  std::string text;
  for (const auto until = std::chrono::steady_clock::now() + patience;
       text.find("for its inputs") == std::string::npos &&
       std::chrono::steady_clock::now() < until;)
    text = log_text();
  for (const std::string& words :
       {"The inputs of slice " + id.value, std::string("cannot be brought to node 'n1'"),
        to_hex(sha256(far)).substr(0, 12), std::string("`runi cluster status`")})
    BOOST_TEST(text.find(words) != std::string::npos, words << " is not in " << text);
}

BOOST_AUTO_TEST_CASE(a_slice_has_no_copies_made_once_it_has_to_end) {
  start(false);
  BOOST_REQUIRE(launched(patience));
  const std::filesystem::path out = slice_path(*ground.services, id) + "/out/netted";
  std::filesystem::create_directories(out);
  std::ofstream(out / "part.csv") << far;
  isolation::ExitReport report;
  report.slice = id;
  caf::anon_send(slice, SliceExited(report));
  BOOST_REQUIRE(n2_is_asked());
  BOOST_TEST(!reported(a_while).has_value());
  caf::anon_send(slice, EndSlice{});
  const auto body = reported();
  BOOST_REQUIRE(body.has_value());
  const auto* commit = std::get_if<state::PartitionCommitted>(&*body);
  BOOST_REQUIRE(commit != nullptr);
  BOOST_TEST((commit->holders == std::vector<NodeName>{NodeName{"n1"}}));
  BOOST_TEST(n2_is_left_alone());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace runink::actors::testing
