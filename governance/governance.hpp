// governance/: what data is, where it came from and who may see it. Floor 1, pure: may include
// vocabulary and nothing else of ours. Read in this order:
//
//   dataset_name.hpp   a dataset's one name across the platform, and its name in OpenLineage
//   lineage_graph.hpp  which dataset came from which
//
// Contracts, masking and labels will live here too.
//
// Promised: the same edges give the same answers in the same order; no cycle makes it loop.
#pragma once

#include "governance/dataset_name.hpp"
#include "governance/lineage_graph.hpp"
