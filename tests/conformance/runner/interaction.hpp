// The published interaction scripts, replayed with real cores.
#pragma once

#include <iosfwd>
#include <string>

#include "raft/config.hpp"
#include "runner/report.hpp"

namespace runink::conformance {

/// Replays one script. Compared are all messages of each step, and what each node writes, tells and
/// shows; where members change, or a log is cut, where the script ends. After each step every
/// invariant of the core must hold, and at the end no two nodes may have committed different
/// entries. A command that is not known is a failure. `mutant`: a defect of every core, so that
/// tests see that it is noticed.
FileReport run_script(std::istream& in, const std::string& file,
                      raft::Mutant mutant = raft::Mutant::none);

}  // namespace runink::conformance
