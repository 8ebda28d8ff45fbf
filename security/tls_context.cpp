#include "security/tls_context.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <utility>

#include "security/channel_state.hpp"
#include "security/pem_file.hpp"
#include "security/pem_objects.hpp"
#include "vocabulary/limits.hpp"

namespace runink::security {
namespace {

/// Certificates between a node's and the authority's, at most.
constexpr int chain_depth = 3;
/// What a peer may send as its chain.
constexpr long chain_bytes = 32'768;
/// TLS_AES_128_GCM first: it is what the hardware is fastest at.
constexpr const char* ciphers =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";

/// "The certificate '/etc/runink/n1.crt': <why>."
std::unexpected<Fault> about(std::string_view what, const std::string& path, const Fault& why) {
  return fail(why.kind, std::string(what) + " '" + path + "' is of no use: " + why.what + ".");
}

/// What a node with these would be told by every other one: as the side that calls, and as the one that is
/// called.
Result<void> check_own(const std::string& path, X509* certificate, const Certificates& between,
                       X509_STORE* believed, WallTime now) {
  STACK_OF(X509)* chain = sk_X509_new_null();
  for (const auto& one : between) sk_X509_push(chain, one.get());
  Result<void> fine;
  for (const char* purpose : {"ssl_client", "ssl_server"}) {
    const Owned<x509_store_ctx_st> context(X509_STORE_CTX_new());
    if (!context || X509_STORE_CTX_init(context.get(), believed, certificate, chain) != 1 ||
        X509_STORE_CTX_set_default(context.get(), purpose) != 1) {
      fine =
          fail(FaultKind::outside_failed, "OpenSSL cannot check certificates: " + openssl_says());
      break;
    }
    X509_STORE_CTX_set_time(context.get(), 0, now.us / 1'000'000);
    if (X509_verify_cert(context.get()) == 1) continue;
    fine = std::unexpected(why_not_believed(
        X509_STORE_CTX_get_error(context.get()), X509_STORE_CTX_get_error_depth(context.get()),
        X509_STORE_CTX_get_current_cert(context.get()), "certificate '" + path + "' of this node"));
    break;
  }
  sk_X509_free(chain);
  ERR_clear_error();
  return fine;
}

/// A context for both sides.
Result<Owned<ssl_ctx_st>> make_context() {
  ERR_clear_error();
  Owned<ssl_ctx_st> context(SSL_CTX_new(TLS_method()));
  SSL_CTX* one = context.get();
  const bool fine = one && SSL_CTX_set_min_proto_version(one, TLS1_3_VERSION) == 1 &&
                    SSL_CTX_set_max_proto_version(one, TLS1_3_VERSION) == 1 &&
                    SSL_CTX_set_ciphersuites(one, ciphers) == 1 &&
                    SSL_CTX_set_num_tickets(one, 0) == 1;
  if (!fine) return fail(FaultKind::outside_failed, "OpenSSL cannot be used: " + openssl_says());
  SSL_CTX_set_options(one, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_session_cache_mode(one, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(one, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_security_level(one, 2);
  SSL_CTX_set_verify_depth(one, chain_depth);
  SSL_CTX_set_max_cert_list(one, chain_bytes);
  return context;
}

}  // namespace

Result<TlsContext::Loaded> TlsContext::read(const TlsFiles& files, const PeerIdentity& self,
                                            WallTime now) {
  const auto authority_pem = read_believed_file("The authority's certificate", files.authority);
  if (!authority_pem) return std::unexpected(authority_pem.error());
  const auto own_pem = read_pem_file("The node's certificate", files.certificate);
  if (!own_pem) return std::unexpected(own_pem.error());
  const auto key_pem = read_key_file("The node's key", files.key);
  if (!key_pem) return std::unexpected(key_pem.error());

  const auto authorities = certificates_from_pem(*authority_pem, limits::authorities);
  if (!authorities)
    return about("The authority's certificate", files.authority, authorities.error());
  auto chain = certificates_from_pem(*own_pem, 1 + chain_depth);
  if (!chain) return about("The node's certificate", files.certificate, chain.error());
  const auto key = key_from_pem(*key_pem);
  if (!key) return about("The node's key", files.key, key.error());

  const Owned<x509_st> own = std::move(chain->front());
  chain->erase(chain->begin());
  if (X509_check_private_key(own.get(), key->get()) != 1) {
    ERR_clear_error();
    return fail(FaultKind::bad_input,
                "The key '" + files.key + "' does not belong to the certificate '" +
                    files.certificate + "'. Put the two that were made together there.");
  }
  const auto identity = identity_of(*own);
  if (!identity) return about("The node's certificate", files.certificate, identity.error());
  if (*identity != self)
    return fail(FaultKind::bad_input, "The certificate '" + files.certificate + "' is that of " +
                                          in_words(*identity) + ", and this is " + in_words(self) +
                                          ". Name this node's own files in [tls].");

  auto context = make_context();
  if (!context) return std::unexpected(context.error());
  X509_STORE* believed = SSL_CTX_get_cert_store(context->get());
  for (const auto& one : *authorities) X509_STORE_add_cert(believed, one.get());
  if (auto fine = check_own(files.certificate, own.get(), *chain, believed, now); !fine)
    return std::unexpected(fine.error());
  bool taken = SSL_CTX_use_certificate(context->get(), own.get()) == 1 &&
               SSL_CTX_use_PrivateKey(context->get(), key->get()) == 1;
  for (const auto& one : *chain)
    taken = taken && SSL_CTX_add1_chain_cert(context->get(), one.get()) == 1;
  if (!taken)
    return fail(FaultKind::bad_input, "OpenSSL does not take the certificate '" +
                                          files.certificate + "' with its key: " + openssl_says());
  SSL_CTX_set_verify(context->get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                     &TlsChannel::State::decide);
  return Loaded{std::shared_ptr<ssl_ctx_st>(std::move(*context)), facts_of(*own).validity.until};
}

Result<std::unique_ptr<TlsContext>> TlsContext::load(TlsFiles files, PeerIdentity self,
                                                     WallTime now) {
  auto loaded = read(files, self, now);
  if (!loaded) return std::unexpected(loaded.error());
  return std::unique_ptr<TlsContext>(
      new TlsContext(std::move(files), std::move(self), std::move(*loaded)));
}

Result<void> TlsContext::reload(WallTime now) {
  auto loaded = read(files_, self_, now);
  if (!loaded) return std::unexpected(loaded.error());
  const std::lock_guard lock(mutex_);
  loaded_ = std::move(*loaded);
  return {};
}

WallTime TlsContext::ends() const {
  const std::lock_guard lock(mutex_);
  return loaded_.ends;
}

Result<TlsChannel> TlsContext::call(const NodeName& node) const { return channel(&node); }
Result<TlsChannel> TlsContext::answer() const { return channel(nullptr); }

Result<TlsChannel> TlsContext::channel(const NodeName* expected) const {
  std::shared_ptr<ssl_ctx_st> context;
  {
    const std::lock_guard lock(mutex_);
    context = loaded_.context;
  }
  ERR_clear_error();
  auto state = std::make_unique<TlsChannel::State>();
  state->self = self_;
  if (expected != nullptr) state->expected = *expected;
  state->ssl.reset(SSL_new(context.get()));  // keeps the context alive
  Owned<bio_st> in(BIO_new(BIO_s_mem()));
  Owned<bio_st> out(BIO_new(BIO_s_mem()));
  if (!state->ssl || !in || !out || !state->attach())
    return fail(FaultKind::exhausted, "There is no memory for a connection: " + openssl_says());
  state->in = in.get();
  state->out = out.get();
  SSL_set_bio(state->ssl.get(), in.release(), out.release());
  if (expected != nullptr)
    SSL_set_connect_state(state->ssl.get());
  else
    SSL_set_accept_state(state->ssl.get());
  return TlsChannel(std::move(state));
}

}  // namespace runink::security
