// `runi pki`: the cluster's authority and its nodes' certificates. Nothing here asks a node.
#pragma once

#include <cstdint>
#include <string>

#include "tools/runi/verbs.hpp"

namespace runink::runi {

inline constexpr std::int64_t authority_days = 3'650;
inline constexpr std::int64_t node_days = 365;
inline constexpr std::int64_t days_most = 36'500;

struct PkiOptions {
  std::string cluster;
  std::string node;
  std::string folder = "pki";
  std::int64_t days = 0;  ///< 0 = the default above
  bool force = false;     ///< replace what is there
};

/// Makes ca.crt and ca.key in the folder, and the folder.
int do_pki_init(const Common& common, const PkiOptions& options);
/// Makes NODE.crt and NODE.key in the folder that has ca.crt and ca.key.
int do_pki_node(const Common& common, const PkiOptions& options);

}  // namespace runink::runi
