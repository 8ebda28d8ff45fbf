#include "tools/runi/shown.hpp"

#include <algorithm>
#include <map>
#include <vector>

#include "tools/runi/documents.hpp"
#include "tools/runi/members.hpp"
#include "tools/runi/progress.hpp"
#include "tools/runi/table.hpp"
#include "tools/runi/texts.hpp"

namespace runink::runi {
namespace {

constexpr std::size_t short_id = 12;

std::string age_text(const boost::json::object& of, std::string_view key, std::int64_t now_us) {
  const auto then = moment_of(text_at(of, key));
  return then ? time_text(std::max<std::int64_t>(0, now_us - *then) / 1000) + " ago" : "";
}

std::string count_at(const boost::json::object& of, std::string_view key) {
  const std::int64_t count = number_at(of, key, -1);
  return count < 0 ? "" : count_text(count);
}

std::string bytes_at(const boost::json::object& of, std::string_view key) {
  const std::int64_t bytes = number_at(of, key, -1);
  return bytes < 0 ? "" : size_text(static_cast<std::uint64_t>(bytes));
}

std::string cores(std::int64_t milli) {
  if (milli < 0) return "";
  return milli % 1000 == 0 ? std::to_string(milli / 1000) : std::to_string(milli) + "m";
}

/// "500m/4": what is used, of what there is.
std::string of_both(const std::string& used, const std::string& all) {
  return all.empty() ? used : used + "/" + all;
}

std::string joined(const boost::json::array& texts, std::string_view between = ",") {
  std::string all;
  for (const auto& one : texts) {
    if (!one.is_string()) continue;
    all += (all.empty() ? "" : between);
    all += std::string_view(one.get_string());
  }
  return all;
}

std::string quota_text(const boost::json::object& item, std::string_view key, bool cpu) {
  const auto& quota = object_at(item, "quota");
  const auto& used = object_at(item, "used");
  std::string now = cpu                     ? cores(number_at(used, key, 0))
                    : key == "memory_bytes" ? size_text(number_at(used, key, 0))
                                            : count_text(number_at(used, key, 0));
  if (!quota.contains(key)) return now;
  return of_both(now, cpu                     ? cores(number_at(quota, key))
                      : key == "memory_bytes" ? size_text(number_at(quota, key))
                                              : count_text(number_at(quota, key)));
}

std::string grants_text(const boost::json::object& grants) {
  std::string all;
  for (const auto& grant : grants) {
    all += (all.empty() ? "" : " ") + std::string(grant.key()) + "=";
    if (grant.value().is_string()) all += std::string_view(grant.value().get_string());
  }
  return all;
}

using Row = std::vector<std::string>;

Row run_row(const boost::json::object& one, std::int64_t now_us) {
  const auto& stages = object_at(one, "stages");
  return {
      text_at(one, "id").substr(0, short_id),
      text_at(one, "herd"),
      text_at(one, "pipeline"),
      text_at(one, "status"),
      std::to_string(number_at(stages, "done")) + "/" + std::to_string(number_at(stages, "total")),
      took_text(one, "submitted_at", now_us),
      age_text(one, "submitted_at", now_us)};
}

Row node_row(const boost::json::object& one) {
  const auto& capacity = object_at(one, "capacity");
  const auto& used = object_at(one, "used");
  return {text_at(one, "name"),
          flag_at(one, "alive") ? "yes" : "no",
          joined(array_at(one, "roles")) + (flag_at(one, "leader") ? ",leader" : ""),
          of_both(cores(number_at(used, "cpu_milli", 0)), cores(number_at(capacity, "cpu_milli"))),
          of_both(size_text(number_at(used, "memory_bytes")), bytes_at(capacity, "memory_bytes")),
          count_text(number_at(used, "slices"))};
}

Row row_of(const std::string& kind, const boost::json::object& one, std::int64_t now_us) {
  if (kind == "runs") return run_row(one, now_us);
  if (kind == "nodes") return node_row(one);
  if (kind == "pipelines")
    return {text_at(one, "name"),
            text_at(one, "herd"),
            text_at(one, "version").substr(0, 12),
            count_at(one, "versions"),
            text_at(one, "applied_by"),
            age_text(one, "applied_at", now_us)};
  if (kind == "herds")
    return {text_at(one, "name"),
            quota_text(one, "cpu_milli", true),
            quota_text(one, "memory_bytes", false),
            quota_text(one, "slices", false),
            quota_text(one, "runs", false),
            text_at(one, "description")};
  if (kind == "volumes")
    return {text_at(one, "name"), joined(array_at(one, "nodes")),
            grants_text(object_at(one, "grants"))};
  if (kind == "datasets")
    return {text_at(one, "name"),       text_at(one, "herd"),
            text_at(one, "pipeline"),   std::to_string(number_at(one, "index")),
            count_at(one, "rows"),      bytes_at(one, "bytes"),
            age_text(one, "at", now_us)};
  return {text_at(one, "name")};
}

Row head_of(const std::string& kind) {
  if (kind == "runs") return {"RUN", "HERD", "PIPELINE", "STATUS", "STAGES>", "TOOK>", "SUBMITTED"};
  if (kind == "nodes") return {"NODE", "ALIVE", "ROLES", "CPU>", "MEMORY>", "SLICES>"};
  if (kind == "pipelines") return {"PIPELINE", "HERD", "VERSION", "VERSIONS>", "BY", "APPLIED"};
  if (kind == "herds") return {"HERD", "CPU>", "MEMORY>", "SLICES>", "RUNS>", "DESCRIPTION"};
  if (kind == "volumes") return {"VOLUME", "NODES", "GRANTS"};
  if (kind == "datasets")
    return {"DATASET", "HERD", "PIPELINE", "VERSION>", "ROWS>", "SIZE>", "MADE"};
  return {"NAME"};
}

}  // namespace

std::string items_table(const std::string& kind, const boost::json::array& items, std::size_t width,
                        std::int64_t now_us) {
  Table table(head_of(kind));
  for (const auto& one : items) table.add(row_of(kind, as_object(one), now_us));
  return table.text(width);
}

std::string items_names(const std::string& kind, const boost::json::array& items) {
  std::string all;
  const std::string singular = kind.substr(0, kind.size() - 1);
  for (const auto& one : items) {
    const auto& item = as_object(one);
    std::string name = singular + "/";
    if (kind == "runs") {
      name += text_at(item, "id");
    } else {
      if (kind == "pipelines" || kind == "datasets") name += text_at(item, "herd") + "/";
      if (kind == "datasets") name += text_at(item, "pipeline") + "/";
      name += text_at(item, "name");
    }
    all += printable(name) + "\n";
  }
  return all;
}

std::string new_contracts_text(const std::string& herd, const boost::json::object& result) {
  std::string all;
  for (const auto& one : array_at(result, "contracts"))
    all += "contract/" + printable(herd + "/" + text_at(as_object(one), "name")) + "@" +
           std::to_string(number_at(as_object(one), "version")) + " applied\n";
  return all;
}

std::string contracts_table(const boost::json::array& contracts, std::size_t width,
                            std::int64_t now_us) {
  Table table({"CONTRACT", "VERSION>", "ODCS", "STATUS", "APPLIED", "BY", "CONSUMERS>", "OBJECTS"});
  for (const auto& one : contracts) {
    const auto& item = as_object(one);
    table.add({text_at(item, "herd") + "/" + text_at(item, "name"), count_at(item, "version"),
               text_at(item, "odcs_version"), text_at(item, "status"),
               age_text(item, "applied_at", now_us), text_at(item, "applied_by"),
               count_at(item, "consumers"), joined(array_at(item, "objects"))});
  }
  return table.text(width);
}

std::string contract_versions_table(const boost::json::array& versions, std::size_t width,
                                    std::int64_t now_us) {
  Table table({"VERSION>", "ODCS", "APPLIED", "BY", "DOCUMENT", "NOTE"});
  std::map<std::int64_t, std::int64_t> numbers;  // by the index of their entries
  for (const auto& one : versions)
    numbers[number_at(as_object(one), "index")] = number_at(as_object(one), "version");
  for (const auto& one : versions) {
    const auto& item = as_object(one);
    std::string note;
    if (const auto from = numbers.find(number_at(item, "restored_from", -1)); from != numbers.end())
      note = "restored from version " + std::to_string(from->second);
    if (flag_at(item, "accepted_breaking"))
      note += (note.empty() ? "" : ", ") + std::string("breaking, accepted");
    table.add({count_at(item, "version"), text_at(item, "odcs_version"),
               age_text(item, "applied_at", now_us), text_at(item, "applied_by"),
               text_at(item, "document").substr(0, short_id), note});
  }
  return table.text(width);
}

std::string checks_text(const boost::json::object& doctor, std::size_t width) {
  Table table({"STATUS", "CHECK", "WHAT"});
  std::string advice;
  for (const auto& one : array_at(doctor, "checks")) {
    const auto& check = as_object(one);
    table.add({text_at(check, "status"), text_at(check, "name"), text_at(check, "what")});
    const std::string what_to_do = text_at(check, "do");
    if (!what_to_do.empty())
      advice += "  " + printable(text_at(check, "name")) + ": " + printable(what_to_do) + "\n";
  }
  // What is wrong is read in full: only the table of a terminal is cut, never the advice.
  return table.text(width) + (advice.empty() ? "" : "\nWhat to do:\n" + advice);
}

std::string item_text(const boost::json::object& item) {
  boost::json::object rest = item;
  rest.erase("text");
  std::string all = to_yaml_text(rest);
  const std::string drawing = text_at(item, "text");
  if (!drawing.empty()) all += "\n" + drawing + (drawing.ends_with('\n') ? "" : "\n");
  return all;
}

std::string diagnostics_text(const boost::json::array& diagnostics) {
  std::string all;
  for (const auto& one : diagnostics) {
    const auto& found = as_object(one);
    std::string text = text_at(found, "rendered");
    if (text.empty()) {
      text = printable(text_at(found, "file"));
      const std::int64_t line = number_at(found, "line"), column = number_at(found, "column");
      if (line > 0) text += ":" + std::to_string(line) + ":" + std::to_string(column);
      text += ": " + text_at(found, "severity", "error") + ": " +
              printable(text_at(found, "message")) + "\n";
      const std::string source = text_at(found, "source_line");
      if (!source.empty() && column > 0) {
        std::string caret;
        std::size_t shown = 1;
        for (const char c : source) {
          if ((static_cast<unsigned char>(c) & 0xc0) == 0x80) continue;
          if (shown++ >= static_cast<std::size_t>(column)) break;
          caret += c == '\t' ? '\t' : ' ';
        }
        const auto length = std::clamp<std::int64_t>(number_at(found, "length", 1), 1, 200);
        text += "  " + source + "\n  " + caret +
                std::string(static_cast<std::size_t>(length), '^') + "\n";
      }
      const std::string hint = text_at(found, "hint");
      if (!hint.empty()) text += "  " + printable(hint) + "\n";
    }
    all += text;
    if (!all.ends_with('\n')) all += '\n';
  }
  return all;
}

}  // namespace runink::runi
