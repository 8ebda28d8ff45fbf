// How a committed sink file reaches its place: once, never backwards, never outside of its volume.
#include "actors/workloads/publish.hpp"

#include <sys/stat.h>
#include <sys/xattr.h>

#include <fstream>
#include <sstream>

#include "tests/actors/cluster_harness.hpp"

namespace runink::actors::testing {
namespace {

namespace fs = std::filesystem;
using state::PublishRefusal;

struct Volumes {
  Volumes() {
    fs::create_directories(reports);
    fs::create_directories(folder.path / "elsewhere");
    config::Volume volume;
    volume.name = VolumeName{"reports"};
    volume.path = reports.string();
    volume.grants = {{HerdName{"finance"}, config::Access::write},
                     {HerdName{"risk"}, config::Access::read}};
    Wishes wishes;
    wishes.volumes = {{volume.name, volume}};
    config::Volume gone = volume;
    gone.name = VolumeName{"gone"};
    gone.path = (folder.path / "no-such-folder").string();
    wishes.volumes.emplace(gone.name, gone);
    ground.emplace(folder.path / "data", std::move(wishes));
  }
  state::Publication of(const std::string& path, const std::string& content, std::uint64_t index) {
    auto stored = ground->artifacts->put(content, storage::PinOwner{"test"});
    BOOST_REQUIRE(stored.has_value());
    state::Publication one;
    one.run = RunId{"run"};
    one.step = StepName{"report"};
    one.herd = HerdName{"finance"};
    one.node = NodeName{"n1"};
    one.index = LogIndex{index};
    one.target.volume = VolumeName{"reports"};
    one.target.path = path;
    one.file = {stored->digest, stored->size};
    return one;
  }
  std::string content(const fs::path& path) const {
    std::ostringstream text;
    text << std::ifstream(reports / path, std::ios::binary).rdbuf();
    return text.str();
  }
  Published published(const state::Publication& one) {
    auto done = publish(*ground->services, one);
    BOOST_REQUIRE_MESSAGE(done.has_value(),
                          "refused: " << (done ? 0 : static_cast<int>(done.error().reason))
                                      << ", errno " << (done ? 0 : done.error().error));
    return *done;
  }
  PublishFailure refused(const state::Publication& one) {
    auto done = publish(*ground->services, one);
    BOOST_REQUIRE(!done.has_value());
    return done.error();
  }
  std::size_t files() const {
    std::size_t count = 0;
    for (const auto& one : fs::recursive_directory_iterator(reports))
      if (!one.is_directory()) ++count;
    return count;
  }
  TempFolder folder;
  fs::path reports = folder.path / "reports";
  std::optional<Ground> ground;
};

BOOST_FIXTURE_TEST_SUITE(publishing, Volumes)

BOOST_AUTO_TEST_CASE(a_sink_file_stands_at_its_target_with_the_index_of_its_commit) {
  BOOST_TEST((published(of("daily/2026/out.csv", "a,b\n", 7)) == Published::moved));
  BOOST_TEST(content("daily/2026/out.csv") == "a,b\n");
  char text[128];
  const auto n =
      ::getxattr((reports / "daily/2026/out.csv").c_str(), "user.runink.index", text, sizeof text);
  BOOST_REQUIRE(n > 0);
  BOOST_TEST(std::string(text, static_cast<std::size_t>(n)).ends_with(" 7"));
  struct stat info {};
  BOOST_REQUIRE(::stat((reports / "daily/2026/out.csv").c_str(), &info) == 0);
  BOOST_TEST((info.st_mode & 0777) == 0644u);
  BOOST_TEST(files() == 1u);
}

BOOST_AUTO_TEST_CASE(the_same_publication_again_finds_itself_there) {
  const auto one = of("out.csv", "first", 7);
  BOOST_TEST((published(one) == Published::moved));
  const auto written = fs::last_write_time(reports / "out.csv");
  BOOST_TEST((published(one) == Published::already));
  BOOST_TEST((fs::last_write_time(reports / "out.csv") == written));
}

BOOST_AUTO_TEST_CASE(a_newer_publication_replaces_and_an_older_one_gives_up) {
  BOOST_TEST((published(of("out.csv", "old", 7)) == Published::moved));
  BOOST_TEST((published(of("out.csv", "new", 9)) == Published::moved));
  BOOST_TEST((published(of("out.csv", "asleep", 8)) == Published::superseded));
  BOOST_TEST(content("out.csv") == "new");
}

BOOST_AUTO_TEST_CASE(a_file_of_somebody_else_at_the_target_is_replaced) {
  std::ofstream(reports / "out.csv") << "by hand";
  const std::string other = "00000000-0000-4000-8000-000000000000 999";
  BOOST_REQUIRE(::setxattr((reports / "out.csv").c_str(), "user.runink.index", other.data(),
                           other.size(), 0) == 0);
  BOOST_TEST((published(of("out.csv", "ours", 7)) == Published::moved));
  BOOST_TEST(content("out.csv") == "ours");
}

BOOST_AUTO_TEST_CASE(a_link_at_the_target_is_replaced_and_not_followed) {
  std::ofstream(folder.path / "elsewhere" / "victim") << "untouched";
  fs::create_symlink(folder.path / "elsewhere" / "victim", reports / "out.csv");
  BOOST_TEST((published(of("out.csv", "ours", 7)) == Published::moved));
  BOOST_TEST(!fs::is_symlink(reports / "out.csv"));
  BOOST_TEST(content("../elsewhere/victim") == "untouched");
}

BOOST_AUTO_TEST_CASE(a_folder_that_is_a_link_out_of_the_volume_is_refused) {
  fs::create_directory_symlink(folder.path / "elsewhere", reports / "absolute");
  fs::create_directory_symlink("../elsewhere", reports / "relative");
  for (const char* path : {"absolute/out.csv", "relative/out.csv", "../elsewhere/out.csv"})
    BOOST_TEST((refused(of(path, "ours", 7)).reason == PublishRefusal::leaves_volume), path);
  BOOST_TEST(fs::is_empty(folder.path / "elsewhere"));
}

BOOST_AUTO_TEST_CASE(a_link_that_stays_in_the_volume_is_followed) {
  fs::create_directories(reports / "2026");
  fs::create_directory_symlink("2026", reports / "now");
  BOOST_TEST((published(of("now/out.csv", "ours", 7)) == Published::moved));
  BOOST_TEST(content("2026/out.csv") == "ours");
}

BOOST_AUTO_TEST_CASE(without_volume_or_grant_nothing_is_written) {
  auto one = of("out.csv", "ours", 7);
  one.target.volume = VolumeName{"unknown"};
  BOOST_TEST((refused(one).reason == PublishRefusal::volume_missing));
  one.target.volume = VolumeName{"reports"};
  one.herd = HerdName{"risk"};  // may read
  BOOST_TEST((refused(one).reason == PublishRefusal::not_granted));
  one.herd = HerdName{"strangers"};
  BOOST_TEST((refused(one).reason == PublishRefusal::not_granted));
  BOOST_TEST(files() == 0u);
}

BOOST_AUTO_TEST_CASE(a_volume_whose_folder_is_gone_says_so_with_the_errno) {
  auto one = of("out.csv", "ours", 7);
  one.target.volume = VolumeName{"gone"};
  BOOST_TEST(refused(one).error == ENOENT);
}

BOOST_AUTO_TEST_CASE(a_folder_at_the_target_is_refused_and_nothing_is_left_aside) {
  fs::create_directories(reports / "out.csv");
  BOOST_TEST(refused(of("out.csv", "ours", 7)).error == EISDIR);
  BOOST_TEST(files() == 0u);
}

BOOST_AUTO_TEST_CASE(an_artifact_that_is_gone_is_refused_and_the_target_stays) {
  BOOST_TEST((published(of("out.csv", "old", 7)) == Published::moved));
  auto lost = of("out.csv", "lost", 8);
  lost.file.digest = sha256("never stored");
  BOOST_TEST((refused(lost).reason == PublishRefusal::outside_failed));
  BOOST_TEST(content("out.csv") == "old");
  BOOST_TEST(files() == 1u);
}

BOOST_AUTO_TEST_CASE(what_a_crash_left_aside_is_removed_and_files_of_others_stay) {
  std::ofstream(reports / ".out.csv.runink-5") << "half of an older one";
  std::ofstream(reports / ".out.csv.runink-7") << "half of this one, longer than the whole";
  std::ofstream(reports / ".other.csv.runink-5") << "of another target";
  std::ofstream(reports / "mine.txt") << "by hand";
  BOOST_TEST((published(of("out.csv", "ours", 7)) == Published::moved));
  BOOST_TEST(content("out.csv") == "ours");
  BOOST_TEST(!fs::exists(reports / ".out.csv.runink-5"));
  BOOST_TEST(!fs::exists(reports / ".out.csv.runink-7"));
  BOOST_TEST(fs::exists(reports / ".other.csv.runink-5"));
  BOOST_TEST(fs::exists(reports / "mine.txt"));
}

BOOST_AUTO_TEST_CASE(an_empty_file_is_published_too) {
  BOOST_TEST((published(of("out.csv", "", 7)) == Published::moved));
  BOOST_TEST(fs::file_size(reports / "out.csv") == 0u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace runink::actors::testing
