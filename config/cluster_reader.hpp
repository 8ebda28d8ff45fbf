// From a document to a ClusterFile: one method for each table of the file.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/cluster_file.hpp"
#include "config/document.hpp"
#include "config/section.hpp"

namespace runink::config {

class ClusterReader {
 public:
  /// `path` is that of the file; paths in it are relative to its folder.
  ClusterReader(const std::string& path, const Machine& machine);

  /// Means something only when `mistakes` is empty after it.
  ClusterFile read(const Value& document);
  std::vector<Mistake> mistakes() { return notes_.take(); }

 private:
  void read_node(Section& root);
  void read_address(Section& node);
  void read_roles(Section& node);
  void read_labels(Section& node);
  void read_capacity(Section& node);
  void read_nodes(Section& root);
  std::optional<Peer> read_peer(const Value& value, std::size_t position);
  void check_joining();
  void read_tls(Section& root);
  void check_insecure_peers(const Place& place);
  void read_volumes(Section& root);
  void read_volume(const Entry& entry);
  void read_grants(Section& section, Volume& volume);
  void check_volume_path(const Found<std::string>& path, const Volume& volume);
  void read_admin(Section& root);
  void read_metrics(Section& root);
  void read_slices(Section& root);
  void read_log(Section& root);
  void read_lease(Section& root);
  void read_history(Section& root);

  /// True and quiet for a good name; else one mistake.
  bool good_name(std::string_view kind, std::string_view name, const Place& place);
  /// Absolute and normal; empty after a mistake.
  std::string absolute(const Found<std::string>& path, std::string_view what);

  std::filesystem::path folder_;
  ClusterFile file_;
  Notes notes_;
  Place node_name_place_;
};

/// 127.0.0.0/8 or ::1, as numbers: a name could mean another machine tomorrow.
bool is_loopback(const Endpoint& endpoint);

}  // namespace runink::config
