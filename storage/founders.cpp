#include "storage/founders.hpp"

#include <algorithm>
#include <string_view>

#include "storage/beneath.hpp"
#include "storage/data_folder.hpp"
#include "vocabulary/codec.hpp"
#include "vocabulary/digest.hpp"

namespace runink::storage {
namespace {

constexpr const char* file_name = "founders";
/// The last byte is the format.
constexpr std::string_view magic{"RNKF\x01", 5};

/// magic, fields of Founders, CRC32C of all before.
std::string bytes_of(const Founders& founders) {
  std::string bytes(magic);
  Encoder out(bytes);
  out(founders);
  out(crc32c(bytes));
  return bytes;
}

Result<Founders> founders_in(std::string_view bytes, const std::string& path) {
  constexpr std::size_t sum_size = 4;
  const auto damaged = [&] {
    return fail(FaultKind::corrupt, "'" + path +
                                        "/founders' is damaged. Put the file back from a copy, or "
                                        "from another node of the cluster: it is the same on all.");
  };
  if (!bytes.starts_with(magic) || bytes.size() < magic.size() + sum_size) return damaged();
  std::uint32_t sum = 0;
  Decoder tail(bytes.substr(bytes.size() - sum_size));
  tail(sum);
  bytes.remove_suffix(sum_size);
  if (sum != crc32c(bytes)) return damaged();
  auto founders = decode<Founders>(bytes.substr(magic.size()), "The list of founders");
  if (!founders) return damaged();
  return founders;
}

std::string in_words(const Founders& founders) {
  std::string text = "cluster '" + founders.cluster + "' with ";
  bool first = true;
  for (const auto& [id, name] : founders.nodes) {
    text += (first ? "" : ", ") + name.value + " (id " + std::to_string(id.value) + ")";
    first = false;
  }
  return text;
}

}  // namespace

NodeId id_of_joined_node(const Identity& identity) {
  std::uint64_t id = 1;
  for (std::size_t i = 10; i < 16; ++i) id = id << 8 | identity.uuid[i];
  return NodeId{id};
}

Result<void> keep_way_in(const DataFolder& folder, bool joins, bool empty_log) {
  constexpr const char* name = "joined";
  const auto there = read_file(folder.fd(), name, KiB(4));
  if (!there && there.error().kind != FaultKind::no_such_thing)
    return std::unexpected(there.error());
  if (there && !joins)
    return fail(FaultKind::refused,
                "The data folder '" + folder.path() +
                    "' is that of a node that joined the cluster, and the cluster file has no "
                    "'address' in [node] any more. Put it back, or give the node an empty folder.");
  if (!there && joins && !empty_log)
    return fail(FaultKind::refused,
                "The data folder '" + folder.path() +
                    "' is that of a founder, and the cluster file says that this node joins "
                    "('address' in [node]). Give it an empty folder to join, or remove 'address'.");
  if (there || !joins) return {};
  return write_file_synced(folder.fd(), name, "joined\n");
}

ClusterId cluster_id(const Founders& founders) {
  const Digest digest = sha256("runink cluster\n" + encode(founders));
  ClusterId id{};
  std::copy_n(digest.bytes.begin(), id.size(), id.begin());
  return id;
}

Result<void> keep_founders(const DataFolder& folder, const Founders& founders, NodeId self,
                           bool empty_log) {
  const auto bytes = read_file(folder.fd(), file_name, KiB(64));
  if (!bytes && bytes.error().kind != FaultKind::no_such_thing)
    return std::unexpected(bytes.error());
  Founders kept = founders;
  if (bytes) {
    auto read = founders_in(*bytes, folder.path());
    if (!read) return std::unexpected(read.error());
    kept = std::move(*read);
  } else if (!empty_log) {
    std::erase_if(kept.nodes, [&](const auto& node) { return node.first != self; });
  }
  if (kept != founders)
    return fail(
        FaultKind::refused,
        "The data folder '" + folder.path() + "' belongs to " + in_words(kept) +
            ", and the cluster file now names " + in_words(founders) +
            ". The list of founding nodes can never change: put cluster, names, ids and order of "
            "[[nodes]] back as they were (addresses may change), or give this node an empty data "
            "folder, with which it founds a new cluster.");
  if (bytes) return {};
  return write_file_synced(folder.fd(), file_name, bytes_of(founders));
}

}  // namespace runink::storage
