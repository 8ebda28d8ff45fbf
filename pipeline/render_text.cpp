#include <algorithm>
#include <map>
#include <optional>

#include "pipeline/drawing.hpp"
#include "pipeline/quantity.hpp"
#include "vocabulary/text.hpp"

namespace runink::pipeline {
namespace {

/// The lanes at the left. A lane belongs to a step from its own line to that of its last reader.
class Lanes {
 public:
  explicit Lanes(const Plan& plan) {
    for (const Step& step : plan.steps)
      for (const StepName& parent : parents_of(plan, step)) ++readers_[parent];
  }

  /// The line of the next step of the plan, two cells a lane, without spaces at its end.
  std::string line(const Plan& plan, const Step& step) {
    std::vector<std::size_t> parents;
    for (const StepName& parent : parents_of(plan, step))
      if (const auto lane = lane_of(parent)) parents.push_back(*lane);
    std::vector<bool> ends(lanes_.size());
    for (const std::size_t lane : parents) ends[lane] = --readers_[*lanes_[lane]] == 0;

    const std::size_t own = own_lane(ends);
    ends.resize(lanes_.size());
    std::size_t left = own, right = own;
    for (const std::size_t lane : parents) {
      left = std::min(left, lane);
      right = std::max(right, lane);
    }
    std::string out;
    for (std::size_t lane = 0; lane < lanes_.size(); ++lane) {
      const bool parent = std::ranges::find(parents, lane) != parents.end();
      const bool crossed = lane > left && lane < right;
      if (lane == own)
        out += "●";
      else if (parent)
        out += lane == left    ? (ends[lane] ? "╰" : "├")
               : lane == right ? (ends[lane] ? "╯" : "┤")
                               : (ends[lane] ? "┴" : "┼");
      else
        out += lanes_[lane] ? "│" : crossed ? "─" : " ";
      out += lane >= left && lane < right ? "─" : " ";
    }
    for (std::size_t lane = 0; lane < ends.size(); ++lane)
      if (ends[lane]) lanes_[lane].reset();
    if (readers_.contains(step.name))
      lanes_[own] = step.name;
    else
      lanes_[own].reset();
    while (!lanes_.empty() && !lanes_.back()) lanes_.pop_back();
    return out.substr(0, out.find_last_not_of(' ') + 1);
  }

 private:
  static std::vector<StepName> parents_of(const Plan& plan, const Step& step) {
    std::vector<StepName> parents;
    for (const DatasetName& input : step.inputs)
      if (const Step* parent = plan.producer(input))
        if (std::ranges::find(parents, parent->name) == parents.end())
          parents.push_back(parent->name);
    return parents;
  }
  std::optional<std::size_t> lane_of(const StepName& step) const {
    for (std::size_t lane = 0; lane < lanes_.size(); ++lane)
      if (lanes_[lane] == step) return lane;
    return {};
  }
  /// The leftmost lane that ends here, else the leftmost free one.
  std::size_t own_lane(const std::vector<bool>& ends) {
    for (std::size_t lane = 0; lane < ends.size(); ++lane)
      if (ends[lane]) return lane;
    for (std::size_t lane = 0; lane < lanes_.size(); ++lane)
      if (!lanes_[lane]) return lane;
    lanes_.emplace_back();
    return lanes_.size() - 1;
  }

  std::map<StepName, std::size_t> readers_;  ///< steps that still come and read from it
  std::vector<std::optional<StepName>> lanes_;
};

std::string list_of(const std::vector<DatasetName>& names) {
  std::vector<std::string> texts;
  for (const DatasetName& name : names) texts.push_back(name.value);
  return joined(texts, ", ");
}

std::string reads(const Step& step) {
  return step.inputs.empty() ? "reads nothing" : "reads " + list_of(step.inputs);
}

std::string masked(const std::vector<governance::ColumnMask>& masks) {
  std::vector<std::string> columns;
  for (const governance::ColumnMask& one : masks)
    columns.push_back(one.column + " " + std::string(governance::to_string(one.method)));
  return ", masks " + (columns.empty() ? "nothing" : joined(columns, ", "));
}

/// What it does, in the words of the file.
std::string what(const Step& step) {
  if (const auto* source = std::get_if<SourceWork>(&step.work))
    return std::string(to_string(source->format)) + " " + to_string(source->location) +
           (source->contract ? ", contract " + to_string(source->contract->contract) : "");
  if (const auto* validate = std::get_if<ValidateWork>(&step.work))
    return reads(step) + ", contract " + to_string(validate->contract) +
           (validate->on_violation == OnViolation::reject
                ? ""
                : ", on violation " + std::string(to_string(validate->on_violation))) +
           (validate->masks_accepted ? masked(accepted_masks(*validate)) : "");
  if (const auto* mask = std::get_if<MaskWork>(&step.work))
    return reads(step) + masked(mask->masks);
  if (const auto* sink = std::get_if<SinkWork>(&step.work))
    return reads(step) + ", writes " + std::string(to_string(sink->format)) + " " +
           to_string(sink->location);
  if (std::holds_alternative<SqlWork>(step.work)) return reads(step);
  std::string text =
      printable(joined(std::get<ExecWork>(step.work).arguments, " "), 60) + ", " + reads(step);
  const bool own_name = step.outputs.size() == 1 && step.outputs.front().value == step.name.value;
  if (!own_name) text += ", makes " + list_of(step.outputs);
  return text;
}

/// What is not as usual.
std::string settings(const Step& step) {
  std::vector<std::string> parts;
  const Step usual;
  if (step.needs != usual.needs) {
    parts.push_back(to_text(step.needs.cpu) + " cpu");
    parts.push_back(to_text(step.needs.memory));
    if (step.needs.disk.value > 0) parts.push_back(to_text(step.needs.disk) + " disk");
  }
  if (step.retry.attempts > 1)
    parts.push_back(std::to_string(step.retry.attempts) + " attempts, backoff " +
                    to_text(step.retry.backoff));
  if (step.timeout != usual.timeout) parts.push_back("timeout " + to_text(step.timeout));
  return parts.empty() ? "" : "  (" + joined(parts, ", ") + ")";
}

std::string padded(std::string text, std::size_t width) {
  const std::size_t now = characters(text);
  if (now < width) text.append(width - now, ' ');
  return text;
}

}  // namespace

std::string draw_text(const Plan& plan) {
  std::string out = "pipeline " + plan.pipeline.value + " of herd " + plan.herd.value +
                    ", logical date " + moment_text(plan.logical_date) + "\nbundle   " +
                    to_hex(plan.bundle).substr(0, 12) + ", " + std::to_string(plan.steps.size()) +
                    (plan.steps.size() == 1 ? " step\n" : " steps\n");
  for (const auto& [name, value] : plan.parameters)
    out += "   with  " + name + " = " + printable(value, 80) + "\n";
  out += "\n";
  Lanes lanes{plan};
  std::vector<std::string> graph;
  std::size_t graph_width = 0, name_width = 0, kind_width = 6;
  for (const Step& step : plan.steps) {
    graph.push_back(lanes.line(plan, step));
    graph_width = std::max(graph_width, characters(graph.back()));
    name_width = std::max(name_width, step.name.value.size());
    kind_width = std::max(kind_width, kind_of(step.work).size());
  }
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    const Step& step = plan.steps[i];
    out += padded(graph[i], graph_width) + "  " + padded(step.name.value, name_width) + "  " +
           padded(std::string(kind_of(step.work)), kind_width) + "  " + what(step) +
           settings(step) + "\n";
  }
  return out;
}

}  // namespace runink::pipeline
