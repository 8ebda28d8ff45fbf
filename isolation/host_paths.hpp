// Mount sources, resolved beneath the prefixes that the start-up file allows.
#pragma once

#include <span>
#include <string>

#include "vocabulary/fault.hpp"
#include "vocabulary/owned_fd.hpp"

namespace runink::isolation {

/// An O_PATH descriptor of `path`, which must lie beneath one of `prefixes` as a text and must be
/// reached from there without leaving it by a link or by ".." (openat2, RESOLVE_BENEATH).
/// `not_allowed` outside; `no_such_thing` when it does not exist.
Result<OwnedFd> resolve_beneath(std::span<const std::string> prefixes, const std::string& path);

}  // namespace runink::isolation
