#include "storage/artifact_store.hpp"

#include <sys/mount.h>
#include <sys/resource.h>

#include <atomic>
#include <csignal>
#include <thread>

#include "storage/beneath.hpp"
#include "tests/storage/temporary.hpp"

using namespace runink;
using namespace runink::test;
using namespace runink::storage;

namespace {

const PinOwner owner{"run.step.0.17"};

std::string place_of(const Folder& folder, const Digest& digest) {
  const std::string hex = to_hex(digest);
  return folder / ("artifacts/" + hex.substr(0, 2) + "/" + hex);
}

std::set<Digest> nothing() { return {}; }

}  // namespace

BOOST_AUTO_TEST_SUITE(artifact_store)

BOOST_AUTO_TEST_CASE(bytes_are_found_under_their_digest_read_only) {
  const Folder folder;
  const auto store = ArtifactStore::open(folder.path);
  REQUIRE_OK(store);
  const auto stored = (*store)->put("hello", owner);
  REQUIRE_OK(stored);
  BOOST_TEST(to_hex(stored->digest) ==
             "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
  BOOST_TEST(stored->size.value == 5u);
  BOOST_TEST(content(place_of(folder, stored->digest)) == "hello");
  struct stat info {};
  BOOST_REQUIRE(::stat(place_of(folder, stored->digest).c_str(), &info) == 0);
  BOOST_TEST((info.st_mode & 07777) == 0444u);
  BOOST_TEST((*store)->has(stored->digest));
  BOOST_TEST((*store)->size(stored->digest).value().value == 5u);
  BOOST_TEST((*store)->read(stored->digest, KiB(1)).value() == "hello");
  CHECK_FAULT((*store)->read(stored->digest, Bytes{4}), FaultKind::exhausted);
  CHECK_FAULT((*store)->read(sha256("other"), KiB(1)), FaultKind::no_such_thing);
  BOOST_TEST(files_in(folder / "staging") == 0u);
}

BOOST_AUTO_TEST_CASE(the_same_bytes_are_stored_once_however_often_and_by_however_many) {
  const Folder folder;
  const auto store = ArtifactStore::open(folder.path);
  REQUIRE_OK(store);
  std::atomic<int> failed{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 10; ++i) {
        const PinOwner mine{"owner-" + std::to_string(t)};
        const auto stored = (*store)->put("content " + std::to_string(i), mine);
        if (!stored || !(*store)->has(stored->digest)) ++failed;
      }
    });
  for (auto& thread : threads) thread.join();
  BOOST_TEST(failed == 0);
  BOOST_TEST((*store)->owners().size() == 4u);
  for (int t = 0; t < 4; ++t) {
    BOOST_TEST((*store)->pinned_by(PinOwner{"owner-" + std::to_string(t)}).size() == 10u);
    REQUIRE_OK((*store)->unpin(PinOwner{"owner-" + std::to_string(t)}));
  }
  BOOST_TEST((*store)->sweep((*store)->mark(), nothing()).value().artifacts == 10u);
  BOOST_TEST(files_in(folder.path) == 0u);
}

BOOST_AUTO_TEST_CASE(outputs_are_taken_again_after_a_crash_and_linked_not_copied) {
  const Folder folder;
  std::filesystem::create_directories(folder / "slices/out/part");
  write(folder / "slices/out/a", "same");
  write(folder / "slices/out/part/b", "other");
  write(folder / "slices/out/part/c", "same");
  const OwnedFd out = open_folder(folder / "slices/out").value();
  const std::vector<std::string> paths{"part/b", "a", "part/c"};
  for (int life = 0; life < 2; ++life) {
    const auto store = ArtifactStore::open(folder.path);
    REQUIRE_OK(store);
    const auto taken = (*store)->take(out.get(), paths, owner);
    REQUIRE_OK(taken);
    BOOST_REQUIRE(taken->size() == 3u);
    BOOST_TEST((taken->at(0) == StoredArtifact{sha256("other"), Bytes{5}}));
    BOOST_TEST((taken->at(1) == taken->at(2)));
    BOOST_TEST(std::filesystem::equivalent(folder / "slices/out/part/b",
                                           place_of(folder, sha256("other"))));
    BOOST_TEST((*store)->pinned_by(owner).size() == 2u);
  }
}

BOOST_AUTO_TEST_CASE(more_files_than_descriptors_are_taken) {
  const Folder folder;
  std::filesystem::create_directory(folder / "out");
  std::vector<std::string> paths;
  for (int i = 0; i < 150; ++i) {
    paths.push_back("f" + std::to_string(i));
    write(folder / ("out/" + paths.back()), "file " + std::to_string(i % 140));
  }
  const auto store = ArtifactStore::open(folder.path);
  REQUIRE_OK(store);
  rlimit before{};
  BOOST_REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  const rlimit tight{100, before.rlim_max};
  BOOST_REQUIRE(::setrlimit(RLIMIT_NOFILE, &tight) == 0);
  const auto taken = (*store)->take(open_folder(folder / "out").value().get(), paths, owner);
  BOOST_REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
  REQUIRE_OK(taken);
  BOOST_TEST(taken->size() == 150u);
  BOOST_TEST((*store)->pinned_by(owner).size() == 140u);
}

BOOST_AUTO_TEST_CASE(what_is_not_a_plain_file_of_its_own_is_not_taken_and_nothing_stays_pinned) {
  const Folder folder;
  std::filesystem::create_directory(folder / "out");
  write(folder / "secret", "secret");
  write(folder / "out/good", "good");
  std::filesystem::create_symlink(folder / "secret", folder / "out/link");
  std::filesystem::create_hard_link(folder / "secret", folder / "out/hard");
  ::mkfifo((folder / "out/pipe").c_str(), 0600);
  const auto store = ArtifactStore::open(folder.path);
  REQUIRE_OK(store);
  const OwnedFd out = open_folder(folder / "out").value();
  for (const std::string odd : {"link", "hard", "pipe", "../secret"}) {
    const std::vector<std::string> paths{"good", odd};
    CHECK_FAULT((*store)->take(out.get(), paths, owner), FaultKind::not_allowed);
    BOOST_TEST((*store)->owners().empty());
    BOOST_TEST(!(*store)->has(sha256("secret")));
  }
  const std::vector<std::string> good{"good"};
  REQUIRE_OK((*store)->take(out.get(), good, owner));
}

BOOST_AUTO_TEST_CASE(files_of_another_mount_are_copied_both_ways) {
  if (::geteuid() != 0) {
    BOOST_TEST_MESSAGE("skipped: only root can mount a tmpfs");
    return;
  }
  const Folder folder;
  std::filesystem::create_directory(folder / "other");
  if (::mount("tmpfs", (folder / "other").c_str(), "tmpfs", 0, "size=1m") != 0) {
    BOOST_TEST_MESSAGE("skipped: a tmpfs cannot be mounted here");
    return;
  }
  {
    write(folder / "other/file", "far away");
    const auto store = ArtifactStore::open(folder.path);
    REQUIRE_OK(store);
    const OwnedFd other = open_folder(folder / "other").value();
    const std::vector<std::string> paths{"file"};
    const auto taken = (*store)->take(other.get(), paths, owner);
    REQUIRE_OK(taken);
    BOOST_TEST(content(place_of(folder, taken->at(0).digest)) == "far away");
    write(folder / "other/in", "left by a crash");
    REQUIRE_OK((*store)->link_to(taken->at(0).digest, other.get(), "in"));
    BOOST_TEST(content(folder / "other/in") == "far away");
    BOOST_TEST(files_in(folder / "staging") == 0u);
  }
  ::umount2((folder / "other").c_str(), MNT_DETACH);
}

BOOST_AUTO_TEST_CASE(inputs_are_links_and_a_repeated_link_is_the_same) {
  const Folder folder;
  std::filesystem::create_directory(folder / "in");
  const auto store = ArtifactStore::open(folder.path);
  REQUIRE_OK(store);
  const Digest digest = (*store)->put("input", owner).value().digest;
  const OwnedFd in = open_folder(folder / "in").value();
  for (int i = 0; i < 2; ++i) REQUIRE_OK((*store)->link_to(digest, in.get(), "file"));
  BOOST_TEST(std::filesystem::equivalent(folder / "in/file", place_of(folder, digest)));
  CHECK_FAULT((*store)->link_to(sha256("none"), in.get(), "none"), FaultKind::no_such_thing);
}

BOOST_AUTO_TEST_CASE(a_transfer_with_other_bytes_or_without_an_end_leaves_nothing) {
  const Folder folder;
  const auto store = ArtifactStore::open(folder.path);
  REQUIRE_OK(store);
  const Digest expected = sha256("what was asked for");
  {
    auto writer = (*store)->start();
    REQUIRE_OK(writer);
    REQUIRE_OK(writer->write("something else"));
    CHECK_FAULT(writer->finish(owner, &expected), FaultKind::corrupt);
    auto dropped = (*store)->start();
    REQUIRE_OK(dropped);
    REQUIRE_OK(dropped->write("half"));
  }
  BOOST_TEST(files_in(folder.path) == 0u);
  auto writer = (*store)->start();
  REQUIRE_OK(writer);
  for (const char* part : {"what ", "was ", "asked for"}) REQUIRE_OK(writer->write(part));
  REQUIRE_OK(writer->finish(owner, &expected));
  BOOST_TEST((*store)->has(expected));
}

BOOST_AUTO_TEST_CASE(damage_is_found_and_repaired_by_putting_the_bytes_again) {
  const Folder folder;
  const auto store = ArtifactStore::open(folder.path);
  REQUIRE_OK(store);
  const Digest digest = (*store)->put("precious", owner).value().digest;
  const Bytes size{8};
  REQUIRE_OK((*store)->open_artifact(digest, &size, Verify::content));
  BOOST_TEST(!(*store)->remove_if_damaged(digest).value());
  ::chmod(place_of(folder, digest).c_str(), 0644);
  write(place_of(folder, digest), "preciouS");
  REQUIRE_OK((*store)->open_artifact(digest, &size));
  CHECK_FAULT((*store)->open_artifact(digest, &size, Verify::content), FaultKind::corrupt);
  CHECK_FAULT((*store)->read(digest, KiB(1)), FaultKind::corrupt);
  BOOST_TEST((*store)->remove_if_damaged(digest).value());
  REQUIRE_OK((*store)->put("precious", owner));
  ::chmod(place_of(folder, digest).c_str(), 0644);
  write(place_of(folder, digest), "short");
  CHECK_FAULT((*store)->open_artifact(digest, &size), FaultKind::corrupt);
  REQUIRE_OK((*store)->put("precious", owner));
  BOOST_TEST((*store)->read(digest, KiB(1)).value() == "precious");
}

BOOST_AUTO_TEST_CASE(a_sweep_keeps_what_is_reachable_or_pinned_also_over_a_restart) {
  const Folder folder;
  std::set<Digest> reachable;
  {
    const auto store = ArtifactStore::open(folder.path);
    REQUIRE_OK(store);
    reachable.insert((*store)->put("reachable", PinOwner{"done"}).value().digest);
    REQUIRE_OK((*store)->put("pinned", PinOwner{"live"}));
    REQUIRE_OK((*store)->put("forgotten", PinOwner{"done"}));
    REQUIRE_OK((*store)->pin(sha256("to come"), PinOwner{"live"}));
    write(folder / "staging/artifact-7", "left by a crash");
  }
  const auto store = ArtifactStore::open(folder.path);
  REQUIRE_OK(store);
  BOOST_TEST(files_in(folder / "staging") == 0u);
  BOOST_TEST(((*store)->owners() == std::vector{PinOwner{"done"}, PinOwner{"live"}}));
  BOOST_TEST((*store)->sweep((*store)->mark(), nothing()).value().artifacts == 0u);
  REQUIRE_OK((*store)->unpin(PinOwner{"done"}));
  const auto swept = (*store)->sweep((*store)->mark(), reachable);
  REQUIRE_OK(swept);
  BOOST_TEST((*swept == Swept{1, Bytes{9}}));
  BOOST_TEST((*store)->has(sha256("reachable")));
  BOOST_TEST((*store)->has(sha256("pinned")));
  BOOST_TEST(!(*store)->has(sha256("forgotten")));
  BOOST_TEST((*store)->pinned(sha256("to come")));
  CHECK_FAULT((*store)->remove(sha256("pinned")), FaultKind::conflict);
  REQUIRE_OK((*store)->unpin(sha256("pinned"), PinOwner{"live"}));
  REQUIRE_OK((*store)->remove(sha256("pinned")));
}

BOOST_AUTO_TEST_CASE(what_lost_its_pin_while_the_reachable_set_was_made_outlives_that_sweep) {
  const Folder folder;
  const auto store = ArtifactStore::open(folder.path);
  REQUIRE_OK(store);
  const Digest digest = (*store)->put("committed meanwhile", owner).value().digest;
  const SweepMark mark = (*store)->mark();
  // Here the set is computed, from a state that does not know the artifact; then it is committed.
  REQUIRE_OK((*store)->unpin(owner));
  BOOST_TEST((*store)->sweep(mark, nothing()).value().artifacts == 0u);
  BOOST_TEST((*store)->has(digest));
  BOOST_TEST((*store)->sweep((*store)->mark(), nothing()).value().artifacts == 1u);
}

BOOST_AUTO_TEST_CASE(an_owner_must_be_a_plain_name) {
  const Folder folder;
  const auto store = ArtifactStore::open(folder.path);
  REQUIRE_OK(store);
  for (const std::string& bad : {std::string(), std::string("a/b"), std::string("a b"),
                                 std::string("~"), std::string(181, 'a')})
    CHECK_FAULT((*store)->put("x", PinOwner{bad}), FaultKind::bad_input);
  BOOST_TEST(files_in(folder.path) == 0u);
  REQUIRE_OK((*store)->put("x", PinOwner{std::string(180, 'a')}));
}

BOOST_AUTO_TEST_CASE(a_full_disk_is_said_so_and_leaves_nothing_behind) {
  if (::geteuid() != 0) {
    BOOST_TEST_MESSAGE("skipped: only root can mount a small tmpfs");
    return;
  }
  const Folder folder;
  std::filesystem::create_directory(folder / "small");
  std::filesystem::create_directory(folder / "out");
  if (::mount("tmpfs", (folder / "small").c_str(), "tmpfs", 0, "size=512k") != 0) {
    BOOST_TEST_MESSAGE("skipped: a tmpfs cannot be mounted here");
    return;
  }
  {
    const auto store = ArtifactStore::open(folder / "small");
    REQUIRE_OK(store);
    REQUIRE_OK((*store)->put("fits", PinOwner{"first"}));
    const auto full = (*store)->put(std::string(1 << 20, 'x'), owner);
    CHECK_FAULT(full, FaultKind::exhausted);
    CHECK_SAYS(full, "disk is full");
    write(folder / "out/big", std::string(1 << 20, 'y'));
    write(folder / "out/a", "small");
    const std::vector<std::string> paths{"a", "big"};
    CHECK_FAULT((*store)->take(open_folder(folder / "out").value().get(), paths, owner),
                FaultKind::exhausted);
    BOOST_TEST((*store)->pinned_by(owner).empty());
    BOOST_TEST(files_in(folder / "small/staging") == 0u);
    REQUIRE_OK((*store)->put(std::string(100 << 10, 'z'), owner));  // there is room as before
    REQUIRE_OK((*store)->read(sha256("fits"), KiB(1)));
  }
  ::umount2((folder / "small").c_str(), MNT_DETACH);
}

BOOST_AUTO_TEST_SUITE_END()
