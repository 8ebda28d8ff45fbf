#include "storage/record_log.hpp"

#include <dirent.h>
#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <vector>

#include "storage/beneath.hpp"
#include "vocabulary/codec.hpp"
#include "vocabulary/digest.hpp"

namespace runink::storage {
namespace {

constexpr std::size_t block = 32 * 1024;
constexpr std::size_t header = 7;
constexpr std::uint8_t last_known_type = 4;  // full, first, middle, last

constexpr std::uint32_t masked(std::uint32_t crc) {
  return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
}

Fault damaged(std::string_view name, std::size_t position, std::string_view why) {
  return {FaultKind::corrupt, "'" + std::string(name) + "' is damaged at byte " +
                                  std::to_string(position) + ": " + std::string(why) + "."};
}

/// The file ends before a record does. A record that was being written when the node died is no
/// damage; but if some shorter length explains its checksum, its length was changed, and whole
/// records follow it that would be lost. `rest` starts at the record's type.
bool length_was_changed(std::string_view rest, std::uint32_t sum) {
  std::uint32_t crc = crc32c(rest.substr(0, 1));
  for (std::size_t n = 1;; ++n) {
    if (masked(crc) == sum) return true;
    if (n >= rest.size()) return false;
    crc = crc32c(rest.substr(n, 1), crc);
  }
}

struct Record {
  std::uint32_t sum = 0;
  std::uint16_t length = 0;
  std::uint8_t type = 0;
};

}  // namespace

Result<void> check_record_log(std::string_view bytes, std::string_view name) {
  std::size_t at = 0;
  while (at < bytes.size()) {
    const std::size_t left_in_block = block - at % block;
    if (left_in_block < header) {
      const auto trailer = bytes.substr(at, left_in_block);
      if (trailer.find_first_not_of('\0') != trailer.npos)
        return std::unexpected(damaged(name, at, "the end of a block is not empty"));
      at += trailer.size();
      continue;
    }
    const std::string_view rest = bytes.substr(at, left_in_block);
    if (rest.size() < header) return {};  // the file ends within a header
    Record record;
    Decoder in(rest);
    in(record.sum);
    in(record.length);
    in(record.type);
    if (record.type == 0 || record.type > last_known_type)
      return std::unexpected(
          damaged(name, at, "there is no record of type " + std::to_string(record.type)));
    const std::size_t size = header + record.length;
    if (size > rest.size()) {
      const bool at_end = at + rest.size() == bytes.size() && size <= left_in_block;
      if (!at_end || length_was_changed(rest.substr(header - 1), record.sum))
        return std::unexpected(damaged(name, at, "the length of a record is wrong"));
      return {};
    }
    if (masked(crc32c(rest.substr(header - 1, record.length + 1u))) != record.sum)
      return std::unexpected(damaged(name, at, "the checksum of a record is wrong"));
    at += size;
  }
  return {};
}

Result<void> check_record_logs(const std::string& path) {
  auto folder = open_folder(path);
  if (!folder) return std::unexpected(folder.error());
  auto files = regular_files(folder->get(), 100'000, HardLinks::tell);
  if (!files) return std::unexpected(files.error());
  for (const FoundFile& file : *files) {
    const bool is_log = file.path.ends_with(".log") || file.path.starts_with("MANIFEST-");
    if (!is_log || file.path.find('/') != file.path.npos) continue;
    const auto bytes = read_file(folder->get(), file.path, GiB(1));
    if (!bytes) return std::unexpected(bytes.error());
    if (auto done = check_record_log(*bytes, path + "/" + file.path); !done) return done;
  }
  return {};
}

}  // namespace runink::storage
