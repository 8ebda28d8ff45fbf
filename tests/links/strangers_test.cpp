// Who goes when too many call and do not say who they are.
#include "actors/links/strangers.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>
#include <deque>

#include "vocabulary/limits.hpp"

using namespace runink;
using namespace runink::actors;

namespace {

struct Door {
  /// Who goes for a new one from there; nothing when nobody has to.
  std::shared_ptr<PeerStream> calls(const std::string& from) {
    came.push_back(std::make_shared<PeerStream>(PeerStream::Socket(io), std::nullopt));
    return strangers.add(came.back(), boost::asio::ip::make_address(from));
  }
  /// So many of one address, for none of which anybody goes.
  void fill(const std::string& from, std::uint32_t times) {
    for (std::uint32_t i = 0; i < times; ++i) BOOST_REQUIRE(calls(from) == nullptr);
  }
  boost::asio::io_context io;
  std::deque<std::shared_ptr<PeerStream>> came;
  Strangers strangers;
};

constexpr std::uint32_t of_one = limits::peer_strangers_of_one;

std::string address(std::uint32_t number) { return "10.0.0." + std::to_string(number); }

}  // namespace

BOOST_FIXTURE_TEST_SUITE(strangers, Door)

BOOST_AUTO_TEST_CASE(the_oldest_of_an_address_goes_for_its_newest) {
  fill("10.0.0.2", 1);
  fill("10.0.0.1", of_one);
  for (std::uint32_t i = 1; i <= 2 * of_one; ++i) BOOST_TEST(calls("10.0.0.1") == came[i]);
  BOOST_TEST(strangers.all().size() == of_one + 1);
  BOOST_TEST(strangers.all().front() == came.front());
}

BOOST_AUTO_TEST_CASE(who_is_known_or_gone_leaves_room) {
  fill("10.0.0.1", of_one);
  BOOST_TEST(strangers.remove(*came[3]));
  BOOST_TEST(!strangers.remove(*came[3]));
  fill("10.0.0.1", 1);
  BOOST_TEST(calls("10.0.0.1") == came[0]);
}

BOOST_AUTO_TEST_CASE(who_has_shown_a_certificate_goes_last) {
  fill("10.0.0.1", of_one);
  strangers.proven(*came[0]);
  BOOST_TEST(calls("10.0.0.1") == came[1]);
  for (const auto& one : strangers.all()) strangers.proven(*one);
  BOOST_TEST(calls("10.0.0.1") == came[0]);
}

BOOST_AUTO_TEST_CASE(when_all_are_too_many_one_of_the_address_with_most_goes) {
  const std::uint32_t addresses = limits::peer_strangers / of_one;
  fill(address(1), of_one - 1);
  for (std::uint32_t i = 2; i <= addresses; ++i) fill(address(i), of_one);
  fill(address(addresses + 1), 1);
  BOOST_TEST(strangers.all().size() == limits::peer_strangers);
  const auto gone = calls(address(1));
  BOOST_REQUIRE(gone != nullptr);
  BOOST_TEST(gone != came.front());  // its address had fewer
  BOOST_TEST(strangers.all().size() == limits::peer_strangers);
}

BOOST_AUTO_TEST_CASE(one_network_of_long_addresses_is_one_place) {
  for (std::uint32_t i = 1; i <= of_one; ++i) fill("2001:db8:1:2::" + std::to_string(i), 1);
  BOOST_TEST(calls("2001:db8:1:2:ffff::1") == came[0]);
  fill("2001:db8:1:3::1", of_one);
  fill("::ffff:10.0.0.1", of_one);
  fill("::ffff:10.0.0.2", 1);
  BOOST_TEST(calls("10.0.0.1") == came[1 + 2 * of_one]);
}

BOOST_AUTO_TEST_SUITE_END()
