// What every refusal of a command must look like, whatever refused it.
#pragma once

#include <boost/test/unit_test.hpp>

#include "state/state.hpp"

namespace runink::state::testing {

inline void is_refused(const Applied& applied, Refusal why) {
  BOOST_TEST((applied.outcome.verdict == Verdict::refused));
  BOOST_TEST(to_string(applied.outcome.refusal) == to_string(why));
  BOOST_TEST(!applied.outcome.what.empty());
  BOOST_TEST(applied.rows.size() == 1u);
}

}  // namespace runink::state::testing
