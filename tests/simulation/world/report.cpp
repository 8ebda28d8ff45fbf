// What a fleet has seen, for people and for programs.
#include <algorithm>
#include <cstdio>

#include "fleet.hpp"

namespace runink::raft::simulation {
namespace {

/// A bar of up to 30 signs, by the logarithm: what is seldom shows beside what is not.
std::string bar(std::uint64_t many) {
  std::string out;
  for (std::uint64_t left = many; left > 0; left /= 2) out += '#';
  return out;
}

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '\n')
      out += "\\n";
    else if (static_cast<unsigned char>(c) >= 0x20)
      out += c;
  }
  return out + "\"";
}

std::string field(std::string_view name, std::uint64_t value) {
  return "\"" + std::string(name) + "\": " + std::to_string(value);
}

}  // namespace

std::string to_text(const Report& report) {
  char line[200];
  std::snprintf(line, sizeof(line), "%llu seeds, %llu core events in %.1f s: %.0f events/s\n",
                static_cast<unsigned long long>(report.seeds),
                static_cast<unsigned long long>(report.events), report.seconds,
                static_cast<double>(report.events) / std::max(report.seconds, 1e-9));
  std::string text = line;
  text += "what happened (bars by the logarithm):\n";
  for (std::size_t i = 0; i < happening_count; ++i) {
    const std::uint64_t many = report.coverage.at(i);
    std::snprintf(line, sizeof(line), "  %-28s %12llu  %s%s\n",
                  std::string(happening_names[i]).c_str(), static_cast<unsigned long long>(many),
                  bar(many).c_str(), many == 0 ? "NEVER" : "");
    text += line;
  }
  text += "what was judged:\n";
  for (const PropertyRow& row : properties()) {
    const std::uint64_t many = report.judged[static_cast<std::size_t>(row.property)];
    std::snprintf(line, sizeof(line), "  %-4s %-22s %14llu%s\n", number_of(row.property).c_str(),
                  std::string(row.name).c_str(), static_cast<unsigned long long>(many),
                  many == 0 ? "  NEVER" : "");
    text += line;
  }
  return text;
}

std::string to_json(const Report& report) {
  char head[200];
  std::snprintf(head, sizeof(head), "{\"seeds\": %llu, \"events\": %llu, \"seconds\": %.3f, ",
                static_cast<unsigned long long>(report.seeds),
                static_cast<unsigned long long>(report.events), report.seconds);
  std::string text = head;
  text += "\"failures\": [";
  for (const Failure& one : report.failures)
    text += (text.ends_with('[') ? "{" : ", {") + field("seed", one.seed) +
            ", \"property\": " + quoted(number_of(one.property)) +
            ", \"what\": " + quoted(one.what) + "}";
  text += "], \"happened\": {";
  for (std::size_t i = 0; i < happening_count; ++i)
    text += (i ? ", " : "") + field(happening_names[i], report.coverage.at(i));
  text += "}, \"judged\": {";
  for (const PropertyRow& row : properties())
    text += (text.ends_with('{') ? "" : ", ") +
            field(number_of(row.property), report.judged[static_cast<std::size_t>(row.property)]);
  return text + "}}";
}

}  // namespace runink::raft::simulation
