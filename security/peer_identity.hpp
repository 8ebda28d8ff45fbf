// The name by which nodes know each other: the URI in a node's certificate.
#pragma once

#include <string>
#include <string_view>

#include "vocabulary/fault.hpp"
#include "vocabulary/ids.hpp"

namespace runink::security {

/// One node of one cluster. Both names are as `check_name` wants them.
struct PeerIdentity {
  std::string cluster;
  NodeName node;
  friend bool operator==(const PeerIdentity&, const PeerIdentity&) = default;
};

/// "raft://prod/n1": the subject alternative name (RFC 5280, 4.2.1.6) of the node's certificate.
std::string to_uri(const PeerIdentity& identity);
/// `bad_input` for everything that `to_uri` does not make.
Result<PeerIdentity> identity_from_uri(std::string_view uri);
/// For sentences: "node 'n1' of cluster 'prod'".
std::string in_words(const PeerIdentity& identity);

}  // namespace runink::security
