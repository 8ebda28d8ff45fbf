#include "storage/beneath.hpp"

#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

#include <functional>

#include "tests/storage/temporary.hpp"

using namespace runink;
using namespace runink::test;
using namespace runink::storage;

BOOST_AUTO_TEST_SUITE(beneath)

BOOST_AUTO_TEST_CASE(a_file_beneath_is_opened_and_nothing_else_is) {
  const Folder folder;
  std::filesystem::create_directories(folder / "top/in");
  write(folder / "secret", "s");
  write(folder / "top/in/file", "f");
  std::filesystem::create_symlink("../../secret", folder / "top/in/relative");
  std::filesystem::create_symlink(folder / "secret", folder / "top/in/absolute");
  std::filesystem::create_directory_symlink("in", folder / "top/inside");
  const auto top = open_folder(folder / "top");
  REQUIRE_OK(top);
  BOOST_TEST(read_file(top->get(), "in/file", KiB(1)).value() == "f");
  BOOST_TEST(read_file(top->get(), "in/../in/file", KiB(1)).value() == "f");
  for (const std::string path :
       {"../secret", "in/../../secret", "in/relative", "in/absolute", "inside/file"}) {
    CHECK_FAULT(open_regular_beneath(top->get(), path), FaultKind::not_allowed);
  }
  CHECK_FAULT(open_beneath(top->get(), folder / "secret", O_RDONLY), FaultKind::not_allowed);
  CHECK_FAULT(open_regular_beneath(top->get(), "in"), FaultKind::not_allowed);
  CHECK_FAULT(open_regular_beneath(top->get(), "nothing"), FaultKind::no_such_thing);
}

BOOST_AUTO_TEST_CASE(a_pipe_without_a_writer_does_not_block_the_reader) {
  const Folder folder;
  BOOST_REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
  const auto file = open_regular_beneath(folder.fd().get(), "pipe");
  CHECK_FAULT(file, FaultKind::not_allowed);
  CHECK_SAYS(file, "named pipe");
}

BOOST_AUTO_TEST_CASE(a_walk_lists_regular_files_in_order_of_their_paths) {
  const Folder folder;
  std::filesystem::create_directories(folder / "b/c");
  std::filesystem::create_directories(folder / "empty");
  write(folder / "b/c/2", "22");
  write(folder / "b/1", "1");
  write(folder / "a", "");
  ::chmod((folder / "a").c_str(), 0755);
  const auto files = regular_files(folder.fd().get(), 10);
  REQUIRE_OK(files);
  const std::vector<FoundFile> expected{
      {"a", Bytes{0}, true, 1}, {"b/1", Bytes{1}, false, 1}, {"b/c/2", Bytes{2}, false, 1}};
  BOOST_TEST((*files == expected));
  CHECK_FAULT(regular_files(folder.fd().get(), 2), FaultKind::exhausted);
}

BOOST_AUTO_TEST_CASE(a_walk_names_the_first_thing_that_is_no_plain_file) {
  const auto refused = [](const std::function<void(const std::string&)>& make,
                          const std::string& says) {
    const Folder folder;
    std::filesystem::create_directory(folder / "sub");
    const auto control = regular_files(folder.fd().get(), 10);
    REQUIRE_OK(control);
    make(folder / "sub/odd");
    const auto files = regular_files(folder.fd().get(), 10);
    CHECK_FAULT(files, FaultKind::not_allowed);
    CHECK_SAYS(files, "'sub/odd'");
    CHECK_SAYS(files, says);
  };
  refused([](auto& at) { std::filesystem::create_symlink("/etc/passwd", at); }, "symbolic link");
  refused([](auto& at) { ::mkfifo(at.c_str(), 0600); }, "named pipe");
  refused(
      [](auto& at) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        at.copy(address.sun_path, sizeof address.sun_path - 1);
        const OwnedFd fd(::socket(AF_UNIX, SOCK_STREAM, 0));
        BOOST_REQUIRE(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
      },
      "socket");
  if (::geteuid() == 0)
    refused([](auto& at) { ::mknod(at.c_str(), S_IFCHR | 0600, makedev(1, 3)); },
            "character device");
  else
    BOOST_TEST_MESSAGE("skipped: a device can be made by root only");
}

BOOST_AUTO_TEST_CASE(a_second_name_of_a_file_is_refused_or_told) {
  const Folder folder;
  write(folder / "one", "x");
  std::filesystem::create_hard_link(folder / "one", folder / "two");
  CHECK_FAULT(regular_files(folder.fd().get(), 10), FaultKind::not_allowed);
  const auto told = regular_files(folder.fd().get(), 10, HardLinks::tell);
  REQUIRE_OK(told);
  BOOST_TEST(told->at(0).links == 2u);
}

BOOST_AUTO_TEST_CASE(a_tree_is_removed_with_its_links_but_not_what_they_point_to) {
  const Folder folder;
  std::filesystem::create_directories(folder / "kept");
  write(folder / "kept/file", "x");
  std::filesystem::create_directories(folder / "tree/a/b/c");
  write(folder / "tree/a/b/c/file", "x");
  std::filesystem::create_directory_symlink(folder / "kept", folder / "tree/a/link");
  BOOST_REQUIRE(::mkfifo((folder / "tree/pipe").c_str(), 0) == 0);
  ::chmod((folder / "tree/a/b").c_str(), 0);
  REQUIRE_OK(remove_tree(folder.fd().get(), "tree"));
  BOOST_TEST(!std::filesystem::exists(folder / "tree"));
  BOOST_TEST(content(folder / "kept/file") == "x");
  REQUIRE_OK(remove_tree(folder.fd().get(), "tree"));
  CHECK_FAULT(remove_tree(folder.fd().get(), "../x"), FaultKind::bad_input);
  std::filesystem::create_directory_symlink(folder / "kept", folder / "link");
  REQUIRE_OK(remove_tree(folder.fd().get(), "link"));
  BOOST_TEST(content(folder / "kept/file") == "x");
}

BOOST_AUTO_TEST_CASE(folders_are_made_but_never_through_a_link) {
  const Folder folder;
  std::filesystem::create_directory(folder / "top");
  const OwnedFd top = open_folder(folder / "top").value();
  REQUIRE_OK(make_folders(top.get(), "a/b/c"));
  REQUIRE_OK(make_folders(top.get(), "a/b/c"));
  BOOST_TEST(std::filesystem::is_directory(folder / "top/a/b/c"));
  CHECK_FAULT(make_folders(top.get(), "../out"), FaultKind::not_allowed);
  std::filesystem::create_directory_symlink(folder.path, folder / "top/link");
  BOOST_TEST(!make_folders(top.get(), "link/out").has_value());
  BOOST_TEST(!std::filesystem::exists(folder / "out"));
}

BOOST_AUTO_TEST_CASE(a_file_is_replaced_as_a_whole_and_nothing_lies_beside_it) {
  const Folder folder;
  REQUIRE_OK(write_file_synced(folder.fd().get(), "file", "old"));
  write(folder / ".file.new", "left by a crash");
  REQUIRE_OK(write_file_synced(folder.fd().get(), "file", "new", 0640));
  BOOST_TEST(content(folder / "file") == "new");
  BOOST_TEST(files_in(folder.path) == 1u);
  CHECK_FAULT(read_file(folder.fd().get(), "file", Bytes{2}), FaultKind::exhausted);
}

BOOST_AUTO_TEST_SUITE_END()
