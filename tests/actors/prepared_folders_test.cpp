// Folders of slices that were made ahead.
#include "actors/workloads/prepared_folders.hpp"

#include <algorithm>
#include <fstream>

#include "tests/actors/cluster_harness.hpp"

namespace runink::actors::testing {
namespace {
namespace fs = std::filesystem;
using test::content;
using test::mode_of;

struct Stock {
  TempFolder folder;
  storage::DataFolder data = storage::DataFolder::open((folder.path / "data").string()).value();
  PreparedFolders prepared{data};

  fs::path slice(const std::string& name) const { return fs::path(data.slices()) / name; }
  std::size_t waiting() const {
    const fs::directory_iterator all(data.prepared());
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
  }
};

void is_a_new_slice_folder(const fs::path& path, const std::string& incarnation) {
  BOOST_TEST(mode_of(path) == 0711u);
  BOOST_TEST(mode_of(path / "in") == 0755u);
  BOOST_TEST(mode_of(path / "out") == 0700u);
  BOOST_TEST(mode_of(path / "scratch") == 0700u);
  for (const char* file : {"log", "report"}) {
    BOOST_TEST(mode_of(path / file) == 0600u);
    BOOST_TEST(fs::file_size(path / file) == 0u);
  }
  BOOST_TEST(content(path / "spawner") == incarnation);
  for (const char* inner : {"in", "out", "scratch"}) BOOST_TEST(fs::is_empty(path / inner));
  const fs::directory_iterator all(path);
  BOOST_TEST(std::distance(begin(all), end(all)) == 6);
}

BOOST_FIXTURE_TEST_SUITE(prepared_folders, Stock)

BOOST_AUTO_TEST_CASE(a_prepared_folder_becomes_the_slice_folder_and_its_files_stay_open) {
  BOOST_REQUIRE(prepared.fill(7).has_value());
  BOOST_TEST(waiting() == PreparedFolders::most);
  auto taken = prepared.take("run.step.0.9", 7);
  BOOST_REQUIRE(taken.has_value());
  BOOST_TEST(waiting() == PreparedFolders::most - 1);
  is_a_new_slice_folder(slice("run.step.0.9"), "7");
  BOOST_REQUIRE(::write(taken->log.get(), "said", 4) == 4);
  BOOST_TEST(content(slice("run.step.0.9") / "log") == "said");
}

BOOST_AUTO_TEST_CASE(without_prepared_ones_a_folder_is_made) {
  auto taken = prepared.take("run.step.0.9", 7);
  BOOST_REQUIRE(taken.has_value());
  is_a_new_slice_folder(slice("run.step.0.9"), "7");
}

BOOST_AUTO_TEST_CASE(more_slices_than_prepared_folders_have_theirs_too) {
  BOOST_REQUIRE(prepared.fill(7).has_value());
  for (std::size_t i = 0; i < PreparedFolders::most + 3; ++i) {
    const std::string name = "run.step.0." + std::to_string(i);
    BOOST_REQUIRE(prepared.take(name, 7).has_value());
    is_a_new_slice_folder(slice(name), "7");
  }
  BOOST_TEST(waiting() == 0u);
  BOOST_REQUIRE(prepared.fill(7).has_value());
  BOOST_TEST(waiting() == PreparedFolders::most);
}

BOOST_AUTO_TEST_CASE(what_bore_the_name_before_is_removed) {
  for (const bool ahead : {true, false}) {
    if (ahead) BOOST_REQUIRE(prepared.fill(7).has_value());
    const std::string name = ahead ? "a" : "b";
    fs::create_directories(slice(name) / "out/old");
    std::ofstream(slice(name) / "log") << "of the attempt before";
    BOOST_REQUIRE(prepared.take(name, ahead ? 7 : 8).has_value());
    is_a_new_slice_folder(slice(name), ahead ? "7" : "8");
  }
}

BOOST_AUTO_TEST_CASE(a_folder_that_names_another_spawner_is_not_taken) {
  BOOST_REQUIRE(prepared.fill(7).has_value());
  BOOST_REQUIRE(prepared.take("run.step.0.9", 8).has_value());
  is_a_new_slice_folder(slice("run.step.0.9"), "8");
}

BOOST_AUTO_TEST_CASE(folders_that_name_another_spawner_make_room_for_new_ones) {
  BOOST_REQUIRE(prepared.fill(7).has_value());
  BOOST_REQUIRE(prepared.fill(8).has_value());
  BOOST_TEST(waiting() == PreparedFolders::most);
  BOOST_REQUIRE(prepared.take("run.step.0.9", 8).has_value());
  BOOST_TEST(waiting() == PreparedFolders::most - 1);  // one of them was taken, none was made
}

BOOST_AUTO_TEST_CASE(what_an_earlier_daemon_prepared_is_swept) {
  fs::create_directories(fs::path(data.prepared()) / "3/out");
  std::ofstream(fs::path(data.prepared()) / "3/log") << "x";
  BOOST_REQUIRE(prepared.sweep().has_value());
  BOOST_TEST(waiting() == 0u);
  BOOST_REQUIRE(prepared.fill(7).has_value());
  BOOST_TEST(waiting() == PreparedFolders::most);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace runink::actors::testing
