// Artifacts from one node's store to another's, over a real link.
#include "actors/work/artifact_exchange.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>

#include "tests/actors/cluster_harness.hpp"
#include "tests/links/two_nodes.hpp"

namespace runink::actors::testing {
namespace {

struct Exchanging : linked::ThreeNodes {
  struct End {
    End(const std::filesystem::path& data, PeerLinksOptions options, caf::actor_system& system)
        : ground(data),
          node(std::move(options), system),
          exchange(*ground.services, *node.links, node.executor()) {
      node.answer_with(exchange);
    }
    Result<void> fetch(const Digest& digest, std::vector<NodeName> holders = {}) {
      std::vector<WantedArtifact> wanted{{digest, {}, std::move(holders)}};
      auto job = [this, wanted] { return exchange.fetch(wanted, storage::PinOwner{"test"}); };
      return boost::asio::co_spawn(node.executor(), std::move(job), boost::asio::use_future).get();
    }
    Digest put(const std::string& bytes) {
      return ground.artifacts->put(bytes, storage::PinOwner{"maker"})->digest;
    }
    Ground ground;
    linked::LinkedNode node;
    ArtifactExchange exchange;
  };
  TempFolder data;
  End one{data.path / "1", options(1), system};
  End two{data.path / "2", options(2), system};

  void meet() {
    const auto until = std::chrono::steady_clock::now() + patience;
    while (std::chrono::steady_clock::now() < until) {
      if (reached(one, 2) && reached(two, 1)) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    BOOST_FAIL("the two do not meet");
  }
  static bool reached(End& end, std::uint64_t id) {
    for (const PeerContact& contact : end.node.links->contacts())
      if (contact.peer.id == NodeId{id}) return contact.connected;
    return false;
  }
};

BOOST_FIXTURE_TEST_SUITE(artifact_exchange, Exchanging)

BOOST_AUTO_TEST_CASE(what_another_node_has_is_fetched_and_pinned) {
  meet();
  for (const std::size_t size : {0u, 1u, 300'000u, 5'000'000u}) {
    const std::string bytes(size, 'x');
    const Digest digest = two.put(bytes);
    const auto fetched = one.fetch(digest, {NodeName{"n2"}});
    BOOST_REQUIRE_MESSAGE(fetched.has_value(), (fetched ? std::string() : fetched.error().what));
    BOOST_TEST((one.ground.artifacts->read(digest, MiB(8)).value() == bytes));
    BOOST_TEST(one.ground.artifacts->pinned(digest));
    BOOST_TEST(one.fetch(digest).has_value());  // it is here by now
  }
}

BOOST_AUTO_TEST_CASE(what_nobody_has_is_said_to_be_nowhere) {
  meet();
  const auto fetched = one.fetch(sha256("nothing"), {NodeName{"n3"}});
  BOOST_REQUIRE(!fetched.has_value());
  BOOST_TEST((fetched.error().kind == FaultKind::no_such_thing));
  BOOST_TEST(fetched.error().what.find("it was made or copied to n3") != std::string::npos,
             fetched.error().what);
}

BOOST_AUTO_TEST_CASE(a_copy_is_kept_by_the_other_one) {
  meet();
  const Digest digest = one.put("worth two copies");
  std::vector<storage::StoredArtifact> made{{digest, Bytes{16}}};
  auto job = [this, made] { return one.exchange.copy(made, "run.step.0.17"); };
  const auto holder =
      boost::asio::co_spawn(one.node.executor(), std::move(job), boost::asio::use_future).get();
  BOOST_REQUIRE(holder.has_value());
  BOOST_TEST((*holder == NodeName{"n2"}));
  BOOST_TEST((two.ground.artifacts->read(digest, MiB(1)).value() == "worth two copies"));
  BOOST_TEST(two.ground.artifacts->pinned(digest));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace runink::actors::testing
