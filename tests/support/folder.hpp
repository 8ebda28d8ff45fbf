// A folder that exists for one test, and what the files in it are.
#pragma once

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>

#include "vocabulary/ensure.hpp"
#include "vocabulary/owned_fd.hpp"

namespace runink::test {

/// New and empty, mode 0700; removed at the end with all that is in it then.
class Folder {
 public:
  Folder() : path(make()) {}
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string operator/(const std::string& below) const { return path.string() + "/" + below; }
  OwnedFd fd() const { return OwnedFd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)); }

  /// Absolute, without links.
  const std::filesystem::path path;

 private:
  static std::filesystem::path make() {
    std::string pattern = (std::filesystem::temp_directory_path() / "runink-test-XXXXXX").string();
    ENSURE(::mkdtemp(pattern.data()) != nullptr);
    return std::filesystem::canonical(pattern);
  }
};

/// Empty when there is no such file.
inline std::string content(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/// 07777, which no file has, when there is none.
inline unsigned mode_of(const std::filesystem::path& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 ? info.st_mode & 07777 : 07777;
}

}  // namespace runink::test
