// The worker_actor and what it says to the spawner; the leader is the test.
#include <poll.h>
#include <sys/socket.h>

#include "actors/work/worker_actor.hpp"
#include "isolation/packet_socket.hpp"
#include "isolation/protocol.hpp"
#include "tests/actors/cluster_harness.hpp"

namespace runink::actors::testing {
namespace {

using answer_atom = caf::atom_constant<caf::atom("answer")>;
constexpr auto slow = std::chrono::milliseconds(300);

/// Takes nodes at once, and acknowledges a lease 300 ms after it was asked.
caf::behavior slow_leader(caf::event_based_actor* self) {
  auto asked = std::make_shared<std::deque<caf::response_promise>>();
  return {[](const Submit&) -> Result<Submitted> {
            return Submitted{LogIndex{1}, {}};
          },
          [](const OpenStream&) {},
          [self, asked](const RenewLease&) {
            asked->push_back(self->make_response_promise());
            self->delayed_send(self, slow, answer_atom::value);
            return asked->back();
          },
          [asked](answer_atom) {
            asked->front().deliver(caf::unit);
            asked->pop_front();
          }};
}

/// The next RenewLeases that the daemon sends to the spawner at `listening`.
std::optional<isolation::RenewLeases> next_renewal(int listening) {
  const OwnedFd peer(::accept4(listening, nullptr, nullptr, SOCK_CLOEXEC));
  BOOST_REQUIRE(peer);
  for (;;) {
    pollfd watched{peer.get(), POLLIN, 0};
    if (::poll(&watched, 1, static_cast<int>(patience / std::chrono::milliseconds(1))) != 1)
      return std::nullopt;
    const auto got = isolation::receive_packet(peer.get(), isolation::packet_bytes_max.value, 8);
    if (got.kind != isolation::Incoming::Kind::packet) return std::nullopt;
    const auto message = isolation::read_to_spawner(got.packet.bytes);
    if (!message) continue;
    if (const auto* renewal = std::get_if<isolation::RenewLeases>(&*message)) return *renewal;
  }
}

BOOST_AUTO_TEST_SUITE(workers)

BOOST_AUTO_TEST_CASE(a_lease_runs_from_when_it_was_asked_for_and_not_from_its_answer) {
  TempFolder folder;
  Wishes wishes;
  wishes.lease = seconds(2);
  Ground ground(folder.path / "data", wishes);
  const caf::actor leader = ground.keep(ground.system->spawn(slow_leader));
  ground.keep(spawn_worker(*ground.system, *ground.services, leader));
  const auto renewal = next_renewal(ground.spawner_socket());
  BOOST_REQUIRE(renewal.has_value());
  BOOST_TEST(renewal->lease.ns > 0);
  BOOST_TEST(renewal->lease.ns <= (seconds(2) - milliseconds(300)).ns);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace runink::actors::testing
