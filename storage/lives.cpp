#include "storage/lives.hpp"

#include <fcntl.h>
#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string_view>
#include <utility>

#include "storage/beneath.hpp"
#include "vocabulary/codec.hpp"
#include "vocabulary/digest.hpp"
#include "vocabulary/limits.hpp"

namespace runink::storage {
namespace {

constexpr const char* starts_name = "starts";
constexpr const char* peers_name = "peers";
constexpr Bytes file_most = KiB(16);
/// The last byte is the format.
constexpr std::string_view magic{"RNKL\x01", 5};

/// magic, fields of Life, CRC32C of all before.
std::string bytes_of(const Life& life) {
  std::string bytes(magic);
  Encoder out(bytes);
  out(life);
  out(crc32c(bytes));
  return bytes;
}

std::optional<Life> life_in(std::string_view bytes) {
  constexpr std::size_t sum_size = 4;
  if (!bytes.starts_with(magic) || bytes.size() < magic.size() + sum_size) return std::nullopt;
  std::uint32_t sum = 0;
  Decoder tail(bytes.substr(bytes.size() - sum_size));
  tail(sum);
  bytes.remove_suffix(sum_size);
  if (sum != crc32c(bytes)) return std::nullopt;
  auto life = decode<Life>(bytes.substr(magic.size()), "A life");
  if (!life || life->starts.empty() || life->starts.size() > limits::starts_remembered)
    return std::nullopt;
  return std::move(*life);
}

bool was_there(const Life& life, std::uint64_t start) {
  return std::ranges::find(life.starts, start) != life.starts.end();
}

/// What to do about a node that cannot be who it was.
std::string way_back(const std::string& name) {
  return " Give it its newest data folder back. If that is lost for good: `runi cluster remove " +
         name + "` at another node; then start it with an empty data folder and its 'address' in " +
         "[node], and `runi cluster add " + name + " ADDRESS`.";
}

Result<void> follows(const NodeName& name, const Life& met, const Life& now) {
  const std::string who = "Node '" + name.value + "'";
  if (now.folder.uuid != met.folder.uuid)
    return fail(FaultKind::refused,
                who +
                    " has come back with another data folder. What it had promised is forgotten "
                    "there, so it is no member." +
                    way_back(name.value));
  if (was_there(now, met.starts.back())) return {};
  if (was_there(met, now.starts.back()))
    return fail(
        FaultKind::out_of_date,
        who + " has been started again since this process of it was. Stop the older process.");
  if (now.starts.size() == limits::starts_remembered &&
      now.folder.incarnation >= met.folder.incarnation + limits::starts_remembered)
    return fail(FaultKind::refused,
                who + " was started more than " + std::to_string(limits::starts_remembered) +
                    " times since it was last met here; nobody can tell any more whether its data "
                    "folder is the same." +
                    way_back(name.value));
  return fail(
      FaultKind::refused,
      who +
          " uses an older copy, or a second copy, of its data folder: its last start that was "
          "met here never happened there. What it promised since is forgotten." +
          way_back(name.value));
}

}  // namespace

Result<Life> begin_life(const DataFolder& folder) {
  const auto bytes = read_file(folder.fd(), starts_name, file_most);
  if (!bytes && bytes.error().kind != FaultKind::no_such_thing)
    return std::unexpected(bytes.error());
  Life life;
  if (bytes) {
    auto read = life_in(*bytes);
    if (!read || read->folder.uuid != folder.identity().uuid)
      return fail(FaultKind::corrupt,
                  "'" + folder.path() +
                      "/starts' is damaged or belongs to another data folder. Put the "
                      "file back from a copy that is as new as the rest of the folder.");
    life = std::move(*read);
  }
  life.folder = folder.identity();
  std::uint64_t start = 0;
  if (::getrandom(&start, sizeof start, 0) != static_cast<ssize_t>(sizeof start))
    return std::unexpected(file_fault("Cannot get random bytes", errno));
  life.starts.push_back(start);
  if (life.starts.size() > limits::starts_remembered) life.starts.erase(life.starts.begin());
  if (auto done = write_file_synced(folder.fd(), starts_name, bytes_of(life)); !done)
    return std::unexpected(done.error());
  return life;
}

Result<MetNodes> MetNodes::open(const DataFolder& folder) {
  MetNodes met(folder);
  if (auto made = make_folders(folder.fd(), peers_name); !made)
    return std::unexpected(made.error());
  if (auto synced = sync_file(folder.fd(), "the data folder"); !synced)
    return std::unexpected(synced.error());
  auto peers = open_beneath(folder.fd(), peers_name, O_RDONLY | O_DIRECTORY);
  if (!peers) return std::unexpected(peers.error());
  const auto names = names_in(peers->get());
  if (!names) return std::unexpected(names.error());
  for (const std::string& name : *names) {
    if (name.starts_with('.')) continue;  // being written when the power went
    const auto bytes = read_file(peers->get(), name, file_most);
    if (!bytes) return std::unexpected(bytes.error());
    auto life = life_in(*bytes);
    if (!life)
      return fail(FaultKind::corrupt,
                  "'" + folder.path() + "/peers/" + name +
                      "' is damaged. Put the file back from a copy; without one, make "
                      "sure that node '" +
                      name + "' has its own data folder, and remove the file.");
    met.met_.emplace(NodeName{name}, std::move(*life));
  }
  return met;
}

Result<void> MetNodes::meet(const NodeName& name, const Life& life) {
  if (life.starts.empty() || life.starts.size() > limits::starts_remembered)
    return fail(FaultKind::corrupt, "Node '" + name.value + "' does not say how it was started.");
  if (has_met(name, life)) return {};
  if (const auto known = met_.find(name); known != met_.end())
    if (auto same = follows(name, known->second, life); !same) return same;
  auto peers = open_beneath(folder_->fd(), peers_name, O_RDONLY | O_DIRECTORY);
  if (!peers) return std::unexpected(peers.error());
  if (auto kept = write_file_synced(peers->get(), name.value, bytes_of(life)); !kept) return kept;
  met_.insert_or_assign(name, life);
  return {};
}

bool MetNodes::has_met(const NodeName& name, const Life& life) const {
  const auto known = met_.find(name);
  return known != met_.end() && known->second == life;
}

}  // namespace runink::storage
