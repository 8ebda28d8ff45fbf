// What a name may look like, and which known name somebody probably meant.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "vocabulary/fault.hpp"

namespace runink {

/// A herd, pipeline, step, dataset, volume or node name: 1 to `limits::name_bytes` characters of
/// [a-z0-9_-], starting with a letter. `kind` ("step") begins the sentence of the fault.
Result<void> check_name(std::string_view kind, std::string_view name);

/// What a validate step adds to its name for the dataset of the rows that it set apart.
inline constexpr std::string_view rejected_ending = ".rejected";
/// The name of a dataset that is read: a name as above, or one followed by `rejected_ending`.
/// Nothing else has a dot. Datasets that a person declares are checked with `check_name`.
Result<void> check_dataset_name(std::string_view name);

/// The known name nearest to `wrong` by edit distance, when it is near enough to be a slip
/// (at most a third of its length, at least one).
std::optional<std::string> nearest_name(std::string_view wrong, std::span<const std::string> known);

/// Edit distance in bytes, where two neighbours that changed places count as one slip (optimal string
/// alignment).
std::size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace runink
