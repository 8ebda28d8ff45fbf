// The worker_actor and what it says to the spawner; the leader is the test.
#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <deque>

#include "actors/workloads/remains.hpp"
#include "actors/workloads/worker_actor.hpp"
#include "isolation/packet_socket.hpp"
#include "isolation/protocol.hpp"
#include "pipeline/bundle.hpp"
#include "tests/actors/cluster_harness.hpp"

namespace runink::actors::testing {
namespace {

using answer_atom = caf::atom_constant<caf::atom("answer")>;
constexpr auto slow = std::chrono::milliseconds(300);

/// What the leader does with renewals, and what it was asked.
struct Script {
  std::atomic<Duration> lease{seconds(2)};
  std::atomic<int> granted_most{1'000'000};       ///< then it hangs, as far as leases go
  std::chrono::milliseconds after{0};             ///< it answers
  std::shared_ptr<const state::Assignment> work;  ///< given at once to who opens a stream
  std::atomic<int> joined{0}, renewed{0};
};

caf::behavior leader_behavior(caf::event_based_actor* self, std::shared_ptr<Script> script) {
  auto asked = std::make_shared<std::deque<caf::response_promise>>();
  auto hanging = std::make_shared<std::deque<caf::response_promise>>();
  return {[script](const Submit& submit) -> Result<Submitted> {
            if (std::holds_alternative<state::NodeJoined>(*submit.body)) {
              script->joined.fetch_add(1);
              script->joined.notify_all();
            }
            return Submitted{LogIndex{1}, {}};
          },
          [self, script](const OpenStream& stream) {
            Assignments all;
            all.as_of = LogIndex{1};
            if (script->work) all.attempts.push_back(script->work);
            self->send(stream.worker, std::move(all));
          },
          [](const Progress&) {},
          [self, script, asked, hanging](const RenewLease&) {
            caf::response_promise promise = self->make_response_promise();
            const bool grants = script->renewed.fetch_add(1) < script->granted_most;
            (grants ? asked : hanging)->push_back(promise);
            script->renewed.notify_all();
            if (grants) self->delayed_send(self, script->after, answer_atom::value);
            return promise;
          },
          [script, asked](answer_atom) {
            asked->front().deliver(Result<LeaseGranted>(LeaseGranted{script->lease}));
            asked->pop_front();
          }};
}

/// A node's worker, its leader, and what comes to its spawner, which does not exist.
struct Worked {
  explicit Worked(Duration lease_in_file) : ground(folder.path / "data", wishes(lease_in_file)) {}
  static Wishes wishes(Duration lease) {
    Wishes wishes;
    wishes.lease = lease;
    return wishes;
  }
  void start() {
    // What a start sweeps, it sweeps when state.db has all that the first work stands on.
    storage::StateChange first;
    first.applied = LogIndex{1};
    ground.services->state_writer.submit(std::move(first));
    const caf::actor leader = ground.keep(ground.system->spawn(leader_behavior, script));
    worker = ground.keep(spawn_worker(*ground.system, *ground.services, leader));
    peer_ = OwnedFd(::accept4(ground.spawner_socket(), nullptr, nullptr, SOCK_CLOEXEC));
    BOOST_REQUIRE(peer_);
  }
  /// The next message of this kind that the daemon sends to the spawner.
  template <class T>
  std::optional<T> next(std::chrono::milliseconds within = patience) {
    for (;;) {
      pollfd watched{peer_.get(), POLLIN, 0};
      if (::poll(&watched, 1, static_cast<int>(within.count())) != 1) return std::nullopt;
      const auto got = isolation::receive_packet(peer_.get(), isolation::packet_bytes_max.value, 8);
      if (got.kind != isolation::Incoming::Kind::packet) return std::nullopt;
      const auto message = isolation::read_to_spawner(got.packet.bytes);
      if (!message) continue;
      if (const auto* one = std::get_if<T>(&*message)) return *one;
    }
  }

  TempFolder folder;
  std::shared_ptr<Script> script = std::make_shared<Script>();
  Ground ground;
  caf::actor worker;

 private:
  OwnedFd peer_;
};

BOOST_AUTO_TEST_SUITE(workers)

BOOST_AUTO_TEST_CASE(a_lease_runs_from_when_it_was_asked_for_and_not_from_its_answer) {
  Worked node(seconds(2));
  node.script->after = slow;
  node.start();
  const auto renewal = node.next<isolation::RenewLeases>();
  BOOST_REQUIRE(renewal.has_value());
  BOOST_TEST(renewal->lease.ns > 0);
  BOOST_TEST(renewal->lease.ns <= (seconds(2) - milliseconds(300)).ns);
}

// Its file said another one than the leader's, and the leader counted by its own.
BOOST_AUTO_TEST_CASE(the_lease_is_the_leaders_whatever_the_nodes_own_file_says) {
  Worked node(seconds(3600));
  node.start();
  for (int i = 0; i < 2; ++i) {  // the second: it renews as often as that lease needs it
    const auto renewal = node.next<isolation::RenewLeases>();
    BOOST_REQUIRE(renewal.has_value());
    BOOST_TEST(renewal->lease.ns <= seconds(2).ns);
  }
}

BOOST_AUTO_TEST_CASE(a_leader_that_hangs_is_waited_for_less_than_the_lease) {
  Worked node(seconds(4));
  node.script->granted_most = 0;
  node.start();
  node.script->joined.wait(0);
  const auto first = std::chrono::steady_clock::now();
  node.script->joined.wait(1);
  BOOST_TEST((std::chrono::steady_clock::now() - first < std::chrono::seconds(4)));
}

BOOST_AUTO_TEST_CASE(a_renewal_without_an_answer_is_asked_again_before_the_lease_ends) {
  Worked node(seconds(6));
  node.script->lease = seconds(6);
  node.script->granted_most = 1;
  node.start();
  for (int seen = 0; seen < 3; seen = node.script->renewed) node.script->renewed.wait(seen);
  BOOST_TEST(node.script->joined == 1);
}

BOOST_AUTO_TEST_CASE(work_waits_for_a_lease_and_gets_what_is_left_of_it) {
  Worked node(seconds(1));
  pipeline::Bundle bundle;
  bundle.files.push_back({"readme", false, "for tests"});
  // As a door of this life holds it: what a start sweeps is not that.
  const storage::PinOwner door{door_pins_of(node.ground.services->folder.identity().incarnation) +
                               "test"};
  const auto stored = node.ground.artifacts->put(pipeline::encode_bundle(bundle).value(), door);
  BOOST_REQUIRE(stored.has_value());
  auto work = std::make_shared<state::Assignment>();
  work->attempt = {{RunId{std::string(32, 'a')}, StepName{"trades"}, Partition{0}}, Attempt{9}};
  work->node = NodeName{"n1"};
  work->herd = HerdName{"finance"};
  work->pipeline = PipelineName{"settlement"};
  work->bundle = stored->digest;
  work->step.name = StepName{"trades"};
  work->step.work = pipeline::ExecWork{{"/bin/true"}};
  work->step.outputs = {DatasetName{"trades"}};
  work->step.needs.memory = MiB(128);
  work->step.timeout = seconds(30);
  node.script->work = std::move(work);
  node.script->granted_most = 0;
  node.script->lease = seconds(30);
  node.start();
  caf::anon_send(node.worker, SpawnerHas(1, {}));
  BOOST_TEST(!node.next<isolation::Launch>(a_while).has_value());
  node.script->granted_most = 1'000'000;
  const auto launch = node.next<isolation::Launch>();
  BOOST_REQUIRE(launch.has_value());
  BOOST_TEST(launch->spec.lease.ns <= seconds(30).ns);
  BOOST_TEST(launch->spec.lease.ns > seconds(1).ns);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace runink::actors::testing
