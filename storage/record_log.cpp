#include "storage/record_log.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

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
constexpr std::uint8_t full = 1, last = 4;  // first and middle between them
constexpr std::size_t sector = 512;
/// Every write of ours ends with a checksum: it does not end with so many zeros.
constexpr std::size_t zeros_least = 16;

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

/// Durable before anything is read: a torn tail must not be seen by one start and not by the next.
Result<void> cut_off(int folder, const std::string& name, std::size_t whole) {
  const auto file = open_beneath(folder, name, O_WRONLY);
  if (!file) return std::unexpected(file.error());
  if (::ftruncate(file->get(), static_cast<off_t>(whole)) != 0)
    return std::unexpected(file_fault("Cannot cut '" + name + "'", errno));
  return sync_file(file->get(), "'" + name + "'");
}

/// Where the zeros begin, at the start of a sector, that fill the file of `size` bytes to its end.
std::size_t arrived_up_to(std::size_t content, std::size_t size) {
  const std::size_t at = (content + sector - 1) / sector * sector;
  return at + zeros_least <= size ? at : size;
}

}  // namespace

Result<std::size_t> check_record_log(std::string_view bytes, std::string_view name) {
  const std::size_t content = bytes.find_last_not_of('\0') + 1;  // npos + 1 is 0
  const std::size_t arrived = arrived_up_to(content, bytes.size());
  std::size_t whole = 0;
  std::size_t at = 0;
  while (at < content) {
    const std::size_t left_in_block = block - at % block;
    if (left_in_block < header) {
      const auto trailer = bytes.substr(at, left_in_block);
      if (trailer.find_first_not_of('\0') != trailer.npos)
        return std::unexpected(damaged(name, at, "the end of a block is not empty"));
      if (whole == at) whole += trailer.size();
      at += trailer.size();
      continue;
    }
    const std::string_view rest = bytes.substr(at, left_in_block);
    if (rest.size() < header) return whole;  // the file ends within a header
    Record record;
    Decoder in(rest);
    in(record.sum);
    in(record.length);
    in(record.type);
    const std::size_t size = header + record.length;
    if (at + size > arrived && arrived < bytes.size()) return whole;
    if (record.type == 0 || record.type > last)
      return std::unexpected(
          damaged(name, at, "there is no record of type " + std::to_string(record.type)));
    if (size > rest.size()) {
      const bool at_end = at + rest.size() == bytes.size() && size <= left_in_block;
      if (!at_end || length_was_changed(rest.substr(header - 1), record.sum))
        return std::unexpected(damaged(name, at, "the length of a record is wrong"));
      return whole;
    }
    if (masked(crc32c(rest.substr(header - 1, record.length + 1u))) != record.sum)
      return std::unexpected(damaged(name, at, "the checksum of a record is wrong"));
    at += size;
    if (record.type == full || record.type == last) whole = at;
  }
  return whole;
}

Result<void> make_record_logs_ready(const std::string& path, bool must_have_log) {
  auto folder = open_folder(path);
  if (!folder) return std::unexpected(folder.error());
  auto files = regular_files(folder->get(), 100'000, HardLinks::tell);
  if (!files) return std::unexpected(files.error());
  bool has_log = false;
  for (const FoundFile& file : *files) {
    const bool is_log = file.path.ends_with(".log");
    if (file.path.find('/') != file.path.npos) continue;
    if (!is_log && !file.path.starts_with("MANIFEST-")) continue;
    has_log = has_log || is_log;
    const auto bytes = read_file(folder->get(), file.path, GiB(1));
    if (!bytes) return std::unexpected(bytes.error());
    const auto whole = check_record_log(*bytes, path + "/" + file.path);
    if (!whole) return std::unexpected(whole.error());
    if (*whole == bytes->size()) continue;
    if (auto done = cut_off(folder->get(), file.path, *whole); !done) return done;
  }
  if (must_have_log && !has_log)
    return fail(FaultKind::corrupt, "'" + path + "' has no write-ahead log: it was lost.");
  return {};
}

}  // namespace runink::storage
