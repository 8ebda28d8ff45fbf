// Files that commands name: what is read of them, and what is said of those that cannot be.
#include "tools/runi/text_file.hpp"

#include <sys/stat.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/folder.hpp"

namespace runink::runi {
namespace {

struct Folder : test::Folder {
  std::string file(const std::string& name, const std::string& bytes) const {
    std::ofstream(path / name, std::ios::binary) << bytes;
    return (path / name).string();
  }
};

AdminError refused(const std::string& path, Bytes most = Bytes{8}) {
  const auto read = read_text_file(path, most, "a contract", "Split it.");
  BOOST_REQUIRE(!read.has_value());
  BOOST_TEST(read.error().message.find(path) != std::string::npos);
  return read.error();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(text_file)

BOOST_AUTO_TEST_CASE(is_read_up_to_the_last_byte_that_may_be) {
  const Folder folder;
  BOOST_TEST(read_text_file(folder.file("a", "12345678"), Bytes{8}, "a contract", "").value() ==
             "12345678");
  BOOST_TEST(read_text_file(folder.file("b", ""), Bytes{8}, "a contract", "").value().empty());
  const AdminError large = refused(folder.file("c", "123456789"));
  BOOST_TEST(large.exit == exit_error);
  BOOST_TEST(large.message.find("too large for a contract: at most 8 B are possible. Split it.") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(that_has_no_end_is_refused_before_it_is_read) {
  BOOST_TEST(refused("/dev/zero", GiB(1)).message.find("no regular file") != std::string::npos);
  const Folder folder;
  const std::string pipe = (folder.path / "pipe").string();
  BOOST_REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  // Nobody writes to it: opening it to read would wait for ever.
  BOOST_TEST(refused(pipe).message.find("no regular file") != std::string::npos);
  BOOST_TEST(refused(folder.path.string()).message.find("is a folder") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(that_is_not_there_is_not_found) {
  const Folder folder;
  const AdminError missing = refused((folder.path / "none").string());
  BOOST_TEST(missing.exit == exit_not_found);
  BOOST_TEST(missing.message.find("No such file or directory") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace runink::runi
