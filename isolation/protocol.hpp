// What the daemon and the spawner say to each other: one message a SOCK_SEQPACKET packet, a u16
// number and then the codec's bytes. The set is closed; an unknown number ends the connection.
//
//   daemon -> spawner                           spawner -> daemon
//   1 Hello                                     101 Welcome        answers Hello
//   2 Launch + fds {log file, report file}      102 Launched + fd {pidfd}   once exec succeeded
//   3 Kill                                      103 Exited         again at every List until Ack
//   4 Ack                                       104 Slices         answers List
//   5 List                                      105 Guarantees     answers Doctor
//   6 RenewLeases                               106 Refused        answers what it will not do
//   7 Doctor                                    107 ShuttingDown   answers Shutdown
//   8 Shutdown
//
// A Launch is answered by Launched and later Exited, by Exited alone (the set-up failed), or by
// Refused (nothing was started, nothing needs an Ack). Everything after Hello reaches every
// connection that said Hello.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <variant>
#include <vector>

#include "isolation/exit_report.hpp"
#include "isolation/sandbox_spec.hpp"
#include "vocabulary/fault.hpp"
#include "vocabulary/units.hpp"

namespace runink::isolation {

inline constexpr std::uint16_t protocol_version = 1;
/// One packet, either way.
inline constexpr Bytes packet_bytes_max = KiB(144);
static_assert(spec_bytes_max < packet_bytes_max);  // or the largest spec could not be launched
inline constexpr std::uint32_t packet_fds_max = 4;

// ---- daemon -> spawner

struct Hello {
  static constexpr std::uint16_t number = 1;
  std::uint16_t version = protocol_version;
  friend bool operator==(const Hello&, const Hello&) = default;
  static auto fields(auto& self) { return std::tie(self.version); }
};
/// With two descriptors: the log file and the report file, regular and open for writing; the
/// spawner writes from their end on.
struct Launch {
  static constexpr std::uint16_t number = 2;
  SandboxSpec spec;
  friend bool operator==(const Launch&, const Launch&) = default;
  static auto fields(auto& self) { return std::tie(self.spec); }
};
/// SIGTERM to the program, SIGKILL to everything `limits::kill_grace` later; or that at once.
struct Kill {
  static constexpr std::uint16_t number = 3;
  SliceId slice;
  KillReason reason = KillReason::cancelled;
  bool immediately = false;
  friend bool operator==(const Kill&, const Kill&) = default;
  static auto fields(auto& self) { return std::tie(self.slice, self.reason, self.immediately); }
};
/// The exit report is safe with the daemon: forget the slice. An unknown slice is no error.
struct Ack {
  static constexpr std::uint16_t number = 4;
  SliceId slice;
  friend bool operator==(const Ack&, const Ack&) = default;
  static auto fields(auto& self) { return std::tie(self.slice); }
};
struct List {
  static constexpr std::uint16_t number = 5;
  friend bool operator==(const List&, const List&) = default;
  static auto fields(auto&) { return std::tuple<>(); }
};
/// All slices live until `lease` from now.
struct RenewLeases {
  static constexpr std::uint16_t number = 6;
  Duration lease;
  friend bool operator==(const RenewLeases&, const RenewLeases&) = default;
  static auto fields(auto& self) { return std::tie(self.lease); }
};
struct Doctor {
  static constexpr std::uint16_t number = 7;
  friend bool operator==(const Doctor&, const Doctor&) = default;
  static auto fields(auto&) { return std::tuple<>(); }
};
/// Refused with `conflict` while a slice runs or an exit report is unacknowledged, unless `force`,
/// which kills and forgets them.
struct Shutdown {
  static constexpr std::uint16_t number = 8;
  bool force = false;
  friend bool operator==(const Shutdown&, const Shutdown&) = default;
  static auto fields(auto& self) { return std::tie(self.force); }
};
using ToSpawner = std::variant<Hello, Launch, Kill, Ack, List, RenewLeases, Doctor, Shutdown>;

// ---- spawner -> daemon

struct Welcome {
  static constexpr std::uint16_t number = 101;
  std::uint16_t version = protocol_version;
  /// Random, made at its start: another number means that all earlier slices are dead.
  std::uint64_t incarnation = 0;
  bool rootless = false;
  friend bool operator==(const Welcome&, const Welcome&) = default;
  static auto fields(auto& self) { return std::tie(self.version, self.incarnation, self.rootless); }
};
/// With one descriptor: a pidfd that becomes readable when the whole slice is gone (a hint; the
/// truth is Exited).
struct Launched {
  static constexpr std::uint16_t number = 102;
  SliceId slice;
  std::int32_t pid = 0;           ///< of the program, on the host
  std::int64_t exec_boot_ns = 0;  ///< CLOCK_BOOTTIME when exec had succeeded
  friend bool operator==(const Launched&, const Launched&) = default;
  static auto fields(auto& self) { return std::tie(self.slice, self.pid, self.exec_boot_ns); }
};
struct Exited {
  static constexpr std::uint16_t number = 103;
  ExitReport report;
  friend bool operator==(const Exited&, const Exited&) = default;
  static auto fields(auto& self) { return std::tie(self.report); }
};

enum class SliceState : std::uint8_t { starting = 1, running = 2, exited = 3 };
constexpr bool known(SliceState s) { return s >= SliceState::starting && s <= SliceState::exited; }

struct SliceEntry {
  SliceId slice;
  SliceState state = SliceState::running;
  std::int32_t pid = 0;           ///< 0 unless running
  std::int64_t exec_boot_ns = 0;  ///< 0 while starting
  friend bool operator==(const SliceEntry&, const SliceEntry&) = default;
  static auto fields(auto& self) {
    return std::tie(self.slice, self.state, self.pid, self.exec_boot_ns);
  }
};
/// What the spawner has, by name; after it come the Exited of all that are `exited`.
struct Slices {
  static constexpr std::uint16_t number = 104;
  std::vector<SliceEntry> slices;
  friend bool operator==(const Slices&, const Slices&) = default;
  static auto fields(auto& self) { return std::tie(self.slices); }
};
/// `name` is stable ("memory_limit"); `why` is a sentence when it is not enforced, or how it is.
struct Guarantee {
  std::string name;
  bool enforced = false;
  std::string why;
  friend bool operator==(const Guarantee&, const Guarantee&) = default;
  static auto fields(auto& self) { return std::tie(self.name, self.enforced, self.why); }
};
struct Guarantees {
  static constexpr std::uint16_t number = 105;
  std::vector<Guarantee> guarantees;
  friend bool operator==(const Guarantees&, const Guarantees&) = default;
  static auto fields(auto& self) { return std::tie(self.guarantees); }
};
struct Refused {
  static constexpr std::uint16_t number = 106;
  std::optional<SliceId> slice;  ///< the one that was asked for
  FaultKind kind = FaultKind::refused;
  std::string what;
  Fault fault() const { return {kind, what}; }
  friend bool operator==(const Refused&, const Refused&) = default;
  static auto fields(auto& self) { return std::tie(self.slice, self.kind, self.what); }
};
struct ShuttingDown {
  static constexpr std::uint16_t number = 107;
  friend bool operator==(const ShuttingDown&, const ShuttingDown&) = default;
  static auto fields(auto&) { return std::tuple<>(); }
};
using FromSpawner =
    std::variant<Welcome, Launched, Exited, Slices, Guarantees, Refused, ShuttingDown>;

/// The packet of a message.
std::string to_packet(const ToSpawner& message);
std::string to_packet(const FromSpawner& message);
/// `corrupt` for an unknown number or bytes that do not fit it.
Result<ToSpawner> read_to_spawner(std::string_view packet);
Result<FromSpawner> read_from_spawner(std::string_view packet);

}  // namespace runink::isolation
