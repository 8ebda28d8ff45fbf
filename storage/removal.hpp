// That the cluster has removed this node, as its data folder remembers it in the file `removed`. Nobody else need
// be there to say it again: nodes that were left out together would be a majority to each other.
#pragma once

#include <string>

#include "vocabulary/fault.hpp"

namespace runink::storage {

class DataFolder;

/// Writes it down, durably. `why` is what was said, in whole sentences for the operator.
Result<void> keep_removal(const DataFolder& folder, const std::string& why);

/// `refused` when it was written down, with what was said then and what to do.
Result<void> check_not_removed(const DataFolder& folder);

/// Whether it was written down in the data folder `path`, which need not be open.
bool is_of_a_removed_node(const std::string& path);

}  // namespace runink::storage
