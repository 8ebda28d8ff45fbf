#include "security/owned.hpp"

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

namespace runink::security {

void Release::operator()(asn1_string_st* one) const { ASN1_STRING_free(one); }
void Release::operator()(bio_st* one) const { BIO_free(one); }
void Release::operator()(evp_pkey_st* one) const { EVP_PKEY_free(one); }
void Release::operator()(ssl_ctx_st* one) const { SSL_CTX_free(one); }
void Release::operator()(ssl_st* one) const { SSL_free(one); }
void Release::operator()(x509_st* one) const { X509_free(one); }
void Release::operator()(x509_store_ctx_st* one) const { X509_STORE_CTX_free(one); }
void Release::operator()(x509_store_st* one) const { X509_STORE_free(one); }
void Release::operator()(X509_extension_st* one) const { X509_EXTENSION_free(one); }

}  // namespace runink::security
