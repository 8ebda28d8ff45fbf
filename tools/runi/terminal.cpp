#include "tools/runi/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <string_view>

namespace runink::runi {
namespace {

volatile std::sig_atomic_t interrupted = 0;
struct sigaction before_int, before_term;

void write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const auto size = ::write(fd, text.data(), text.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) {
      if (fd == STDOUT_FILENO) std::_Exit(errno == EPIPE ? 0 : 1);
      return;
    }
    text.remove_prefix(static_cast<std::size_t>(size));
  }
}

bool speaks_utf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = std::getenv(name);
    if (!value || !*value) continue;
    const std::string_view locale(value);
    return locale.find("UTF-8") != std::string_view::npos ||
           locale.find("utf8") != std::string_view::npos;
  }
  return false;
}

}  // namespace

Style style_of(int fd) {
  Style style;
  style.unicode = speaks_utf8();
  style.width = 0;
  if (!::isatty(fd)) return style;
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  style.redraws = term && *term && std::string_view(term) != "dumb";
  style.color = style.redraws && !(no_color && *no_color);
  winsize size{};
  style.width = ::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
  return style;
}

void write_out(std::string_view text) { write_all(STDOUT_FILENO, text); }
void write_err(std::string_view text) { write_all(STDERR_FILENO, text); }

void LiveLines::draw(std::vector<std::string> lines, std::size_t width) {
  if (width < width_) drawn_ = 0;
  width_ = width;
  // More lines than the terminal has could not be drawn over again: the head and the end stay.
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 2 &&
      lines.size() >= size.ws_row)
    lines.erase(lines.begin() + 1, lines.end() - (size.ws_row - 2));
  std::string all;
  if (drawn_ > 0) all += "\x1b[" + std::to_string(drawn_) + "A";
  all += "\r";
  for (const std::string& line : lines) all += "\x1b[2K" + line + "\n";
  all += "\x1b[J";
  drawn_ = lines.size();
  write_err(all);
}

void LiveLines::clear() {
  if (drawn_ > 0) write_err("\x1b[" + std::to_string(drawn_) + "A\r\x1b[J");
  drawn_ = 0;
}

InterruptGuard::InterruptGuard() {
  interrupted = 0;
  struct sigaction mine {};
  mine.sa_handler = [](int) { interrupted = 1; };
  ::sigaction(SIGINT, &mine, &before_int);
  ::sigaction(SIGTERM, &mine, &before_term);
}

InterruptGuard::~InterruptGuard() {
  ::sigaction(SIGINT, &before_int, nullptr);
  ::sigaction(SIGTERM, &before_term, nullptr);
}

bool InterruptGuard::raised() { return interrupted != 0; }

}  // namespace runink::runi
