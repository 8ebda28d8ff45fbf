#include "pipeline/drawing.hpp"
#include "pipeline/quantity.hpp"
#include "vocabulary/text.hpp"

namespace runink::pipeline {
namespace {

template <class T>
std::string json_list(const std::vector<T>& items) {
  std::string out = "[";
  for (const T& item : items) {
    if (out.size() > 1) out += ", ";
    if constexpr (requires { item.value; })
      out += json_string(item.value);
    else
      out += json_string(item);
  }
  return out + "]";
}

std::string location_json(Format format, const Location& location) {
  return ", \"format\": " + json_string(to_string(format)) +
         ", \"volume\": " + (location.volume ? json_string(location.volume->value) : "null") +
         ", \"path\": " + json_string(location.path);
}

std::string contract_json(const ContractUse& use) {
  return ", \"contract\": {\"name\": " + json_string(use.name.value) +
         ", \"object\": " + json_string(use.object) +
         ", \"version\": " + (use.version == 0 ? "null" : std::to_string(use.version)) +
         ", \"document\": " + json_string(to_hex(use.document)) + "}";
}

std::string masks_json(const std::vector<governance::ColumnMask>& masks) {
  std::string out = "[";
  for (const governance::ColumnMask& mask : masks)
    out += (out.size() > 1 ? ", {" : "{") + ("\"column\": " + json_string(mask.column)) +
           ", \"method\": " + json_string(to_string(mask.method)) +
           ", \"why\": " + json_string(mask.why) + "}";
  return out + "]";
}

std::string work_json(const Work& work) {
  if (const auto* source = std::get_if<SourceWork>(&work))
    return location_json(source->format, source->location) +
           (source->contract ? contract_json(source->contract->contract) : "");
  if (const auto* validate = std::get_if<ValidateWork>(&work))
    return ", \"validates\": " + json_string(validate->input.value) +
           contract_json(validate->contract) +
           ", \"on_violation\": " + json_string(to_string(validate->on_violation)) +
           ", \"masks\": " + masks_json(accepted_masks(*validate)) +
           ", \"rejected_masks\": " + masks_json(validate->rejected_masks);
  if (const auto* mask = std::get_if<MaskWork>(&work))
    return ", \"masks\": " + masks_json(mask->masks);
  if (const auto* sink = std::get_if<SinkWork>(&work))
    return location_json(sink->format, sink->location);
  if (const auto* sql = std::get_if<SqlWork>(&work))
    return ", \"sql\": " + json_string(sql->text) +
           ", \"format\": " + json_string(to_string(sql->format));
  return ", \"exec\": " + json_list(std::get<ExecWork>(work).arguments);
}

std::string step_json(const Step& step) {
  const auto ms = [](Duration d) { return std::to_string(d.ns / 1'000'000); };
  return "{\"name\": " + json_string(step.name.value) +
         ", \"kind\": " + json_string(kind_of(step.work)) + work_json(step.work) +
         ", \"inputs\": " + json_list(step.inputs) + ", \"outputs\": " + json_list(step.outputs) +
         ", \"requires\": {\"cpu_millis\": " + std::to_string(step.needs.cpu.value) +
         ", \"memory_bytes\": " + std::to_string(step.needs.memory.value) +
         ", \"disk_bytes\": " + std::to_string(step.needs.disk.value) +
         "}, \"retry\": {\"attempts\": " + std::to_string(step.retry.attempts) +
         ", \"backoff_ms\": " + ms(step.retry.backoff) + "}, \"timeout_ms\": " + ms(step.timeout) +
         ", \"partitions\": " + std::to_string(step.partitions) + "}";
}

}  // namespace

std::string draw_json(const Plan& plan) {
  std::string out = "{\n  \"version\": " + std::to_string(plan.version) +
                    ",\n  \"pipeline\": " + json_string(plan.pipeline.value) +
                    ",\n  \"herd\": " + json_string(plan.herd.value) +
                    ",\n  \"bundle\": " + json_string(to_hex(plan.bundle)) +
                    ",\n  \"logical_date\": " + json_string(moment_text(plan.logical_date)) +
                    ",\n  \"parameters\": {";
  bool first = true;
  for (const auto& [name, value] : plan.parameters) {
    out += (first ? "" : ", ") + json_string(name) + ": " + json_string(value);
    first = false;
  }
  out += "},\n  \"steps\": [";
  first = true;
  for (const Step& step : plan.steps) {
    out += (first ? "\n    " : ",\n    ") + step_json(step);
    first = false;
  }
  return out + (first ? "]\n}\n" : "\n  ]\n}\n");
}

}  // namespace runink::pipeline
