#include "isolation/protocol.hpp"

#include <boost/test/unit_test.hpp>

#include "vocabulary/codec.hpp"
#include "vocabulary/digest.hpp"
#include "vocabulary/randomness.hpp"

using namespace runink;
using namespace runink::isolation;

namespace {

SandboxSpec small_spec() {
  SandboxSpec spec;
  spec.slice = SliceId{"s"};
  spec.argv = {"/x"};
  spec.env = {{"A", "b"}};
  spec.mounts = {{"/h", "/in", true, MountKind::input}};
  spec.output = "/o";
  spec.timeout = Duration{1};
  spec.lease = Duration{2};
  return spec;
}

ExitReport full_report() {
  ExitReport r;
  r.slice = SliceId{"s"};
  r.end = SliceEnd::setup_failed;
  r.exit_code = 1;
  r.signal = 2;
  r.reason = KillReason::draining;
  r.setup_step = StepCode::execute;
  r.setup_errno = 2;
  r.started_boot_ns = 3;
  r.exec_boot_ns = 4;
  r.ended_boot_ns = 5;
  r.started = {6};
  r.ended = {7};
  r.cpu_user = {8};
  r.cpu_system = {9};
  r.memory_peak = {10};
  r.oom_kills = 11;
  r.log = {12};
  r.log_dropped = {13};
  r.report = {14};
  r.report_dropped = {15};
  return r;
}

const std::vector<std::pair<ToSpawner, std::string>> to_spawner_goldens{
    {Hello{1}, "01000100"},
    {Launch{small_spec()},
     "0200"
     "0100000073"
     "01000000020000002f78"
     "010000000100000041"
     "0100000062"
     "010000002f"
     "01000000020000002f68030000002f696e01"
     "01"
     "020000002f6f"
     "00"
     "e803000000000000"
     "0000002000000000"
     "00010000"
     "00040000"
     "0000000000000000"
     "0100000000000000"
     "0200000000000000"},
    {Kill{SliceId{"s"}, KillReason::superseded, true},
     "0300"
     "0100000073"
     "02"
     "01"},
    {Ack{SliceId{"s"}},
     "0400"
     "0100000073"},
    {List{}, "0500"},
    {RenewLeases{Duration{258}},
     "0600"
     "0201000000000000"},
    {Doctor{}, "0700"},
    {Shutdown{true}, "080001"},
};
const std::vector<std::pair<FromSpawner, std::string>> from_spawner_goldens{
    {Welcome{1, 255, true},
     "6500"
     "0100"
     "ff00000000000000"
     "01"},
    {Launched{SliceId{"s"}, 7, 8},
     "6600"
     "0100000073"
     "07000000"
     "0800000000000000"},
    {Exited{full_report()},
     "6700"
     "0100000073"
     "07"
     "01000000"
     "02000000"
     "03"
     "3d00"
     "02000000"
     "0300000000000000"
     "0400000000000000"
     "0500000000000000"
     "0600000000000000"
     "0700000000000000"
     "0800000000000000"
     "0900000000000000"
     "0a00000000000000"
     "0b00000000000000"
     "0c00000000000000"
     "0d00000000000000"
     "0e00000000000000"
     "0f00000000000000"},
    {Slices{{{SliceId{"s"}, SliceState::exited, 0, 9}}},
     "6800"
     "01000000"
     "0100000073"
     "03"
     "00000000"
     "0900000000000000"},
    {Guarantees{{{"cpu", true, "w"}}},
     "6900"
     "01000000"
     "03000000637075"
     "01"
     "0100000077"},
    {Refused{SliceId{"s"}, FaultKind::not_allowed, "n"},
     "6a00"
     "01"
     "0100000073"
     "02"
     "010000006e"},
    {ShuttingDown{}, "6b00"},
};

}  // namespace

BOOST_AUTO_TEST_CASE(the_bytes_of_every_message_never_change) {
  BOOST_TEST(to_spawner_goldens.size() == std::variant_size_v<ToSpawner>);
  for (const auto& [message, hex] : to_spawner_goldens) {
    BOOST_TEST(to_hex(to_packet(message)) == hex);
    const auto back = read_to_spawner(to_packet(message));
    BOOST_REQUIRE(back.has_value());
    BOOST_TEST((*back == message));
  }
  BOOST_TEST(from_spawner_goldens.size() == std::variant_size_v<FromSpawner>);
  for (const auto& [message, hex] : from_spawner_goldens) {
    BOOST_TEST(to_hex(to_packet(message)) == hex);
    const auto back = read_from_spawner(to_packet(message));
    BOOST_REQUIRE(back.has_value());
    BOOST_TEST((*back == message));
  }
}

BOOST_AUTO_TEST_CASE(unknown_numbers_cut_and_longer_packets_are_corrupt) {
  for (const char* bad : {"", "\x01", "\x00\x00", "\x09\x00", "\xff\xff"})
    BOOST_TEST(
        !read_to_spawner(std::string(bad, bad[0] == '\x09' ? 2 : std::string_view(bad).size()))
             .has_value());
  for (const auto& [message, hex] : to_spawner_goldens) {
    const std::string packet = to_packet(message);
    for (std::size_t n = 0; n < packet.size(); ++n)
      BOOST_TEST(!read_to_spawner(packet.substr(0, n)).has_value());
    BOOST_TEST(!read_to_spawner(packet + "x").has_value());
    BOOST_TEST(!read_from_spawner(packet).has_value());  // the other direction's numbers
  }
}

BOOST_AUTO_TEST_CASE(damaged_packets_are_refused_or_mean_something_else_but_never_crash) {
  Randomness random(7);
  for (int i = 0; i < 20'000; ++i) {
    std::string packet =
        to_packet(to_spawner_goldens[random.below(to_spawner_goldens.size())].first);
    packet[random.below(packet.size())] ^= static_cast<char>(1 + random.below(255));
    if (const auto back = read_to_spawner(packet)) BOOST_REQUIRE(to_packet(*back) == packet);
  }
}
