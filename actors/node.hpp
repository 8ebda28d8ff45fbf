// A node, built from its cluster file: the one place that knows every part.
#pragma once

#include <memory>
#include <string>

#include "config/cluster_file.hpp"
#include "vocabulary/fault.hpp"

namespace runink::actors {

/// Exit codes of runinkd beside 0 (stopped as asked) and 1 (could not start).
inline constexpr int exit_broken = 70;   ///< stopped itself: disk, log or state can't be trusted
inline constexpr int exit_removed = 77;  ///< the cluster has removed this node

/// With what the process ends when Node::start failed on the data folder `data`: `exit_removed` when it is
/// that of a node that the cluster has removed, or 1.
int exit_code_of_failed_start(const std::string& data);

struct NodeOptions {
  config::ClusterFile config;
  /// Folder of runink-spawner and runink-step, absolute.
  std::string tools;
};

class Node {
 public:
  /// Opens the data folder, starts or finds the spawner, drops every privilege, recovers log and
  /// state, starts the threads and actors, opens the doors. Must be called before the process has
  /// other threads. Faults are for the operator, ready to print.
  static Result<std::unique_ptr<Node>> start(NodeOptions options);
  /// Stops if that was not done.
  virtual ~Node() = default;

  /// Where /metrics is served; 0 when it is off.
  virtual unsigned metrics_port() const = 0;
  /// With what the process ends after stop(): 0, or `exit_removed`. A node that is removed sends its own
  /// process SIGTERM.
  virtual int exit_code() const = 0;
  /// Reads the certificates of [tls] anew: connections made from now on show and believe them. With a
  /// fault everything stays as it was. From any thread.
  virtual Result<void> reload() = 0;
  /// Closes the doors, ends the actors, writes what waits, closes the databases. Slices that run go
  /// on in the spawner and are attached to by the next start; a spawner without slices ends too.
  virtual void stop() = 0;
};

}  // namespace runink::actors
