// Runs that have ended are rows of state.db, which may be behind the log.
#include <boost/test/unit_test.hpp>

#include "actors/service/parts.hpp"
#include "storage/state_store.hpp"
#include "tests/storage/temporary.hpp"

namespace runink::actors::testing {

BOOST_AUTO_TEST_SUITE(history)

// A list of runs lacked those that were not written yet, and did not say so.
BOOST_AUTO_TEST_CASE(is_read_when_it_is_written_or_not_at_all) {
  const runink::test::Folder folder;
  const auto store = storage::StateStore::open(folder.path.string());
  REQUIRE_OK(store);
  storage::StateWriter writer(**store, [](const Fault&) {});
  const auto behind = history_up_to(writer, LogIndex{1}, milliseconds(20));
  CHECK_FAULT(behind, FaultKind::out_of_time);
  CHECK_SAYS(behind, "state.db is far behind the log");
  BOOST_REQUIRE(writer.submit({{{1, "run", "row"}}, LogIndex{1}, 0}));
  REQUIRE_OK(history_up_to(writer, LogIndex{1}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace runink::actors::testing
