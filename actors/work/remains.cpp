#include "actors/work/remains.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <vector>

#include "actors/work/analyst_actor.hpp"
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

std::string door_pins_of(std::uint64_t incarnation) {
  return "door-" + std::to_string(incarnation) + "-";
}

void remove_remains(const Services& services, const std::set<std::string>& kept) {
  const std::string life = std::to_string(services.folder.identity().incarnation) + ".";
  const std::string doors = door_pins_of(services.folder.identity().incarnation);
  if (auto slices = storage::open_folder(services.folder.slices()))
    for (const std::string& name : names_in(services.folder.slices()))
      if (!kept.contains(name) && !name.starts_with(analysis_slices + life) &&
          !name.starts_with(trial_slices + life))
        (void)storage::remove_tree(slices->get(), name);
  for (const storage::PinOwner& owner : services.artifacts.owners())
    if (!kept.contains(owner.value) && !owner.value.starts_with(doors))
      (void)services.artifacts.unpin(owner);
}

void remove_unpacked_bundles(const Services& services, const std::set<Digest>& used) {
  std::set<std::string> kept;
  for (const Digest& digest : used) kept.insert(to_hex(digest));
  auto bundles = storage::open_folder(services.folder.bundles());
  if (!bundles) return;
  for (const std::string& name : names_in(services.folder.bundles()))
    if (!kept.contains(name)) (void)storage::remove_tree(bundles->get(), name);
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
