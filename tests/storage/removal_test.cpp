#include "storage/removal.hpp"

#include "storage/data_folder.hpp"
#include "tests/storage/temporary.hpp"

using namespace runink;
using namespace runink::test;
using storage::DataFolder;

BOOST_AUTO_TEST_SUITE(removal)

BOOST_AUTO_TEST_CASE(a_folder_of_a_removed_node_is_refused_at_every_later_start) {
  const Folder folder;
  {
    const auto data = DataFolder::open(folder.path.string());
    REQUIRE_OK(data);
    REQUIRE_OK(storage::check_not_removed(*data));
    BOOST_TEST(!storage::is_of_a_removed_node(folder.path.string()));
    REQUIRE_OK(storage::keep_removal(*data, "Node 'n4' was removed by ada."));
  }
  const auto again = DataFolder::open(folder.path.string());
  REQUIRE_OK(again);
  const auto refused = storage::check_not_removed(*again);
  CHECK_FAULT(refused, FaultKind::refused);
  CHECK_SAYS(refused, "Node 'n4' was removed by ada. To bring the node back");
  BOOST_TEST(storage::is_of_a_removed_node(folder.path.string()));
}

BOOST_AUTO_TEST_CASE(whatever_was_said_is_read_again) {
  const Folder folder;
  const auto data = DataFolder::open(folder.path.string());
  REQUIRE_OK(data);
  for (const std::size_t size : {std::size_t{0}, std::size_t{100'000}}) {
    REQUIRE_OK(storage::keep_removal(*data, std::string(size, 'x')));
    CHECK_FAULT(storage::check_not_removed(*data), FaultKind::refused);
  }
}

BOOST_AUTO_TEST_SUITE_END()
