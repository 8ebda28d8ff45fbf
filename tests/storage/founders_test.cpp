#include "storage/founders.hpp"

#include "storage/data_folder.hpp"
#include "tests/storage/temporary.hpp"

using namespace runink;
using namespace runink::test;
using storage::DataFolder;
using storage::Founders;
using storage::keep_founders;

namespace {

constexpr NodeId self{1};

Founders founders_of(std::uint64_t nodes) {
  Founders list{"prod", {}};
  for (std::uint64_t id = 1; id <= nodes; ++id)
    list.nodes.emplace_back(NodeId{id}, NodeName{"n" + std::to_string(id)});
  return list;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(founders)

BOOST_AUTO_TEST_CASE(the_same_list_is_taken_at_every_start_and_another_is_refused) {
  const Folder folder;
  const auto data = DataFolder::open(folder.path.string());
  REQUIRE_OK(data);
  REQUIRE_OK(keep_founders(*data, founders_of(3), self, true));
  REQUIRE_OK(keep_founders(*data, founders_of(3), self, false));
  const auto other = keep_founders(*data, founders_of(1), self, false);
  CHECK_FAULT(other, FaultKind::refused);
  CHECK_SAYS(other, "belongs to cluster 'prod' with n1 (id 1), n2 (id 2), n3 (id 3)");
  CHECK_SAYS(other, "now names cluster 'prod' with n1 (id 1)");
  // Nothing was ever agreed, and still the list is the one of the first start.
  CHECK_FAULT(keep_founders(*data, founders_of(1), self, true), FaultKind::refused);
  Founders renamed = founders_of(3);
  renamed.cluster = "test";
  CHECK_FAULT(keep_founders(*data, renamed, self, false), FaultKind::refused);
}

BOOST_AUTO_TEST_CASE(a_log_without_a_list_was_written_by_one_node_alone) {
  const Folder folder;
  const auto data = DataFolder::open(folder.path.string());
  REQUIRE_OK(data);
  CHECK_FAULT(keep_founders(*data, founders_of(3), self, false), FaultKind::refused);
  REQUIRE_OK(keep_founders(*data, founders_of(1), self, false));
}

BOOST_AUTO_TEST_CASE(a_damaged_list_stops_the_node) {
  const Folder folder;
  const auto data = DataFolder::open(folder.path.string());
  REQUIRE_OK(data);
  REQUIRE_OK(keep_founders(*data, founders_of(3), self, true));
  std::string bytes = content(folder / "founders");
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::string hurt = bytes;
    hurt[at] = static_cast<char>(hurt[at] ^ 0x10);
    write(folder / "founders", hurt);
    CHECK_FAULT(keep_founders(*data, founders_of(3), self, false), FaultKind::corrupt);
  }
  write(folder / "founders", bytes.substr(0, 7));
  CHECK_FAULT(keep_founders(*data, founders_of(3), self, false), FaultKind::corrupt);
}

BOOST_AUTO_TEST_CASE(clusters_with_other_founders_have_other_ids) {
  BOOST_TEST((cluster_id(founders_of(3)) == cluster_id(founders_of(3))));
  BOOST_TEST((cluster_id(founders_of(3)) != cluster_id(founders_of(2))));
  Founders renamed = founders_of(3);
  renamed.cluster = "test";
  BOOST_TEST((cluster_id(renamed) != cluster_id(founders_of(3))));
}

BOOST_AUTO_TEST_CASE(a_node_that_joins_has_an_id_of_its_data_folder_far_above_those_of_founders) {
  const Folder folder;
  const Folder other;
  const auto data = DataFolder::open(folder.path.string());
  const auto elsewhere = DataFolder::open(other.path.string());
  REQUIRE_OK(data);
  REQUIRE_OK(elsewhere);
  const NodeId id = storage::id_of_joined_node(data->identity());
  BOOST_TEST((id == storage::id_of_joined_node(data->identity())));
  BOOST_TEST((id != storage::id_of_joined_node(elsewhere->identity())));
  BOOST_TEST(storage::is_of_a_joined_node(id));
  BOOST_TEST(id.value < (std::uint64_t{1} << 53));  // JSON holds it
  BOOST_TEST(!storage::is_of_a_joined_node(NodeId{1'000'000'000}));
}

BOOST_AUTO_TEST_CASE(a_founder_stays_one_and_who_joined_too) {
  const Folder folder;
  const auto data = DataFolder::open(folder.path.string());
  REQUIRE_OK(data);
  REQUIRE_OK(storage::keep_way_in(*data, true, true));
  REQUIRE_OK(storage::keep_way_in(*data, true, false));
  CHECK_FAULT(storage::keep_way_in(*data, false, false), FaultKind::refused);
  const Folder other;
  const auto founder = DataFolder::open(other.path.string());
  REQUIRE_OK(founder);
  REQUIRE_OK(storage::keep_way_in(*founder, false, true));
  const auto changed = storage::keep_way_in(*founder, true, false);
  CHECK_FAULT(changed, FaultKind::refused);
  CHECK_SAYS(changed, "is that of a founder");
}

BOOST_AUTO_TEST_SUITE_END()
