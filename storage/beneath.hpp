// Files below a folder, without ever following a link out of it: openat2(2) with RESOLVE_BENEATH,
// RESOLVE_NO_SYMLINKS and RESOLVE_NO_MAGICLINKS. What a slice left behind is a stranger's input: a
// name in it may be a link, a device or a pipe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "vocabulary/fault.hpp"
#include "vocabulary/owned_fd.hpp"
#include "vocabulary/units.hpp"

namespace runink::storage {

/// A failed call on a file as a fault: a full disk or quota is `exhausted` and says so, a missing
/// file `no_such_thing`, everything else `outside_failed`. `what` says what was tried.
Fault file_fault(std::string_view what, int error);

/// Opens the folder `path` itself (absolute or relative to the working folder; links allowed: the
/// path comes from the operator).
Result<OwnedFd> open_folder(const std::string& path);

/// Opens `path` beneath `folder`. A path that leaves it, or any link on the way or at the end, is
/// `not_allowed`. `flags` and `mode` as for open(2); O_CLOEXEC and O_NOFOLLOW are added.
Result<OwnedFd> open_beneath(int folder, std::string_view path, int flags, unsigned mode = 0);

/// As open_beneath for reading, and it must be a regular file: a pipe or device is never opened,
/// not even for a moment; it is `not_allowed`.
Result<OwnedFd> open_regular_beneath(int folder, std::string_view path);

/// What is done about a file with more than one name.
enum class HardLinks : std::uint8_t {
  refuse,  ///< a fault: another name may belong to somebody else
  tell,    ///< reported in FoundFile::links, for a caller that judges itself (ArtifactStore::take)
};

/// One regular file below a folder.
struct FoundFile {
  std::string path;  ///< relative to the folder, with '/' between parts
  Bytes size;
  bool executable = false;
  std::uint64_t links = 1;
  friend bool operator==(const FoundFile&, const FoundFile&) = default;
};

/// All regular files below `folder`, sorted by path. The first thing that is neither a folder nor a
/// regular file (link, device, pipe, socket) is `not_allowed` and named, as is a file with several
/// names under HardLinks::refuse. More than `most` files, or folders deeper than 64, are
/// `exhausted`.
Result<std::vector<FoundFile>> regular_files(int folder, std::size_t most,
                                             HardLinks links = HardLinks::refuse);

/// Names of what lies directly in `folder`, of whatever kind, sorted.
Result<std::vector<std::string>> names_in(int folder);

/// Makes `path` and all folders on the way, beneath `folder`. What exists is left as it is.
Result<void> make_folders(int folder, std::string_view path, unsigned mode = 0700);

/// Removes `name` (one part, no '/') in `folder` and everything below it: links themselves, never
/// what they point to; folders without permissions are opened up first. Nothing there is success.
Result<void> remove_tree(int folder, const std::string& name);

/// The same for everything in `folder`, which stays.
Result<void> empty_folder(int folder);

/// The whole file, at most `most` bytes; a larger one is `exhausted`.
Result<std::string> read_file(int folder, std::string_view path, Bytes most);

/// Exactly `size` bytes of `file` from `at` on; when it ends before, it is `corrupt`. `what` names it.
Result<std::string> read_range(int file, std::uint64_t at, std::size_t size, std::string_view what);

/// Replaces `name` (one part) in `folder` as a whole and durably: written aside as `.name.new`,
/// synced, renamed, folder synced. After a power cut there is the old or the new content.
Result<void> write_file_synced(int folder, const std::string& name, std::string_view bytes,
                               unsigned mode = 0600);

/// All of `bytes` at the file's position. On a fault part of them may be written.
Result<void> write_all(int fd, std::string_view bytes);

/// fsync(2) of a folder or file; `what` names it in the fault.
Result<void> sync_file(int fd, std::string_view what);

/// Room on the disk of a folder: for refusing work before a write fails.
struct DiskSpace {
  Bytes total;
  Bytes available;  ///< to us
};
Result<DiskSpace> disk_space(int folder);

}  // namespace runink::storage
