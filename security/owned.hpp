// OpenSSL's objects with one owner. They are named as its headers declare them, so that no header of
// ours has to include one.
#pragma once

#include <memory>

struct asn1_string_st;
struct bio_st;
struct evp_pkey_st;
struct ssl_ctx_st;
struct ssl_st;
struct x509_st;
struct x509_store_ctx_st;
struct x509_store_st;
struct X509_extension_st;

namespace runink::security {

struct Release {
  void operator()(asn1_string_st* one) const;
  void operator()(bio_st* one) const;
  void operator()(evp_pkey_st* one) const;
  void operator()(ssl_ctx_st* one) const;
  void operator()(ssl_st* one) const;
  void operator()(x509_st* one) const;
  void operator()(x509_store_ctx_st* one) const;
  void operator()(x509_store_st* one) const;
  void operator()(X509_extension_st* one) const;
};

template <class T>
using Owned = std::unique_ptr<T, Release>;

}  // namespace runink::security
