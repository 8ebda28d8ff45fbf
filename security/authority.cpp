#include "security/authority.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <array>
#include <vector>

#include "security/pem_objects.hpp"
#include "vocabulary/clock.hpp"
#include "vocabulary/names.hpp"

namespace runink::security {
namespace {

constexpr std::string_view authority_kind = "Runink cluster authority";
constexpr std::int64_t second_us = 1'000'000;

std::unexpected<Fault> openssl_failed(std::string_view what) {
  return fail(FaultKind::outside_failed, std::string(what) + " failed: " + openssl_says());
}

template <class Write>
std::string to_pem(Write write) {
  const Owned<bio_st> out(BIO_new(BIO_s_mem()));
  if (!out || write(out.get()) != 1) return {};
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(out.get(), &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

/// 127 random bits (RFC 5280, 4.1.2.2: positive, at most 20 bytes; unique for this authority).
bool give_serial(X509* certificate) {
  std::array<unsigned char, 16> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) return false;
  bytes[0] &= 0x7F;
  BIGNUM* number = BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr);
  const bool fine = number != nullptr &&
                    BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nullptr;
  BN_free(number);
  return fine;
}

bool give_validity(X509* certificate, Validity validity) {
  return ASN1_TIME_set(X509_getm_notBefore(certificate), validity.from.us / second_us) != nullptr &&
         ASN1_TIME_set(X509_getm_notAfter(certificate), validity.until.us / second_us) != nullptr;
}

bool add_to_name(X509_NAME* name, const char* field, std::string_view value) {
  return X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(value.data()),
                                    static_cast<int>(value.size()), -1, 0) == 1;
}

bool add_extension(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Owned<X509_extension_st> extension(
      X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

Result<void> check_validity(Validity validity) {
  if (validity.from < validity.until) return {};
  return fail(FaultKind::bad_input,
              "A certificate must end after it begins: this one would count from " +
                  moment_text(validity.from) + " until " + moment_text(validity.until) + ".");
}

Result<CertifiedKey> both(X509* certificate, EVP_PKEY* key) {
  CertifiedKey pair;
  pair.certificate = to_pem([&](BIO* out) { return PEM_write_bio_X509(out, certificate); });
  pair.key = to_pem([&](BIO* out) {
    return PEM_write_bio_PKCS8PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr);
  });
  if (pair.certificate.empty() || pair.key.empty())
    return openssl_failed("Writing the certificate");
  return pair;
}

WallTime moment_of(const ASN1_TIME* time) {
  tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return {static_cast<std::int64_t>(timegm(&parts)) * second_us};
}

std::string text_of(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<std::size_t>(ASN1_STRING_length(text))};
}

std::string entry_of(const X509_NAME* name, int kind) {
  const int at = X509_NAME_get_index_by_NID(name, kind, -1);
  if (at < 0) return {};
  return text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
}

std::string fingerprint_of(const X509& certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned size = 0;
  if (X509_digest(&certificate, EVP_sha256(), bytes.data(), &size) != 1) return {};
  static constexpr std::string_view digits = "0123456789ABCDEF";
  std::string text;
  for (unsigned i = 0; i < size; ++i) {
    if (i > 0) text += ':';
    text += digits[bytes[i] >> 4];
    text += digits[bytes[i] & 15];
  }
  return text;
}

}  // namespace

std::string moment_text(WallTime time) {
  std::string text = to_rfc3339(time);  // 2026-11-30T22:46:07.000Z
  text.replace(10, 1, " ");
  return text.substr(0, 19) + " UTC";
}

std::string openssl_says() {
  std::array<char, 256> text{};
  std::string all;
  while (const unsigned long code = ERR_get_error()) {
    ERR_error_string_n(code, text.data(), text.size());
    all = text.data();  // the last is the outermost
  }
  return all.empty() ? "OpenSSL does not say why" : all;
}

Result<CertifiedKey> make_authority(const std::string& cluster, Validity validity) {
  if (auto fine = check_name("cluster", cluster); !fine) return std::unexpected(fine.error());
  if (auto fine = check_validity(validity); !fine) return std::unexpected(fine.error());
  ERR_clear_error();
  const Owned<evp_pkey_st> key(EVP_EC_gen("P-256"));
  const Owned<x509_st> made(X509_new());
  X509* one = made.get();
  const bool fine = key && one && X509_set_version(one, X509_VERSION_3) == 1 && give_serial(one) &&
                    give_validity(one, validity) &&
                    add_to_name(X509_get_subject_name(one), "O", authority_kind) &&
                    add_to_name(X509_get_subject_name(one), "CN", cluster) &&
                    X509_set_issuer_name(one, X509_get_subject_name(one)) == 1 &&
                    X509_set_pubkey(one, key.get()) == 1 &&
                    add_extension(one, one, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
                    add_extension(one, one, NID_key_usage, "critical,keyCertSign,cRLSign") &&
                    add_extension(one, one, NID_subject_key_identifier, "hash") &&
                    X509_sign(one, key.get(), EVP_sha256()) > 0;
  if (!fine) return openssl_failed("Making the authority's certificate");
  return both(one, key.get());
}

Result<CertifiedKey> make_node(const CertifiedKey& authority, const PeerIdentity& node,
                               Validity validity) {
  if (auto fine = check_name("node", node.node.value); !fine) return std::unexpected(fine.error());
  if (auto fine = check_validity(validity); !fine) return std::unexpected(fine.error());
  auto issuer = certificate_from_pem(authority.certificate);
  if (!issuer)
    return fail(FaultKind::bad_input, "The authority's certificate: " + issuer.error().what + ".");
  auto signer = key_from_pem(authority.key);
  if (!signer)
    return fail(FaultKind::bad_input, "The authority's key: " + signer.error().what + ".");
  const CertificateFacts facts = facts_of(**issuer);
  if (!facts.authority || facts.cluster != node.cluster)
    return fail(
        FaultKind::refused,
        "The certificate is not that of the authority of cluster '" + node.cluster + "', but of " +
            (facts.cluster.empty() ? "something else" : "cluster '" + facts.cluster + "'") + ".");
  if (X509_check_private_key(issuer->get(), signer->get()) != 1) {
    ERR_clear_error();
    return fail(FaultKind::refused,
                "The authority's key does not belong to its certificate. Restore "
                "the two files from one copy.");
  }
  if (validity.until > facts.validity.until)
    return fail(FaultKind::refused, "A certificate until " + moment_text(validity.until) +
                                        " would outlive its authority, which ends at " +
                                        moment_text(facts.validity.until) +
                                        ". Ask for fewer days, or make a new authority.");
  ERR_clear_error();
  const Owned<evp_pkey_st> key(EVP_EC_gen("P-256"));
  const Owned<x509_st> made(X509_new());
  X509* one = made.get();
  const bool fine =
      key && one && X509_set_version(one, X509_VERSION_3) == 1 && give_serial(one) &&
      give_validity(one, validity) && add_to_name(X509_get_subject_name(one), "O", node.cluster) &&
      add_to_name(X509_get_subject_name(one), "CN", node.node.value) &&
      X509_set_issuer_name(one, X509_get_subject_name(issuer->get())) == 1 &&
      X509_set_pubkey(one, key.get()) == 1 &&
      add_extension(one, issuer->get(), NID_basic_constraints, "critical,CA:FALSE") &&
      add_extension(one, issuer->get(), NID_key_usage, "critical,digitalSignature") &&
      add_extension(one, issuer->get(), NID_ext_key_usage, "serverAuth,clientAuth") &&
      add_extension(one, issuer->get(), NID_subject_key_identifier, "hash") &&
      add_extension(one, issuer->get(), NID_authority_key_identifier, "keyid") &&
      add_extension(one, issuer->get(), NID_subject_alt_name, "URI:" + to_uri(node)) &&
      X509_sign(one, signer->get(), EVP_sha256()) > 0;
  if (!fine) return openssl_failed("Making the node's certificate");
  return both(one, key.get());
}

Result<PeerIdentity> identity_of(const x509_st& certificate) {
  auto* names = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr));
  std::vector<std::string> found;
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, i);
    if (name->type != GEN_URI) continue;
    std::string uri = text_of(name->d.uniformResourceIdentifier);
    if (uri.starts_with("raft:")) found.push_back(std::move(uri));
  }
  GENERAL_NAMES_free(names);
  if (found.empty())
    return fail(FaultKind::not_allowed,
                "it names no node: a node's certificate has the name "
                "raft://CLUSTER/NODE");
  if (found.size() > 1) return fail(FaultKind::not_allowed, "it names more than one node");
  return identity_from_uri(found.front());
}

CertificateFacts facts_of(const x509_st& certificate) {
  CertificateFacts facts;
  // X509_check_ca caches what it finds in the certificate and so wants a writable one.
  facts.authority = X509_check_ca(const_cast<x509_st*>(&certificate)) == 1;
  const X509_NAME* subject = X509_get_subject_name(&certificate);
  if (facts.authority && entry_of(subject, NID_organizationName) == authority_kind)
    facts.cluster = entry_of(subject, NID_commonName);
  if (auto identity = identity_of(certificate)) facts.identity = std::move(*identity);
  facts.validity = {moment_of(X509_get0_notBefore(&certificate)),
                    moment_of(X509_get0_notAfter(&certificate))};
  facts.fingerprint = fingerprint_of(certificate);
  return facts;
}

Result<CertificateFacts> read_certificate(std::string_view pem) {
  const auto certificate = certificate_from_pem(pem);
  if (!certificate) return std::unexpected(certificate.error());
  return facts_of(**certificate);
}

}  // namespace runink::security
