// What a slice's folder is made of.
#pragma once

#include <string>
#include <string_view>

#include "vocabulary/fault.hpp"
#include "vocabulary/owned_fd.hpp"

namespace runink::actors {

/// A folder that was not there, with exactly this mode.
Result<OwnedFd> new_folder(int parent, const std::string& name, unsigned mode);
/// An empty file (0600), for reading and writing.
Result<OwnedFd> new_file(int folder, const std::string& name);
/// A file with this content and mode.
Result<void> write_new(int folder, const std::string& name, std::string_view bytes, unsigned mode);

}  // namespace runink::actors
