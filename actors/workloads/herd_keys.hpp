// The keys of herds, <data>/keys/<herd>.key: what hashes and tokens are made with. They never enter
// the log, and whoever destroys one makes its tokens unreadable for ever. Everything here blocks:
// disk threads only, any of them.
#pragma once

#include <cstdint>
#include <string>

#include "storage/data_folder.hpp"
#include "vocabulary/fault.hpp"
#include "vocabulary/ids.hpp"

namespace runink::actors {

/// Whether a key that is not there is made.
enum class MissingKey : std::uint8_t { make = 1, refuse = 2 };

/// The key of `herd`, `pipeline::key_bytes` bytes. When there is none, it is made of random bytes, durably
/// and mode 0600, or it is `not_allowed`: on several nodes the same value must get the same token, so
/// the operator gives all of them one key. A file of another length, or one that others may read, is `corrupt`: a key is
/// never replaced, since the same value would get another token from then on.
Result<std::string> herd_key(const storage::DataFolder& data, const HerdName& herd,
                             MissingKey missing = MissingKey::make);

/// The key of every test run, whatever its herd and node, so that golden files with hashes and tokens
/// hold everywhere: SHA-256 of "runink test key". It is no secret; what it hashes can be guessed.
std::string test_key();

}  // namespace runink::actors
