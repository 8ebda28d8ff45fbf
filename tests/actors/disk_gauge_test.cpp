// How full a disk is, and what is thrown out for it.
#include "actors/cluster/disk_gauge.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <fstream>

#include "storage/beneath.hpp"
#include "tests/actors/cluster_harness.hpp"
#include "tests/actors/small_disk.hpp"
#include "vocabulary/limits.hpp"

namespace runink::actors::testing {
namespace {

BOOST_AUTO_TEST_SUITE(disk_gauge)

BOOST_AUTO_TEST_CASE(a_level_begins_at_its_line_and_ends_some_way_above) {
  const Bytes one{1};
  const auto level = [](Bytes available, DiskLevel before) {
    return to_string(level_of(available, before));
  };
  BOOST_TEST(level(limits::disk_reserve, DiskLevel::plain) == "plain");
  BOOST_TEST(level(limits::disk_reserve - one, DiskLevel::plain) == "scarce");
  BOOST_TEST(level(limits::disk_reserve, DiskLevel::scarce) == "scarce");
  BOOST_TEST(level(limits::disk_reserve + limits::disk_slack, DiskLevel::scarce) == "plain");
  BOOST_TEST(level(limits::disk_least - one, DiskLevel::plain) == "full");
  BOOST_TEST(level(limits::disk_least, DiskLevel::scarce) == "scarce");
  BOOST_TEST(level(limits::disk_least, DiskLevel::full) == "full");
  BOOST_TEST(level(limits::disk_least + limits::disk_slack, DiskLevel::full) == "scarce");
  BOOST_TEST(level(Bytes{}, DiskLevel::plain) == "full");
}

BOOST_AUTO_TEST_CASE(what_is_known_of_a_disk_is_told_without_asking_it) {
  const TempFolder folder;
  std::filesystem::create_directories(folder.path / "raft" / "raft.db");
  const auto write = [&](const char* name, std::size_t size) {
    std::ofstream(folder.path / name) << std::string(size, 'x');
  };
  write("raft/one", 1'000);
  write("raft/raft.db/two", 200);
  const OwnedFd at(::open(folder.path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  HandClock clock;
  clock.hold();
  DiskGauge gauge(at.get(), Log::silent(), clock);
  BOOST_TEST(gauge.log_size().value == 1'200u);
  BOOST_TEST(gauge.total().value == storage::disk_space(at.get())->total.value);
  BOOST_TEST((gauge.available() < gauge.total()));
  write("raft/three", 34);
  clock.advance(limits::disk_log_look);
  gauge.start([](DiskLevel) {});
  const auto until = std::chrono::steady_clock::now() + patience;
  while (gauge.log_size() != Bytes{1'234} && std::chrono::steady_clock::now() < until)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  BOOST_TEST(gauge.log_size().value == 1'234u);
}

// It was tried, and said, at every look: 50 times a second.
BOOST_AUTO_TEST_CASE(a_ballast_that_cannot_be_taken_on_is_said_once_and_tried_again_later) {
  const TempFolder folder;
  std::filesystem::create_directories(folder.path / "data" / "ballast");
  const OwnedFd at(::open((folder.path / "data").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  BOOST_REQUIRE(storage::disk_space(at.get())->available >=
                limits::disk_reserve + limits::disk_slack + limits::disk_ballast);
  LogOptions options;
  options.to_stderr = false;
  options.file = folder.path / "log";
  auto log = Log::open(NodeName{"n1"}, options);
  BOOST_REQUIRE(log.has_value());
  const auto said = [&] {
    (*log)->flush();
    std::ifstream lines(folder.path / "log");
    int count = 0;
    for (std::string line; std::getline(lines, line);)
      count += line.find("the ballast on the disk is not as it should be") != std::string::npos;
    return count;
  };
  const auto there = [&] {
    return std::filesystem::is_regular_file(folder.path / "data" / "ballast");
  };
  HandClock clock;
  clock.hold();
  DiskGauge gauge(at.get(), **log, clock);
  BOOST_TEST(said() == 1);
  gauge.start([](DiskLevel) {});
  std::this_thread::sleep_for(a_while);  // it must not be said again, nor tried
  BOOST_TEST(said() == 1);
  std::filesystem::remove(folder.path / "data" / "ballast");
  std::this_thread::sleep_for(a_while);
  BOOST_TEST(!there());
  clock.advance(limits::disk_ballast_again);
  const auto until = std::chrono::steady_clock::now() + patience;
  while (!there() && std::chrono::steady_clock::now() < until)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  BOOST_TEST(there());
  gauge.stop();
  BOOST_TEST(said() == 1);
}

BOOST_AUTO_TEST_CASE(the_ballast_is_thrown_out_of_a_full_disk_and_comes_back,
                     *boost::unit_test::precondition(as_root)) {
  const TempFolder folder;
  const SmallDisk disk(folder.path, "size=256m");
  const OwnedFd at(::open(folder.path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  std::mutex mutex;
  std::condition_variable heard;
  std::vector<std::string> levels;
  DiskGauge gauge(at.get(), Log::silent());
  BOOST_TEST(std::filesystem::file_size(folder.path / "ballast") == limits::disk_ballast.value);
  gauge.start([&](DiskLevel level) {
    const std::lock_guard lock(mutex);
    levels.emplace_back(to_string(level));
    heard.notify_all();
  });
  const auto says = [&](std::string_view level) {
    std::unique_lock lock(mutex);
    return heard.wait_for(lock, patience, [&] { return levels.back() == level; });
  };
  const auto leave = [&](Bytes left) {
    const OwnedFd filler(
        ::open((folder.path / "fill").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    const Bytes available = storage::disk_space(at.get())->available;
    BOOST_REQUIRE(
        ::posix_fallocate(filler.get(), 0, static_cast<off_t>((available - left).value)) == 0);
  };
  leave(MiB(50));
  BOOST_TEST(says("scarce"));
  BOOST_TEST(std::filesystem::exists(folder.path / "ballast"));
  std::filesystem::remove(folder.path / "fill");
  BOOST_TEST(says("plain"));
  leave(MiB(10));
  BOOST_TEST(says("full"));
  // The room that it took is there, and nobody is told that there is room.
  const auto until = std::chrono::steady_clock::now() + patience;
  while (std::filesystem::exists(folder.path / "ballast") &&
         std::chrono::steady_clock::now() < until)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  BOOST_TEST(storage::disk_space(at.get())->available.value >= MiB(40).value);
  std::this_thread::sleep_for(a_while);
  BOOST_TEST(gauge.available().value <= MiB(12).value);
  {
    const std::lock_guard lock(mutex);
    BOOST_TEST(levels.back() == "full");
  }
  std::filesystem::remove(folder.path / "fill");
  BOOST_TEST(says("plain"));
  const auto back = std::chrono::steady_clock::now() + patience;
  while (!std::filesystem::exists(folder.path / "ballast") &&
         std::chrono::steady_clock::now() < back)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  BOOST_TEST(std::filesystem::exists(folder.path / "ballast"));
  gauge.stop();
  // Who fills it is not so quick that it is never seen half way.
  if (levels.size() == 6 && levels[3] == "scarce") levels.erase(levels.begin() + 3);
  const std::vector<std::string> expected{"plain", "scarce", "plain", "full", "plain"};
  BOOST_TEST(levels == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace runink::actors::testing
