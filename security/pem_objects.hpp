// OpenSSL's objects from PEM text (RFC 7468). What is encrypted is refused: nobody is ever asked for a
// passphrase.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "security/owned.hpp"
#include "vocabulary/fault.hpp"

namespace runink::security {

using Certificates = std::vector<Owned<x509_st>>;

// Faults are `bad_input` and have neither beginning nor full stop: "there is no certificate in it ...".
// A text is at most `limits::pem_file`.

/// The first one.
Result<Owned<x509_st>> certificate_from_pem(std::string_view pem);
/// All of them, from one to `most`, in their order; a damaged one spoils all.
Result<Certificates> certificates_from_pem(std::string_view pem, std::size_t most);
Result<Owned<evp_pkey_st>> key_from_pem(std::string_view pem);

}  // namespace runink::security
