// The modes of bench_raft_commit with three nodes.
#pragma once

#include "bench/support/table.hpp"

namespace runink::bench {

/// `options.mode` is "tls" or "plain"; `options.rounds` rounds, in which each case takes `options.time_ms`.
void raft_commit_of_three(const Options& options);

}  // namespace runink::bench
