#include "actors/work/remains.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <vector>

#include "state/rows.hpp"
#include "storage/artifact_store.hpp"
#include "storage/beneath.hpp"
#include "storage/data_folder.hpp"
#include "storage/state_store.hpp"
#include "storage/state_writer.hpp"

namespace runink::actors {
namespace {

std::vector<std::string> names_in(const std::string& path) {
  std::vector<std::string> names;
  DIR* list = ::opendir(path.c_str());
  if (list == nullptr) return names;
  while (const dirent* one = ::readdir(list)) {
    const std::string name = one->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  ::closedir(list);
  return names;
}

constexpr std::size_t rows_at_once = 1000;

}  // namespace

void remove_remains(const Services& services, const std::set<std::string>& kept) {
  const std::string analyses =
      "analyse." + std::to_string(services.folder.identity().incarnation) + ".";
  if (auto slices = storage::open_folder(services.folder.slices()))
    for (const std::string& name : names_in(services.folder.slices()))
      if (!kept.contains(name) && !name.starts_with(analyses))
        (void)storage::remove_tree(slices->get(), name);
  for (const storage::PinOwner& owner : services.artifacts.owners())
    // Pins of doors begin with "door-" and are theirs to remove.
    if (!kept.contains(owner.value) && !owner.value.starts_with("door-"))
      (void)services.artifacts.unpin(owner);
}

Result<void> sweep_artifacts(const Services& services, LogIndex as_of) {
  if (!services.state_writer.wait_written(as_of, seconds(60)))
    return fail(FaultKind::out_of_time, "state.db is far behind the log; nothing was swept.");
  const storage::SweepMark mark = services.artifacts.mark();
  std::set<Digest> reachable;
  for (int number = 0; number < 256; ++number) {
    const auto table = static_cast<state::Table>(number);
    if (!state::known(table)) continue;
    std::string from;
    for (;;) {
      auto rows =
          services.state_store.scan(static_cast<std::uint8_t>(number), "", rows_at_once, from);
      if (!rows) return std::unexpected(rows.error());
      for (storage::StoredRow& one : *rows) {
        from = one.key + '\0';
        state::Row row{table, std::move(one.key), std::move(one.value)};
        auto read =
            state::artifacts_of(row, [&](const Digest& digest) { reachable.insert(digest); });
        if (!read) return read;
      }
      if (rows->size() < rows_at_once) break;
    }
  }
  auto swept = services.artifacts.sweep(mark, reachable);
  if (!swept) return std::unexpected(swept.error());
  return {};
}

}  // namespace runink::actors
