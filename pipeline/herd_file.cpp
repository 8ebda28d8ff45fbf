#include "pipeline/herd_file.hpp"

#include "pipeline/draft.hpp"
#include "pipeline/quantity.hpp"
#include "pipeline/section.hpp"
#include "pipeline/toml_file.hpp"
#include "vocabulary/limits.hpp"
#include "vocabulary/names.hpp"
#include "vocabulary/source_text.hpp"
#include "vocabulary/text.hpp"

namespace runink::pipeline {
namespace {

constexpr std::uint32_t most_slices = 1'000'000;
constexpr std::uint32_t most_runs = 1'000'000;

void read_herd(HerdFile& file, Section& top, Mistakes& mistakes) {
  if (const Entry* name = top.take("herd", Kind::text)) {
    if (auto fine = check_name("herd", name->value.text); !fine)
      mistakes.error(name->value.span, as_message(fine.error()));
    file.herd = HerdName{name->value.text};
  } else if (top.take("herd") == nullptr) {
    mistakes.error({0, 1}, "`herd` is missing", "begin the file with: herd = \"finance\"");
  }
  if (const Entry* description = top.take("description", Kind::text)) {
    file.description = description->value.text;
    if (file.description.size() > limits::parameter_value.value)
      mistakes.error(description->value.span, "`description` is longer than " +
                                                  std::to_string(limits::parameter_value.value) +
                                                  " bytes");
  }
}

void read_quota(HerdQuota& quota, const Entry& entry, Mistakes& mistakes) {
  Section section{entry.value, "[quota]", mistakes};
  const auto must_be_something = [&](std::string_view key, std::uint64_t value) {
    if (value == 0)
      mistakes.error(section.take(key)->value.span,
                     "`" + std::string(key) + "` in [quota] must be more than nothing",
                     "leave it out for no limit");
  };
  if (const auto cpu = section.take_quantity("cpu", parse_cpu, true)) {
    must_be_something("cpu", cpu->value);
    quota.cpu = *cpu;
  }
  if (const auto memory = section.take_quantity("memory", parse_bytes, true)) {
    must_be_something("memory", memory->value);
    quota.memory = *memory;
  }
  quota.slices = section.take_number("slices", 1, most_slices).value_or(0);
  quota.runs = section.take_number("runs", 1, most_runs).value_or(0);
  section.finish();
}

void read_mask_rules(std::map<std::string, governance::MaskMethod>& rules, Section& masking,
                     std::string_view key, bool as_table, Mistakes& mistakes) {
  const Entry* entry = masking.take(key, Kind::table);
  if (entry == nullptr) return;
  const std::string where = "[masking." + std::string(key) + "]";
  for (const Entry& one : entry->value.table) {
    if (rules.size() == limits::masking_rules)
      return mistakes.error(entry->span, where + " has more than " +
                                             std::to_string(limits::masking_rules) + " rules");
    if (one.key.empty() || one.key.size() > limits::contract_name_bytes) {
      mistakes.error(one.span, "a name in " + where + " has 1 to " +
                                   std::to_string(limits::contract_name_bytes) + " bytes");
      continue;
    }
    std::optional<governance::MaskMethod> method;
    if (as_table && one.value.kind == Kind::table) {
      Section rule{one.value, "`" + printable(one.key, 80) + "` of " + where, mistakes};
      if (const Entry* given = rule.take("method"))
        method = read_mask_method(given->value, mistakes);
      else
        mistakes.error(one.span, rule.what() + " needs `method`");
      rule.finish();
    } else {
      method = read_mask_method(one.value, mistakes);
    }
    if (method) rules[one.key] = *method;
  }
}

void read_policy(governance::HerdPolicy& policy, Section& top, Mistakes& mistakes) {
  if (const Entry* flag = top.take("require_contracts", Kind::boolean))
    policy.require_contracts = flag->value.boolean;
  if (const Entry* flag = top.take("block_on_drift", Kind::boolean))
    policy.block_on_drift = flag->value.boolean;
  const Entry* entry = top.take("masking", Kind::table);
  if (entry == nullptr) return;
  Section masking{entry->value, "[masking]", mistakes};
  if (const Entry* usual = masking.take("default"))
    if (const auto method = read_mask_method(usual->value, mistakes))
      policy.masking.fallback = *method;
  read_mask_rules(policy.masking.by_classification, masking, "classification", false, mistakes);
  read_mask_rules(policy.masking.by_field, masking, "fields", true, mistakes);
  masking.finish();
}

}  // namespace

std::expected<HerdFile, Diagnostics> parse_herd_file(const std::string& path,
                                                     std::string_view text) {
  const bool fits = text.size() <= limits::pipeline_file.value;
  const SourceText source{path, fits ? text : ""};
  Mistakes mistakes{source};
  HerdFile file;
  if (!fits) {
    mistakes.error_without_place(
        path, "the herd file has " + std::to_string(text.size()) + " bytes; at most " +
                  std::to_string(limits::pipeline_file.value) + " are allowed");
  } else if (const auto root = read_toml(source); !root) {
    mistakes.error(root.error().span, "this is not TOML: " + root.error().what);
  } else {
    Section top{*root, "", mistakes};
    read_herd(file, top, mistakes);
    if (const Entry* quota = top.take("quota", Kind::table))
      read_quota(file.quota, *quota, mistakes);
    read_policy(file.policy, top, mistakes);
    top.finish();
  }
  if (mistakes.failed()) return std::unexpected(mistakes.diagnostics());
  return file;
}

}  // namespace runink::pipeline
