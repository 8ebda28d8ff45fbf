// Mount sources, resolved beneath the prefixes that the start-up file allows.
#pragma once

#include <string>
#include <vector>

#include "vocabulary/fault.hpp"
#include "vocabulary/owned_fd.hpp"

namespace runink::isolation {

/// For one launch: a prefix is opened once for all sources beneath it.
class AllowedFolders {
 public:
  /// Absolute paths. They may contain links: they were written by the one who may write the
  /// start-up file.
  explicit AllowedFolders(std::vector<std::string> prefixes);

  /// An O_PATH descriptor of `path`, which must lie beneath one of the prefixes as a text and must
  /// be reached from there without leaving it by a link or by ".." (openat2, RESOLVE_BENEATH).
  /// `not_allowed` outside; `no_such_thing` when it does not exist.
  Result<OwnedFd> resolve(const std::string& path);

 private:
  struct Folder {
    std::string path;
    OwnedFd fd;
  };
  std::vector<Folder> folders_;
};

}  // namespace runink::isolation
