#include "security/pem_objects.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <string>

namespace runink::security {
namespace {

Owned<bio_st> reader_of(std::string_view pem) {
  return Owned<bio_st>(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

/// Without it OpenSSL asks at the terminal. pem_password_cb(3): 0 would be an empty passphrase.
int no_passphrase(char*, int, int, void*) { return -1; }

/// What `read`, of the family of PEM_read_bio(3), makes of the text; empty when it can make nothing.
template <class T>
Owned<T> first_of(std::string_view pem, T* (*read)(BIO*, T**, pem_password_cb*, void*)) {
  ERR_clear_error();
  const Owned<bio_st> in = reader_of(pem);
  Owned<T> one(read(in.get(), nullptr, no_passphrase, nullptr));
  ERR_clear_error();
  return one;
}

}  // namespace

Result<Owned<x509_st>> certificate_from_pem(std::string_view pem) {
  if (auto certificate = first_of<X509>(pem, PEM_read_bio_X509)) return certificate;
  return fail(
      FaultKind::bad_input,
      "there is no certificate in it that can be read (PEM, \"-----BEGIN CERTIFICATE-----\")");
}

Result<Certificates> certificates_from_pem(std::string_view pem, std::size_t most) {
  Certificates all;
  const Owned<bio_st> in = reader_of(pem);
  ERR_clear_error();
  while (X509* one = PEM_read_bio_X509(in.get(), nullptr, no_passphrase, nullptr)) {
    all.emplace_back(one);
    if (all.size() > most)
      return fail(FaultKind::bad_input,
                  "there are more than " + std::to_string(most) + " certificates in it");
  }
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (all.empty() || !at_end)
    return fail(FaultKind::bad_input,
                "there is no certificate in it that can be read, or one that is damaged (PEM, "
                "\"-----BEGIN CERTIFICATE-----\")");
  return all;
}

Result<Owned<evp_pkey_st>> key_from_pem(std::string_view pem) {
  if (auto key = first_of<EVP_PKEY>(pem, PEM_read_bio_PrivateKey)) return key;
  if (pem.find("ENCRYPTED") != std::string_view::npos)
    return fail(
        FaultKind::bad_input,
        "the key in it is encrypted, and nobody is there to give a passphrase; keep it as a "
        "file that only its owner can read");
  return fail(
      FaultKind::bad_input,
      "there is no private key in it that can be read (PEM, \"-----BEGIN PRIVATE KEY-----\")");
}

}  // namespace runink::security
