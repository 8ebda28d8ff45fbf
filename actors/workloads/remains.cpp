#include "actors/workloads/remains.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <vector>

#include "actors/workloads/analyst_actor.hpp"
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
constexpr std::string_view copy_pins = "copy-";

template <class T>
bool read_number(std::string_view text, T& number) {
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  return !text.empty() && read.ec == std::errc{} && read.ptr == text.data() + text.size();
}

/// The attempt whose slice_id_of() this is; nothing for another text.
std::optional<AttemptKey> attempt_in(std::string_view slice) {
  const std::size_t last = slice.rfind('.');
  if (last == slice.npos || last == 0) return std::nullopt;
  const std::size_t middle = slice.rfind('.', last - 1);
  const std::size_t first = slice.find('.');
  if (middle == slice.npos || first == middle) return std::nullopt;
  AttemptKey key;
  key.partition.run = RunId{std::string(slice.substr(0, first))};
  key.partition.step = StepName{std::string(slice.substr(first + 1, middle - first - 1))};
  if (!read_number(slice.substr(middle + 1, last - middle - 1), key.partition.partition.value) ||
      !read_number(slice.substr(last + 1), key.attempt.value))
    return std::nullopt;
  return key;
}

/// As the rows on disk say.
Result<bool> is_live(const Services& services, const AttemptKey& attempt) {
  const auto row = services.state_store.get(static_cast<std::uint8_t>(state::Table::partitions),
                                            state::key_of(attempt.partition));
  if (!row) return std::unexpected(row.error());
  if (!*row) return false;  // its run is over
  const auto partition = state::decode_partition(**row);
  if (!partition) return std::unexpected(partition.error());
  return partition->live.contains(attempt.attempt);
}

/// Whether the command that a copy was made for may still come: then it names this node as a holder. The rows
/// on disk are younger than every pin of a former life.
Result<bool> may_be_named(const Services& services, std::uint64_t life, std::string_view owner) {
  const std::uint64_t now = services.folder.identity().incarnation;
  if (life == now) return true;
  if (const auto attempt = attempt_in(owner)) return is_live(services, *attempt);
  return life + 1 == now;
}

Result<void> remove_old_copies(const Services& services) {
  for (const storage::PinOwner& pins : services.artifacts.owners()) {
    if (!pins.value.starts_with(copy_pins)) continue;
    const std::string_view name = std::string_view(pins.value).substr(copy_pins.size());
    const std::size_t end = std::min(name.find('-'), name.size());
    std::uint64_t life = 0;
    Result<bool> kept = false;
    if (end < name.size() && read_number(name.substr(0, end), life))
      kept = may_be_named(services, life, name.substr(end + 1));
    if (!kept) return std::unexpected(kept.error());
    if (*kept) continue;
    if (auto removed = services.artifacts.unpin(pins); !removed) return removed;
  }
  return {};
}

}  // namespace

std::string door_pins_of(std::uint64_t incarnation) {
  return "door-" + std::to_string(incarnation) + "-";
}

storage::PinOwner copy_pins_of(std::uint64_t incarnation, const std::string& owner) {
  return storage::PinOwner{std::string(copy_pins) + std::to_string(incarnation) + "-" + owner};
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
    if (!kept.contains(owner.value) && !owner.value.starts_with(doors) &&
        !owner.value.starts_with(copy_pins))
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
  if (auto removed = remove_old_copies(services); !removed) return removed;
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
