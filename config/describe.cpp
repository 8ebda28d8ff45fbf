#include "config/cluster_file.hpp"

namespace runink::config {
namespace {

std::string line(std::string_view key, const std::string& value) {
  std::string text(key);
  text.append(text.size() < 16 ? 16 - text.size() : 1, ' ');
  return text + value + "\n";
}

/// Whole units where they are exact or large, so that a person can read it.
std::string in_units(Bytes bytes) {
  static constexpr const char* units[] = {"", "Ki", "Mi", "Gi", "Ti"};
  std::uint64_t value = bytes.value;
  std::size_t unit = 0;
  while (unit < 4 && value >= 1024 && (value % 1024 == 0 || value >= 16 * 1024)) {
    value /= 1024;
    ++unit;
  }
  return std::to_string(value) + units[unit];
}

std::string in_units(Duration duration) {
  const std::int64_t ms = duration.ns / 1'000'000;
  return ms % 1000 == 0 ? std::to_string(ms / 1000) + "s" : std::to_string(ms) + "ms";
}

std::string describe_volume(const Volume& volume) {
  std::string text = line("volume", volume.name.value + " = " + volume.path);
  if (volume.grants.empty()) text += line("", "granted to nobody");
  for (const auto& [herd, access] : volume.grants)
    text += line("", std::string(to_string(access)) + " for herd " + herd.value);
  return text;
}

}  // namespace

std::string_view to_string(Access access) { return access == Access::read ? "read" : "write"; }

std::string_view to_string(LogLevel level) {
  switch (level) {
    case LogLevel::trace: return "trace";
    case LogLevel::debug: return "debug";
    case LogLevel::info: return "info";
    case LogLevel::warn: return "warn";
    case LogLevel::error: return "error";
  }
  return "unknown";
}

std::string describe(const ClusterFile& file) {
  const Node& node = file.node;
  std::string text = line("cluster", file.cluster) + line("file", file.path);
  text += line("node",
               node.name.value + (file.joins() ? " (joins, at " + to_string(*node.address) + ")"
                                               : " (id " + std::to_string(node.id.value) + ")"));
  text +=
      line("roles", std::string(node.voter ? "voter" : "") +
                        (node.voter && node.worker ? ", " : "") + (node.worker ? "worker" : ""));
  text += line("data", node.data);
  if (node.user) text += line("user", *node.user);
  for (const auto& [key, value] : node.labels) text += line("label", key + " = " + value);
  text += line("capacity", std::to_string(node.capacity.cpu.value) + "m cpu, " +
                               in_units(node.capacity.memory) + " memory, " +
                               in_units(node.capacity.disk) + " disk");
  for (const Peer& peer : file.nodes)
    text += line("voter", peer.name.value + " (id " + std::to_string(peer.id.value) + ") at " +
                              to_string(peer.address));
  if (file.tls) {
    text += line("tls ca", file.tls->authority);
    text += line("tls cert", file.tls->certificate);
    text += line("tls key", file.tls->key);
  }
  if (file.insecure_peers) text += line("tls", "off: nodes believe whoever speaks to them");
  for (const auto& [name, volume] : file.volumes) text += describe_volume(volume);
  text += line("admin socket", file.admin.socket);
  text += line("admin group", file.admin.group.value_or("(owner only)"));
  text += line("metrics", file.metrics ? to_string(*file.metrics) : "off");
  text += line("slice uids",
               std::to_string(file.slices.uid_base) + " to " +
                   std::to_string(std::uint64_t{file.slices.uid_base} + file.slices.uid_count - 1));
  text += line("slice cgroup",
               file.slices.cgroup.empty() ? "(derived from the data folder)" : file.slices.cgroup);
  text += line("berths", std::to_string(file.slices.berths));
  text += line("log level", std::string(to_string(file.log_level)));
  text += line("lease", in_units(file.lease));
  const History& history = file.history;
  text += line("log", "a snapshot for each " + in_units(history.log) + ", " +
                          in_units(history.log_kept) + " kept behind it");
  text += line("log archive", in_units(history.archive) +
                                  (history.archive_for ? ", for " + in_units(*history.archive_for)
                                                       : std::string()));
  text += line("snapshots", "sent at up to " + in_units(history.transfer_rate) + " a second");
  return text;
}

}  // namespace runink::config
