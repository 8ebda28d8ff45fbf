// Files of volumes and of the bundle: found and opened beneath their root, so that no link leads
// out, and held open, so that what was checked is what is read.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "steps/failure.hpp"
#include "vocabulary/digest.hpp"
#include "vocabulary/owned_fd.hpp"
#include "vocabulary/units.hpp"

namespace runink::steps {

/// One open file of the outside.
class OutsideFile {
 public:
  /// `name` is the path below the root.
  OutsideFile(OwnedFd fd, std::string name) : fd_(std::move(fd)), name_(std::move(name)) {}

  const std::string& name() const { return name_; }
  /// A path under which this very file can be opened again, whatever its name leads to by now.
  std::string path() const { return "/proc/self/fd/" + std::to_string(fd_.get()); }
  Bytes size() const { return size_; }
  const Digest& digest() const { return digest_; }

  /// Remembers what the file is now; refuses what is no regular file.
  Outcome<void> identify();
  /// Reads all bytes once, hashing them; `piece` may stop the reading with a failure.
  Outcome<void> read_through(const std::function<Outcome<void>(std::string_view)>& piece);
  /// True when the file is not what `identify` saw: then whatever is wrong in it may come from that.
  bool was_touched() const;
  /// `input_changed` when the file is no longer as `identify` and `read_through` saw it.
  Outcome<void> check_unchanged();

 private:
  struct Identity {
    std::uint64_t inode = 0, device = 0, size = 0;
    std::int64_t modified_ns = 0, changed_ns = 0;
    friend bool operator==(const Identity&, const Identity&) = default;
  };
  Outcome<Identity> look() const;
  std::unexpected<Failure> changed() const;

  OwnedFd fd_;
  std::string name_;
  Identity seen_;
  bool fresh_ = false;  // written so recently that its times cannot show one more change
  Bytes size_;
  Digest digest_;
};

/// The files that `pattern` names below the folder `root`: one path, or a glob as `glob_matches` of
/// the vocabulary reads it, so that a volume and the bundle are searched alike (folders are passed
/// over; `**` follows no link to a folder). Sorted by name. `input_missing` when there is none, `forbidden_file` for a link that leaves the root and
/// for what is no regular file. `shown` is how messages call the root ("the volume lake").
Outcome<std::vector<OutsideFile>> open_beneath(const std::string& root, const std::string& pattern,
                                               const std::string& shown);

}  // namespace runink::steps
