// Folders of slices, made ahead in <data>/prepared: a launch takes one by a rename, where making one
// costs a dozen calls that change the file system. A prepared folder is empty and belongs to nobody;
// only its name in <data>/slices tells which attempt it is for. Everything here blocks: disk threads
// only, any of them.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "storage/data_folder.hpp"
#include "vocabulary/fault.hpp"
#include "vocabulary/owned_fd.hpp"

namespace runink::actors {

/// A slice's folder with what every slice has in it: in/ (0755), out/ and scratch/ (0700), log and
/// report (empty, 0600), and the file `spawner` with the incarnation of the spawner that will be
/// asked to launch it.
struct SliceFolder {
  OwnedFd folder;
  OwnedFd in;
  OwnedFd log;
  OwnedFd report;
};

class PreparedFolders {
 public:
  /// Folders that wait, at most: more slices at one moment have theirs made while they wait.
  static constexpr std::size_t most = 8;

  explicit PreparedFolders(const storage::DataFolder& data) : data_(data) {}

  /// Removes what an earlier daemon left. Before the first fill().
  Result<void> sweep();
  /// Makes folders for slices of the spawner `incarnation` until there are `most`; those for another
  /// one are removed.
  Result<void> fill(std::uint64_t incarnation);
  /// The folder <data>/slices/`name`, new and empty: a prepared one, or one made now. What bore that
  /// name before is removed.
  Result<SliceFolder> take(const std::string& name, std::uint64_t incarnation);

 private:
  /// Those that were made for another spawner, by name; they wait no more.
  std::vector<std::string> forget_others(std::uint64_t incarnation);

  struct Prepared {
    std::string name;
    std::uint64_t incarnation;
    SliceFolder folder;
  };

  const storage::DataFolder& data_;
  std::mutex mutex_;  // guards what follows
  std::vector<Prepared> waiting_;
  std::size_t being_made_ = 0;
  std::uint64_t next_ = 1;
};

}  // namespace runink::actors
