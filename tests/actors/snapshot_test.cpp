// Snapshots in a node: taken when the log has grown, the log cut behind them, a start from one of them, and
// one of another node that becomes the state.
#include <atomic>
#include <fstream>

#include "actors/cluster/snapshot_exchange.hpp"
#include "actors/cluster/snapshot_record.hpp"
#include "actors/node_stores.hpp"
#include "actors/recover.hpp"
#include "tests/actors/cluster_harness.hpp"
#include "tests/links/two_nodes.hpp"

namespace runink::actors::testing {
namespace {

const config::History short_log{KiB(64), KiB(16), MiB(64), GiB(1), {}};

Wishes short_log_wishes() {
  Wishes some;
  some.history = short_log;
  return some;
}

/// Commands of about 4 KiB each: the log grows, the state does not.
void put_values(Cluster& cluster, int count) {
  for (int i = 0; i < count; ++i) {
    state::KvTransaction put;
    put.herd = HerdName{"finance"};
    put.then = {state::KvPut{"key", std::string(4096, static_cast<char>('a' + i % 26))}};
    BOOST_REQUIRE(cluster.say(std::move(put)).has_value());
  }
}

template <class F>
bool comes_true_soon(F so) {
  const auto until = std::chrono::steady_clock::now() + patience;
  while (!so()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

/// Writes until the log was cut.
void cut_log(Cluster& cluster) {
  const LogIndex first = cluster.ground.log_store->first();
  BOOST_REQUIRE(comes_true_soon([&] {
    put_values(cluster, 5);
    return first < cluster.ground.log_store->first();
  }));
}

template <class T>
T answer_now(std::future<Result<T>> future) {
  BOOST_REQUIRE((future.wait_for(patience) == std::future_status::ready));
  Result<T> result = future.get();
  BOOST_REQUIRE_MESSAGE(result.has_value(), (result ? std::string() : result.error().what));
  return std::move(*result);
}

/// What `ask` gives to its callback.
template <class T, class F>
std::future<Result<T>> answer_of(F ask) {
  auto promise = std::make_shared<std::promise<Result<T>>>();
  auto future = promise->get_future();
  ask([promise](Result<T> result) { promise->set_value(std::move(result)); });
  return future;
}

/// A snapshot of what `cluster` has.
storage::StoredSnapshot snapshot_of(Cluster& cluster,
                                    const std::set<NodeId>& voters = {NodeId{1}}) {
  SnapshotKeeper& keeper = *cluster.ground.snapshots;
  BOOST_REQUIRE(cluster.ground.state_writer->wait_written(cluster.look().applied, seconds(20)));
  const LogIndex index =
      answer_now(answer_of<LogIndex>([&](auto done) { keeper.draft(std::move(done)); }));
  raft::SnapshotMeta meta;
  meta.index = index;
  meta.term = Term{1};
  meta.configuration.voters.incoming = voters;
  meta.version = raft::Version{1};
  (void)answer_now(
      answer_of<raft::SnapshotMeta>([&](auto done) { keeper.finish(meta, std::move(done)); }));
  return *cluster.ground.snapshot_store->newest();
}

/// All of it, from `from` into `to`.
void send_snapshot(const storage::StoredSnapshot& snapshot, Cluster& from, Cluster& to) {
  auto receiver = to.ground.snapshot_store->receive(snapshot.manifest);
  BOOST_REQUIRE(receiver.has_value());
  while (!receiver->complete()) {
    const auto bytes = from.ground.snapshot_store->read_chunk(snapshot.name, receiver->next());
    BOOST_REQUIRE(bytes.has_value());
    BOOST_REQUIRE(receiver->take(receiver->next(), *bytes).has_value());
  }
  BOOST_REQUIRE(to.ground.snapshot_store->finish(std::move(*receiver)).has_value());
}

/// n1 gets snapshots of n2 over a real link.
struct OnItsWay : linked::ThreeNodes {
  OnItsWay() {
    sender.furnish();
    put_values(sender, 10);
    snapshot = snapshot_of(sender);
    one.answer_with(one.echo);
    two.answer_with(desk);
    BOOST_REQUIRE(comes_true_soon([&] {
      for (const PeerContact& contact : one.links->contacts())
        if (contact.peer.id == NodeId{2}) return contact.connected;
      return false;
    }));
  }
  ~OnItsWay() { gets.stop(); }
  raft::SnapshotFetch fetch() const {
    return {NodeId{2},
            {id_of(snapshot.name), snapshot.manifest.index, snapshot.manifest.origin.term}};
  }
  /// The thread of the receiving node's snapshots, which does nothing until the test says so.
  std::promise<void> hang() {
    std::promise<void> goes_on, hangs;
    auto job = [&hangs, until = goes_on.get_future()]() mutable {
      hangs.set_value();
      (void)until.wait_for(patience);
    };
    BOOST_REQUIRE(receiver.snapshots->thread().submit(std::move(job)).has_value());
    hangs.get_future().wait();
    return goes_on;
  }
  bool is_at_the_disk() {
    return comes_true_soon([&] { return receiver.snapshots->thread().waiting() == 1; });
  }

  /// Counts how often a snapshot was asked for.
  struct Desk final : PeerService {
    explicit Desk(PeerService& of) : real(of) {}
    boost::asio::awaitable<PeerAnswer> answer(PeerAsk ask, PeerParts& parts) override {
      if (ask.subject == Subject::snapshot) ++manifests;
      return real.answer(std::move(ask), parts);
    }
    PeerService& real;
    std::atomic<int> manifests = 0;
  };

  TempFolder here, there;
  Cluster sender{there.path, short_log_wishes()};
  Ground receiver{here.path, short_log_wishes()};
  storage::StoredSnapshot snapshot;
  linked::LinkedNode one{options(1), system}, two{options(2), system};
  SnapshotExchange gets{*receiver.services, *one.links, one.executor()};
  SnapshotExchange gives{*sender.ground.services, *two.links, two.executor()};
  Desk desk{gives};
};

BOOST_AUTO_TEST_SUITE(snapshots)

// The second one ended at once when it was given up, and the third knew nothing of the first.
BOOST_FIXTURE_TEST_CASE(none_comes_before_all_that_were_given_up_have_left_the_disk, OnItsWay) {
  std::promise<void> goes_on = hang();
  std::atomic<int> told = 0;
  const auto count = [&](Result<raft::SnapshotMeta>) { ++told; };
  gets.fetch(fetch(), count);
  BOOST_REQUIRE(is_at_the_disk());
  gets.fetch(fetch(), count);
  gets.give_up();
  auto third =
      answer_of<raft::SnapshotMeta>([&](auto arrived) { gets.fetch(fetch(), std::move(arrived)); });
  std::this_thread::sleep_for(a_while);  // it must not ask
  BOOST_TEST(desk.manifests.load() == 1);
  goes_on.set_value();
  BOOST_TEST((answer_now(std::move(third)).index == snapshot.manifest.index));
  BOOST_TEST(desk.manifests.load() == 2);
  BOOST_TEST(told.load() == 0);
  BOOST_TEST(receiver.snapshot_store->snapshots().size() == 1u);
}

BOOST_FIXTURE_TEST_CASE(a_stop_waits_for_all_that_were_given_up, OnItsWay) {
  std::promise<void> goes_on = hang();
  const auto nobody = [](Result<raft::SnapshotMeta>) {};
  gets.fetch(fetch(), nobody);
  BOOST_REQUIRE(is_at_the_disk());
  gets.fetch(fetch(), nobody);
  gets.give_up();
  auto stopped = std::async(std::launch::async, [&] { gets.stop(); });
  BOOST_TEST((stopped.wait_for(a_while) == std::future_status::timeout));
  goes_on.set_value();
  BOOST_TEST((stopped.wait_for(patience) == std::future_status::ready));
}

BOOST_AUTO_TEST_CASE(
    a_log_that_has_grown_is_archived_and_cut_and_the_node_starts_again_from_there) {
  const TempFolder folder;
  std::uint64_t hash = 0;
  {
    Cluster cluster(folder.path, short_log_wishes());
    cluster.furnish();
    cut_log(cluster);
    cut_log(cluster);
    const LogIndex first = cluster.ground.log_store->first();
    BOOST_TEST(first.value > 10u);
    BOOST_TEST(cluster.ground.archive->sealed().value >= first.value - 1);
    BOOST_TEST(first.value - 1 <= cluster.ground.state_store->flushed_index().value);
    const auto past = storage::read_history(*cluster.ground.archive, *cluster.ground.log_store,
                                            LogIndex{1}, first);
    BOOST_REQUIRE(past.has_value());
    BOOST_TEST(past->size() == first.value);
    hash = cluster.look().hash;
    cluster.stop();
  }
  Cluster again(folder.path, short_log_wishes());
  BOOST_TEST(again.restored.hash == hash);
  BOOST_TEST(again.ground.log_store->first().value > 10u);
  put_values(again, 1);  // it goes on
  cut_log(again);
}

BOOST_AUTO_TEST_CASE(only_the_newest_snapshots_stay) {
  const TempFolder folder;
  Cluster cluster(folder.path, short_log_wishes());
  cluster.furnish();
  for (int i = 0; i < 3; ++i) cut_log(cluster);
  BOOST_TEST(
      comes_true_soon([&] { return cluster.ground.snapshot_store->snapshots().size() == 1; }));
}

BOOST_AUTO_TEST_CASE(a_state_that_was_moved_away_is_made_again_of_snapshot_and_log) {
  const TempFolder folder;
  std::uint64_t hash = 0;
  {
    Cluster cluster(folder.path, short_log_wishes());
    cluster.furnish();
    cut_log(cluster);
    put_values(cluster, 3);
    hash = cluster.look().hash;
    cluster.stop();
  }
  std::filesystem::remove_all(folder.path / "state");
  Cluster again(folder.path, short_log_wishes());
  BOOST_TEST(again.becomes([&](const state::ClusterState& state) { return state.hash != 0; }));
  const state::ClusterState now = again.look();
  BOOST_TEST(now.herds.contains(HerdName{"finance"}));
  // What was applied since the snapshot is applied again; the leader's first entry came behind it.
  BOOST_REQUIRE(again.ground.state_writer->wait_written(now.applied, seconds(20)));
  const auto before = again.ground.state_store->hash_at(previous(now.applied));
  BOOST_REQUIRE(before.has_value());
  BOOST_TEST(*before == hash);
  again.stop();
}

BOOST_AUTO_TEST_CASE(without_its_snapshots_a_cut_log_is_refused) {
  const TempFolder folder;
  {
    Cluster cluster(folder.path, short_log_wishes());
    cluster.furnish();
    cut_log(cluster);
    cluster.stop();
  }
  std::filesystem::remove_all(folder.path / "snapshots");
  auto data = storage::DataFolder::open(folder.path.string());
  BOOST_REQUIRE(data.has_value());
  auto stores = open_stores(*data);
  BOOST_REQUIRE(stores.has_value());
  const auto remembered = remember(*stores);
  BOOST_REQUIRE(!remembered.has_value());
  BOOST_TEST((remembered.error().kind == FaultKind::corrupt));
  BOOST_TEST(remembered.error().what.find("snapshot") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_snapshot_of_another_node_becomes_the_state) {
  const TempFolder here, there;
  Cluster sender(there.path, short_log_wishes());
  sender.furnish();
  put_values(sender, 10);
  const state::ClusterState sent = sender.look();
  const storage::StoredSnapshot snapshot = snapshot_of(sender);
  BOOST_REQUIRE((snapshot.manifest.index == sent.applied));

  Cluster receiver(here.path, short_log_wishes());
  const LogIndex applied = receiver.look().applied;
  send_snapshot(snapshot, sender, receiver);
  const auto state = answer_now(answer_of<SnapshotKeeper::NewState>([&](auto done) {
    receiver.ground.snapshots->install(id_of(snapshot.name), applied, applied, std::move(done));
  }));
  BOOST_TEST(state->hash == sent.hash);
  BOOST_TEST((*state == sent));
  BOOST_TEST((stored_state(*receiver.ground.state_store) == sent));
  BOOST_TEST((receiver.ground.archive->sealed() == applied));
}

// What was appended to the log that was not cut yet was dropped by the next start, and with it the recovery.
BOOST_AUTO_TEST_CASE(a_recovery_goes_on_behind_a_snapshot_behind_which_the_log_was_not_cut_yet) {
  const TempFolder here, there;
  Cluster sender(there.path, short_log_wishes());
  sender.furnish();
  put_values(sender, 10);
  const storage::StoredSnapshot snapshot = snapshot_of(sender, {NodeId{1}, NodeId{2}, NodeId{3}});
  RecoverOptions options;
  {
    Cluster receiver(here.path, short_log_wishes());
    const LogIndex applied = receiver.look().applied;
    BOOST_REQUIRE((applied < snapshot.manifest.index));
    send_snapshot(snapshot, sender, receiver);
    (void)answer_now(answer_of<SnapshotKeeper::NewState>([&](auto done) {
      receiver.ground.snapshots->install(id_of(snapshot.name), applied, applied, std::move(done));
    }));
    options.config = receiver.ground.config;
    receiver.stop();
  }
  options.perform = true;
  options.caller = {1000, "ada"};
  options.now = real_clock().wall();
  const auto told = [&]() -> Result<std::string> {
    const auto data = storage::DataFolder::open(here.path.string());
    if (!data) return std::unexpected(data.error());
    return recover_in(*data, options);
  }();
  BOOST_REQUIRE_MESSAGE(told.has_value(), (told ? std::string() : told.error().what));
  BOOST_TEST(told->find("ends at entry " + std::to_string(snapshot.manifest.index.value)) !=
                 std::string::npos,
             *told);
  Cluster again(here.path, short_log_wishes());
  BOOST_TEST((again.ground.log_store->first() == next(snapshot.manifest.index)));
  // It leads alone, with the state of the snapshot.
  BOOST_TEST(again.say(world::herd("goes-on")).has_value());
  BOOST_TEST(again.look().herds.contains(HerdName{"finance"}));
}

BOOST_AUTO_TEST_CASE(a_damaged_snapshot_does_not_become_the_state) {
  const TempFolder here, there;
  Cluster sender(there.path, short_log_wishes());
  sender.furnish();
  const storage::StoredSnapshot snapshot = snapshot_of(sender);
  Cluster receiver(here.path, short_log_wishes());
  const state::ClusterState before = receiver.look();
  send_snapshot(snapshot, sender, receiver);
  for (const auto& file : std::filesystem::recursive_directory_iterator(here.path / "snapshots"))
    if (file.path().extension() == ".sst")
      std::fstream(file.path(), std::ios::in | std::ios::out).write("broken", 6);
  auto answer = answer_of<SnapshotKeeper::NewState>([&](auto done) {
    receiver.ground.snapshots->install(id_of(snapshot.name), before.applied, before.applied,
                                       std::move(done));
  });
  BOOST_REQUIRE((answer.wait_for(patience) == std::future_status::ready));
  BOOST_TEST(!answer.get().has_value());
  BOOST_TEST((stored_state(*receiver.ground.state_store) == before));
  BOOST_TEST(receiver.ground.snapshot_store->snapshots().empty());
  BOOST_TEST(receiver.say(world::herd("goes-on")).has_value());
}

BOOST_AUTO_TEST_CASE(what_raft_wants_to_know_again_has_these_bytes) {
  raft::SnapshotMeta meta;
  meta.index = LogIndex{7};
  meta.term = Term{3};
  meta.configuration_index = LogIndex{5};
  meta.configuration.voters.incoming = {NodeId{1}, NodeId{2}};
  meta.version = raft::Version{1};
  const storage::SnapshotOrigin origin = origin_of(meta);
  const std::string expected(
      "\x01"                // format
      "\x05\0\0\0\0\0\0\0"  // configuration_index
      "\x02\0\0\0"          // incoming voters
      "\x01\0\0\0\0\0\0\0"
      "\x02\0\0\0\0\0\0\0"
      "\0\0\0\0"  // outgoing
      "\0\0\0\0"
      "\0\0\0\0"
      "\0\0\0\0"  // learners, joining, leaving
      "\0"        // automatic
      "\x01\0",
      48);  // version
  BOOST_TEST((origin.raft == expected),
             "" << to_hex(sha256(origin.raft)) << " " << origin.raft.size());
  storage::StoredSnapshot stored;
  stored.name.bytes[7] = 9;
  stored.manifest = {meta.index, 1, origin, {}};
  meta.id = raft::SnapshotId{9};
  const auto read = meta_of(stored);
  BOOST_REQUIRE(read.has_value());
  BOOST_TEST((*read == meta));
  stored.manifest.origin.state_version += 1;
  BOOST_TEST((meta_of(stored).error().kind == FaultKind::refused));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace runink::actors::testing
