// Disks that a test can fill. They are mounted, so this needs root.
#pragma once

#include <sys/mount.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

namespace runink::actors::testing {

/// For `precondition`.
inline boost::test_tools::assertion_result as_root(boost::unit_test::test_unit_id) {
  boost::test_tools::assertion_result result(::geteuid() == 0);
  result.message() << "this needs root: the spawner's cgroups, id ranges and mounts";
  return result;
}

/// A file system of its own at `folder`, as small as `size` says (tmpfs(5)); gone at the end.
class SmallDisk {
 public:
  SmallDisk(std::filesystem::path folder, const char* size) : folder_(std::move(folder)) {
    BOOST_REQUIRE(::mount("tmpfs", folder_.c_str(), "tmpfs", 0, size) == 0);
    std::filesystem::create_directories(filler());
  }
  ~SmallDisk() { ::umount2(folder_.c_str(), MNT_DETACH); }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  /// Until it holds no file more.
  void fill_with_files() const {
    int n = 0;
    while (std::ofstream(filler() / std::to_string(n))) BOOST_REQUIRE(++n < 10'000);
  }
  void make_room() const { std::filesystem::remove_all(filler()); }

 private:
  std::filesystem::path filler() const { return folder_ / "filler"; }
  std::filesystem::path folder_;
};

/// Room for a node's stores, and for few files.
inline constexpr const char* few_files = "size=256m,nr_inodes=2000";

}  // namespace runink::actors::testing
