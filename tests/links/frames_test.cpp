#include <boost/test/unit_test.hpp>

#include "actors/links/outbox.hpp"
#include "actors/links/peer_frame.hpp"
#include "actors/links/peer_hello.hpp"
#include "tests/security/house.hpp"
#include "vocabulary/codec.hpp"
#include "vocabulary/limits.hpp"

using namespace runink;
using namespace runink::actors;

BOOST_AUTO_TEST_SUITE(frames)

BOOST_AUTO_TEST_CASE(frames_come_out_as_they_went_in_however_the_bytes_are_cut) {
  const std::string bytes = frame_of(FrameKind::hello, "one") + frame_of(FrameKind::raft, "") +
                            frame_of(FrameKind::done, "three");
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    FrameReader reader(16);
    std::string seen;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      reader.unread() += bytes.substr(at, piece);
      for (;;) {
        auto frame = reader.next();
        BOOST_REQUIRE(frame.has_value());
        if (!*frame) break;
        seen +=
            std::to_string(static_cast<int>((*frame)->kind)) + std::string((*frame)->payload) + ";";
      }
    }
    BOOST_TEST(seen == "1one;3;6three;", piece);
  }
}

BOOST_AUTO_TEST_CASE(the_bytes_of_a_frame_are_these) {
  BOOST_TEST(frame_of(FrameKind::refusal, "no") == std::string("\x03\0\0\0\x02no", 7));
}

BOOST_AUTO_TEST_CASE(what_is_no_frame_is_refused_before_anything_is_kept_of_it) {
  const auto refused = [](std::string bytes) {
    FrameReader reader(1000);
    reader.unread() = std::move(bytes);
    const auto frame = reader.next();
    return !frame && frame.error().kind == FaultKind::corrupt;
  };
  BOOST_TEST(refused(std::string("\0\0\0\0", 4)));
  BOOST_TEST(refused(std::string("\xe9\x03\0\0", 4)));  // 1001
  BOOST_TEST(refused(std::string("\xff\xff\xff\xff", 4)));
  BOOST_TEST(refused(std::string("\x01\0\0\0\0", 5)));
  BOOST_TEST(refused(std::string("\x01\0\0\0\x63", 5)));
  BOOST_TEST(!refused(std::string("\xe8\x03\0\0", 4)));  // 1000, and more must come
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(outbox)

raft::Envelope entry_of(std::size_t bytes) {
  raft::Append append;
  append.entries.push_back(
      {Term{1}, LogIndex{1}, raft::EntryType::command, std::string(bytes, 'x')});
  return {1, NodeId{1}, NodeId{2}, Term{1}, append};
}

BOOST_AUTO_TEST_CASE(only_the_first_message_wakes_the_one_who_sends) {
  Outbox outbox;
  BOOST_TEST((outbox.put(entry_of(1)) == Outbox::Put::shut));
  outbox.open();
  BOOST_TEST((outbox.put(entry_of(1)) == Outbox::Put::first));
  BOOST_TEST((outbox.put(entry_of(2)) == Outbox::Put::waits));
  FrameReader reader(limits::peer_frame.value);
  reader.unread() = outbox.take();
  for (const std::size_t size : {1u, 2u}) {
    auto frame = reader.next();
    BOOST_REQUIRE((frame && *frame));
    const auto envelope = decode<raft::Envelope>((*frame)->payload, "it");
    BOOST_REQUIRE(envelope.has_value());
    BOOST_TEST((*envelope == entry_of(size)));
  }
  // Whoever took something comes back; who found nothing has to be woken.
  BOOST_TEST((outbox.put(entry_of(1)) == Outbox::Put::waits));
  BOOST_TEST(!outbox.take().empty());
  BOOST_TEST(outbox.take().empty());
  BOOST_TEST((outbox.put(entry_of(1)) == Outbox::Put::first));
}

BOOST_AUTO_TEST_CASE(too_much_is_dropped_whole) {
  Outbox outbox;
  outbox.open();
  bool full = false;
  for (std::size_t bytes = 0; bytes <= limits::peer_queue.value; bytes += 1'000'000)
    full = outbox.put(entry_of(1'000'000)) == Outbox::Put::full || full;
  BOOST_TEST(full);
  BOOST_TEST(outbox.take().size() < limits::peer_queue.value / 2);
  full = false;
  for (std::uint32_t i = 0; i <= limits::peer_queue_messages; ++i)
    full = outbox.put(entry_of(1)) == Outbox::Put::full || full;
  BOOST_TEST(full);
  outbox.shut();
  BOOST_TEST(outbox.take().empty());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(hello)

struct Meeting {
  std::vector<config::Peer> nodes{{NodeName{"n1"}, {"127.0.0.1", 1}, NodeId{1}},
                                  {NodeName{"n2"}, {"127.0.0.1", 2}, NodeId{2}}};
  Hello of(const std::string& name, std::uint64_t id) {
    Hello hello;
    hello.cluster = {9};
    hello.cluster_name = "prod";
    hello.id = NodeId{id};
    hello.name = NodeName{name};
    hello.life = {{{5}, 3}, {7, 8}};
    return hello;
  }
  test::Folder folder;
  storage::DataFolder data = test::good(storage::DataFolder::open(folder / "n1"));
  Acquaintance known{of("n1", 1), nodes, false, data, test::good(storage::MetNodes::open(data))};
  std::string refusal(const Hello& hello, std::optional<NodeName> proven = NodeName{"n2"}) {
    const auto met = known.meet(hello, proven);
    return met ? "" : met.error().what;
  }
  bool says(const Hello& hello, const std::string& words,
            std::optional<NodeName> proven = NodeName{"n2"}) {
    const std::string what = refusal(hello, std::move(proven));
    const bool there = what.find(words) != std::string::npos;
    BOOST_TEST(there, what);
    return there;
  }
};

BOOST_FIXTURE_TEST_CASE(only_another_node_of_the_same_cluster_is_believed, Meeting) {
  BOOST_TEST(refusal(of("n2", 2)) == "");
  BOOST_TEST(refusal(of("n2", 2), std::nullopt) == "");  // in the clear
  says(of("n2", 2), "shows the certificate of node 'n3'", NodeName{"n3"});
  says(of("n2", 7), "is no other node of this cluster");
  says(of("n1", 1), "is no other node of this cluster", NodeName{"n1"});
  says(of("n9", 9), "is no other node of this cluster", NodeName{"n9"});
  Hello other = of("n2", 2);
  other.cluster = {8};
  says(other, "have other lists of nodes");
  other = of("n2", 2);
  other.cluster_name = "test";
  says(other, "belongs to cluster 'test'");
  other = of("n2", 2);
  other.least = other.most = 2;
  says(other, "speaks version 2");
}

BOOST_FIXTURE_TEST_CASE(a_node_that_lost_its_data_folder_is_not_taken_back, Meeting) {
  BOOST_TEST(refusal(of("n2", 2)) == "");
  Hello wiped = of("n2", 2);
  wiped.life = {{{6}, 1}, {9}};
  says(wiped, "has come back with another data folder");
}

BOOST_FIXTURE_TEST_CASE(a_start_is_written_down_when_it_is_shown_and_once, Meeting) {
  BOOST_TEST(!std::filesystem::exists(folder / "n1/starts"));
  const Hello first = test::good(known.hello(Lane::raft));
  BOOST_TEST(std::filesystem::exists(folder / "n1/starts"));
  BOOST_TEST((first.life.folder == data.identity()));
  BOOST_TEST((test::good(known.hello(Lane::questions)).life == first.life));
}

BOOST_FIXTURE_TEST_CASE(an_older_life_of_a_node_is_refused_once_a_newer_one_was_met, Meeting) {
  Hello newer = of("n2", 2);
  newer.life.folder.incarnation = 4;
  newer.life.starts.push_back(9);
  BOOST_TEST(refusal(newer) == "");
  BOOST_TEST(refusal(newer) == "");
  says(of("n2", 2), "has been started again");
}

BOOST_AUTO_TEST_SUITE_END()
