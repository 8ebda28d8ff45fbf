#include "tests/support/folder.hpp"

#include <sys/stat.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>

#include "tools/runi/bundle_folder.hpp"
#include "tools/runi/ignore_rules.hpp"
#include "vocabulary/limits.hpp"

namespace fs = std::filesystem;

namespace runink::runi {
namespace {

BOOST_AUTO_TEST_SUITE(ignore_rules)

BOOST_AUTO_TEST_CASE(globs_fit_within_names_and_two_stars_through_folders) {
  BOOST_TEST(glob_fits("*.py", "a.py"));
  BOOST_TEST(!glob_fits("*.py", "a/b.py"));
  BOOST_TEST(glob_fits("a?c", "abc"));
  BOOST_TEST(!glob_fits("a?c", "a/c"));
  BOOST_TEST(glob_fits("[a-c]x[!0-9]", "bxy"));
  BOOST_TEST(!glob_fits("[a-c]x[!0-9]", "bx5"));
  BOOST_TEST(glob_fits("[", "["));
  BOOST_TEST(glob_fits("**/x", "x"));
  BOOST_TEST(glob_fits("**/x", "a/b/x"));
  BOOST_TEST(!glob_fits("**/x", "a/bx"));
  BOOST_TEST(glob_fits("a/**/b", "a/b"));
  BOOST_TEST(glob_fits("a/**/b", "a/x/y/b"));
  BOOST_TEST(glob_fits("a/**", "a/x/y"));
  BOOST_TEST(!glob_fits("a/**/b/*.c", "a/x/b/y/z.c"));
  BOOST_TEST(glob_fits("a/**/b/*.c", "a/b/x/b/z.c"));
  BOOST_TEST(!glob_fits("", "x"));
  BOOST_TEST(glob_fits("", ""));
}

BOOST_AUTO_TEST_CASE(a_hostile_pattern_ends_in_time) {
  BOOST_TEST(!glob_fits(std::string(40, '*') + "b", std::string(2000, 'a')));
  std::string stars;
  for (int i = 0; i < 40; ++i) stars += "a*";
  BOOST_TEST(!glob_fits(stars + "b", std::string(2000, 'a')));
}

BOOST_AUTO_TEST_CASE(the_last_rule_that_fits_decides) {
  IgnoreRules rules("# a comment\n*.csv\n!keep.csv\n/top.txt\ndata/raw\nbuild/\n\\#odd  \n");
  BOOST_TEST(rules.ignores("a/b.csv", false));
  BOOST_TEST(!rules.ignores("a/keep.csv", false));
  BOOST_TEST(rules.ignores("top.txt", false));
  BOOST_TEST(!rules.ignores("a/top.txt", false));
  BOOST_TEST(rules.ignores("data/raw", true));
  BOOST_TEST(!rules.ignores("x/data/raw", true));
  BOOST_TEST(rules.ignores("x/build", true));
  BOOST_TEST(!rules.ignores("x/build", false));
  BOOST_TEST(rules.ignores("#odd", false));
  BOOST_TEST(!rules.ignores("other", false));
}

BOOST_AUTO_TEST_SUITE_END()

struct Place {
  void put(const std::string& path, const std::string& bytes = "x") {
    fs::create_directories((root / path).parent_path());
    std::ofstream(root / path, std::ios::binary) << bytes;
  }
  std::string read() {
    auto files = read_folder(root);
    if (!files) return files.error().what;
    std::string all;
    for (const auto& one : *files) all += one.path + (one.executable ? "* " : " ");
    return all;
  }
  test::Folder folder;
  const fs::path root = folder.path;
};

BOOST_FIXTURE_TEST_SUITE(bundle_folder, Place)

BOOST_AUTO_TEST_CASE(files_come_sorted_by_path_with_their_bytes_and_executable_flag) {
  put("pipeline.toml", "a");
  put("a/z.sql", std::string("\0\xff", 2));
  put("a-b.txt");
  put("a/b/c.py", "print()");
  ::chmod((root / "a/b/c.py").c_str(), 0755);
  BOOST_TEST(read() == "a-b.txt a/b/c.py* a/z.sql pipeline.toml ");
  auto files = read_folder(root);
  BOOST_TEST((*files)[2].bytes == std::string("\0\xff", 2));
}

BOOST_AUTO_TEST_CASE(what_is_ignored_is_not_even_looked_at) {
  put(".runinkignore", "data/\n*.tmp\n");
  put(".git/config");
  put("pipeline.toml");
  put("x.tmp");
  put("data/big.csv");
  fs::create_symlink("/etc/passwd", root / "data/link");
  BOOST_TEST(read() == "pipeline.toml ");
}

BOOST_AUTO_TEST_CASE(links_and_devices_are_refused_and_all_told_at_once) {
  put("pipeline.toml");
  fs::create_symlink("/etc/passwd", root / "secret");
  fs::create_directory_symlink("/etc", root / "etc");
  BOOST_REQUIRE(::mkfifo((root / "pipe").c_str(), 0600) == 0);
  const std::string told = read();
  BOOST_TEST(told.find("secret is a symbolic link") != std::string::npos);
  BOOST_TEST(told.find("etc is a symbolic link") != std::string::npos);
  BOOST_TEST(told.find("pipe is neither a file nor a folder") != std::string::npos);
  BOOST_TEST(told.find(".runinkignore") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(limits_are_kept) {
  put("large", std::string(limits::bundle_file.value + 1, 'x'));
  BOOST_TEST(read().find("large is larger than 8.0 MiB") != std::string::npos);
  fs::remove(root / "large");
  for (int i = 0; i < 3; ++i) put("part" + std::to_string(i), std::string(6u << 20, 'x'));
  BOOST_TEST(read().find("holds more than 16.0 MiB") != std::string::npos);
  for (int i = 0; i < 3; ++i) fs::remove(root / ("part" + std::to_string(i)));
  for (std::uint32_t i = 0; i <= limits::bundle_files; ++i) put("f" + std::to_string(i));
  BOOST_TEST(read().find("more than 2,000 files") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_name_that_is_not_utf8_and_a_folder_that_is_not_there_are_told) {
  put("\xff\xfe");
  BOOST_TEST(read().find("not UTF-8") != std::string::npos);
  BOOST_TEST((read_folder(root / "none").error().kind == FaultKind::no_such_thing));
}

BOOST_AUTO_TEST_CASE(base64_is_that_of_rfc_4648) {
  BOOST_TEST(base64("") == "");
  BOOST_TEST(base64("f") == "Zg==");
  BOOST_TEST(base64("fo") == "Zm8=");
  BOOST_TEST(base64("foo") == "Zm9v");
  BOOST_TEST(base64("foobar") == "Zm9vYmFy");
  BOOST_TEST(base64("\xff\xfe\xfd") == "//79");
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace
}  // namespace runink::runi
