// Files of certificates and keys: read with a bound and a guard, written whole or not at all.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "vocabulary/fault.hpp"

namespace runink::security {

/// A regular file of at most `limits::pem_file`. `what` begins the sentences of its faults: "The
/// certificate".
Result<std::string> read_pem_file(std::string_view what, const std::string& path);
/// The same for certificates that this node believes: nobody but this process's account (or root) may
/// own them, and nobody but their owner may write them; otherwise `not_allowed`.
Result<std::string> read_believed_file(std::string_view what, const std::string& path);
/// The same for a private key, which, beside that, nobody but its owner may read.
Result<std::string> read_key_file(std::string_view what, const std::string& path);

/// Replacing is the caller's explicit wish.
enum class Existing : std::uint8_t { keep = 1, replace = 2 };

/// Writes `bytes` beside `path` with `mode`, syncs them, and gives them the name in one step; then
/// syncs the folder. `conflict` when something has the name and `existing` is `keep`.
Result<void> write_whole_file(const std::string& path, std::string_view bytes, unsigned mode,
                              Existing existing);

}  // namespace runink::security
