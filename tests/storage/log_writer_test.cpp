#include "storage/log_writer.hpp"

#include <sys/resource.h>

#include <atomic>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <span>

#include "tests/storage/log_fixture.hpp"
#include "vocabulary/limits.hpp"

using namespace runink;
using namespace runink::test;
using storage::LogStore;
using storage::LogWriter;

BOOST_AUTO_TEST_SUITE(log_writer)

BOOST_AUTO_TEST_CASE(all_that_waits_becomes_one_sync) {
  const Folder folder;
  const auto store = LogStore::open(folder.path);
  REQUIRE_OK(store);
  std::mutex mutex;
  std::condition_variable opened;
  bool open = false;
  std::vector<std::uint64_t> reported;
  std::vector<int> completed;
  LogWriter writer(
      **store,
      [&](raft::PersistSeq seq, Term term, LogIndex index) {
        BOOST_TEST(term.value == 1u);
        BOOST_TEST(index.value == seq.value);
        std::unique_lock lock(mutex);
        reported.push_back(seq.value);
        opened.wait(lock, [&] { return open; });  // holds the writer while the others arrive
      },
      [](raft::PersistSeq, const Fault& fault) { BOOST_ERROR(fault.what); });
  for (int i = 1; i <= 200; ++i) {
    const auto n = static_cast<std::uint64_t>(i);
    writer.submit(request(n, n, n, 1, 0), [&completed, i] { completed.push_back(i); });
  }
  {
    const std::lock_guard lock(mutex);
    open = true;
  }
  opened.notify_all();
  writer.stop();
  BOOST_TEST(reported.back() == 200u);
  BOOST_TEST(std::is_sorted(reported.begin(), reported.end()));
  BOOST_TEST(completed.size() == 200u);
  BOOST_TEST(std::is_sorted(completed.begin(), completed.end()));
  BOOST_TEST((*store)->syncs() <= 2u);
  BOOST_TEST(writer.counts().syncs == (*store)->syncs());
  BOOST_TEST(writer.counts().entries == 200u);
  BOOST_TEST((*store)->last().value == 200u);
  writer.submit(request(201, 201, 201, 1, 0), [] { BOOST_ERROR("written after stop"); });
}

BOOST_AUTO_TEST_CASE(a_batch_has_a_limit_but_always_room_for_one) {
  const Folder folder;
  const auto store = LogStore::open(folder.path);
  REQUIRE_OK(store);
  std::mutex held;
  held.lock();
  LogWriter writer(
      **store, [&](auto...) { const std::lock_guard wait(held); },
      [](raft::PersistSeq, const Fault& fault) { BOOST_ERROR(fault.what); });
  writer.submit(request(1, 1, 1, 1, 0));
  while ((*store)->last().value != 1u) ::usleep(1000);  // the first batch is at its end
  for (std::uint64_t i = 2; i <= 13; ++i)
    writer.submit(request(i, i, i, 1, 0, limits::command.value));  // four make 1 MiB and a little
  held.unlock();
  writer.stop();
  BOOST_TEST((*store)->syncs() == 5u);  // 1, then 12 in threes
  BOOST_TEST((*store)->last().value == 13u);
}

BOOST_AUTO_TEST_CASE(a_failed_write_is_told_once_and_nothing_follows) {
  const Folder folder;
  const auto store = LogStore::open(folder.path);
  REQUIRE_OK(store);
  std::atomic<int> fatal{0};
  std::atomic<std::uint64_t> failed_seq{0};
  std::atomic<std::uint64_t> durable{0};
  std::atomic<FaultKind> kind{};
  // From 64 KiB on the kernel refuses to let any file grow (EFBIG), as a full disk would.
  ::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  BOOST_REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  const rlimit tight{64 * 1024, before.rlim_max};
  BOOST_REQUIRE(::setrlimit(RLIMIT_FSIZE, &tight) == 0);
  {
    LogWriter writer(
        **store, [&](raft::PersistSeq seq, Term, LogIndex) { durable = seq.value; },
        [&](raft::PersistSeq seq, const Fault& fault) {
          ++fatal;
          failed_seq = seq.value;
          kind = fault.kind;
        });
    for (std::uint64_t i = 1; i <= 50; ++i) writer.submit(request(i, i, i, 1, 0, 10'000));
    for (int i = 0; i < 5000 && fatal == 0; ++i) ::usleep(1000);
    writer.submit(request(51, 51, 51, 1, 0), [] { BOOST_ERROR("written after a failure"); });
  }
  BOOST_REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
  BOOST_TEST(fatal == 1);
  BOOST_TEST(failed_seq == durable + 1);
  BOOST_TEST(durable < 50u);
  BOOST_TEST(to_string(kind.load()) == "outside_failed");
  // Not even the next caller may believe that the disk is well again.
  const raft::Persist more = request(60, durable + 1, durable + 1, 1, 0);
  BOOST_TEST(!(*store)->write(std::span(&more, 1)).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
