// ajv's verdicts on texts, asked of node in one go.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace runink::governance::test {

/// Why ajv cannot be asked here; empty when it can.
std::string why_no_reference();

/// For each text: nothing when ajv says it is valid, otherwise what it has against it.
std::vector<std::optional<std::string>> reference_verdicts(const std::vector<std::string>& texts);

/// For each text: nothing when our own check of the JSON schema has nothing against it, otherwise
/// its first mistake.
std::vector<std::optional<std::string>> own_verdicts(const std::vector<std::string>& texts);

}  // namespace runink::governance::test
