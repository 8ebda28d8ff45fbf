// The bytes on disk and wire. A failure here means that old data or an older node is not understood.
#include "vocabulary/codec.hpp"

#include <boost/test/unit_test.hpp>

#include "raft/raft.hpp"
#include "vocabulary/digest.hpp"
#include "vocabulary/randomness.hpp"

using namespace runink;
using namespace runink::raft;

namespace {

const Entry entry{Term{2}, LogIndex{3}, EntryType::command, "ab"};

Envelope in_envelope(Message message) {
  return {1, NodeId{1}, NodeId{2}, Term{5}, std::move(message)};
}

const std::string head =
    "01"
    "0100000000000000"
    "0200000000000000"
    "0500000000000000";

const FollowerStatus status{
    LogIndex{3}, LogIndex{2}, true, {Version{1}, Version{2}}, {LogIndex{2}, 0xabcd}};
const std::string status_bytes =
    "0300000000000000"
    "0200000000000000"
    "01"
    "01000200"
    "0200000000000000"
    "cdab000000000000";

std::vector<std::pair<Envelope, std::string>> golden() {
  return {
      {in_envelope(PreVoteRequest{Term{6}, LogIndex{3}, Term{2}}), head + "00"
                                                                          "0600000000000000"
                                                                          "0300000000000000"
                                                                          "0200000000000000"},
      {in_envelope(PreVoteResponse{Term{6}, true}), head + "01"
                                                           "0600000000000000"
                                                           "01"},
      {in_envelope(VoteRequest{LogIndex{3}, Term{2}, false}), head + "02"
                                                                     "0300000000000000"
                                                                     "0200000000000000"
                                                                     "00"},
      {in_envelope(VoteResponse{true}), head + "03"
                                               "01"},
      {in_envelope(Append{LogIndex{2}, Term{1}, LogIndex{1}, {entry}}), head + "04"
                                                                               "0200000000000000"
                                                                               "0100000000000000"
                                                                               "0100000000000000"
                                                                               "01000000"
                                                                               "0200000000000000"
                                                                               "0300000000000000"
                                                                               "01"
                                                                               "02000000"
                                                                               "6162"},
      {in_envelope(AppendResponse{true, LogIndex{3}, LogIndex{}, LogIndex{}, Term{}, status}),
       head +
           "05"
           "01"
           "0300000000000000"
           "0000000000000000"
           "0000000000000000"
           "0000000000000000" +
           status_bytes},
      {in_envelope(Heartbeat{LogIndex{3}, ReadSeq{9}}), head + "06"
                                                               "0300000000000000"
                                                               "0900000000000000"},
      {in_envelope(HeartbeatResponse{ReadSeq{9}, status}), head +
                                                               "07"
                                                               "0900000000000000" +
                                                               status_bytes},
      {in_envelope(TimeoutNow{}), head + "08"},
      {in_envelope(ReadIndexRequest{10}), head + "09"
                                                 "0a00000000000000"},
      {in_envelope(ReadIndexResponse{10, true, LogIndex{3}}), head + "0a"
                                                                     "0a00000000000000"
                                                                     "01"
                                                                     "0300000000000000"},
      {in_envelope(SnapshotOffer{SnapshotId{8}, LogIndex{3}, Term{2}}), head + "0b"
                                                                               "0800000000000000"
                                                                               "0300000000000000"
                                                                               "0200000000000000"},
      {in_envelope(SnapshotResponse{SnapshotId{8}, SnapshotProgress::installing, status}),
       head +
           "0c"
           "0800000000000000"
           "02" +
           status_bytes},
  };
}

}  // namespace

BOOST_AUTO_TEST_SUITE(raft_formats)

BOOST_AUTO_TEST_CASE(the_bytes_of_entries_and_hard_states_never_change) {
  BOOST_TEST(to_hex(encode(entry)) ==
             "0200000000000000"
             "0300000000000000"
             "01"
             "02000000"
             "6162");
  BOOST_TEST(to_hex(encode(HardState{Term{7}, NodeId{2}, LogIndex{9}})) ==
             "0700000000000000"
             "0200000000000000"
             "0900000000000000");
}

BOOST_AUTO_TEST_CASE(the_bytes_of_what_describes_a_snapshot_never_change) {
  SnapshotMeta meta{SnapshotId{8}, LogIndex{9}, Term{2}, LogIndex{4}, {}, Version{5}, Bytes{300}};
  meta.configuration.voters.incoming = {NodeId{1}};
  meta.configuration.learners = {NodeId{2}};
  BOOST_TEST(to_hex(encode(meta)) ==
             "0800000000000000"
             "0900000000000000"
             "0200000000000000"
             "0400000000000000"
             "010000000100000000000000"
             "00000000"
             "010000000200000000000000"
             "00000000"
             "00000000"
             "00"
             "0500"
             "2c01000000000000");
  BOOST_TEST((decode<SnapshotMeta>(encode(meta), "a snapshot") == meta));
}

BOOST_AUTO_TEST_CASE(the_bytes_of_every_message_never_change) {
  BOOST_TEST(golden().size() == std::variant_size_v<Message>);
  for (const auto& [envelope, bytes] : golden()) {
    BOOST_TEST(to_hex(encode(envelope)) == bytes);
    BOOST_TEST((decode<Envelope>(encode(envelope), "a message") == envelope));
  }
}

BOOST_AUTO_TEST_CASE(cut_and_damaged_messages_are_refused_or_mean_something_else) {
  Randomness random(3);
  for (const auto& [envelope, hex] : golden()) {
    const std::string bytes = encode(envelope);
    for (std::size_t n = 0; n < bytes.size(); ++n)
      BOOST_TEST(!decode<Envelope>(bytes.substr(0, n), "a message").has_value());
    for (int i = 0; i < 500; ++i) {
      std::string damaged = bytes;
      damaged[random.below(damaged.size())] ^= static_cast<char>(1 + random.below(255));
      if (const auto back = decode<Envelope>(damaged, "a message"))
        BOOST_TEST((encode(*back) == damaged));
    }
  }
}

BOOST_AUTO_TEST_CASE(an_unknown_type_of_entry_is_refused_not_skipped) {
  std::string bytes = encode(entry);
  bytes[16] = 9;
  BOOST_TEST(!decode<Entry>(bytes, "an entry").has_value());
}

BOOST_AUTO_TEST_SUITE_END()
