// The fallback where a file system cannot be mapped: folders are lent to a slice's user and taken
// back afterwards.
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace runink::isolation {

/// Gives the folder (an O_PATH descriptor) and everything beneath it to `uid`:`gid`, following no
/// link and leaving no mount. Returns how many things could not be changed.
std::uint64_t change_owner_of_tree(int folder, uid_t uid, gid_t gid);

}  // namespace runink::isolation
