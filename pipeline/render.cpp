#include "pipeline/render.hpp"

#include "pipeline/drawing.hpp"
#include "pipeline/quantity.hpp"
#include "vocabulary/text.hpp"

namespace runink::pipeline {
namespace {

template <class... Each>
struct Overloaded : Each... {
  using Each::operator()...;
};

/// A label for Graphviz or Mermaid: no quotes, no control characters.
std::string label_text(std::string_view text) {
  std::string out;
  for (const char c : printable(text, 80)) {
    if (c == '"' || c == '\\' || c == '<' || c == '>' || c == '#' || c == '`')
      out += '\'';
    else
      out += c;
  }
  return out;
}

std::string second_line(const Step& step) {
  return std::visit(
      Overloaded{[](const SourceWork& w) {
                   return std::string(to_string(w.format)) + " " + to_string(w.location);
                 },
                 [](const SqlWork&) { return std::string("sql"); },
                 [](const ExecWork& w) { return joined(w.arguments, " "); },
                 [](const SinkWork& w) {
                   return std::string(to_string(w.format)) + " " + to_string(w.location);
                 },
                 [](const ValidateWork& w) { return "validate " + to_string(w.contract); },
                 [](const MaskWork& w) { return "mask " + w.input.value; }},
      step.work);
}

/// Calls `edge(producer, reader, label)`; the label is the dataset, when it is not the step's name.
template <class F>
void each_edge(const Plan& plan, F edge) {
  for (const Step& step : plan.steps)
    for (const DatasetName& input : step.inputs)
      if (const Step* from = plan.producer(input))
        edge(*from, step, input.value == from->name.value ? std::string() : input.value);
}

std::string draw_dot(const Plan& plan) {
  std::string out = "digraph \"" + plan.pipeline.value +
                    "\" {\n  rankdir=LR;\n  node [fontname=\"sans-serif\"];\n";
  for (const Step& step : plan.steps) {
    static constexpr std::string_view shapes[] = {"cylinder", "box",     "component",
                                                  "note",     "diamond", "hexagon"};
    static_assert(std::size(shapes) == std::variant_size_v<Work>);
    out += "  \"" + step.name.value + "\" [shape=" + std::string(shapes[step.work.index()]) +
           ", label=\"" + step.name.value + "\\n" + label_text(second_line(step)) + "\"];\n";
  }
  each_edge(plan, [&](const Step& from, const Step& to, const std::string& label) {
    out += "  \"" + from.name.value + "\" -> \"" + to.name.value + "\"";
    if (!label.empty()) out += " [label=\"" + label + "\"]";
    out += ";\n";
  });
  return out + "}\n";
}

std::string draw_mermaid(const Plan& plan) {
  std::string out = "flowchart LR\n";
  // Names may be words of Mermaid ("end"), so nodes are numbered.
  const auto id = [&](const Step& step) {
    return "s" + std::to_string(static_cast<std::size_t>(&step - plan.steps.data()));
  };
  for (const Step& step : plan.steps) {
    static constexpr std::pair<std::string_view, std::string_view> shapes[] = {
        {"[(", ")]"}, {"[", "]"}, {"[[", "]]"}, {"[/", "/]"}, {"{", "}"}, {"{{", "}}"}};
    static_assert(std::size(shapes) == std::variant_size_v<Work>);
    const auto& [open, close] = shapes[step.work.index()];
    out += "  " + id(step) + std::string(open) + "\"" + step.name.value + "<br/>" +
           label_text(second_line(step)) + "\"" + std::string(close) + "\n";
  }
  each_edge(plan, [&](const Step& from, const Step& to, const std::string& label) {
    out +=
        "  " + id(from) + " -->" + (label.empty() ? "" : "|" + label + "|") + " " + id(to) + "\n";
  });
  return out;
}

}  // namespace

std::string joined(const std::vector<std::string>& texts, std::string_view between) {
  std::string all;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (i > 0) all += between;
    all += texts[i];
  }
  return all;
}

std::optional<Drawing> drawing_from(std::string_view name) {
  if (name == "text") return Drawing::text;
  if (name == "json") return Drawing::json;
  if (name == "dot") return Drawing::dot;
  if (name == "mermaid") return Drawing::mermaid;
  return {};
}

std::string draw(const Plan& plan, Drawing drawing) {
  switch (drawing) {
    case Drawing::text: return draw_text(plan);
    case Drawing::json: return draw_json(plan);
    case Drawing::dot: return draw_dot(plan);
    case Drawing::mermaid: return draw_mermaid(plan);
  }
  return {};
}

}  // namespace runink::pipeline
