#include "pipeline/column_flow.hpp"

#include <algorithm>
#include <optional>
#include <set>

#include "governance/ascii.hpp"

namespace runink::pipeline {
namespace {

using governance::ColumnMask;
using governance::MaskMethod;

/// A text whose columns need more rounds is written to be hard to follow.
constexpr int rounds_most = 64;

/// "email" of "email_1" and of "email:1".
std::string_view without_number(std::string_view name) {
  const std::size_t digits = name.find_last_not_of("0123456789");
  if (digits == std::string_view::npos || digits + 1 == name.size() || digits == 0) return {};
  return name[digits] == '_' || name[digits] == ':' ? name.substr(0, digits) : std::string_view{};
}

const ColumnMask* strictest(const Masks& masks) {
  const ColumnMask* found = nullptr;
  for (const auto& [name, mask] : masks)
    if (found == nullptr || found->method < mask.method) found = &mask;
  return found;
}

/// The strictest demand for the values that `made` is made of.
std::optional<ColumnMask> demand_for(const SqlColumn& made, const Masks& open) {
  const ColumnMask* found = nullptr;
  for (const std::string& from : made.from) {
    const ColumnMask* one = from == any_column ? strictest(open) : mask_for(open, from);
    if (one != nullptr && (found == nullptr || found->method < one->method)) found = one;
  }
  if (found == nullptr) return {};
  // Several columns with the last characters of parts of a value would tell the whole.
  const MaskMethod method =
      found->method == MaskMethod::partial ? MaskMethod::redact : found->method;
  return ColumnMask{made.name, method, found->why};
}

/// Only masked values go into it: the laxest of their masks.
std::optional<ColumnMask> mask_of_all(const SqlColumn& made, const Masks& masked) {
  std::optional<ColumnMask> laxest;
  for (const std::string& from : made.from) {
    const auto at = masked.find(from);
    if (at == masked.end()) return {};
    const ColumnMask& one = at->second;
    if (!laxest || one.method < laxest->method) laxest = {made.name, one.method, one.why};
  }
  return laxest;
}

/// New columns are masked when all that they are made of is; else the rules for their names count.
void name_new(const SqlReading& reading, const std::map<std::string, MaskMethod>& by_field,
              Columns& columns) {
  std::set<std::string> clear;
  for (const SqlColumn& made : reading.makes) {
    if (made.name.empty()) continue;
    if (auto mask = mask_of_all(made, columns.masked)) {
      if (!clear.contains(made.name)) columns.masked.insert_or_assign(made.name, *std::move(mask));
      continue;
    }
    clear.insert(made.name);
    columns.masked.erase(made.name);
    for (const auto& [field, method] : by_field)
      if (method != MaskMethod::keep && governance::same_letters(field, made.name))
        demand(columns.open, {field, method, "herd policy for " + field});
  }
}

/// Demands go with the values, until nothing changes. False when they go where nobody can tell.
bool spread(const SqlReading& reading, Masks& open) {
  bool followed = true;
  for (int round = 0; round < rounds_most; ++round) {
    bool grows = false;
    for (const SqlColumn& made : reading.makes) {
      const auto wanted = demand_for(made, open);
      if (!wanted) continue;
      if (made.name.empty()) {
        followed = false;
        continue;
      }
      const auto at = open.find(made.name);
      grows |= at == open.end() || at->second.method < wanted->method;
      demand(open, *wanted);
    }
    if (!grows) return followed;
  }
  return false;
}

}  // namespace

void demand(Masks& masks, const ColumnMask& mask) {
  const auto [at, fresh] = masks.try_emplace(governance::ascii_lower(mask.column), mask);
  if (!fresh && at->second.method < mask.method) at->second = mask;
}

const ColumnMask* mask_for(const Masks& masks, std::string_view column) {
  const std::string name = governance::ascii_lower(std::string(column));
  auto at = masks.find(name);
  if (const auto first = without_number(name); at == masks.end() && !first.empty())
    at = masks.find(std::string(first));
  return at == masks.end() ? nullptr : &at->second;
}

bool Columns::may_hold(const std::string& name) const { return !names || names->contains(name); }

Columns together(const std::vector<const Columns*>& inputs) {
  Columns all;
  for (const Columns* input : inputs)
    for (const auto& [name, mask] : input->open) demand(all.open, mask);
  for (const Columns* input : inputs)
    for (const auto& [name, mask] : input->masked) {
      const auto clear = [&](const Columns* other) {
        return other->open.contains(name) ||
               (!other->masked.contains(name) && other->may_hold(name));
      };
      if (std::ranges::any_of(inputs, clear)) continue;
      const auto [at, fresh] = all.masked.try_emplace(name, mask);
      if (!fresh && mask.method < at->second.method) at->second = mask;
    }
  return all;
}

Flow flow_of(const SqlReading& reading, const Columns& inputs,
             const std::map<std::string, MaskMethod>& by_field) {
  Flow flow{inputs, true};
  name_new(reading, by_field, flow.columns);
  flow.followed = spread(reading, flow.columns.open);
  for (const auto& [name, mask] : flow.columns.open) flow.columns.masked.erase(name);
  return flow;
}

bool tells(const SqlReading& reading, Masks open) {
  if (open.empty()) return false;
  if (!spread(reading, open) || reading.gives.empty()) return true;
  return std::ranges::any_of(
      reading.gives, [&](const SqlColumn& one) { return demand_for(one, open).has_value(); });
}

}  // namespace runink::pipeline
