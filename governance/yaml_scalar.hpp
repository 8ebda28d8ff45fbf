// What a plain scalar is in YAML 1.2's core schema (10.3.2).
#pragma once

#include <string_view>

#include "governance/yaml_tree.hpp"

namespace runink::governance {

/// null, boolean, number, not_finite or text.
YamlKind core_kind(std::string_view plain);
/// For a boolean: "true", "True" and "TRUE" are.
bool core_true(std::string_view plain);

}  // namespace runink::governance
