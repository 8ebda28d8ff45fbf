#include "actors/doors/socket_file.hpp"

#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <fstream>

#include "tests/doors/client.hpp"

namespace runink::actors {
namespace {

using test::mode_of;

struct Place : Folder {
  std::filesystem::path socket = path / "n1.sock";
  SocketRights rights{::geteuid(), std::nullopt};
};

BOOST_FIXTURE_TEST_SUITE(socket_file, Place)

BOOST_AUTO_TEST_CASE(only_the_owner_may_connect_unless_a_group_is_named) {
  {
    auto file = SocketFile::take(socket, rights);
    BOOST_REQUIRE(file);
    BOOST_TEST(mode_of(socket) == 0600u);
    BOOST_TEST(bool(connect_to(socket)));
  }
  auto file = SocketFile::take(socket, SocketRights{::geteuid(), ::getegid()});
  BOOST_REQUIRE(file);
  BOOST_TEST(mode_of(socket) == 0660u);
}

BOOST_AUTO_TEST_CASE(the_file_goes_with_its_listener_and_nothing_else_is_left) {
  { BOOST_REQUIRE(SocketFile::take(socket, rights)); }
  BOOST_TEST(std::filesystem::is_empty(path));
}

BOOST_AUTO_TEST_CASE(a_stale_socket_is_replaced_and_a_living_one_is_a_conflict) {
  auto first = SocketFile::take(socket, rights);
  BOOST_REQUIRE(first);
  auto second = SocketFile::take(socket, rights);
  BOOST_REQUIRE(!second);
  BOOST_TEST((second.error().kind == FaultKind::conflict));
  BOOST_TEST(bool(connect_to(socket)));

  OwnedFd listener = first->release();
  listener.reset();  // as after kill -9: the file stays, nobody listens
  BOOST_TEST(std::filesystem::exists(socket));
  auto third = SocketFile::take(socket, rights);
  BOOST_REQUIRE(third);
  BOOST_TEST(bool(connect_to(socket)));
  first->remove();  // is not his any more
  BOOST_TEST(std::filesystem::exists(socket));
}

BOOST_AUTO_TEST_CASE(what_is_no_socket_is_left_alone) {
  std::ofstream(socket) << "precious";
  auto taken = SocketFile::take(socket, rights);
  BOOST_REQUIRE(!taken);
  BOOST_TEST((taken.error().kind == FaultKind::conflict));
  BOOST_TEST(std::filesystem::file_size(socket) == 8u);
}

BOOST_AUTO_TEST_CASE(a_path_that_the_kernel_cannot_take_or_that_has_no_folder_is_told) {
  auto longer = SocketFile::take(path / std::string(120, 'x'), rights);
  BOOST_REQUIRE(!longer);
  BOOST_TEST((longer.error().kind == FaultKind::bad_input));
  auto nowhere = SocketFile::take(path / "missing" / "n1.sock", rights);
  BOOST_REQUIRE(!nowhere);
  BOOST_TEST((nowhere.error().kind == FaultKind::outside_failed));
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace
}  // namespace runink::actors
