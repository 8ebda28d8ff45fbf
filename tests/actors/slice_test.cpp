// The slice_actor against the real spawner: what a program's end becomes, and that nobody else
// reports it.
#include "actors/workloads/slice_actor.hpp"
#include "actors/workloads/slice_folder.hpp"
#include "pipeline/bundle.hpp"
#include "tests/actors/cluster_harness.hpp"
#include "tests/actors/small_disk.hpp"

namespace runink::actors::testing {
namespace {

/// What the actors around a slice_actor hear.
struct Heard {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<state::Body> bodies;
  bool spawner_known = false;
  bool done = false;
  bool waits_for_room = false;
  bool log_has_room = true;  ///< else what is submitted is refused
  template <class F>
  bool wait(F f, std::chrono::milliseconds within = patience) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, within, f);
  }
};

/// Where the node's data lie: in a plain folder, or on a small disk.
struct Place {
  Place(const std::filesystem::path& folder, bool small) : path(folder / "data") {
    if (small) disk.emplace(folder, few_files);
  }
  std::filesystem::path path;
  std::optional<SmallDisk> disk;
};

struct Slices {
  explicit Slices(bool small_disk = false, Duration lease = seconds(3600))
      : data(folder.path, small_disk), ground(data.path, real()) {
    auto heard_by = heard;
    cluster =
        ground.keep(ground.system->spawn([heard_by](caf::event_based_actor*) -> caf::behavior {
          return {[heard_by](const Submit& submit) -> Result<Submitted> {
                    const std::lock_guard lock(heard_by->mutex);
                    if (!heard_by->log_has_room) return fail(FaultKind::exhausted, "It is full.");
                    heard_by->bodies.push_back(*submit.body);
                    heard_by->changed.notify_all();
                    return Submitted{LogIndex{heard_by->bodies.size()}, {}};
                  },
                  [heard_by](const Progress& progress) {
                    const std::lock_guard lock(heard_by->mutex);
                    heard_by->waits_for_room = progress.waits_for_room;
                    heard_by->changed.notify_all();
                  }};
        }));
    worker = ground.keep(ground.system->spawn([heard_by](caf::event_based_actor*) -> caf::behavior {
      return {[heard_by](const SpawnerHas&) {
                const std::lock_guard lock(heard_by->mutex);
                heard_by->spawner_known = true;
                heard_by->changed.notify_all();
              },
              [heard_by](const SliceDone&) {
                const std::lock_guard lock(heard_by->mutex);
                heard_by->done = true;
                heard_by->changed.notify_all();
              }};
    }));
    ground.spawner->start(worker);
    BOOST_REQUIRE(heard->wait([&] { return heard->spawner_known; }));
    const Instant now = real_clock().now();
    ground.spawner->renew(now + lease, now);
  }
  static Wishes real() {
    Wishes wishes;
    wishes.real_spawner = true;
    return wishes;
  }
  std::shared_ptr<const state::Assignment> shell(const std::string& script) {
    pipeline::Bundle bundle;
    bundle.files.push_back({"readme", false, "for tests"});
    auto stored =
        ground.artifacts->put(pipeline::encode_bundle(bundle).value(), storage::PinOwner{"test"});
    BOOST_REQUIRE(stored.has_value());
    auto one = std::make_shared<state::Assignment>();
    one->attempt = {{RunId{std::string(32, 'a')}, StepName{"trades"}, Partition{0}}, Attempt{9}};
    one->node = NodeName{"n1"};
    one->herd = HerdName{"finance"};
    one->pipeline = PipelineName{"settlement"};
    one->bundle = stored->digest;
    one->step.name = StepName{"trades"};
    one->step.work = pipeline::ExecWork{{"/bin/sh", "-c", script}};
    one->step.outputs = {DatasetName{"trades"}};
    one->step.needs.memory = MiB(128);
    one->step.timeout = seconds(30);
    return one;
  }
  caf::actor slice(std::shared_ptr<const state::Assignment> assignment,
                   SpawnerKnows known = SpawnerKnows::nothing) {
    caf::scoped_actor maker{*ground.system};
    return ground.keep(
        spawn_slice(*maker, *ground.services, cluster, worker, std::move(assignment), known));
  }
  bool reported(std::chrono::milliseconds within = patience) {
    return heard->wait([&] { return !heard->bodies.empty(); }, within);
  }
  bool done() {
    return heard->wait([&] { return heard->done; });
  }

  /// Lets a program end well in a data folder that can take no file any more, and waits until that is told.
  caf::actor slice_without_room() {
    const auto assignment = shell(
        "mkdir /out/trades; echo shut > /out/trades/gate.csv; "
        "while [ -s /out/trades/gate.csv ]; do sleep 0.02; done");
    caf::actor made = slice(assignment);
    const std::filesystem::path gate =
        slice_path(*ground.services, slice_id_of(assignment->attempt)) + "/out/trades/gate.csv";
    const auto until = std::chrono::steady_clock::now() + patience;
    std::error_code missing;
    const auto shut = [&] {
      return std::filesystem::exists(gate, missing) &&
             std::filesystem::file_size(gate, missing) > 0;
    };
    while (!shut() && std::chrono::steady_clock::now() < until)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    BOOST_REQUIRE(shut());
    data.disk->fill_with_files();
    std::filesystem::resize_file(gate, 0);
    BOOST_REQUIRE(heard->wait([&] { return heard->waits_for_room || !heard->bodies.empty(); }));
    BOOST_TEST(heard->waits_for_room);
    BOOST_TEST(heard->bodies.empty());
    return made;
  }

  TempFolder folder;
  Place data;
  Ground ground;
  std::shared_ptr<Heard> heard = std::make_shared<Heard>();
  caf::actor cluster;
  caf::actor worker;
};

BOOST_AUTO_TEST_SUITE(slices, *boost::unit_test::precondition(as_root))

BOOST_AUTO_TEST_CASE(a_program_that_wrote_its_dataset_is_committed_with_its_artifacts) {
  Slices node;
  node.slice(
      node.shell("mkdir /out/trades && printf 'a,b\\n' > /out/trades/part.csv && echo hello"));
  BOOST_REQUIRE(node.reported());
  const auto* body = std::get_if<state::PartitionCommitted>(&node.heard->bodies.front());
  BOOST_REQUIRE(body != nullptr);
  BOOST_REQUIRE(body->outputs.size() == 1);
  BOOST_REQUIRE(body->outputs[0].files.size() == 1);
  BOOST_TEST(body->outputs[0].files[0].first == "part.csv");
  BOOST_TEST((body->outputs[0].files[0].second.digest == sha256("a,b\n")));
  BOOST_TEST((body->log == sha256("hello\n")));
  BOOST_TEST(node.ground.artifacts->has(sha256("a,b\n")));
  BOOST_REQUIRE(node.done());
  // The folder goes when the disk threads have nothing better to do.
  const auto folder = slice_path(*node.ground.services, slice_id_of(body->attempt));
  const auto until = std::chrono::steady_clock::now() + patience;
  while (std::filesystem::exists(folder) && std::chrono::steady_clock::now() < until)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  BOOST_TEST(!std::filesystem::exists(folder));
}

BOOST_AUTO_TEST_CASE(a_program_that_fails_is_reported_with_its_exit_code) {
  Slices node;
  node.slice(node.shell("exit 3"));
  BOOST_REQUIRE(node.reported());
  const auto* body = std::get_if<state::AttemptFailed>(&node.heard->bodies.front());
  BOOST_REQUIRE(body != nullptr);
  BOOST_TEST((body->end == state::AttemptEnd::exited));
  BOOST_TEST(body->exit_code == 3);
  BOOST_TEST(node.done());
}

BOOST_AUTO_TEST_CASE(a_slice_that_is_told_to_end_is_killed_and_reported_as_cancelled) {
  Slices node;
  const caf::actor slice = node.slice(node.shell("sleep 60"));
  BOOST_TEST(!node.reported(a_while));
  caf::anon_send(slice, EndSlice{});
  BOOST_REQUIRE(node.reported());
  const auto* body = std::get_if<state::AttemptFailed>(&node.heard->bodies.front());
  BOOST_REQUIRE(body != nullptr);
  BOOST_TEST((body->end == state::AttemptEnd::cancelled));
  BOOST_TEST(node.done());
}

BOOST_AUTO_TEST_CASE(a_slice_has_no_longer_than_the_lease_of_its_node) {
  Slices node(false, seconds(1));  // the node's file says 60 s
  node.slice(node.shell("sleep 60"));
  BOOST_REQUIRE(node.reported());
  const auto* body = std::get_if<state::AttemptFailed>(&node.heard->bodies.front());
  BOOST_REQUIRE(body != nullptr);
  BOOST_TEST((body->end == state::AttemptEnd::lost));
  BOOST_TEST(node.done());
}

BOOST_AUTO_TEST_CASE(nothing_is_launched_without_a_lease) {
  Slices node(false, Duration{});
  const auto assignment = node.shell("exit 3");
  node.slice(assignment);
  BOOST_REQUIRE(node.reported());
  const auto* body = std::get_if<state::AttemptFailed>(&node.heard->bodies.front());
  BOOST_REQUIRE(body != nullptr);
  BOOST_TEST((body->end == state::AttemptEnd::lost));
  BOOST_TEST(body->exit_code == 0);
  BOOST_TEST(node.done());
}

BOOST_AUTO_TEST_CASE(outputs_that_find_no_room_are_committed_once_there_is_some) {
  Slices node(true);
  node.slice_without_room();
  node.data.disk->make_room();
  BOOST_REQUIRE(node.reported());
  const auto* body = std::get_if<state::PartitionCommitted>(&node.heard->bodies.front());
  BOOST_REQUIRE(body != nullptr);
  BOOST_TEST((body->outputs.at(0).files.at(0).second.digest == sha256("")));
  BOOST_TEST(node.heard->wait([&] { return !node.heard->waits_for_room; }));
  BOOST_TEST(node.done());
}

BOOST_AUTO_TEST_CASE(outputs_that_find_no_room_are_given_up_when_their_run_ends) {
  Slices node(true);
  caf::anon_send(node.slice_without_room(), EndSlice{});
  BOOST_REQUIRE(node.reported());
  const auto* body = std::get_if<state::AttemptFailed>(&node.heard->bodies.front());
  BOOST_REQUIRE(body != nullptr);
  BOOST_TEST((body->end == state::AttemptEnd::cancelled));
  BOOST_TEST(node.done());
}

// What the log had no room for was submitted again and again, and nobody who followed the run was told.
BOOST_AUTO_TEST_CASE(outputs_for_which_the_log_has_no_room_are_told_to_wait_until_it_has) {
  Slices node;
  node.heard->log_has_room = false;
  node.slice(node.shell("mkdir /out/trades && echo a > /out/trades/part.csv"));
  BOOST_REQUIRE(node.heard->wait([&] { return node.heard->waits_for_room; }));
  {
    const std::lock_guard lock(node.heard->mutex);
    node.heard->log_has_room = true;
  }
  BOOST_REQUIRE(node.reported());
  BOOST_TEST(std::holds_alternative<state::PartitionCommitted>(node.heard->bodies.front()));
  BOOST_TEST(node.heard->wait([&] { return !node.heard->waits_for_room; }));
  BOOST_TEST(node.done());
}

BOOST_AUTO_TEST_CASE(without_its_slice_actor_an_exit_is_never_reported_until_another_attaches) {
  Slices node;
  const auto assignment = node.shell("echo running; sleep 0.3; exit 3");
  const caf::actor slice = node.slice(assignment);
  // Its own words in its log: the spawner was asked, and the program runs.
  const auto log = slice_path(*node.ground.services, slice_id_of(assignment->attempt)) + "/log";
  const auto until = std::chrono::steady_clock::now() + patience;
  std::error_code missing;
  while ((!std::filesystem::exists(log) || std::filesystem::file_size(log, missing) == 0) &&
         std::chrono::steady_clock::now() < until)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  node.ground.kill(slice);
  BOOST_TEST(!node.reported(3 * a_while));
  node.slice(assignment, SpawnerKnows::exited);
  BOOST_REQUIRE(node.reported());
  const auto* body = std::get_if<state::AttemptFailed>(&node.heard->bodies.front());
  BOOST_REQUIRE(body != nullptr);
  BOOST_TEST(body->exit_code == 3);
  BOOST_TEST(node.done());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace runink::actors::testing
