// The cluster's own certificate authority: makes certificates, and reads what is in one.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "security/peer_identity.hpp"
#include "vocabulary/fault.hpp"
#include "vocabulary/units.hpp"

struct x509_st;

namespace runink::security {

/// A certificate and its private key, both as PEM (RFC 7468; the key is PKCS #8, not encrypted).
struct CertifiedKey {
  std::string certificate;
  std::string key;
};

/// From the first to the last second at which a certificate counts.
struct Validity {
  WallTime from;
  WallTime until;
};

/// A new authority for `cluster`: an EC P-256 key and a certificate that signs itself and may sign
/// nodes, but no further authority (RFC 5280, 4.2.1.9). `bad_input` for a bad name or validity.
Result<CertifiedKey> make_authority(const std::string& cluster, Validity validity);

/// A new key for one node, certified by `authority`, for both ends of a TLS connection, with
/// `to_uri(node)` as its only name. `refused` when it would outlive the authority, or when the
/// authority is that of another cluster.
Result<CertifiedKey> make_node(const CertifiedKey& authority, const PeerIdentity& node,
                               Validity validity);

/// What a certificate says.
struct CertificateFacts {
  bool authority = false;
  std::string cluster;                   ///< of an authority made here; else empty
  std::optional<PeerIdentity> identity;  ///< of a node
  Validity validity;
  /// SHA-256 over its DER form, as `openssl x509 -fingerprint -sha256` prints it: "AB:CD:...".
  std::string fingerprint;
};

/// Of the first certificate in `pem`; `bad_input` when there is none.
Result<CertificateFacts> read_certificate(std::string_view pem);

// ---- for the sources of this room

CertificateFacts facts_of(const x509_st& certificate);
/// The one raft:// name of a certificate. A fault says why it is no node's.
Result<PeerIdentity> identity_of(const x509_st& certificate);
/// "2026-11-30 22:46:07 UTC"
std::string moment_text(WallTime time);
/// What OpenSSL complained of last in this thread; empties its list.
std::string openssl_says();

}  // namespace runink::security
