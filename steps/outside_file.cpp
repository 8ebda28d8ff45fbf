#include "steps/outside_file.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include "vocabulary/limits.hpp"
#include "vocabulary/text.hpp"

namespace runink::steps {
namespace {

/// Times of a file move at the kernel's tick; two changes within one look the same.
constexpr std::int64_t kFreshNs = 2'000'000'000;
constexpr std::size_t kPiece = 1 << 20;
/// Folders in folders that `**` goes through.
constexpr int kDeepest = 64;

OwnedFd open_below(int root, const std::string& path, std::uint64_t flags) {
  open_how how{};
  how.flags = flags | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  return OwnedFd{static_cast<int>(::syscall(SYS_openat2, root, path.c_str(), &how, sizeof how))};
}

class Finder {
 public:
  Finder(const std::string& root, const std::string& shown) : shown_(shown) {
    root_ = OwnedFd{::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
    error_ = root_ ? 0 : errno;
  }

  Outcome<std::vector<OutsideFile>> find(const std::string& pattern) {
    if (!root_)
      return give_up(SliceReason::input_missing,
                     shown_ + " cannot be opened: " + std::strerror(error_));
    if (auto done = descend("", pattern, false); !done) return std::unexpected(done.error());
    if (found_.empty())
      return give_up(SliceReason::input_missing,
                     "no file of " + shown_ + " matches \"" + pattern + "\"");
    std::ranges::sort(found_, {}, &OutsideFile::name);
    return std::move(found_);
  }

 private:
  std::unexpected<Failure> refused(const std::string& path, int error) const {
    const std::string what = "\"" + path + "\" of " + shown_;
    if (error == EXDEV || error == ELOOP)
      return give_up(SliceReason::forbidden_file,
                     what +
                         " is, or lies behind, a link that leaves the root; only files below "
                         "the root may be read");
    if (error == ENOENT || error == ENOTDIR)
      return give_up(SliceReason::input_missing, what + " does not exist");
    if (error == EACCES || error == EPERM)
      return give_up(SliceReason::forbidden_file, what + " may not be read: permission denied");
    return give_up(SliceReason::internal, what + " cannot be opened: " + std::strerror(error));
  }

  /// Goes down from `folder`. `matched` tells that a glob chose it: then what is not there is no
  /// mistake, it only does not match.
  Outcome<void> descend(const std::string& folder, const std::string& rest, bool matched) {
    const auto slash = rest.find('/');
    const std::string part = rest.substr(0, slash);
    const std::string after = slash == std::string::npos ? "" : rest.substr(slash + 1);
    if (part == "**") return everywhere(folder, after.empty() ? "*" : after, 0);
    if (!is_glob(part)) {
      const std::string path = join(folder, part);
      return matched && !exists(path) ? Outcome<void>{} : step(path, after, matched);
    }
    if (matched && !folder.empty() && !is_folder(folder, 0)) return {};
    auto names = list(folder);
    if (!names) return std::unexpected(names.error());
    for (const std::string& name : *names)
      if (glob_part_matches(part, name))
        if (auto done = step(join(folder, name), after, true); !done) return done;
    return {};
  }

  /// `rest` in `folder` and in every folder below it. Links are not followed: they could go in circles.
  Outcome<void> everywhere(const std::string& folder, const std::string& rest, int depth) {
    if (depth > kDeepest)
      return give_up(SliceReason::internal, "\"" + folder + "\" of " + shown_ + " lies more than " +
                                                std::to_string(kDeepest) +
                                                " folders deep; name its folder instead of **");
    if (auto done = descend(folder, rest, true); !done) return done;
    auto names = list(folder);
    if (!names) return std::unexpected(names.error());
    for (const std::string& name : *names)
      if (!name.starts_with('.') && is_folder(join(folder, name), O_NOFOLLOW))
        if (auto done = everywhere(join(folder, name), rest, depth + 1); !done) return done;
    return {};
  }

  /// `matched` tells that a glob chose this path: then a folder where a file should be is no
  /// mistake, and neither is a file where a folder should be.
  Outcome<void> step(const std::string& path, const std::string& after, bool matched) {
    if (!after.empty()) {
      if (matched && !is_folder(path, 0)) return {};
      return descend(path, after, matched);
    }
    // Two ways of a pattern with several ** may lead to one file.
    if (std::ranges::find(found_, path, &OutsideFile::name) != found_.end()) return {};
    // Without O_NONBLOCK opening a fifo would wait for its writer.
    OwnedFd fd = open_below(root_.get(), path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (!fd) return refused(path, errno);
    struct stat status;
    if (matched && ::fstat(fd.get(), &status) == 0 && S_ISDIR(status.st_mode)) return {};
    if (found_.size() == limits::source_files)
      return give_up(SliceReason::internal, "more than " + std::to_string(limits::source_files) +
                                                " files match; split the source or join the files");
    found_.emplace_back(std::move(fd), path);
    return found_.back().identify();
  }

  bool is_folder(const std::string& path, std::uint64_t flags) {
    return static_cast<bool>(open_below(root_.get(), path, O_PATH | O_DIRECTORY | flags));
  }

  /// False only when there is certainly nothing; a link that leaves the root is told by its opening.
  bool exists(const std::string& path) {
    if (open_below(root_.get(), path, O_PATH)) return true;
    return errno != ENOENT && errno != ENOTDIR;
  }

  Outcome<std::vector<std::string>> list(const std::string& folder) {
    OwnedFd fd = open_below(root_.get(), folder.empty() ? "." : folder, O_RDONLY | O_DIRECTORY);
    if (!fd) return refused(folder.empty() ? "." : folder, errno);
    const std::unique_ptr<DIR, int (*)(DIR*)> dir(::fdopendir(fd.get()), ::closedir);
    if (!dir) return refused(folder, errno);
    fd.release();
    std::vector<std::string> names;
    while (const dirent* entry = ::readdir(dir.get()))
      if (const std::string name = entry->d_name; name != "." && name != "..")
        names.push_back(name);
    std::ranges::sort(names);
    return names;
  }

  static std::string join(const std::string& folder, const std::string& name) {
    return folder.empty() ? name : folder + "/" + name;
  }

  std::string shown_;
  OwnedFd root_;
  int error_ = 0;
  std::vector<OutsideFile> found_;
};

std::int64_t ns(const timespec& time) { return time.tv_sec * 1'000'000'000LL + time.tv_nsec; }

}  // namespace

Outcome<OutsideFile::Identity> OutsideFile::look() const {
  struct stat status;
  if (::fstat(fd_.get(), &status) != 0)
    return give_up(SliceReason::internal, name_ + ": " + std::strerror(errno));
  if (!S_ISREG(status.st_mode))
    return give_up(SliceReason::forbidden_file,
                   "\"" + name_ + "\" is no regular file; a source reads only regular files");
  return Identity{status.st_ino, status.st_dev, static_cast<std::uint64_t>(status.st_size),
                  ns(status.st_mtim), ns(status.st_ctim)};
}

Outcome<void> OutsideFile::identify() {
  auto seen = look();
  if (!seen) return std::unexpected(seen.error());
  seen_ = *seen;
  size_ = Bytes{seen->size};
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  fresh_ = ns(now) - seen->changed_ns < kFreshNs;
  return {};
}

Outcome<void> OutsideFile::read_through(
    const std::function<Outcome<void>(std::string_view)>& piece) {
  Sha256 sha;
  std::string buffer(kPiece, '\0');
  std::uint64_t at = 0;
  for (;;) {
    const ssize_t n = ::pread(fd_.get(), buffer.data(), buffer.size(), static_cast<off_t>(at));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0)
      return give_up(SliceReason::internal, name_ + " cannot be read: " + std::strerror(errno));
    if (n == 0) break;
    const std::string_view bytes(buffer.data(), static_cast<std::size_t>(n));
    sha.update(bytes);
    if (auto done = piece(bytes); !done) return done;
    at += bytes.size();
  }
  digest_ = sha.finish();
  size_ = Bytes{at};
  return {};
}

bool OutsideFile::was_touched() const {
  const auto seen = look();
  return !seen || *seen != seen_;
}

std::unexpected<Failure> OutsideFile::changed() const {
  return give_up(SliceReason::input_changed,
                 name_ +
                     " changed while it was read; write new files aside and rename them, and "
                     "run the step again");
}

Outcome<void> OutsideFile::check_unchanged() {
  const auto seen = look();
  if (!seen) return std::unexpected(seen.error());
  bool same = *seen == seen_ && size_.value == seen_.size;
  if (same && fresh_) {
    const Digest before = digest_;
    if (auto again = read_through([](std::string_view) { return Outcome<void>{}; }); !again)
      return again;
    same = digest_ == before;
  }
  if (same) return {};
  return changed();
}

Outcome<std::vector<OutsideFile>> open_beneath(const std::string& root, const std::string& pattern,
                                               const std::string& shown) {
  return Finder{root, shown}.find(pattern);
}

}  // namespace runink::steps
