// What a channel is made of; shared by the two sources that make and use it.
#pragma once

#include <optional>
#include <string>

#include "security/owned.hpp"
#include "security/tls_channel.hpp"

namespace runink::security {

struct TlsChannel::State {
  Owned<ssl_st> ssl;
  bio_st* in = nullptr;  // both belong to `ssl`
  bio_st* out = nullptr;
  PeerIdentity self;
  std::optional<NodeName> expected;  ///< whom we called
  std::optional<PeerIdentity> peer;  ///< who it is, as far as its certificate was believed
  std::optional<Fault> refused;      ///< why we did not believe it
  bool open = false;
  bool closed = false;
  bool broken = false;

  /// Lets OpenSSL find this again by its own object. SSL_set_ex_data(3).
  bool attach();
  /// OpenSSL asks for each certificate of the other side, the authority's first. SSL_set_verify(3).
  static int decide(int fine, x509_store_ctx_st* context);
  bool believe(bool fine, x509_store_ctx_st* context);
};

/// What `error` (X509_V_ERR_...) of X509_verify_cert means, and what to do about it. It was found in `at`,
/// `depth` steps above the certificate of a node, which is `whose` ("certificate that node 'n2'...").
Fault why_not_believed(int error, int depth, const x509_st* at, const std::string& whose);

}  // namespace runink::security
