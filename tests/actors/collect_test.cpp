// What a slice leaves behind, taken from its folder: what goes at once, and what is kept without room.
#include <fstream>
#include <sstream>

#include "actors/workloads/slice_folder.hpp"
#include "storage/artifact_store.hpp"
#include "tests/actors/cluster_harness.hpp"
#include "tests/actors/small_disk.hpp"
#include "vocabulary/limits.hpp"

namespace runink::actors::testing {
namespace {

namespace fs = std::filesystem;

/// A program whose step has one output, "trades".
state::Assignment exec_assignment() {
  state::Assignment one;
  one.attempt = {{RunId{std::string(32, 'a')}, StepName{"trades"}, Partition{0}}, Attempt{9}};
  one.herd = HerdName{"finance"};
  one.pipeline = PipelineName{"settlement"};
  one.step.name = StepName{"trades"};
  one.step.work = pipeline::ExecWork{{"/bin/true"}};
  one.step.outputs = {DatasetName{"trades"}};
  return one;
}

/// A node, and the folder of a slice that has ended.
struct Left {
  explicit Left(const char* disk_size = nullptr, Log& log = Log::silent()) {
    if (disk_size != nullptr) disk.emplace(folder.path, disk_size);
    Wishes wishes;
    wishes.log = &log;
    ground.emplace(folder.path / "data", std::move(wishes));
    slice = slice_path(*ground->services, slice_id_of(assignment.attempt));
  }
  /// After the last mount there.
  void make_folders() {
    for (const char* name : {"out/trades", "scratch/inner"}) fs::create_directories(slice / name);
    for (const char* name : {"log", "report"}) put(name, "");
  }
  void put(const fs::path& path, const std::string& bytes) const {
    std::ofstream out(slice / path, std::ios::binary);
    out << bytes;
    BOOST_REQUIRE(out.flush().good());
  }
  CollectedSlice collect(bool succeeded, Bytes log_dropped = {}) {
    auto collected = collect_slice(*ground->services, assignment, succeeded, log_dropped);
    BOOST_REQUIRE_MESSAGE(collected.has_value(), (collected ? "" : collected.error().what));
    return std::move(*collected);
  }
  std::string log_of(const CollectedSlice& collected) const {
    const auto text = ground->artifacts->read(collected.log, limits::slice_log);
    return text ? *text : text.error().what;
  }

  TempFolder folder;
  std::optional<SmallDisk> disk;
  std::optional<Ground> ground;
  state::Assignment assignment = exec_assignment();
  fs::path slice;
};

BOOST_AUTO_TEST_SUITE(collecting)

BOOST_AUTO_TEST_CASE(scratch_goes_in_every_case_and_outputs_when_nobody_can_use_them) {
  enum class End { good, no_output, failed };
  for (const End end : {End::good, End::no_output, End::failed}) {
    Left left;
    left.make_folders();
    left.put("scratch/inner/spilled", "rows");
    if (end != End::no_output) left.put("out/trades/part.csv", "a\n");
    const CollectedSlice collected = left.collect(end != End::failed);
    BOOST_TEST(collected.outputs.size() == (end == End::good ? 1u : 0u));
    BOOST_TEST(!fs::exists(left.slice / "scratch"));
    BOOST_TEST(fs::exists(left.slice / "out") == (end == End::good));
    // As after a crash.
    if (end == End::good) BOOST_TEST(left.collect(true).outputs.size() == 1u);
  }
}

// Outputs waited for room on a full disk, and scratch, which nobody needed any more, lay on it.
BOOST_AUTO_TEST_CASE(what_lies_in_scratch_makes_room_for_the_outputs,
                     *boost::unit_test::precondition(as_root)) {
  Left left(few_files);
  left.make_folders();
  left.put("out/trades/part.csv", "a\n");
  for (int i = 0; i < 64; ++i) left.put("scratch/inner/" + std::to_string(i), "");
  left.disk->fill_with_files();
  BOOST_TEST(left.collect(true).outputs.size() == 1u);
}

// The reason was written first, found no room beside the outputs, and was lost with them.
BOOST_AUTO_TEST_CASE(what_the_node_says_in_the_log_finds_room_where_outputs_lay,
                     *boost::unit_test::precondition(as_root)) {
  for (const bool succeeded : {true, false}) {
    Left left;
    const SmallDisk slices(left.ground->folder->slices(), "size=256k");
    left.make_folders();
    {
      std::ofstream out(left.slice / "out" / "stray.csv", std::ios::binary);
      while (out << std::string(4096, 'x') << std::flush) {
      }
    }
    std::ofstream control(left.slice / "one-more");
    BOOST_REQUIRE(!(control << "x" << std::flush));
    const CollectedSlice collected = left.collect(succeeded, succeeded ? Bytes{} : Bytes{7});
    BOOST_TEST((collected.bad == (succeeded ? SliceReason::bad_output : SliceReason::none)));
    BOOST_TEST(left.log_of(collected).find(succeeded ? "runink: The step wrote 'stray.csv'"
                                                     : "runink: 7 bytes were beyond the limit") !=
                   std::string::npos,
               left.log_of(collected));
  }
}

BOOST_AUTO_TEST_CASE(a_log_of_refused_outputs_that_cannot_be_kept_is_told) {
  const TempFolder logs;
  LogOptions options;
  options.to_stderr = false;
  options.file = logs.path / "node.log";
  auto log = Log::open(NodeName{"n1"}, options);
  BOOST_REQUIRE(log.has_value());
  Left left(nullptr, **log);
  left.make_folders();
  left.put("log", "words of the program\n");
  fs::create_hard_link(left.slice / "log", left.slice / "other");  // such a file is never taken
  const CollectedSlice collected = left.collect(true);
  BOOST_TEST((collected.bad == SliceReason::no_output));
  BOOST_TEST(collected.log.empty());
  (*log)->flush();
  std::ostringstream said;
  said << std::ifstream(options.file).rdbuf();
  BOOST_TEST(said.str().find("whose outputs were refused could not be kept") != std::string::npos);
  BOOST_TEST(said.str().find(R"("kind":"not_allowed")") != std::string::npos, said.str());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace runink::actors::testing
