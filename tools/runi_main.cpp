// runi: sends a command or a bundle to a node's admin socket and shows the answer.
#include <cstdio>
#include <exception>

#include "tools/runi/command_line.hpp"

int main(int count, char** arguments) {
  try {
    return runink::runi::run_command_line(count, arguments);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "runi: %s\n", error.what());
    return 1;
  }
}
