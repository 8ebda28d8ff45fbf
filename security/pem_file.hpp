// Files of certificates and keys: read with a bound and a guard, written whole or not at all.
#pragma once

#include <cstdint>
#include <span>
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

/// A file that is to be.
struct NewFile {
  std::string path;
  std::string_view bytes;
  unsigned mode = 0600;
};

/// All of `files` or none, as far as file systems can: each is written beside its place with its mode
/// and synced before the first gets its name, in the order given; then their folders are synced.
/// `conflict` when something has one of the names and `existing` is `keep`; then nothing is there that was not
/// before. When one of several cannot be replaced, the fault says which are new by then.
Result<void> write_whole_files(std::span<const NewFile> files, Existing existing);
/// The same for one.
Result<void> write_whole_file(const std::string& path, std::string_view bytes, unsigned mode,
                              Existing existing);

}  // namespace runink::security
