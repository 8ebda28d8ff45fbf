// Links to nodes that are added and removed while the daemon runs.
#include <atomic>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>
#include <future>

#include "storage/founders.hpp"
#include "tests/links/two_nodes.hpp"

using namespace runink;
using namespace runink::actors;
using namespace runink::actors::linked;

namespace {

constexpr std::uint64_t newcomer_id = (std::uint64_t{1} << 48) + 7;

/// n1 and n2 found the cluster; n3 joins it under an id of its data folder.
struct Joining : ThreeNodes {
  Joining() {
    newcomer = nodes.back();
    newcomer.id = NodeId{newcomer_id};
    nodes.pop_back();
  }
  PeerLinksOptions options_of_newcomer() {
    nodes.push_back(newcomer);
    PeerLinksOptions made = options(3);
    nodes.pop_back();
    made.nodes = nodes;
    made.self.id = newcomer.id;
    made.joins = true;
    made.address = newcomer.address;
    return made;
  }
  std::unique_ptr<LinkedNode> start_newcomer(std::function<void(const Fault&)> removed = {}) {
    auto node = std::make_unique<LinkedNode>(options_of_newcomer(), system);
    node->answer_with(node->echo, std::move(removed));
    return node;
  }
  std::vector<config::Peer> all() const {
    std::vector<config::Peer> members = nodes;
    members.push_back(newcomer);
    return members;
  }
  config::Peer newcomer;
};

Result<Hello> look(LinkedNode& node, const std::string& name, const config::Endpoint& address) {
  auto question = [&node, name, address] { return node.links->look_at(NodeName{name}, address); };
  auto answer =
      boost::asio::co_spawn(node.executor(), std::move(question), boost::asio::use_future);
  BOOST_REQUIRE((answer.wait_for(patience) == std::future_status::ready));
  return answer.get();
}

PeerAnswer asked(LinkedNode& node, std::uint64_t to) {
  auto question = [&node, to] {
    return node.links->ask(NodeId{to}, Subject::admin, std::string("hello"));
  };
  auto answer =
      boost::asio::co_spawn(node.executor(), std::move(question), boost::asio::use_future);
  BOOST_REQUIRE((answer.wait_for(patience) == std::future_status::ready));
  return answer.get();
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(members_of_links, Joining)

BOOST_AUTO_TEST_CASE(who_is_to_be_added_says_its_own_id) {
  const auto one = start(1);
  const auto three = start_newcomer();
  const auto hello = look(*one, "n3", newcomer.address);
  BOOST_REQUIRE_MESSAGE(hello.has_value(), (hello ? std::string() : hello.error().what));
  BOOST_TEST((hello->id == newcomer.id));
  const auto other = look(*one, "n4", newcomer.address);
  BOOST_TEST(!other.has_value());  // its certificate names n3
  const auto nobody = look(*one, "n3", config::Endpoint{"127.0.0.1", ports[1].number});
  BOOST_REQUIRE(!nobody.has_value());
  BOOST_TEST(nobody.error().what.find("Nobody answers at") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_look_that_is_given_up_closes_its_connection) {
  const auto one = start(1);
  FreePort mute;  // takes calls and says nothing
  BOOST_REQUIRE(::listen(mute.holder.get(), 4) == 0);
  auto question = [&] {
    return one->links->look_at(NodeName{"n3"}, config::Endpoint{"127.0.0.1", mute.number});
  };
  boost::asio::cancellation_signal give_up;
  auto look = boost::asio::co_spawn(
      one->executor(), question,
      boost::asio::bind_cancellation_slot(give_up.slot(), boost::asio::use_future));
  const OwnedFd called(::accept4(mute.holder.get(), nullptr, nullptr, SOCK_CLOEXEC));
  BOOST_REQUIRE(called);
  timeval most{patience.count(), 0};
  ::setsockopt(called.get(), SOL_SOCKET, SO_RCVTIMEO, &most, sizeof most);
  char bytes[4096];
  BOOST_REQUIRE(::recv(called.get(), bytes, sizeof bytes, 0) > 0);  // the first of TLS
  boost::asio::post(one->executor(),
                    [&] { give_up.emit(boost::asio::cancellation_type::terminal); });
  BOOST_REQUIRE((look.wait_for(patience) == std::future_status::ready));
  ssize_t size = 0;
  while ((size = ::recv(called.get(), bytes, sizeof bytes, 0)) > 0) {
  }
  BOOST_TEST(size == 0);
}

BOOST_AUTO_TEST_CASE(
    a_newcomer_is_reached_once_it_is_a_member_and_answers_whom_it_has_never_heard_of) {
  const auto one = start(1);
  const auto three = start_newcomer();
  one->links->set_members(all(), {});
  BOOST_REQUIRE(reaches(*one, 1, *three, newcomer_id));
  BOOST_REQUIRE(reaches(*three, newcomer_id, *one, 1));
  BOOST_TEST((one->links->name_of(newcomer.id) == NodeName{"n3"}));
  BOOST_TEST((three->links->name_of(newcomer.id) == NodeName{"n3"}));
  BOOST_TEST((three->links->name_of(NodeId{1}) == NodeName{"n1"}));
  BOOST_TEST(!one->links->name_of(NodeId{newcomer_id + 1}).has_value());
  BOOST_TEST(asked(*one, newcomer_id).payload == "n1: hello");
  BOOST_TEST(asked(*three, 1).payload == "n3: hello");
  // Another one that has not heard of it takes its messages, since it may lead, but no questions.
  const auto two = start(2);
  BOOST_REQUIRE(reaches(*three, newcomer_id, *two, 2));
  BOOST_REQUIRE(reaches(*two, 2, *three, newcomer_id));
  const PeerAnswer answer = asked(*three, 2);
  BOOST_REQUIRE(answer.fault.has_value());
  BOOST_TEST(answer.fault->what.find("is no other node of this cluster") != std::string::npos,
             answer.fault->what);
}

BOOST_AUTO_TEST_CASE(who_is_removed_is_told_so_and_spoken_to_no_more) {
  const auto one = start(1);
  std::promise<Fault> told;
  std::atomic<bool> once{false};
  const auto three = start_newcomer([&](const Fault& why) {
    if (!once.exchange(true)) told.set_value(why);
  });
  one->links->set_members(all(), {});
  BOOST_REQUIRE(reaches(*one, 1, *three, newcomer_id));
  BOOST_REQUIRE(reaches(*three, newcomer_id, *one, 1));
  one->links->set_members(nodes, {newcomer.id});
  auto heard = told.get_future();
  BOOST_REQUIRE((heard.wait_for(patience) == std::future_status::ready));
  BOOST_TEST(heard.get().what.find("was removed from the cluster") != std::string::npos);
  one->heard->forget();
  for (const PeerContact& contact : one->links->contacts())
    BOOST_TEST((contact.peer.id != newcomer.id));
  BOOST_TEST((asked(*one, newcomer_id).fault->kind == FaultKind::no_such_thing));
}

// A member that met a removed node, at the address of the one that took its place, stopped itself.
BOOST_AUTO_TEST_CASE(who_meets_a_removed_node_is_not_removed_itself) {
  const auto old = start_newcomer();
  LinkedNode one(options(1), system);
  std::atomic<int> removals{0};
  one.answer_with(one.echo, [&](const Fault&) { ++removals; });
  config::Peer anew = newcomer;
  anew.id = NodeId{newcomer_id + 1};
  std::vector<config::Peer> members = nodes;
  members.push_back(anew);
  one.links->set_members(members, {newcomer.id});
  BOOST_REQUIRE(one.heard->is_unreachable(anew.id));
  BOOST_TEST(removals.load() == 0);
}

BOOST_AUTO_TEST_CASE(a_member_that_moves_is_called_at_its_new_address) {
  const auto one = start(1);
  one->links->set_members(all(), {});
  FreePort elsewhere;
  config::Peer moved = newcomer;
  moved.address.port = elsewhere.number;
  newcomer = moved;
  const auto three = start_newcomer();
  BOOST_REQUIRE(reaches(*three, newcomer_id, *one, 1));
  one->links->set_members(all(), {});
  BOOST_TEST(reaches(*one, 1, *three, newcomer_id));
}

BOOST_AUTO_TEST_SUITE_END()
