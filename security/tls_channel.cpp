#include "security/tls_channel.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <array>

#include "security/authority.hpp"
#include "security/channel_state.hpp"
#include "vocabulary/ensure.hpp"

namespace runink::security {
namespace {

/// What the other side's alert means (RFC 8446, 6.2); OpenSSL numbers them from 1000.
std::string_view alert_text(int reason) {
  switch (reason) {
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
      return "its authority did not sign our certificate. Both nodes need certificates of one "
             "authority";
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
      return "our certificate, or its authority, does not count at its time. Its log says which; "
             "make a "
             "new one with `runi pki`, or set the clocks";
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
      return "our certificate is not that of the node that it expects. Its log says which one it "
             "got";
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED: return "it got no certificate of ours";
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION: return "it does not speak TLS 1.3";
    default: return "its log says why";
  }
}

int state_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

}  // namespace

Fault why_not_believed(int error, int depth, const x509_st* at, const std::string& whose) {
  Validity validity;
  if (at != nullptr) validity = facts_of(*at).validity;
  const std::string of_node = "The " + whose;
  const std::string found = depth == 0 ? of_node : "The authority of the " + whose;
  const std::string anew = depth == 0
                               ? "Make a new one with `runi pki node`, put it in the place of the "
                                 "old one, and reload the node (SIGHUP)."
                               : "Make a new authority with `runi pki init` and new certificates "
                                 "of all nodes with `runi pki node`.";
  const auto refused = [](std::string what) {
    return Fault{FaultKind::not_allowed, std::move(what)};
  };
  switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return refused(found + " expired on " + moment_text(validity.until) + ". " + anew);
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return refused(found + " counts only from " + moment_text(validity.from) +
                     " on. Set the clocks of the machines to one time.");
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
      // Whatever else it brought along: what is missing is the one that this node believes.
      return refused(of_node +
                     " was not signed by the authority that this node believes. All nodes of a "
                     "cluster need certificates of one authority: make it with `runi pki node` "
                     "in the folder of the cluster's ca.key.");
    case X509_V_ERR_INVALID_PURPOSE:
      return refused(of_node +
                     " is not made for both ends of a connection between nodes. Make one with "
                     "`runi pki node`.");
    default:
      return refused(found + " is not believed: " + X509_verify_cert_error_string(error) + ". " +
                     anew);
  }
}

bool TlsChannel::State::attach() { return SSL_set_ex_data(ssl.get(), state_index(), this) == 1; }

int TlsChannel::State::decide(int fine, x509_store_ctx_st* context) {
  const auto* ssl = static_cast<const SSL*>(
      X509_STORE_CTX_get_ex_data(context, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto* state = static_cast<State*>(SSL_get_ex_data(ssl, state_index()));
  return state->believe(fine == 1, context) ? 1 : 0;
}

bool TlsChannel::State::believe(bool fine, x509_store_ctx_st* context) {
  const X509* certificate = X509_STORE_CTX_get_current_cert(context);
  const int depth = X509_STORE_CTX_get_error_depth(context);
  const std::string whose =
      "certificate that " +
      (expected ? in_words({self.cluster, *expected}) : std::string("the caller")) + " shows";
  if (!fine) {
    if (!refused)
      refused = why_not_believed(X509_STORE_CTX_get_error(context), depth, certificate, whose);
    return false;
  }
  if (depth != 0) return true;
  const auto refuse = [&](std::string why) {
    refused = Fault{FaultKind::not_allowed, std::move(why)};
    X509_STORE_CTX_set_error(context, X509_V_ERR_APPLICATION_VERIFICATION);
    return false;
  };
  const auto identity = identity_of(*certificate);
  if (!identity)
    return refuse("The " + whose + " is not believed: " + identity.error().what +
                  ". Make one with `runi pki node`.");
  if (identity->cluster != self.cluster)
    return refuse("The " + whose + " is that of " + in_words(*identity) +
                  ", and this is cluster '" + self.cluster +
                  "'. Correct the address in the cluster file, or give that node a certificate of "
                  "this cluster.");
  if (expected && identity->node != *expected)
    return refuse(
        "The " + whose + " is that of " + in_words(*identity) +
        ". Two nodes have changed their addresses or their certificates: compare [[nodes]] "
        "and [tls] of their cluster files.");
  peer = *identity;
  return true;
}

TlsChannel::TlsChannel(std::unique_ptr<State> state) : state_(std::move(state)) {
  (void)shake_hands();  // the caller's first words; nothing can be wrong yet
}
TlsChannel::TlsChannel(TlsChannel&&) noexcept = default;
TlsChannel& TlsChannel::operator=(TlsChannel&&) noexcept = default;
TlsChannel::~TlsChannel() = default;

bool TlsChannel::open() const { return state_->open; }
bool TlsChannel::closed() const { return state_->closed; }

const PeerIdentity& TlsChannel::peer() const {
  ENSURE(state_->open && state_->peer);
  return *state_->peer;
}

std::unexpected<Fault> TlsChannel::broken(int result) {
  const int kind = SSL_get_error(state_->ssl.get(), result);
  const unsigned long code = ERR_peek_last_error();
  const std::string says = openssl_says();
  state_->broken = true;
  state_->open = false;
  if (state_->refused) return std::unexpected(*state_->refused);
  const int reason = ERR_GET_REASON(code);
  if (kind == SSL_ERROR_SSL && reason > SSL_AD_REASON_OFFSET)
    return fail(FaultKind::not_allowed, "The other side ended the connection: " +
                                            std::string(alert_text(reason)) + " (" + says + ").");
  if (kind == SSL_ERROR_SSL && reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE)
    return fail(FaultKind::not_allowed,
                "The caller shows no certificate: it is no node of this cluster.");
  return fail(FaultKind::corrupt, "What came is not TLS 1.3 (" + says + ").");
}

Result<void> TlsChannel::shake_hands() {
  ERR_clear_error();
  const int result = SSL_do_handshake(state_->ssl.get());
  if (result == 1) {
    // Without a certificate there is no handshake (SSL_VERIFY_FAIL_IF_NO_PEER_CERT), nor without a
    // name in it (believe).
    ENSURE(state_->peer.has_value());
    state_->open = true;
    return {};
  }
  if (SSL_get_error(state_->ssl.get(), result) == SSL_ERROR_WANT_READ) return {};
  return broken(result);
}

Result<void> TlsChannel::receive(std::string_view bytes, std::string& plain) {
  ENSURE(!state_->broken);
  std::size_t taken = 0;
  if (!bytes.empty() &&
      (BIO_write_ex(state_->in, bytes.data(), bytes.size(), &taken) != 1 || taken != bytes.size()))
    return fail(FaultKind::exhausted, "There is no memory for what came over the connection.");
  if (!state_->open)
    if (auto shaken = shake_hands(); !shaken || !state_->open) return shaken;
  std::array<char, 16'384> part{};  // one record of TLS
  for (;;) {
    std::size_t got = 0;
    ERR_clear_error();
    const int result = SSL_read_ex(state_->ssl.get(), part.data(), part.size(), &got);
    if (result == 1) {
      plain.append(part.data(), got);
      continue;
    }
    const int kind = SSL_get_error(state_->ssl.get(), result);
    if (kind == SSL_ERROR_WANT_READ) return {};
    if (kind == SSL_ERROR_ZERO_RETURN) {
      state_->closed = true;
      return {};
    }
    return broken(result);
  }
}

Result<void> TlsChannel::send(std::string_view plain) {
  ENSURE(state_->open && !state_->broken);
  if (plain.empty()) return {};
  std::size_t sent = 0;
  ERR_clear_error();
  const int result = SSL_write_ex(state_->ssl.get(), plain.data(), plain.size(), &sent);
  if (result == 1 && sent == plain.size()) return {};
  return broken(result);
}

void TlsChannel::take_output(std::string& bytes) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(state_->out, &data);
  if (size <= 0) return;
  bytes.append(data, static_cast<std::size_t>(size));
  (void)BIO_reset(state_->out);
}

void TlsChannel::close() {
  ERR_clear_error();
  if (state_->open && !state_->broken) (void)SSL_shutdown(state_->ssl.get());
  ERR_clear_error();
}

}  // namespace runink::security
