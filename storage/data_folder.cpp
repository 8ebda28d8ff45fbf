#include "storage/data_folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>

#include "storage/beneath.hpp"
#include "vocabulary/codec.hpp"
#include "vocabulary/digest.hpp"

namespace runink::storage {
namespace {

/// The oldest runink that reads `data_format`. VERSION holds it, so that an older program can say
/// what to install.
constexpr std::string_view needs_runink = "0.1.0";
constexpr std::string_view version_head = "runink-data-format ";
constexpr std::string_view needs_head = "needs-runink ";
constexpr std::string_view identity_magic = "RNKI";
constexpr const char* folders[] = {"raft",     "state",   "artifacts", "staging", "slices",
                                   "prepared", "bundles", "keys",      "archive", "snapshots"};

std::string version_text() {
  return std::string(version_head) + std::to_string(data_format) + "\n" + std::string(needs_head) +
         std::string(needs_runink) + "\n";
}

/// magic, fields of Identity, CRC32C of all before.
std::string identity_bytes(const Identity& identity) {
  std::string bytes(identity_magic);
  Encoder out(bytes);
  out(identity);
  out(crc32c(bytes));
  return bytes;
}

Result<Identity> identity_of(std::string_view bytes, const std::string& path) {
  const std::string why = "The node's identity in '" + path + "/identity' is damaged (";
  const std::string next =
      "). Put the file back from a copy, or move the whole data folder away and "
      "let the node join again as a new one.";
  if (!bytes.starts_with(identity_magic) || bytes.size() != 4 + 16 + 8 + 4)
    return fail(FaultKind::corrupt, why + "length or first bytes are wrong" + next);
  std::uint32_t sum = 0;
  Decoder tail(bytes.substr(bytes.size() - 4));
  tail(sum);
  if (sum != crc32c(bytes.substr(0, bytes.size() - 4)))
    return fail(FaultKind::corrupt, why + "its checksum is wrong" + next);
  return decode<Identity>(bytes.substr(4, 24), "The identity in '" + path + "/identity'");
}

Result<OwnedFd> open_and_restrict(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
    return std::unexpected(file_fault("Cannot make the data folder '" + path + "'", errno));
  auto folder = open_folder(path);
  if (!folder) return folder;
  struct stat info {};
  if (::fstat(folder->get(), &info) != 0)
    return std::unexpected(file_fault("Cannot look at the data folder '" + path + "'", errno));
  if ((info.st_mode & 077) != 0 && ::fchmod(folder->get(), 0700) != 0)
    return fail(FaultKind::not_allowed,
                "The data folder '" + path + "' is open to others and belongs to somebody else. " +
                    "Give it to the user that runs runinkd: chown, then chmod 0700.");
  return folder;
}

Result<OwnedFd> lock_folder(int folder, const std::string& path) {
  auto lock = open_beneath(folder, "LOCK", O_RDWR | O_CREAT, 0600);
  if (!lock) return lock;
  if (::flock(lock->get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK)
      return std::unexpected(file_fault("Cannot lock '" + path + "/LOCK'", errno));
    char text[32] = {};
    const ssize_t n = ::pread(lock->get(), text, sizeof text - 1, 0);
    std::string holder(text, n > 0 ? static_cast<std::size_t>(n) : 0);
    if (const auto end = holder.find('\n'); end != holder.npos) holder.resize(end);
    return fail(FaultKind::conflict,
                "Another runinkd" + (holder.empty() ? "" : " (process " + holder + ")") +
                    " uses the data folder '" + path + "'. Stop it first, or give this node a " +
                    "data folder of its own.");
  }
  if (::ftruncate(lock->get(), 0) != 0)
    return std::unexpected(file_fault("Cannot write '" + path + "/LOCK'", errno));
  if (auto done = write_all(lock->get(), std::to_string(::getpid()) + "\n"); !done)
    return std::unexpected(done.error());
  return lock;
}

/// True when this folder was used before.
Result<bool> check_version(int folder, const std::string& path) {
  const auto text = read_file(folder, "VERSION", KiB(4));
  if (!text && text.error().kind != FaultKind::no_such_thing) return std::unexpected(text.error());
  if (!text) {
    for (const char* name : {"raft", "state", "artifacts", "identity"})
      if (::faccessat(folder, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        return fail(FaultKind::corrupt, "'" + path + "' holds '" + name +
                                            "' but no VERSION file. " +
                                            "Put VERSION back from a copy, or use another folder.");
    return false;
  }
  std::uint32_t format = 0;
  const std::string_view rest = std::string_view(*text).substr(
      text->starts_with(version_head) ? version_head.size() : text->size());
  const auto number = std::from_chars(rest.data(), rest.data() + rest.size(), format);
  if (rest.empty() || number.ec != std::errc{} || *number.ptr != '\n' || format == 0)
    return fail(FaultKind::corrupt, "'" + path + "/VERSION' cannot be read. It must hold \"" +
                                        std::string(version_head) + std::to_string(data_format) +
                                        "\"; put it back from a copy.");
  if (format > data_format) {
    std::string needs = "a newer runink";
    if (const auto at = text->find(needs_head); at != text->npos) {
      const auto from = at + needs_head.size();
      needs = "runink " + text->substr(from, text->find('\n', from) - from) + " or newer";
    }
    return fail(FaultKind::refused, "The data folder '" + path + "' has format " +
                                        std::to_string(format) + ", this program knows " +
                                        std::to_string(data_format) + ". Install " + needs + ".");
  }
  if (format < data_format)
    return fail(FaultKind::refused,
                "The data folder '" + path + "' has format " + std::to_string(format) +
                    ", which a build before the first release wrote; this program knows " +
                    std::to_string(data_format) + " and cannot read it. Move the folder away, " +
                    "start with an empty one, and apply herds and pipelines again.");
  return true;
}

Result<Identity> next_identity(int folder, const std::string& path, bool used_before) {
  Identity identity;
  const auto bytes = read_file(folder, "identity", KiB(4));
  if (bytes) {
    auto known = identity_of(*bytes, path);
    if (!known) return known;
    identity = *known;
  } else if (bytes.error().kind != FaultKind::no_such_thing) {
    return std::unexpected(bytes.error());
  } else if (used_before) {
    return fail(FaultKind::corrupt,
                "'" + path + "/identity' is missing. Without it the node cannot " +
                    "know who it is: put the file back from a copy, or let the " +
                    "node join again as a new one with an empty data folder.");
  } else if (::getrandom(identity.uuid.data(), identity.uuid.size(), 0) !=
             static_cast<ssize_t>(identity.uuid.size())) {
    return std::unexpected(file_fault("Cannot get random bytes", errno));
  } else {
    identity.uuid[6] = static_cast<std::uint8_t>((identity.uuid[6] & 0x0f) | 0x40);  // RFC 4122 4.4
    identity.uuid[8] = static_cast<std::uint8_t>((identity.uuid[8] & 0x3f) | 0x80);
  }
  ++identity.incarnation;
  if (auto done = write_file_synced(folder, "identity", identity_bytes(identity)); !done)
    return std::unexpected(done.error());
  return identity;
}

}  // namespace

std::string uuid_text(const Identity& identity) {
  std::string text = to_hex(
      std::string_view(reinterpret_cast<const char*>(identity.uuid.data()), identity.uuid.size()));
  for (const std::size_t at : {8u, 13u, 18u, 23u}) text.insert(at, 1, '-');
  return text;
}

Result<DataFolder> DataFolder::open(const std::string& path) {
  DataFolder data;
  data.path_ = path;
  auto folder = open_and_restrict(path);
  if (!folder) return std::unexpected(folder.error());
  data.folder_ = std::move(*folder);
  auto lock = lock_folder(data.fd(), path);
  if (!lock) return std::unexpected(lock.error());
  data.lock_ = std::move(*lock);
  const auto used_before = check_version(data.fd(), path);
  if (!used_before) return std::unexpected(used_before.error());
  // VERSION comes last of what a first opening writes: without it, nothing counts.
  auto identity = next_identity(data.fd(), path, *used_before);
  if (!identity) return std::unexpected(identity.error());
  data.identity_ = *identity;
  if (!*used_before)
    if (auto done = write_file_synced(data.fd(), "VERSION", version_text()); !done)
      return std::unexpected(done.error());
  for (const char* name : folders)
    if (auto done = make_folders(data.fd(), name); !done) return std::unexpected(done.error());
  if (auto done = sync_file(data.fd(), "the data folder"); !done)
    return std::unexpected(done.error());
  return data;
}

}  // namespace runink::storage
