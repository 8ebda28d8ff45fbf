#include "isolation/spawner_config.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <functional>
#include <limits>
#include <map>
#include <optional>

#include "vocabulary/digest.hpp"
#include "vocabulary/owned_fd.hpp"

namespace runink::isolation {
namespace {

constexpr std::size_t file_bytes_max = 1 << 20;
constexpr std::uint32_t uid_base_least = 1'000;  // system users live below
constexpr std::uint32_t berths_most = 256;

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r'))
    text.remove_suffix(1);
  return text;
}

/// Reads one quoted text from the front of `in`.
std::optional<std::string> take_quoted(std::string_view& in) {
  if (in.empty() || in.front() != '"') return std::nullopt;
  std::string out;
  for (std::size_t i = 1; i < in.size(); ++i) {
    if (in[i] == '"') {
      in = trimmed(in.substr(i + 1));
      return out;
    }
    if (in[i] == '\\' && i + 1 < in.size()) ++i;
    out += in[i];
  }
  return std::nullopt;
}

bool read_text(std::string_view value, std::string& out) {
  auto text = take_quoted(value);
  if (!text || !value.empty()) return false;
  out = *std::move(text);
  return true;
}

bool read_list(std::string_view value, std::vector<std::string>& out) {
  if (value.size() < 2 || value.front() != '[' || value.back() != ']') return false;
  value = trimmed(value.substr(1, value.size() - 2));
  while (!value.empty()) {
    auto one = take_quoted(value);
    if (!one) return false;
    out.push_back(*std::move(one));
    if (value.empty()) break;
    if (value.front() != ',') return false;
    value = trimmed(value.substr(1));
  }
  return true;
}

bool read_number(std::string_view value, std::uint32_t& out) {
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), out);
  return error == std::errc{} && end == value.data() + value.size();
}

bool read_flag(std::string_view value, bool& out) {
  out = value == "true";
  return value == "true" || value == "false";
}

bool absolute_and_clean(const std::string& path) {
  const std::string closed = path + "/";
  return !path.empty() && path[0] == '/' && path.size() > 1 && closed.find("//") == path.npos &&
         closed.find("/./") == path.npos && closed.find("/../") == path.npos &&
         path.find('\0') == path.npos;
}

Result<void> check(const SpawnerConfig& config) {
  const auto bad = [](const std::string& why) {
    return fail(FaultKind::bad_input, "The spawner's start-up file: " + why);
  };
  if (!absolute_and_clean(config.data)) return bad("data must be an absolute clean path.");
  for (const std::string& prefix : config.mount_prefixes)
    if (!absolute_and_clean(prefix))
      return bad("mount_prefixes: '" + prefix + "' is not an absolute clean path.");
  if (config.uid_base < uid_base_least)
    return bad("uid_base must be 1000 or more: lower ids belong to the system.");
  if (config.uid_count < 16 ||
      config.uid_count > std::numeric_limits<std::uint32_t>::max() - config.uid_base)
    return bad("uid_count must be 16 or more and stay within 32 bits above uid_base.");
  if (config.berths == 0 || config.berths > berths_most) return bad("berths must be 1 to 256.");
  for (const char c : config.cgroup_prefix)
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
          c == '_' || c == '/' || c == '.'))
      return bad("cgroup_prefix may hold letters, digits, '-', '_', '.' and '/'.");
  if (!config.cgroup_prefix.empty() && !absolute_and_clean("/" + config.cgroup_prefix))
    return bad("cgroup_prefix must be a relative clean path.");
  return {};
}

}  // namespace

std::string effective_cgroup_prefix(const SpawnerConfig& config) {
  if (!config.cgroup_prefix.empty()) return config.cgroup_prefix;
  return "runink-" + to_hex(sha256(config.data)).substr(0, 12);
}

std::string to_text(const SpawnerConfig& config) {
  std::string prefixes;
  for (const std::string& prefix : config.mount_prefixes)
    prefixes += (prefixes.empty() ? "" : ", ") + quoted(prefix);
  return "# What runink-spawner may do, whatever it is asked. Written at the start of the node.\n"
         "data = " +
         quoted(config.data) + "\ndaemon_uid = " + std::to_string(config.daemon_uid) +
         "\ndaemon_gid = " + std::to_string(config.daemon_gid) +
         "\nuid_base = " + std::to_string(config.uid_base) +
         "\nuid_count = " + std::to_string(config.uid_count) + "\nmount_prefixes = [" + prefixes +
         "]" + "\ncgroup_prefix = " + quoted(config.cgroup_prefix) +
         "\nberths = " + std::to_string(config.berths) +
         "\nidmap = " + (config.idmap ? "true" : "false") + "\n";
}

Result<SpawnerConfig> parse_spawner_config(std::string_view text) {
  SpawnerConfig config;
  const std::map<std::string_view, std::function<bool(std::string_view)>> keys{
      {"data", [&](auto v) { return read_text(v, config.data); }},
      {"daemon_uid", [&](auto v) { return read_number(v, config.daemon_uid); }},
      {"daemon_gid", [&](auto v) { return read_number(v, config.daemon_gid); }},
      {"uid_base", [&](auto v) { return read_number(v, config.uid_base); }},
      {"uid_count", [&](auto v) { return read_number(v, config.uid_count); }},
      {"mount_prefixes", [&](auto v) { return read_list(v, config.mount_prefixes); }},
      {"cgroup_prefix", [&](auto v) { return read_text(v, config.cgroup_prefix); }},
      {"berths", [&](auto v) { return read_number(v, config.berths); }},
      {"idmap", [&](auto v) { return read_flag(v, config.idmap); }},
  };
  int number = 0;
  while (!text.empty()) {
    const auto end = text.find('\n');
    const std::string_view line = trimmed(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    ++number;
    if (line.empty() || line.front() == '#') continue;
    const auto equals = line.find('=');
    const auto key = keys.find(trimmed(line.substr(0, equals)));
    if (equals == std::string_view::npos || key == keys.end() ||
        !key->second(trimmed(line.substr(equals + 1))))
      return fail(FaultKind::bad_input, "The spawner's start-up file, line " +
                                            std::to_string(number) +
                                            ": unknown key, or a value of another form.");
  }
  if (auto ok = check(config); !ok) return std::unexpected(ok.error());
  return config;
}

Result<SpawnerConfig> load_spawner_config(const std::string& path) {
  OwnedFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!fd)
    return std::unexpected(outside_fault("The start-up file " + path + " cannot be read", errno));
  struct stat info {};
  if (::fstat(fd.get(), &info) < 0)
    return std::unexpected(outside_fault("The start-up file " + path + " cannot be read", errno));
  if (!S_ISREG(info.st_mode) || info.st_uid != ::geteuid() || (info.st_mode & 077) != 0)
    return fail(FaultKind::not_allowed, "The start-up file " + path +
                                            " must be a regular file that belongs to the spawner's "
                                            "user and that nobody else may read or write "
                                            "(chmod 0600).");
  std::string text;
  char piece[4096];
  ssize_t n = 0;
  while ((n = ::read(fd.get(), piece, sizeof piece)) > 0 && text.size() < file_bytes_max)
    text.append(piece, static_cast<std::size_t>(n));
  return parse_spawner_config(text);
}

Result<void> write_spawner_config(const SpawnerConfig& config) {
  if (auto ok = check(config); !ok) return ok;
  const std::string path = config.file_path();
  const std::string aside = path + ".new";
  ::unlink(aside.c_str());
  OwnedFd fd(::open(aside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  const std::string text = to_text(config);
  if (!fd || ::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
      ::fsync(fd.get()) < 0 || ::rename(aside.c_str(), path.c_str()) < 0)
    return std::unexpected(
        outside_fault("The start-up file " + path + " cannot be written", errno));
  return {};
}

}  // namespace runink::isolation
