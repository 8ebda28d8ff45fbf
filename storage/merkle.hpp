// Merkle trees as in RFC 6962, section 2.1 (SHA-256): one digest stands for a list of values, and a
// short path proves that one value is in the list at its place.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "vocabulary/digest.hpp"

namespace runink::storage {

/// SHA-256(00 ‖ value).
Digest merkle_leaf(std::string_view value);

/// The tree's head over `leaves`, in order; of none it is SHA-256 of nothing.
Digest merkle_root(std::span<const Digest> leaves);

/// The audit path of leaf `at` < leaves.size(), from the leaf upwards (2.1.1).
std::vector<Digest> merkle_path(std::span<const Digest> leaves, std::size_t at);

/// The root that `path` leads to from `leaf` at position `at` of `count`. It proves the leaf when it is
/// the root that is known. A path of a wrong length leads to no root: all zero.
Digest merkle_root_of_path(const Digest& leaf, std::size_t at, std::size_t count,
                           std::span<const Digest> path);

}  // namespace runink::storage
