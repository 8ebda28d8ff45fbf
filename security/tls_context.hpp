// What a node shows to others, and whom it believes.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "security/authority.hpp"
#include "security/owned.hpp"
#include "security/peer_identity.hpp"
#include "security/tls_channel.hpp"
#include "vocabulary/fault.hpp"
#include "vocabulary/units.hpp"

namespace runink::security {

/// Absolute paths.
struct TlsFiles {
  std::string
      authority;  ///< one certificate or several: while the authority is being changed, both
  std::string
      certificate;  ///< the node's own first, then those between it and the authority, if any
  std::string key;  ///< mode 0600
};

/// May be used by several threads.
class TlsContext {
 public:
  /// Reads the files and checks all that can be checked without another node: that key and certificate
  /// belong together, that it is the certificate of `self`, that the authority signed it, and that it
  /// counts at `now`. The fault says which file is wrong and what to do.
  static Result<std::unique_ptr<TlsContext>> load(TlsFiles files, PeerIdentity self, WallTime now);

  /// The same files again. With a fault everything stays as it was. Channels that exist keep what they
  /// began with; the next one shows, and believes, what is new.
  Result<void> reload(WallTime now);

  /// When the node's own certificate stops counting.
  WallTime ends() const;
  const PeerIdentity& self() const { return self_; }

  /// The side that calls; only `node` of our cluster may answer.
  Result<TlsChannel> call(const NodeName& node) const;
  /// The side that is called; any node of our cluster may call, and `peer` says which one did.
  Result<TlsChannel> answer() const;

 private:
  struct Loaded {
    std::shared_ptr<ssl_ctx_st> context;
    WallTime ends;
  };
  TlsContext(TlsFiles files, PeerIdentity self, Loaded loaded)
      : files_(std::move(files)), self_(std::move(self)), loaded_(std::move(loaded)) {}
  static Result<Loaded> read(const TlsFiles& files, const PeerIdentity& self, WallTime now);
  Result<TlsChannel> channel(const NodeName* expected) const;

  const TlsFiles files_;
  const PeerIdentity self_;
  mutable std::mutex mutex_;
  Loaded loaded_;  // under the mutex
};

}  // namespace runink::security
