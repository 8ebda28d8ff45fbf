// runink-spawner <start-up file> [--ready-fd N]: the only process that keeps privileges.
#include <charconv>
#include <cstdio>
#include <string_view>

#include "isolation/spawner.hpp"

int main(int argc, char** argv) {
  int ready_fd = -1;
  const std::string_view option = argc == 4 ? argv[2] : "";
  const std::string_view number = argc == 4 ? argv[3] : "";
  if (option == "--ready-fd")
    std::from_chars(number.data(), number.data() + number.size(), ready_fd);
  if (argc != 2 && ready_fd < 0) {
    std::fprintf(stderr,
                 "usage: runink-spawner <data folder>/spawner.toml [--ready-fd N]\n"
                 "runinkd starts it. It makes the sandboxes of slices and outlives the daemon.\n");
    return 2;
  }
  return runink::isolation::run_spawner(argv[1], ready_fd);
}
