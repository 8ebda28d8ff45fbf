#include "isolation/cgroup_tree.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <libcgroup.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <memory>
#include <set>

extern "C" {
// Exported by libcgroup 2.0 (CGROUP_2.0), but declared in none of its installed headers.
int cgroup_get_controller_version(const char* controller, int* version);
}

namespace runink::isolation {
namespace {

struct FreeGroup {
  void operator()(cgroup* group) const { cgroup_free(&group); }
};
using Group = std::unique_ptr<cgroup, FreeGroup>;

std::string reason_of(int code) {
  // Only ECGOTHER refers to errno; after other codes it is stale.
  return cgroup_strerror(code);
}

/// libcgroup's value for a group in all of `layout`, with `values`; null when memory is out.
Group described(const std::string& name, const CgroupLayout& layout,
                const std::vector<CgroupValue>& values) {
  Group group(cgroup_new_cgroup(name.c_str()));
  if (!group) return group;
  for (const auto& place : layout.places) {
    const std::string controller(to_string(place.controller));
    cgroup_controller* one = cgroup_add_controller(group.get(), controller.c_str());
    if (one == nullptr) return nullptr;
    for (const CgroupValue& value : values)
      if (value.controller == place.controller &&
          cgroup_add_value_string(one, value.file.c_str(), value.value.c_str()) != 0)
        return nullptr;
  }
  return group;
}

CgroupLayout layout_of_this_machine() {
  CgroupLayout layout;
  for (const Controller controller : controllers) {
    const std::string name(to_string(controller));
    char* mount_point = nullptr;
    if (cgroup_get_subsys_mount_point(name.c_str(), &mount_point) != 0) continue;
    int version = 0;
    if (cgroup_get_controller_version(name.c_str(), &version) == 0 &&
        (version == 1 || version == 2))
      layout.places.push_back({controller, version, mount_point});
    std::free(mount_point);
  }
  return layout;
}

std::string read_all(int fd) {
  std::string text;
  char piece[4096];
  ssize_t n = 0;
  while ((n = ::read(fd, piece, sizeof piece)) > 0) text.append(piece, static_cast<size_t>(n));
  return text;
}

std::string read_all(int folder, const char* file) {
  OwnedFd fd(::openat(folder, file, O_RDONLY | O_CLOEXEC));
  return fd ? read_all(fd.get()) : std::string();
}

int write_all(int folder, const char* file, std::string_view text) {
  OwnedFd fd(::openat(folder, file, O_WRONLY | O_CLOEXEC));
  if (!fd || ::write(fd.get(), text.data(), text.size()) < 0) return errno;
  return 0;
}

}  // namespace

// ---- one group

int CgroupGroup::folder_of(Controller controller) const {
  for (const Folder& folder : folders_)
    if (folder.controller == controller) return folder.fd.get();
  return -1;
}

int CgroupGroup::v2_folder() const {
  for (const Folder& folder : folders_)
    if (folder.version == 2) return folder.fd.get();
  return -1;
}

std::optional<std::vector<OwnedFd>> CgroupGroup::open_v1_procs() const {
  std::vector<OwnedFd> procs;
  for (const Folder& folder : folders_) {
    if (folder.version != 1) continue;
    procs.emplace_back(::openat(folder.fd.get(), "cgroup.procs", O_WRONLY | O_CLOEXEC));
    if (!procs.back()) return std::nullopt;
  }
  return procs;
}

void CgroupGroup::prepare(const std::vector<CgroupValue>& values) {
  for (const CgroupValue& value : values) {
    OwnedFd fd(::openat(folder_of(value.controller), value.file.c_str(), O_RDWR | O_CLOEXEC));
    if (!fd) continue;
    std::string text = read_all(fd.get());
    if (text.ends_with('\n')) text.pop_back();
    prepared_.push_back({value.controller, value.file, std::move(text), std::move(fd)});
  }
}

CgroupGroup::Prepared* CgroupGroup::prepared(const CgroupValue& value) {
  for (Prepared& one : prepared_)
    if (one.controller == value.controller && one.file == value.file) return &one;
  return nullptr;
}

int CgroupGroup::write(const std::vector<CgroupValue>& values, std::string& failed) {
  for (const CgroupValue& value : values) {
    Prepared* const ready = prepared(value);
    if (ready != nullptr && ready->text == value.value) continue;
    int error = 0;
    if (ready == nullptr)
      error = write_all(folder_of(value.controller), value.file.c_str(), value.value);
    else if (::pwrite(ready->fd.get(), value.value.data(), value.value.size(), 0) < 0)
      error = errno;
    else
      ready->text = value.value;
    if (error == 0) continue;
    failed = value.file;
    return error;
  }
  return 0;
}

bool CgroupGroup::empty() const {
  return std::all_of(folders_.begin(), folders_.end(), [](const Folder& folder) {
    return read_all(folder.fd.get(), "cgroup.procs").empty();
  });
}

void CgroupGroup::kill_all() const {
  for (const Folder& folder : folders_) {
    const std::string text = read_all(folder.fd.get(), "cgroup.procs");
    const char* at = text.data();
    const char* const end = at + text.size();
    while (at < end) {
      pid_t pid = 0;
      const auto [next, error] = std::from_chars(at, end, pid);
      if (error != std::errc{}) break;
      if (pid > 1) ::kill(pid, SIGKILL);
      at = next + 1;
    }
  }
}

std::uint64_t CgroupGroup::oom_kills() const {
  for (const Folder& folder : folders_)
    if (folder.controller == Controller::memory)
      return keyed_number(read_all(folder.fd.get(), std::string(oom_file(folder.version)).c_str()),
                          "oom_kill");
  return 0;
}

std::optional<Bytes> CgroupGroup::memory_peak() const {
  for (const Folder& folder : folders_) {
    if (folder.controller != Controller::memory) continue;
    const std::string text =
        read_all(folder.fd.get(), std::string(memory_peak_file(folder.version)).c_str());
    Bytes peak;
    if (std::from_chars(text.data(), text.data() + text.size(), peak.value).ec == std::errc{})
      return peak;
  }
  return std::nullopt;
}

// ---- the tree

Result<CgroupTree> CgroupTree::open(const std::string& prefix) {
  CgroupTree tree;
  tree.prefix_ = prefix;
  if (const int code = cgroup_init(); code != 0)
    return fail(FaultKind::outside_failed,
                "The cgroups of this machine cannot be read: " + reason_of(code) + ".");
  tree.layout_ = layout_of_this_machine();
  if (tree.layout_.places.empty())
    return fail(FaultKind::outside_failed,
                "None of the cgroup controllers cpu, memory and pids is mounted.");
  Group group = described(prefix, tree.layout_, {});
  const int code = group ? cgroup_create_cgroup(group.get(), 1) : ENOMEM;
  if (code != 0)
    return fail(FaultKind::outside_failed,
                "The cgroup " + prefix + " cannot be made: " + reason_of(code) + ".");
  tree.sweep();
  // On v2 the files of the memory controller appear in children only.
  if (const auto* memory = tree.layout_.find(Controller::memory); memory && memory->version == 1) {
    const std::string file = memory->mount_point + "/" + prefix + "/memory.memsw.limit_in_bytes";
    tree.layout_.swap_accounting = ::access(file.c_str(), F_OK) == 0;
  } else if (memory != nullptr) {
    const std::string file = memory->mount_point + "/" + prefix + "/memory.swap.max";
    tree.layout_.swap_accounting = ::access(file.c_str(), F_OK) == 0;
  }
  return tree;
}

Result<CgroupGroup> CgroupTree::make(const std::string& name) {
  CgroupGroup made;
  made.name_ = prefix_ + "/" + name;
  // memory.memsw stays open: raising the limit above it later would be refused.
  CgroupLayout waiting = layout_;
  waiting.swap_accounting = false;
  Group group = described(made.name_, layout_, cgroup_values(berth_limits(), waiting));
  const int code = group ? cgroup_create_cgroup(group.get(), 1) : ENOMEM;
  if (code != 0)
    return fail(FaultKind::outside_failed,
                "The cgroup " + made.name_ + " cannot be made: " + reason_of(code) + ".");
  for (const auto& place : layout_.places) {
    const std::string path = place.mount_point + "/" + made.name_;
    OwnedFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd)
      return std::unexpected(outside_fault("The cgroup " + path + " cannot be opened", errno));
    made.folders_.push_back({place.controller, place.version, std::move(fd)});
  }
  made.prepare(cgroup_values(berth_limits(), layout_));
  return made;
}

bool CgroupTree::exists(const std::string& name) const {
  return std::any_of(layout_.places.begin(), layout_.places.end(), [&](const auto& place) {
    return ::access((place.mount_point + "/" + name).c_str(), F_OK) == 0;
  });
}

bool CgroupTree::remove(CgroupGroup& group) {
  if (group.name_.empty()) return true;
  // On v1 libcgroup moves live tasks to the parent, out of their limits: only when it is empty.
  if (!group.empty()) return false;
  group.folders_.clear();
  group.prepared_.clear();
  if (Group one = described(group.name_, layout_, {}))
    cgroup_delete_cgroup_ext(one.get(), CGFLAG_DELETE_EMPTY_ONLY);
  // Its result means nothing on v2 (it removes one folder once per controller): look.
  return !exists(group.name_);
}

void CgroupTree::sweep() {
  std::set<std::string> names;
  for (const auto& place : layout_.places) {
    const std::string path = place.mount_point + "/" + prefix_;
    DIR* folder = ::opendir(path.c_str());
    if (folder == nullptr) continue;
    while (const dirent* entry = ::readdir(folder))
      if (entry->d_type == DT_DIR && entry->d_name[0] != '.') names.insert(entry->d_name);
    ::closedir(folder);
  }
  for (const std::string& name : names) {
    CgroupGroup group;
    group.name_ = prefix_ + "/" + name;
    for (const auto& place : layout_.places)
      if (OwnedFd fd(::open((place.mount_point + "/" + group.name_).c_str(),
                            O_RDONLY | O_DIRECTORY | O_CLOEXEC));
          fd)
        group.folders_.push_back({place.controller, place.version, std::move(fd)});
    // Their spawner is dead, so they are dying: it takes a moment, at most this long.
    for (int tries = 0; tries < 200 && !group.empty(); ++tries) {
      group.kill_all();
      ::usleep(5'000);
    }
    remove(group);
  }
}

void CgroupTree::remove_all() {
  if (prefix_.empty() || layout_.places.empty()) return;
  sweep();
  if (Group one = described(prefix_, layout_, {}))
    cgroup_delete_cgroup_ext(one.get(), CGFLAG_DELETE_EMPTY_ONLY);
}

}  // namespace runink::isolation
