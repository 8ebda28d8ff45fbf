#include "actors/workloads/prepared_folders.hpp"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cerrno>
#include <optional>
#include <utility>

#include "actors/workloads/folder_parts.hpp"
#include "storage/beneath.hpp"

namespace runink::actors {
namespace {

Result<SliceFolder> make_slice_folder(int parent, const std::string& name,
                                      std::uint64_t incarnation) {
  SliceFolder made;
  auto folder = new_folder(parent, name, 0711);
  if (!folder) return std::unexpected(folder.error());
  made.folder = std::move(*folder);
  auto in = new_folder(made.folder.get(), "in", 0755);
  if (!in) return std::unexpected(in.error());
  made.in = std::move(*in);
  for (const char* inner : {"out", "scratch"})
    if (auto done = new_folder(made.folder.get(), inner, 0700); !done)
      return std::unexpected(done.error());
  auto log = new_file(made.folder.get(), "log");
  if (!log) return std::unexpected(log.error());
  made.log = std::move(*log);
  auto report = new_file(made.folder.get(), "report");
  if (!report) return std::unexpected(report.error());
  made.report = std::move(*report);
  if (auto noted = write_new(made.folder.get(), "spawner", std::to_string(incarnation), 0600);
      !noted)
    return std::unexpected(noted.error());
  return made;
}

/// False when `to` exists already.
Result<bool> give_name(int from_folder, const std::string& from, int to_folder,
                       const std::string& to) {
  if (::renameat2(from_folder, from.c_str(), to_folder, to.c_str(), RENAME_NOREPLACE) == 0)
    return true;
  if (errno == EEXIST) return false;
  return std::unexpected(storage::file_fault("The folder '" + to + "' cannot be named", errno));
}

}  // namespace

Result<void> PreparedFolders::sweep() {
  auto folder = storage::open_folder(data_.prepared());
  if (!folder) return std::unexpected(folder.error());
  return storage::empty_folder(folder->get());
}

Result<void> PreparedFolders::fill(std::uint64_t incarnation) {
  auto parent = storage::open_folder(data_.prepared());
  if (!parent) return std::unexpected(parent.error());
  for (const std::string& name : forget_others(incarnation))
    if (auto gone = storage::remove_tree(parent->get(), name); !gone)
      return std::unexpected(gone.error());
  for (;;) {
    std::string name;
    {
      const std::lock_guard lock(mutex_);
      if (waiting_.size() + being_made_ >= most) return {};
      ++being_made_;
      name = std::to_string(next_++);
    }
    auto made = make_slice_folder(parent->get(), name, incarnation);
    {
      const std::lock_guard lock(mutex_);
      --being_made_;
      if (made) waiting_.push_back({name, incarnation, std::move(*made)});
    }
    if (made) continue;
    (void)storage::remove_tree(parent->get(), name);
    return std::unexpected(made.error());
  }
}

std::vector<std::string> PreparedFolders::forget_others(std::uint64_t incarnation) {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  std::erase_if(waiting_, [&](const Prepared& one) {
    if (one.incarnation == incarnation) return false;
    names.push_back(one.name);
    return true;
  });
  return names;
}

Result<SliceFolder> PreparedFolders::take(const std::string& name, std::uint64_t incarnation) {
  auto slices = storage::open_folder(data_.slices());
  if (!slices) return std::unexpected(slices.error());
  std::optional<Prepared> ready;
  {
    const std::lock_guard lock(mutex_);
    if (!waiting_.empty() && waiting_.back().incarnation == incarnation) {
      ready.emplace(std::move(waiting_.back()));
      waiting_.pop_back();
    }
  }
  if (!ready) {
    if (auto gone = storage::remove_tree(slices->get(), name); !gone)
      return std::unexpected(gone.error());
    return make_slice_folder(slices->get(), name, incarnation);
  }
  auto parent = storage::open_folder(data_.prepared());
  if (!parent) return std::unexpected(parent.error());
  auto named = give_name(parent->get(), ready->name, slices->get(), name);
  if (named && !*named) {
    if (auto gone = storage::remove_tree(slices->get(), name); !gone)
      return std::unexpected(gone.error());
    named = give_name(parent->get(), ready->name, slices->get(), name);
  }
  if (named && *named) return std::move(ready->folder);
  return named ? fail(FaultKind::outside_failed, "The folder '" + name + "' comes back again.")
               : std::unexpected(named.error());
}

}  // namespace runink::actors
