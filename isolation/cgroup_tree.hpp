// The cgroups themselves: names, limits and deletion through libcgroup, everything that is hot
// through descriptors that are opened once. Only the spawner's one thread comes here.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "isolation/cgroup_limits.hpp"
#include "vocabulary/fault.hpp"
#include "vocabulary/owned_fd.hpp"
#include "vocabulary/units.hpp"

namespace runink::isolation {

/// One group of the tree, in every hierarchy that is used.
class CgroupGroup {
 public:
  CgroupGroup() = default;

  const std::string& name() const { return name_; }
  /// The group's folder in the v2 hierarchy; -1 without one.
  int v2_folder() const;
  /// cgroup.procs of every v1 hierarchy, open for writing: whoever writes "0" to it joins, with the
  /// rights of the opener. Nothing on failure, with errno.
  std::optional<std::vector<OwnedFd>> open_v1_procs() const;
  /// Opens the files of `values` and reads what is in them, so that `write` has less to do.
  /// A file that cannot be opened now is opened, and its error found, by `write`.
  void prepare(const std::vector<CgroupValue>& values);
  /// Writes in the given order what is not in the files already; 0 or errno, and `failed` names the
  /// file.
  int write(const std::vector<CgroupValue>& values, std::string& failed);
  bool empty() const;
  /// SIGKILL to whatever is still in it.
  void kill_all() const;
  std::uint64_t oom_kills() const;
  std::optional<Bytes> memory_peak() const;

 private:
  friend class CgroupTree;
  struct Folder {
    Controller controller = Controller::cpu;
    int version = 0;
    OwnedFd fd;
  };
  /// A file that is open for writing, and its text. Nobody else writes to it.
  struct Prepared {
    Controller controller = Controller::cpu;
    std::string file;
    std::string text;
    OwnedFd fd;
  };
  int folder_of(Controller controller) const;
  Prepared* prepared(const CgroupValue& value);
  std::vector<Prepared> prepared_;
  std::string name_;
  std::vector<Folder> folders_;
};

class CgroupTree {
 public:
  /// Without controllers: nothing is limited.
  CgroupTree() = default;
  /// Makes the group `prefix` and removes what a dead spawner left beneath it.
  static Result<CgroupTree> open(const std::string& prefix);

  const CgroupLayout& layout() const { return layout_; }
  /// A new group beneath the prefix, limited as a berth is.
  Result<CgroupGroup> make(const std::string& name);
  /// False while the group is not empty or the kernel still holds it: try again later.
  bool remove(CgroupGroup& group);
  /// Removes everything beneath the prefix, and the prefix. For the end.
  void remove_all();

 private:
  void sweep();
  bool exists(const std::string& name) const;
  std::string prefix_;
  CgroupLayout layout_;
};

}  // namespace runink::isolation
