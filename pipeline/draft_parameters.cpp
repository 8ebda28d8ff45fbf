// [parameters], and the values that the request gives them.
#include <algorithm>
#include <utility>

#include "pipeline/draft.hpp"
#include "pipeline/quantity.hpp"
#include "vocabulary/limits.hpp"
#include "vocabulary/names.hpp"
#include "vocabulary/text.hpp"

namespace runink::pipeline {
namespace {

/// Not declared, these set the logical date: `-p date=2026-11-20`.
constexpr std::string_view date_names[] = {"logical_date", "ds", "date"};

bool is_scalar(Kind kind) { return kind != Kind::list && kind != Kind::table; }

/// Why a value cannot be a parameter; empty when it can.
std::string why_not_a_value(std::string_view value) {
  if (value.size() > limits::parameter_value.value)
    return "it has " + std::to_string(value.size()) + " bytes; at most " +
           std::to_string(limits::parameter_value.value) + " are allowed";
  if (!is_utf8(value)) return "it is not UTF-8";
  if (value.find('\0') != std::string_view::npos) return "it has a zero byte";
  return {};
}

class Parameters {
 public:
  explicit Parameters(Draft::State& state) : state_(state), given_(state.request.parameters) {}

  void read(Section& top) {
    set_logical_date(top);
    state_.names.platform = platform_names(state_.request.logical_date,
                                           state_.request.data_interval, state_.request.run);
    if (const Entry* parameters = top.take("parameters", Kind::table)) {
      if (parameters->value.table.size() > limits::parameters)
        state_.mistakes.error(parameters->span,
                              "[parameters] has " + std::to_string(parameters->value.table.size()) +
                                  " names; at most " + std::to_string(limits::parameters) +
                                  " are allowed");
      for (const Entry& entry : parameters->value.table)
        if (names_.size() < limits::parameters) declare(entry);
    }
    for (const auto& [name, value] : given_) give(name, value);
  }

 private:
  /// Before anything is rendered: a date that the file does not declare as a parameter of its own.
  void set_logical_date(Section& top) {
    const Entry* parameters = top.take("parameters");
    const auto declared = [&](std::string_view name) {
      return parameters != nullptr &&
             std::ranges::find(parameters->value.table, name, &Entry::key) !=
                 parameters->value.table.end();
    };
    std::string first;
    for (const std::string_view name : date_names) {
      const auto at = given_.find(std::string(name));
      if (at == given_.end() || declared(name)) continue;
      if (!first.empty()) {
        request_error("the parameters `" + first + "` and `" + at->first +
                      "` both give the logical date");
      } else if (const auto moment = parse_moment(at->second)) {
        state_.request.logical_date = *moment;
        first = at->first;
      } else {
        request_error("parameter `" + at->first + "`: " + moment.error().what);
      }
      given_.erase(at);
    }
  }

  void request_error(std::string message, std::string hint = {}) {
    state_.mistakes.error_without_place("", std::move(message), std::move(hint));
  }

  void declare(const Entry& entry) {
    if (!check_parameter_name(entry)) return;
    names_.push_back(entry.key);
    std::optional<std::string> value;
    bool required = true;
    if (is_scalar(entry.value.kind)) {
      value = entry.value.text;
    } else if (entry.value.kind == Kind::list) {
      state_.mistakes.error(entry.value.span,
                            "the default of parameter `" + entry.key + "` must not be a list");
      value = "";  // one mistake is enough
    } else {
      std::tie(value, required) = read_table(entry);
    }
    const auto given = given_.find(entry.key);
    if (given != given_.end()) {
      value = given->second;
    } else if (value) {
      if (const std::string why = why_not_a_value(*value); !why.empty())
        state_.mistakes.error(entry.value.span, "the default of parameter `" + entry.key +
                                                    "` is not allowed: " + why);
    }
    keep(entry, std::move(value), required);
  }

  void keep(const Entry& entry, std::optional<std::string> value, bool required) {
    if (value) {
      state_.names.parameters[entry.key] = std::move(*value);
    } else if (state_.request.without_run) {
      state_.names.unset[entry.key] = entry.key;
    } else if (required) {
      state_.mistakes.error(entry.span, "parameter `" + entry.key + "` has no value",
                            "give it: -p " + entry.key + "=...");
      state_.names.unset[entry.key] = entry.key;  // one mistake is enough
    } else {
      state_.names.parameters[entry.key] = "";
    }
  }

  bool check_parameter_name(const Entry& entry) {
    if (auto fine = check_name("parameter", entry.key); !fine) {
      state_.mistakes.error(entry.span, as_message(fine.error()));
      return false;
    }
    if (entry.key.find('-') != std::string::npos) {
      state_.mistakes.error(entry.span, "the parameter name `" + entry.key + "` has a '-'",
                            "use '_', so that it can stand in SQL");
      return false;
    }
    if (state_.names.platform.contains(entry.key)) {
      state_.mistakes.error(entry.span, "`" + entry.key + "` is a template name of the platform",
                            "give the parameter another name");
      return false;
    }
    return true;
  }

  /// { default, description, required }
  std::pair<std::optional<std::string>, bool> read_table(const Entry& entry) {
    Section section{entry.value, "parameter `" + entry.key + "`", state_.mistakes};
    std::optional<std::string> value;
    const Entry* fallback = section.take("default");
    if (fallback != nullptr) value = is_scalar(fallback->value.kind) ? fallback->value.text : "";
    if (fallback != nullptr && !is_scalar(fallback->value.kind))
      state_.mistakes.error(fallback->value.span, "the default of parameter `" + entry.key +
                                                      "` must not be " +
                                                      std::string(to_string(fallback->value.kind)));
    section.take("description", Kind::text);
    const Entry* required = section.take("required", Kind::boolean);
    if (required != nullptr && required->value.boolean && fallback != nullptr)
      state_.mistakes.error(required->span,
                            "parameter `" + entry.key + "` has a default, so it cannot be required",
                            "leave one of them out");
    section.finish();
    return {std::move(value), required == nullptr || required->value.boolean};
  }

  void give(const std::string& name, const std::string& value) {
    if (std::ranges::find(names_, name) == names_.end()) {
      std::string hint = state_.mistakes.suggest(name, names_);
      if (names_.empty()) hint = "this pipeline has no [parameters]";
      return request_error("unknown parameter `" + printable(name, 80) + "`", std::move(hint));
    }
    if (const std::string why = why_not_a_value(value); !why.empty())
      request_error("the value of parameter `" + name + "` is not allowed: " + why);
  }

  Draft::State& state_;
  std::map<std::string, std::string> given_;
  std::vector<std::string> names_;
};

}  // namespace

void read_parameters(Draft::State& state, Section& top) { Parameters{state}.read(top); }

}  // namespace runink::pipeline
