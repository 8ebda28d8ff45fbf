#include "security/peer_identity.hpp"

#include "vocabulary/names.hpp"
#include "vocabulary/text.hpp"

namespace runink::security {
namespace {

constexpr std::string_view scheme = "raft://";

}  // namespace

std::string to_uri(const PeerIdentity& identity) {
  return std::string(scheme) + identity.cluster + "/" + identity.node.value;
}

Result<PeerIdentity> identity_from_uri(std::string_view uri) {
  const auto bad = [&] {
    return fail(FaultKind::bad_input, "'" + printable(uri, 200) +
                                          "' is not the name of a node: it must be "
                                          "raft://CLUSTER/NODE.");
  };
  if (!uri.starts_with(scheme)) return bad();
  const std::string_view rest = uri.substr(scheme.size());
  const std::size_t slash = rest.find('/');
  if (slash == std::string_view::npos) return bad();
  const std::string_view cluster = rest.substr(0, slash);
  const std::string_view node = rest.substr(slash + 1);
  if (!check_name("cluster", cluster) || !check_name("node", node)) return bad();
  return PeerIdentity{std::string(cluster), NodeName(std::string(node))};
}

std::string in_words(const PeerIdentity& identity) {
  return "node '" + identity.node.value + "' of cluster '" + identity.cluster + "'";
}

}  // namespace runink::security
