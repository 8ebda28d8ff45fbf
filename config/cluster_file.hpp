// The cluster file: the one file a node is started with (DESIGN: processes and threads). A value of
// this type has been checked: every name is a name, every path is absolute, every default is filled
// in, and what this version cannot do has been refused.
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/machine.hpp"
#include "config/mistake.hpp"
#include "vocabulary/fault.hpp"
#include "vocabulary/ids.hpp"
#include "vocabulary/limits.hpp"
#include "vocabulary/units.hpp"

namespace runink::config {

/// What a volume grants a herd; write includes read.
enum class Access : std::uint8_t { read = 1, write = 2 };
std::string_view to_string(Access access);

enum class LogLevel : std::uint8_t { trace = 0, debug = 1, info = 2, warn = 3, error = 4 };
std::string_view to_string(LogLevel level);

/// Where to listen or to call. `host` is an IPv4 or IPv6 address (without brackets) or a DNS name.
struct Endpoint {
  std::string host;
  std::uint16_t port = 0;
  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};
/// "10.0.0.1:7201", "[::1]:7201".
std::string to_string(const Endpoint& endpoint);
/// "host:port" or "[v6]:port"; the fault says what is wrong with it. Port 0 only where `any_port`.
Result<Endpoint> parse_endpoint(std::string_view text, bool any_port);

/// A node of the cluster, as others call it. One line of [[nodes]]: a founder.
struct Peer {
  NodeName name;
  Endpoint address;
  NodeId id;  ///< of a founder: given, else the place in the list, from 1
  friend bool operator==(const Peer&, const Peer&) = default;
};

/// A named folder of this node.
struct Volume {
  VolumeName name;
  std::string path;
  std::map<HerdName, Access> grants;
  friend bool operator==(const Volume&, const Volume&) = default;
};

struct Node {
  NodeName name;
  NodeId id;  ///< 0 on a node that joins: its data folder says who it is
  /// Where a node listens that joins a cluster which others founded. Founders listen where [[nodes]] says.
  std::optional<Endpoint> address;
  std::string data;  ///< raft.db, state.db, artifacts, slices
  bool voter = true;
  bool worker = true;
  std::map<std::string, std::string> labels;
  std::optional<std::string> user;  ///< the account the daemon becomes when it is started as root
  Machine capacity;                 ///< what slices may use together
};

struct Admin {
  std::string socket;                ///< default: <data>/admin.sock
  std::optional<std::string> group;  ///< may connect beside the owner
};

/// As many as the spawner keeps (isolation/spawner_config.cpp refuses more, and 0).
inline constexpr std::uint32_t berths_most = 256;

struct Slices {
  std::uint32_t uid_base = 1'000'000;
  std::uint32_t uid_count = 65'536;
  /// Below the root of every cgroup hierarchy. Empty: derived from the data folder, so that two nodes
  /// of one machine never meet.
  std::string cgroup;
  std::uint32_t berths = 4;  ///< ready sandboxes, 1 to berths_most
};

/// How nodes prove to each other who they are. The paths are absolute.
struct Tls {
  std::string authority;    ///< `ca`: the cluster's authority, or several while it is changed
  std::string certificate;  ///< `cert`: this node's own
  std::string key;          ///< `key`: mode 0600
  friend bool operator==(const Tls&, const Tls&) = default;
};

/// How long the log gets before a snapshot takes its place, and what becomes of what is cut off.
struct History {
  Bytes log = limits::log_most;  ///< applied since the last snapshot
  Bytes log_kept = limits::log_trailing;
  Bytes transfer_rate = limits::snapshot_rate;  ///< of a snapshot to one node, in a second
  Bytes archive = limits::archive;
  std::optional<Duration> archive_for;
  friend bool operator==(const History&, const History&) = default;
};

struct ClusterFile {
  std::string path;  ///< absolute; where it was read from
  std::string cluster;
  Node node;
  std::vector<Peer> nodes;  ///< the founders; never empty; sorted as in the file
  /// Always there with several nodes, unless `insecure_peers`.
  std::optional<Tls> tls;
  /// Nodes speak in the clear and prove nothing. For tests: every address is on loopback then.
  bool insecure_peers = false;
  /// No other node is ever spoken to: one founder, and nothing that would let others join.
  bool alone = true;
  std::map<VolumeName, Volume> volumes;
  Admin admin;
  std::optional<Endpoint> metrics = Endpoint{"127.0.0.1", 9464};  ///< nothing = off
  Slices slices;
  LogLevel log_level = LogLevel::info;
  /// A node's right to run slices. Long with one voter, since nobody else could take its work over;
  /// short with several.
  Duration lease;
  History history;

  /// This node is none of the founders: it waits until the cluster adds it.
  bool joins() const { return node.address.has_value(); }
  /// How others call this node.
  Peer self() const;
};

/// Reads `text`, which came from `path` (relative paths in it are relative to that file's folder).
/// `machine` is what capacity defaults to. All mistakes at once, in the order of the text.
std::expected<ClusterFile, Mistakes> parse_cluster_file(std::string_view text,
                                                        const std::string& path,
                                                        const Machine& machine);

/// The file at `path`, with this machine's capacity. The fault's text holds every mistake, ready to
/// be printed; its kind is `bad_input`, or `no_such_thing` when there is no such file.
Result<ClusterFile> load_cluster_file(const std::string& path);

/// What `runinkd --check-config` prints: every value that holds, defaults included.
std::string describe(const ClusterFile& file);

}  // namespace runink::config
