// A plan for people and for programs: a drawn graph, JSON, Graphviz, Mermaid.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "pipeline/plan.hpp"

namespace runink::pipeline {

enum class Drawing : std::uint8_t { text = 1, json = 2, dot = 3, mermaid = 4 };
/// "text", "json", "dot" or "mermaid"; nothing for anything else.
std::optional<Drawing> drawing_from(std::string_view name);

/// `plan` in that form; ends with a newline. Key and step order are stable.
std::string draw(const Plan& plan, Drawing drawing);

}  // namespace runink::pipeline
