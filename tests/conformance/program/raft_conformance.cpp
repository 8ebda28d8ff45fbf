// Replays outside data in a folder: raft_conformance FOLDER. One line a file, `passed` or `FAILED`
// and why; then the wanted differences that were met, with their reasons; last `N passed, M
// failed`. Ends with 0 when all passed, 1 when one failed, 2 when the folder cannot be used.
#include <iostream>
#include <map>
#include <string>

#include "runner/folder.hpp"

using namespace runink::conformance;

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "raft_conformance FOLDER\n";
    return 2;
  }
  std::size_t passed = 0;
  std::size_t failed = 0;
  std::map<Difference, std::uint64_t> met;
  const auto tell = [&](const FileReport& one) {
    ++(one.passed() ? passed : failed);
    std::cout << (one.passed() ? "passed " : "FAILED ") << one.file;
    if (!one.what.empty()) std::cout << " (" << one.what << ')';
    std::cout << '\n';
    for (const std::string& why : one.failures) std::cout << "  " << why << '\n';
    for (const auto& [difference, times] : one.differences) met[difference] += times;
  };
  const auto ran = run_folder(argv[1], tell);
  if (!ran) {
    std::cerr << ran.error().what << '\n';
    return 2;
  }
  if (!met.empty()) std::cout << "wanted differences that were met:\n";
  for (const auto& [difference, times] : met)
    std::cout << "  " << told(difference).name << ", " << times
              << " times: " << told(difference).reason << '\n';
  std::cout << passed << " passed, " << failed << " failed\n";
  return failed == 0 ? 0 : 1;
}
