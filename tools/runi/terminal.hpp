// What stands on the other side of stdout and stderr.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "tools/runi/progress.hpp"

namespace runink::runi {

/// Style of what is written to `fd`: colour on a terminal unless NO_COLOR has any value
/// (no-color.org) or TERM is "dumb" or not set; its width, or `width` 0 when it is no terminal.
Style style_of(int fd);

void write_out(std::string_view text);  ///< data, to stdout; ends the program when nobody reads
void write_err(std::string_view text);  ///< messages, to stderr

/// Lines that are drawn again and again at the same place of a terminal (stderr).
class LiveLines {
 public:
  /// Draws `lines`, each at most `width` wide, over those before. Where the terminal has become
  /// narrower, nobody can know where those are now: they stay, and the new ones stand below.
  void draw(std::vector<std::string> lines, std::size_t width);
  /// Removes them.
  void clear();

 private:
  std::size_t drawn_ = 0;
  std::size_t width_ = 0;
};

/// While it lives, Ctrl-C and SIGTERM only raise a flag.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  static bool raised();
};

}  // namespace runink::runi
