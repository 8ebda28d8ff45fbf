// Inside: the parts of render.hpp that have a source of their own.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "pipeline/plan.hpp"

namespace runink::pipeline {

/// One line per step with the graph at its left, as `git log --graph` draws history.
std::string draw_text(const Plan& plan);
std::string draw_json(const Plan& plan);
std::string joined(const std::vector<std::string>& texts, std::string_view between);

}  // namespace runink::pipeline
