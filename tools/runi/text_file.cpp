#include "tools/runi/text_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "tools/runi/texts.hpp"
#include "vocabulary/owned_fd.hpp"
#include "vocabulary/text.hpp"

namespace runink::runi {
namespace {

AdminError mistake(const char* kind, std::string message, int exit) {
  return {kind, std::move(message), exit, {}};
}

}  // namespace

Answer<std::string> read_text_file(const std::string& path, Bytes most, std::string_view what,
                                   std::string_view otherwise) {
  const std::string shown = "The file " + printable(path) + " ";
  const auto unreadable = [&] {
    const int error = errno;
    return std::unexpected(mistake(error == ENOENT ? "no_such_thing" : "bad_input",
                                   shown + "cannot be read: " + std::strerror(error) +
                                       ". Give the path of " + std::string(what) + ".",
                                   error == ENOENT ? exit_not_found : exit_error));
  };
  // Without O_NONBLOCK a pipe that nobody writes to would be waited for.
  const OwnedFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat info {};
  if (!fd || ::fstat(fd.get(), &info) != 0) return unreadable();
  if (!S_ISREG(info.st_mode))
    return std::unexpected(mistake(
        "bad_input",
        shown + (S_ISDIR(info.st_mode) ? "is a folder" : "is no regular file") +
            ". Write the content into a file, and give its path as " + std::string(what) + ".",
        exit_error));
  std::string text;
  char piece[65536];
  while (text.size() <= most.value) {
    const std::size_t room = std::min<std::uint64_t>(sizeof piece, most.value + 1 - text.size());
    const ssize_t n = ::read(fd.get(), piece, room);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return unreadable();
    if (n == 0) return text;
    text.append(piece, static_cast<std::size_t>(n));
  }
  return std::unexpected(mistake("bad_input",
                                 shown + "is too large for " + std::string(what) + ": at most " +
                                     size_text(most.value) + " are possible. " +
                                     std::string(otherwise),
                                 exit_error));
}

Answer<std::string> read_document(const std::string& path, Bytes most, std::string_view what,
                                  std::string_view otherwise) {
  auto text = read_text_file(path, most, what, otherwise);
  if (!text || is_utf8(*text)) return text;
  std::size_t line = 1;
  for (std::string_view rest = *text;; ++line) {
    const auto end = std::min(rest.find('\n'), rest.size());
    if (!is_utf8(rest.substr(0, end))) break;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return std::unexpected(mistake("bad_input",
                                 printable(path) + ", line " + std::to_string(line) +
                                     ": bytes that are no UTF-8. Save the file as UTF-8.",
                                 exit_error));
}

}  // namespace runink::runi
