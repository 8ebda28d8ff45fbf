#include "tools/runi/bundle_folder.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json/object.hpp>
#include <cerrno>
#include <cstring>

#include "tools/runi/ignore_rules.hpp"
#include "tools/runi/texts.hpp"
#include "vocabulary/limits.hpp"
#include "vocabulary/owned_fd.hpp"

namespace runink::runi {
namespace {

constexpr std::size_t mistakes_told = 20;
/// Folders within folders; a pipeline that needs more is no folder that a person looks after.
constexpr int depth_at_most = 32;

bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const int more = lead < 0x80                   ? 0
                     : lead >= 0xc2 && lead < 0xe0 ? 1
                     : (lead & 0xf0) == 0xe0       ? 2
                     : lead >= 0xf0 && lead < 0xf5 ? 3
                                                   : -1;
    if (more < 0) return false;
    for (int k = 0; k < more; ++k)
      if (++i >= text.size() || (static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) return false;
  }
  return true;
}

class Reader {
 public:
  explicit Reader(std::filesystem::path root) : root_(std::move(root)), rules_(read_rules()) {}

  void read(const std::string& below, int depth) {
    if (depth > depth_at_most) return mistake(below, "lies too many folders deep");
    std::error_code error;
    std::vector<std::filesystem::directory_entry> entries;
    for (std::filesystem::directory_iterator at(root_ / below, error), end; !error && at != end;
         at.increment(error))
      entries.push_back(*at);
    if (error) return mistake(below.empty() ? "." : below, "cannot be read: " + error.message());
    std::ranges::sort(entries, {}, [](const auto& one) { return one.path().filename().string(); });
    for (const auto& one : entries) {
      const std::string name = one.path().filename().string();
      take(below.empty() ? name : below + "/" + name, depth);
      if (files_.size() > limits::bundle_files) return;
    }
  }

  Result<std::vector<FolderFile>> finish() {
    if (files_.size() > limits::bundle_files)
      mistake(".", "has more than " + count_text(limits::bundle_files) + " files");
    if (bytes_ > limits::bundle.value)
      mistake(".", "holds more than " + size_text(limits::bundle.value));
    if (mistakes_.empty()) {
      std::ranges::sort(files_, {}, &FolderFile::path);
      return std::move(files_);
    }
    std::string what = "The folder " + printable(root_.string()) + " cannot be sent:";
    for (std::size_t i = 0; i < mistakes_.size() && i < mistakes_told; ++i)
      what += "\n  " + mistakes_[i];
    if (mistakes_.size() > mistakes_told)
      what += "\n  and " + std::to_string(mistakes_.size() - mistakes_told) + " more";
    what += "\nName what does not belong to the pipeline in " + (root_ / ".runinkignore").string() +
            ".";
    return fail(FaultKind::bad_input, std::move(what));
  }

 private:
  IgnoreRules read_rules() {
    struct stat found {};
    const auto path = root_ / ".runinkignore";
    if (::lstat(path.c_str(), &found) != 0) return IgnoreRules("");
    FolderFile file;
    if (!read_file(".runinkignore", found, file)) return IgnoreRules("");
    return IgnoreRules(file.bytes);
  }

  void take(const std::string& path, int depth) {
    if (path == ".git" || path == ".runinkignore") return;
    struct stat found {};
    if (::lstat((root_ / path).c_str(), &found) != 0)
      return mistake(path, std::string("cannot be looked at: ") + std::strerror(errno));
    if (rules_.ignores(path, S_ISDIR(found.st_mode))) return;
    if (!is_utf8(path)) return mistake(path, "has a name that is not UTF-8");
    if (path.size() > limits::path_bytes) return mistake(path, "has too long a path");
    if (S_ISDIR(found.st_mode)) return read(path, depth + 1);
    if (S_ISLNK(found.st_mode))
      return mistake(path, "is a symbolic link; a bundle holds files only, so copy what it shows");
    if (!S_ISREG(found.st_mode)) return mistake(path, "is neither a file nor a folder");
    FolderFile file;
    file.path = path;
    if (!read_file(path, found, file)) return;
    bytes_ += file.bytes.size();
    if (bytes_ > limits::bundle.value) file.bytes.clear();  // told at the end, not kept
    files_.push_back(std::move(file));
  }

  bool read_file(const std::string& path, const struct stat& seen, FolderFile& file) {
    if (static_cast<std::uint64_t>(seen.st_size) > limits::bundle_file.value) {
      mistake(path, "is larger than " + size_text(limits::bundle_file.value));
      return false;
    }
    OwnedFd fd(::open((root_ / path).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    struct stat opened {};
    if (!fd || ::fstat(fd.get(), &opened) != 0) {
      mistake(path, std::string("cannot be read: ") + std::strerror(errno));
      return false;
    }
    if (!S_ISREG(opened.st_mode)) {
      mistake(path, "is no file any more");
      return false;
    }
    file.executable = opened.st_mode & S_IXUSR;
    char chunk[65536];
    ssize_t size = 0;
    while ((size = ::read(fd.get(), chunk, sizeof(chunk))) > 0) {
      file.bytes.append(chunk, static_cast<std::size_t>(size));
      if (file.bytes.size() > limits::bundle_file.value) break;
    }
    if (size == 0) return true;
    mistake(path, size < 0 ? std::string("cannot be read: ") + std::strerror(errno)
                           : std::string("grows while it is read"));
    return false;
  }

  void mistake(const std::string& path, const std::string& what) {
    mistakes_.push_back(printable(path) + " " + what);
  }

  std::filesystem::path root_;
  std::vector<FolderFile> files_;
  std::vector<std::string> mistakes_;
  std::uint64_t bytes_ = 0;
  IgnoreRules rules_;
};

}  // namespace

Result<std::vector<FolderFile>> read_folder(const std::filesystem::path& folder) {
  std::error_code error;
  if (!std::filesystem::is_directory(folder, error))
    return fail(FaultKind::no_such_thing, "There is no folder " + printable(folder.string()) + ".");
  Reader reader(folder);
  reader.read("", 0);
  return reader.finish();
}

boost::json::array files_json(const std::vector<FolderFile>& files) {
  boost::json::array all;
  for (const FolderFile& one : files) {
    boost::json::object file;
    file["path"] = one.path;
    file["executable"] = one.executable;
    file["content"] = base64(one.bytes);
    all.push_back(std::move(file));
  }
  return all;
}

std::string base64(std::string_view bytes) {
  static constexpr char digits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t given = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t three = 0;
    for (std::size_t k = 0; k < 3; ++k)
      three = three << 8 | (k < given ? static_cast<unsigned char>(bytes[i + k]) : 0u);
    for (std::size_t k = 0; k < 4; ++k)
      text += k <= given ? digits[three >> (18 - 6 * k) & 63] : '=';
  }
  return text;
}

}  // namespace runink::runi
