// Whether one node can take one partition, and how well. Internal to scheduler/.
#pragma once

#include "scheduler/decision.hpp"
#include "scheduler/view.hpp"

namespace runink::scheduler {

NodeVerdict judge(const NodeView& node, const PartitionView& partition);

/// True when `a` is the better of two feasible nodes; ties go to the smaller name.
bool better(const NodeVerdict& a, const NodeVerdict& b);

/// How much the herd's quota lacks for this partition; `change` is none when it is enough.
struct QuotaVerdict {
  Change change = Change::none;
  std::uint64_t lacking = 0;
  bool ever = true;  ///< false: the partition alone is more than the whole quota
};
QuotaVerdict judge(const HerdView& herd, const PartitionView& partition);

/// Why nobody took it and the smallest change that would let somebody.
Wait explain_wait(const std::vector<NodeVerdict>& verdicts, const PartitionView& partition);

}  // namespace runink::scheduler
