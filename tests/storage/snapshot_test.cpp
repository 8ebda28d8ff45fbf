// Snapshots: taken, sent, received over crashes, made state.db, at every step of it.
#include <functional>
#include <map>
#include <span>

#include "storage/snapshot_store.hpp"
#include "tests/storage/failing_calls.hpp"
#include "tests/storage/temporary.hpp"
#include "vocabulary/randomness.hpp"

using namespace runink;
using namespace runink::test;
using storage::SnapshotPosition;
using storage::SnapshotStore;
using storage::StateStore;
using storage::StoredSnapshot;

namespace {

/// Writes and flushes entries up to `last`: each its own row of `bytes` that cannot be pressed together.
void fill(StateStore& store, std::uint64_t last, std::size_t bytes) {
  for (std::uint64_t i = store.applied().value + 1; i <= last; ++i) {
    Randomness random(i);
    storage::StateChange change;
    change.applied = LogIndex{i};
    change.hash = i * 11;
    std::string value(bytes, '\0');
    for (char& byte : value) byte = static_cast<char>(random.next());
    change.rows = {{2, std::to_string(i), std::move(value)}};
    REQUIRE_OK(store.write(std::span(&change, 1)));
  }
  REQUIRE_OK(store.flush());
}

void make_state(const std::string& data, std::uint64_t last, std::size_t bytes) {
  std::filesystem::create_directories(data + "/state");
  const auto store = StateStore::open(data + "/state");
  REQUIRE_OK(store);
  fill(**store, last, bytes);
}

std::unique_ptr<SnapshotStore> snapshots_of(const std::string& data) {
  std::filesystem::create_directories(data);
  auto store = SnapshotStore::open(data);
  REQUIRE_OK(store);
  return std::move(*store);
}

Result<StoredSnapshot> take(SnapshotStore& snapshots, const std::string& data) {
  auto state = StateStore::open(data + "/state");
  if (!state) return std::unexpected(state.error());
  auto draft = snapshots.begin(**state);
  if (!draft) return std::unexpected(draft.error());
  return snapshots.finish(std::move(*draft), {Term{4}, 7, "what raft says"});
}

/// Everything that state.db says.
std::string text_of(const std::string& data) {
  const auto store = StateStore::open(data + "/state");
  REQUIRE_OK(store);
  std::string text =
      std::to_string((*store)->applied().value) + " " + std::to_string((*store)->hash_at_applied());
  const auto rows = (*store)->scan(2, "", 100'000);
  REQUIRE_OK(rows);
  for (const auto& row : *rows) text += " " + row.key + "=" + to_hex(sha256(row.value));
  return text;
}

/// Sends chunks until `most` were sent or all are there.
Result<void> send(const SnapshotStore& from, storage::SnapshotReceiver& to, std::size_t most) {
  for (std::size_t i = 0; i < most && !to.complete(); ++i) {
    const SnapshotPosition at = to.next();
    const auto bytes = from.read_chunk(to.snapshot().name, at);
    if (!bytes) return std::unexpected(bytes.error());
    if (auto done = to.take(at, *bytes); !done) return done;
  }
  return {};
}

/// Node a, with `last` rows of `bytes` and a snapshot of them.
struct Sender {
  Sender(std::uint64_t last, std::size_t bytes) {
    make_state(folder / "a", last, bytes);
    a = snapshots_of(folder / "a");
    taken = take(*a, folder / "a");
    REQUIRE_OK(taken);
  }
  const Folder folder;
  std::unique_ptr<SnapshotStore> a;
  Result<StoredSnapshot> taken = fail(FaultKind::no_such_thing, "not taken");
};

Result<StoredSnapshot> transfer(const SnapshotStore& from, SnapshotStore& to,
                                const StoredSnapshot& snapshot) {
  auto receiver = to.receive(snapshot.manifest);
  if (!receiver) return std::unexpected(receiver.error());
  if (auto done = send(from, *receiver, 100'000); !done) return std::unexpected(done.error());
  return to.finish(std::move(*receiver));
}

void copy_tree(const std::string& from, const std::string& to) {
  std::filesystem::remove_all(to);
  std::filesystem::copy(from, to, std::filesystem::copy_options::recursive);
}

/// Repeats `attempt` in copies of the folder `start`, with calls that fail from the n-th on, for each n
/// until none fails. `check` is told whether it succeeded, and looks at what a restart finds.
std::uint64_t at_every_call(const Folder& folder, const std::string& start,
                            const std::function<bool(const std::string& data)>& attempt,
                            const std::function<void(const std::string& data, bool done)>& check) {
  for (std::uint64_t n = 1;; ++n) {
    const std::string data = folder / "crashed";
    copy_tree(start, data);
    bool done = false, struck = false;
    {
      const FailingCalls calls(n);
      done = attempt(data);
      struck = calls.struck();
    }
    BOOST_TEST_CONTEXT("call " << n) { check(data, done); }
    if (!struck) {
      BOOST_TEST(done);
      return n;
    }
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(snapshot)

BOOST_AUTO_TEST_CASE(a_snapshot_that_was_sent_becomes_the_state_of_another_node) {
  const Sender sender(300, 20'000);
  const auto& [folder, a, taken] = sender;
  make_state(folder / "b", 5, 100);
  BOOST_TEST(taken->manifest.index.value == 300u);
  BOOST_TEST(taken->manifest.state_hash == 3300u);
  BOOST_TEST((taken->manifest.origin == storage::SnapshotOrigin{Term{4}, 7, "what raft says"}));
  BOOST_TEST(taken->manifest.size().value > 6'000'000u);
  for (const storage::SnapshotFile& file : taken->manifest.files)
    BOOST_TEST(!file.name.starts_with("LOG"), file.name);
  const auto b = snapshots_of(folder / "b");
  const auto arrived = transfer(*a, *b, *taken);
  REQUIRE_OK(arrived);
  BOOST_TEST((*arrived == *taken));
  CHECK_FAULT(b->receive(taken->manifest), FaultKind::conflict);
  REQUIRE_OK(b->install(taken->name));
  BOOST_TEST(text_of(folder / "b") == text_of(folder / "a"));
  {
    const auto store = StateStore::open(folder / "b/state");
    REQUIRE_OK(store);
    fill(**store, 310, 100);
  }
  BOOST_TEST(text_of(folder / "b") != text_of(folder / "a"));
  // What state.db does after the installation does not touch the snapshot, and it can be had again.
  REQUIRE_OK(b->install(taken->name));
  BOOST_TEST(text_of(folder / "b") == text_of(folder / "a"));
  CHECK_FAULT(b->install(sha256("x")), FaultKind::no_such_thing);
}

BOOST_AUTO_TEST_CASE(a_snapshot_stands_still_while_the_state_goes_on) {
  const Folder folder;
  make_state(folder / "a", 50, 2'000);
  const std::string before = text_of(folder / "a");
  const auto snapshots = snapshots_of(folder / "a");
  Result<StoredSnapshot> taken = fail(FaultKind::refused, "not taken");
  {
    const auto state = StateStore::open(folder / "a/state");
    REQUIRE_OK(state);
    auto draft = snapshots->begin(**state);
    REQUIRE_OK(draft);
    fill(**state, 400, 2'000);
    BOOST_TEST(draft->manifest.index.value == 50u);
    taken = snapshots->finish(std::move(*draft), {});
  }
  REQUIRE_OK(taken);
  REQUIRE_OK(snapshots->install(taken->name));
  BOOST_TEST(text_of(folder / "a") == before);
}

BOOST_AUTO_TEST_CASE(an_interrupted_transfer_goes_on_where_it_was) {
  const Sender sender(300, 20'000);
  const auto& [folder, a, taken] = sender;
  SnapshotPosition stopped;
  Bytes received;
  for (int lives = 0; lives < 4; ++lives) {
    const auto b = snapshots_of(folder / "b");  // a restart each time
    auto receiver = b->receive(taken->manifest);
    REQUIRE_OK(receiver);
    if (lives > 0) {
      BOOST_TEST((receiver->next() == stopped));
      BOOST_TEST((receiver->received() == received));
    }
    REQUIRE_OK(send(*a, *receiver, 1));
    BOOST_TEST(!receiver->complete());
    stopped = receiver->next();
    received = receiver->received();
  }
  BOOST_TEST(received.value > MiB(3).value);
  const auto b = snapshots_of(folder / "b");
  REQUIRE_OK(transfer(*a, *b, *taken));
}

BOOST_AUTO_TEST_CASE(what_a_power_cut_spoilt_of_a_transfer_is_sent_again_and_nothing_else) {
  const Sender sender(300, 20'000);
  const auto& [folder, a, taken] = sender;
  const auto& files = taken->manifest.files;
  std::uint32_t large = 0;
  while (large < files.size() && files[large].size < MiB(3)) ++large;
  BOOST_REQUIRE(large < files.size());
  {
    const auto b = snapshots_of(folder / "b");
    auto receiver = b->receive(taken->manifest);
    REQUIRE_OK(receiver);
    while (receiver->next() != SnapshotPosition{large, MiB(3).value})
      REQUIRE_OK(send(*a, *receiver, 1));
  }
  std::string staged;
  for (const auto& file : std::filesystem::recursive_directory_iterator(folder / "b/snapshots"))
    if (file.path().filename() == files[large].name) staged = file.path();
  std::string bytes = content(staged);
  std::fill(bytes.begin() + MiB(2).value + 4096, bytes.end(), '\0');  // pages that never arrived
  write(staged, bytes + std::string(5000, '\0'));
  const auto b = snapshots_of(folder / "b");
  const auto receiver = b->receive(taken->manifest);
  REQUIRE_OK(receiver);
  BOOST_TEST((receiver->next() == SnapshotPosition{large, MiB(2).value}));
}

BOOST_AUTO_TEST_CASE(a_damaged_chunk_and_one_out_of_turn_are_told_apart) {
  const Sender sender(300, 20'000);
  const auto& [folder, a, taken] = sender;
  const auto b = snapshots_of(folder / "b");
  auto receiver = b->receive(taken->manifest);
  REQUIRE_OK(receiver);
  const SnapshotPosition first = receiver->next();
  const auto bytes = a->read_chunk(taken->name, first);
  REQUIRE_OK(bytes);
  std::string hurt = *bytes;
  hurt[hurt.size() / 2] = static_cast<char>(hurt[hurt.size() / 2] ^ 4);
  CHECK_FAULT(receiver->take(first, hurt), FaultKind::corrupt);
  CHECK_FAULT(receiver->take(first, hurt + "x"), FaultKind::corrupt);
  CHECK_FAULT(receiver->take(first, ""), FaultKind::corrupt);
  CHECK_FAULT(receiver->take({first.file + 1, 0}, *bytes), FaultKind::out_of_date);
  REQUIRE_OK(receiver->take(first, *bytes));
  CHECK_FAULT(receiver->take(first, *bytes), FaultKind::out_of_date);
  CHECK_FAULT(b->finish(std::move(*receiver)), FaultKind::bad_input);
  CHECK_FAULT(a->read_chunk(taken->name, {100, 0}), FaultKind::no_such_thing);
  CHECK_FAULT(a->read_chunk(taken->name, {0, 77}), FaultKind::no_such_thing);
  CHECK_FAULT(a->read_chunk(sha256("x"), {0, 0}), FaultKind::no_such_thing);
}

BOOST_AUTO_TEST_CASE(files_that_an_earlier_snapshot_brought_are_not_sent_again) {
  const Sender sender(300, 20'000);
  const auto& [folder, a, first] = sender;
  const auto b = snapshots_of(folder / "b");
  {
    auto receiver = b->receive(first->manifest);  // not even the whole of it
    REQUIRE_OK(receiver);
    while (receiver->received().value + MiB(1).value < first->manifest.size().value &&
           !receiver->complete())
      REQUIRE_OK(send(*a, *receiver, 1));
  }
  {
    const auto store = StateStore::open(folder / "a/state");
    REQUIRE_OK(store);
    fill(**store, 310, 20'000);
  }
  const auto second = take(*a, folder / "a");
  REQUIRE_OK(second);
  auto receiver = b->receive(second->manifest);
  REQUIRE_OK(receiver);
  BOOST_TEST(receiver->received().value > MiB(4).value, receiver->received().value);
  REQUIRE_OK(send(*a, *receiver, 1000));
  REQUIRE_OK(b->finish(std::move(*receiver)));
  REQUIRE_OK(b->install(second->name));
  BOOST_TEST(text_of(folder / "b") == text_of(folder / "a"));
  std::size_t left = 0;
  for (const auto& one : std::filesystem::directory_iterator(folder / "b/snapshots"))
    left += one.path().extension() == ".part" ? 1 : 0;
  BOOST_TEST(left == 0u);
}

BOOST_AUTO_TEST_CASE(a_flipped_bit_in_any_file_of_a_snapshot_is_never_sent_nor_installed) {
  const Sender sender(40, 500);
  const auto& [folder, a, taken] = sender;
  std::string home;
  for (const auto& one : std::filesystem::directory_iterator(folder / "a/snapshots"))
    home = one.path();
  Randomness random(20261205);
  for (std::uint32_t i = 0; i < taken->manifest.files.size(); ++i) {
    const std::string path = home + "/files/" + taken->manifest.files[i].name;
    const std::string whole = content(path);
    if (whole.empty()) continue;
    REQUIRE_OK(a->read_chunk(taken->name, {i, 0}));
    for (int round = 0; round < 8; ++round) {
      std::string bytes = whole;
      const std::size_t at = random.below(bytes.size());
      bytes[at] = static_cast<char>(bytes[at] ^ (1 << random.below(8)));
      write(path, bytes);
      CHECK_FAULT(a->read_chunk(taken->name, {i, 0}), FaultKind::corrupt);
    }
    write(path, whole.substr(0, whole.size() - 1));
    CHECK_FAULT(a->read_chunk(taken->name, {i, 0}), FaultKind::corrupt);
    write(path, whole);
  }
  const std::string manifest = content(home + "/manifest");
  REQUIRE_OK(storage::manifest_of(manifest, "it"));
  for (std::size_t at = 0; at < manifest.size(); ++at) {
    std::string bytes = manifest;
    bytes[at] = static_cast<char>(bytes[at] ^ (1 << at % 8));
    BOOST_TEST(!storage::manifest_of(bytes, "it").has_value(), "byte " << at);
    BOOST_TEST(!storage::manifest_of(bytes.substr(0, at), "it").has_value(), at << " bytes");
  }
}

BOOST_AUTO_TEST_CASE(the_bytes_of_a_manifest_never_change) {
  storage::SnapshotManifest manifest;
  manifest.index = LogIndex{9};
  manifest.state_hash = 0x1122334455667788;
  manifest.origin = {Term{3}, 2, "raft"};
  manifest.files = {
      {"CURRENT", Bytes{16}, sha256("MANIFEST-000005\n"), {crc32c("MANIFEST-000005\n")}}};
  // Made by another program.
  BOOST_TEST(to_hex(storage::bytes_of(manifest)) ==
             "524e4b5301090000000000000088776655443322110300000000000000020000"
             "000400000072616674010000000700000043555252454e541000000000000000"
             "9c283f6e81028b9eb0760d918ee4bc0aa256ed3b926393c1734c760c4bd724fd"
             "01000000dcda7f9e775422b5");
  const auto again = storage::manifest_of(storage::bytes_of(manifest), "it");
  REQUIRE_OK(again);
  BOOST_TEST((*again == manifest));
}

BOOST_AUTO_TEST_CASE(a_manifest_that_names_files_elsewhere_is_refused) {
  storage::SnapshotManifest good;
  good.files = {{"a", Bytes{3}, sha256("abc"), {crc32c("abc")}}, {"b", Bytes{0}, sha256(""), {}}};
  REQUIRE_OK(storage::manifest_of(storage::bytes_of(good), "it"));
  const auto refuses = [&](const std::function<void(storage::SnapshotManifest&)>& change) {
    storage::SnapshotManifest bad = good;
    change(bad);
    CHECK_FAULT(storage::manifest_of(storage::bytes_of(bad), "it"), FaultKind::corrupt);
  };
  for (const std::string name : {"../a", "a/b", "", ".a", "/a", ".."})
    refuses([&](auto& manifest) { manifest.files[0].name = name; });
  refuses([](auto& manifest) { manifest.files[1].name = "a"; });
  refuses([](auto& manifest) { manifest.files[0].name = "c"; });
  refuses([](auto& manifest) { manifest.files[0].chunks.push_back(1); });
  refuses([](auto& manifest) { manifest.files[1].size = Bytes{1}; });
  refuses([](auto& manifest) { manifest.files.clear(); });
  refuses([](auto& manifest) { manifest.files[0].size = Bytes{~0ull}; });
}

BOOST_AUTO_TEST_CASE(a_crash_at_any_step_of_taking_leaves_a_whole_snapshot_or_none) {
  const Folder folder;
  make_state(folder / "start", 60, 3'000);
  const auto steps = at_every_call(
      folder, folder / "start",
      [](const std::string& data) {
        const auto snapshots = SnapshotStore::open(data);
        return snapshots && take(**snapshots, data).has_value();
      },
      [](const std::string& data, bool done) {
        const auto snapshots = snapshots_of(data);
        const auto newest = snapshots->newest();
        if (done) BOOST_TEST(newest.has_value());
        BOOST_TEST(!std::filesystem::exists(data + "/snapshots/taking.new"));
        const std::string before = text_of(data);
        if (!newest) return;
        for (std::uint32_t i = 0; i < newest->manifest.files.size(); ++i)
          if (newest->manifest.files[i].size.value > 0)
            REQUIRE_OK(snapshots->read_chunk(newest->name, {i, 0}));
        REQUIRE_OK(snapshots->install(newest->name));
        BOOST_TEST(text_of(data) == before);
      });
  BOOST_TEST(steps > 10u);
}

BOOST_AUTO_TEST_CASE(
    a_crash_at_any_step_of_receiving_and_installing_leaves_one_state_or_the_other) {
  const Sender sender(60, 30'000);
  const auto& [folder, a, taken] = sender;
  make_state(folder / "start", 5, 100);
  const std::string before = text_of(folder / "start");
  const std::string after = text_of(folder / "a");
  unsigned halves = 0;
  const auto receive_and_install = [&](const std::string& data) {
    const auto snapshots = SnapshotStore::open(data);
    if (!snapshots) return false;
    const bool here = (*snapshots)->newest().has_value();
    if (!here && !transfer(*a, **snapshots, *taken)) return false;
    return (*snapshots)->install(taken->name).has_value();
  };
  const auto steps = at_every_call(
      folder, folder / "start", receive_and_install, [&](const std::string& data, bool done) {
        halves += std::filesystem::exists(data + "/snapshots/installing") ? 1 : 0;
        {
          const auto snapshots = snapshots_of(data);  // the restart
        }
        const std::string now = text_of(data);
        BOOST_TEST((now == after || (now == before && !done)));
        for (const char* name : {"state.db.new", "state.db.old"})
          BOOST_TEST(!std::filesystem::exists(data + "/state/" + name));
        BOOST_TEST(!std::filesystem::exists(data + "/snapshots/installing"));
        BOOST_TEST(receive_and_install(data));
        BOOST_TEST(text_of(data) == after);
      });
  BOOST_TEST(steps > 30u);
  BOOST_TEST(halves > 5u, "only " << halves << " crashes behind the switch");
}

BOOST_AUTO_TEST_CASE(nothing_of_a_snapshot_is_visible_before_all_of_it_is_synced) {
  const Sender sender(60, 30'000);
  const auto& [folder, a, taken] = sender;
  make_state(folder / "b", 5, 100);
  const auto b = snapshots_of(folder / "b");
  std::vector<std::string> done;
  {
    const FailingCalls calls(0);
    REQUIRE_OK(transfer(*a, *b, *taken));
    REQUIRE_OK(b->install(taken->name));
    done = calls.done();
  }
  const auto at = [&](const std::string& beginning, const std::string& end) {
    for (std::size_t i = 0; i < done.size(); ++i)
      if (done[i].starts_with(beginning) && done[i].ends_with(end)) return i;
    BOOST_ERROR("never done: " << beginning << " ... " << end);
    return done.size();
  };
  const std::size_t visible = at("rename ", to_hex(taken->name));
  for (const storage::SnapshotFile& file : taken->manifest.files)
    BOOST_TEST(at("fsync ", ".part/files/" + file.name) < visible, file.name);
  BOOST_TEST(at("fsync ", ".part/files") < visible);
  BOOST_TEST(at("fsync ", ".part/.manifest.new") < visible);
  BOOST_TEST(at("fsync ", ".part") < visible);
  const std::size_t named = at("fsync ", "b/snapshots");
  const std::size_t switched = at("rename ", " installing");
  BOOST_TEST(visible < switched);
  BOOST_TEST(named < done.size());
  const std::size_t exchanged = at("rename state.db.new", " state.db");
  BOOST_TEST(switched < exchanged);
  for (const storage::SnapshotFile& file : taken->manifest.files)
    if (!file.name.ends_with(".sst"))
      BOOST_TEST(at("fsync ", "state/state.db.new/" + file.name) < exchanged, file.name);
  BOOST_TEST(at("fsync ", "state/state.db.new") < exchanged);
  BOOST_TEST(at("fsync ", "b/state") > exchanged);
}

BOOST_AUTO_TEST_CASE(only_the_newest_snapshots_outlive_a_restart) {
  const Folder folder;
  const std::string data = folder / "a";
  std::vector<Digest> names;
  {
    make_state(data, 1, 10);
    const auto snapshots = snapshots_of(data);
    for (std::uint64_t last : {10u, 20u, 30u}) {
      make_state(data, last, 10);
      const auto taken = take(*snapshots, data);
      REQUIRE_OK(taken);
      names.push_back(taken->name);
    }
    BOOST_TEST(snapshots->snapshots().size() == 3u);
    write(data + "/snapshots/stray", "what is this?");
  }
  const auto snapshots = snapshots_of(data);
  const auto kept = snapshots->snapshots();
  BOOST_REQUIRE(kept.size() == 2u);
  BOOST_TEST((kept[0].name == names[1] && kept[1].name == names[2]));
  BOOST_TEST(!std::filesystem::exists(data + "/snapshots/stray"));
  REQUIRE_OK(snapshots->remove(names[1]));
  REQUIRE_OK(snapshots->remove(names[1]));
  BOOST_TEST(snapshots->snapshots().size() == 1u);
  CHECK_FAULT(snapshots->install(names[1]), FaultKind::no_such_thing);
}

BOOST_AUTO_TEST_CASE(
    a_state_that_is_open_is_replaced_and_who_reads_meanwhile_is_told_to_look_again) {
  const Sender sender(300, 2'000);
  const auto& [folder, a, taken] = sender;
  make_state(folder / "b", 5, 100);
  const auto b = snapshots_of(folder / "b");
  REQUIRE_OK(transfer(*a, *b, *taken));
  const auto state = StateStore::open(folder / "b/state");
  REQUIRE_OK(state);
  REQUIRE_OK((*state)->replace([&]() -> Result<void> {
    CHECK_FAULT((*state)->get(2, "5"), FaultKind::out_of_date);
    CHECK_FAULT((*state)->scan(2, "", 10), FaultKind::out_of_date);
    CHECK_FAULT((*state)->hash_at(LogIndex{5}), FaultKind::out_of_date);
    return b->install(taken->name);
  }));
  BOOST_TEST((*state)->applied().value == 300u);
  BOOST_TEST((*state)->flushed_index().value == 300u);
  BOOST_TEST((*state)->hash_at_applied() == 3300u);
  BOOST_TEST((*state)->get(2, "300").value().value().size() == 2'000u);
  fill(**state, 310, 100);
  BOOST_TEST((*state)->flushed_index().value == 310u);
  // The snapshot itself can be read, and is not what was written since.
  const auto look = b->look_into(taken->name);
  REQUIRE_OK(look);
  BOOST_TEST((*look)->applied().value == 300u);
}

BOOST_AUTO_TEST_CASE(a_replacement_that_fails_leaves_nothing_to_read_or_write) {
  const Folder folder;
  make_state(folder / "a", 5, 100);
  const auto state = StateStore::open(folder / "a/state");
  REQUIRE_OK(state);
  CHECK_FAULT(
      (*state)->replace([] { return Result<void>(fail(FaultKind::exhausted, "No room.")); }),
      FaultKind::exhausted);
  CHECK_FAULT((*state)->get(2, "5"), FaultKind::out_of_date);
  CHECK_FAULT((*state)->flush(), FaultKind::outside_failed);
}

BOOST_AUTO_TEST_SUITE_END()
