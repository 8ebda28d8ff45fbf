// Artifacts from one node's store to another's, over a real link.
#include "actors/workloads/artifact_exchange.hpp"

#include <fcntl.h>

#include <atomic>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>
#include <future>
#include <thread>

#include "tests/actors/cluster_harness.hpp"
#include "tests/actors/small_disk.hpp"
#include "tests/links/two_nodes.hpp"
#include "vocabulary/codec.hpp"
#include "vocabulary/limits.hpp"

namespace runink::actors::testing {
namespace {

struct Exchanging : linked::ThreeNodes {
  explicit Exchanging(const char* size_of_two = nullptr) : data(size_of_two) {}
  struct End {
    End(const std::filesystem::path& data, PeerLinksOptions options, caf::actor_system& system)
        : ground(data),
          node(std::move(options), system),
          exchange(*ground.services, *node.links, node.executor()) {
      node.answer_with(exchange);
    }
    Result<void> fetch(const Digest& digest, std::vector<NodeName> holders = {}, Bytes size = {}) {
      std::vector<WantedArtifact> wanted{{digest, size, std::move(holders)}};
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
  /// Where the two data folders are made; that of n2 may be a disk of its own.
  struct Place : TempFolder {
    explicit Place(const char* size_of_two) {
      std::filesystem::create_directories(path / "2");
      if (size_of_two != nullptr) small.emplace(path / "2", size_of_two);
    }
    std::optional<SmallDisk> small;
  };
  Place data;
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

struct OnSmallDisk : Exchanging {
  OnSmallDisk() : Exchanging("size=256m") {}
  Bytes available() { return storage::disk_space(two.ground.folder->fd())->available; }
  /// Takes all room of n2's disk but so much.
  void leave(Bytes room) {
    const OwnedFd file(::open((data.path / "2" / "filler" / "large").c_str(),
                              O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    BOOST_REQUIRE(
        ::posix_fallocate(file.get(), 0, static_cast<off_t>(available().value - room.value)) == 0);
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

BOOST_AUTO_TEST_CASE(more_than_an_artifact_has_is_not_taken) {
  meet();
  const Digest digest = two.put(std::string(5'000'000, 'x'));
  BOOST_TEST(!one.fetch(digest, {}, Bytes{4'999'999}).has_value());
  BOOST_TEST(!one.ground.artifacts->has(digest));
  BOOST_TEST(std::filesystem::is_empty(data.path / "1" / "staging"));
  BOOST_TEST(one.fetch(digest, {}, Bytes{5'000'000}).has_value());
}

// What had come of an artifact, gigabytes perhaps, was removed by the thread that serves all connections.
BOOST_AUTO_TEST_CASE(what_came_for_a_fetch_that_is_given_up_is_removed_on_a_disk_thread) {
  meet();
  const Digest digest = two.put(std::string(5'000'000, 'x'));
  std::promise<void> busy, go_on, came;
  std::atomic<bool> once{false};
  // Leisurely jobs run one at a time: none runs before this one ends.
  BOOST_REQUIRE(one.ground.services->disk
                    .submit_at_leisure([&] {
                      busy.set_value();
                      go_on.get_future().wait();
                    })
                    .has_value());
  busy.get_future().wait();
  std::vector<WantedArtifact> wanted{{digest, {}, {}}};
  Progressed progressed = [&]() -> boost::asio::awaitable<void> {
    if (!once.exchange(true)) came.set_value();
    co::Waker never(co_await boost::asio::this_coro::executor);
    for (;;) co_await never.wait();
  };
  auto job = [&] { return one.exchange.fetch(wanted, storage::PinOwner{"test"}, progressed); };
  boost::asio::cancellation_signal give_up;
  auto fetch = boost::asio::co_spawn(
      one.node.executor(), job,
      boost::asio::bind_cancellation_slot(give_up.slot(), boost::asio::use_future));
  came.get_future().wait();
  boost::asio::post(one.node.executor(),
                    [&] { give_up.emit(boost::asio::cancellation_type::terminal); });
  BOOST_CHECK_THROW(fetch.get(), std::exception);
  const auto staging = data.path / "1" / "staging";
  BOOST_TEST(!std::filesystem::is_empty(staging));
  go_on.set_value();
  const auto until = std::chrono::steady_clock::now() + patience;
  while (!std::filesystem::is_empty(staging) && std::chrono::steady_clock::now() < until)
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  BOOST_TEST(std::filesystem::is_empty(staging));
}

BOOST_FIXTURE_TEST_CASE(copies_leave_the_disk_its_reserve, OnSmallDisk,
                        *boost::unit_test::precondition(as_root)) {
  meet();
  const Digest large = one.put(std::string(5'000'000, 'x')), fits = one.put("fits");
  leave(Bytes{limits::disk_reserve.value + MiB(2).value});
  const auto copied = [this](const Digest& digest, Bytes size) {
    std::vector<storage::StoredArtifact> made{{digest, size}};
    auto job = [this, made] { return one.exchange.copy(made, "run.step.0.17"); };
    return boost::asio::co_spawn(one.node.executor(), std::move(job), boost::asio::use_future)
        .get();
  };
  BOOST_TEST(!copied(large, Bytes{5'000'000}).has_value());
  // Nobody knows before how large this one is.
  const auto fetched = two.fetch(large);
  BOOST_REQUIRE(!fetched.has_value());
  BOOST_TEST((fetched.error().kind == FaultKind::exhausted));
  BOOST_TEST(fetched.error().what.find("The disk of node") != std::string::npos,
             fetched.error().what);
  BOOST_TEST(!two.ground.artifacts->has(large));
  BOOST_TEST(std::filesystem::is_empty(data.path / "2" / "staging"));
  BOOST_TEST((available() >= limits::disk_reserve));
  BOOST_TEST(copied(fits, Bytes{4}).has_value());
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

struct WireKeep {
  std::string owner;
  std::vector<std::pair<Digest, std::uint64_t>> artifacts;
  static auto fields(auto& self) { return std::tie(self.owner, self.artifacts); }
};

/// Whoever looks at it finds that long has passed.
class Leaping final : public Clock {
 public:
  Instant now() const override { return {now_ns_ += limits::peer_silence.ns}; }
  WallTime wall() const override { return real_clock().wall(); }

 private:
  mutable std::atomic<std::int64_t> now_ns_{1};
};

// A copy of a large artifact was without a word until it was complete, like one by a node that hangs.
BOOST_AUTO_TEST_CASE(who_makes_a_copy_says_that_it_goes_on) {
  Leaping clock;
  Wishes wishes;
  wishes.clock = &clock;
  Ground ground(data.path / "3", wishes);
  ArtifactExchange keeper(*ground.services, *two.node.links, two.node.executor());
  meet();
  const std::string bytes(1'000'000, 'x');
  const Digest digest = one.put(bytes);
  struct Words final : PeerParts {
    boost::asio::awaitable<void> part(std::string) override {
      ++said;
      co_return;
    }
    int said = 0;
  } words;
  PeerAsk ask{nodes[0], Subject::keep, encode(WireKeep{"run.step.0.17", {{digest, bytes.size()}}})};
  auto job = [&] { return keeper.answer(ask, words); };
  const PeerAnswer kept =
      boost::asio::co_spawn(two.node.executor(), std::move(job), boost::asio::use_future).get();
  BOOST_TEST(!kept.fault.has_value());
  BOOST_TEST(ground.artifacts->has(digest));
  BOOST_TEST(words.said >= 4);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace runink::actors::testing
