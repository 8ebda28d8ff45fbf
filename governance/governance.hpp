// governance/: what data is, where it came from and who may see it. Floor 1, pure: may include
// vocabulary and nothing else of ours. Read in this order:
//
//   dataset_name.hpp   a dataset's one name across the platform, and its name in OpenLineage
//   lineage_graph.hpp  which dataset came from which
//   contract.hpp       a data contract as typed values
//   contract_reader.hpp  its ODCS document, with every mistake at its place (yaml_tree.hpp below it)
//   rules.hpp          the numbered rules of a schema object, and how a count is judged
//   value_format.hpp   the formats of texts: dates, addresses, names of the Internet
//   decimal.hpp        exact numbers
//   contract_change.hpp  what a new version changes, and whom that breaks
//   policy.hpp         what a herd demands of its data
//   masking.hpp        which columns are masked, and how
//
// Promised: the same input gives the same answers in the same order on every node; no cycle of the
// lineage and no document makes it loop; nothing is counted or judged in floating point.
#pragma once

#include "governance/contract_change.hpp"
#include "governance/contract_reader.hpp"
#include "governance/dataset_name.hpp"
#include "governance/lineage_graph.hpp"
#include "governance/masking.hpp"
#include "governance/rules.hpp"
