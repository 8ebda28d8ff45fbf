#include "pipeline/section.hpp"

#include <algorithm>

#include "vocabulary/text.hpp"

namespace runink::pipeline {

const Entry* Section::take(std::string_view key) {
  if (std::ranges::find(known_, key) == known_.end()) known_.emplace_back(key);
  const auto at = std::ranges::find(table_.table, key, &Entry::key);
  return at == table_.table.end() ? nullptr : &*at;
}

const Entry* Section::take(std::string_view key, Kind kind) {
  const Entry* entry = take(key);
  if (entry == nullptr || entry->value.kind == kind) return entry;
  mistakes_.error(entry->value.span, "`" + std::string(key) + "`" + within() + " must be " +
                                         std::string(to_string(kind)) + ", not " +
                                         std::string(to_string(entry->value.kind)));
  return nullptr;
}

std::optional<std::uint32_t> Section::take_number(std::string_view key, std::uint32_t least,
                                                  std::uint32_t most) {
  const Entry* entry = take(key, Kind::integer);
  if (entry == nullptr) return {};
  const std::int64_t n = entry->value.integer;
  if (n >= least && n <= most) return static_cast<std::uint32_t>(n);
  mistakes_.error(entry->value.span, "`" + std::string(key) + "`" + within() + " must be from " +
                                         std::to_string(least) + " to " + std::to_string(most));
  return {};
}

bool Section::is_quantity(const Entry& entry, bool bare_number) {
  const Kind kind = entry.value.kind;
  if (kind == Kind::text) return true;
  if (bare_number && (kind == Kind::integer || kind == Kind::real)) return true;
  const bool number = kind == Kind::integer || kind == Kind::real;
  mistakes_.error(
      entry.value.span,
      "`" + entry.key + "`" + within() + " must be a text, not " + std::string(to_string(kind)),
      number ? "write it with its unit: \"" + printable(entry.value.text, 30) + "s\""
             : std::string{});
  return false;
}

void Section::refuse(std::string_view key, const std::string& why, const std::string& hint) {
  const auto at = std::ranges::find(table_.table, key, &Entry::key);
  if (at == table_.table.end()) return;
  refused_.emplace_back(key);
  mistakes_.error(at->span, why, hint);
}

const Entry* Section::take_one_of(const std::vector<std::string>& keys, Span at) {
  const Entry* first = nullptr;
  for (const Entry& entry : table_.table) {
    if (std::ranges::find(keys, entry.key) == keys.end()) continue;
    if (first == nullptr)
      first = &entry;
    else
      mistakes_.error(entry.span, what_ + " has both `" + first->key + "` and `" + entry.key + "`",
                      "keep exactly one of " + listed(keys, "and"));
  }
  for (const std::string& key : keys) take(key);
  if (first == nullptr) mistakes_.error(at, what_ + " needs one of " + listed(keys, "or"));
  return first;
}

void Section::finish() {
  for (const Entry& entry : table_.table) {
    const auto in = [&](const auto& names) {
      return std::ranges::find(names, entry.key) != names.end();
    };
    if (in(known_) || in(refused_)) continue;
    mistakes_.error(entry.span, "unknown key `" + printable(entry.key, 80) + "`" + within(),
                    mistakes_.suggest(entry.key, known_));
  }
}

std::string listed(const std::vector<std::string>& names, std::string_view last_word) {
  std::string all;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) all += i + 1 == names.size() ? " " + std::string(last_word) + " " : ", ";
    all += "`" + names[i] + "`";
  }
  return all;
}

std::string as_message(const Fault& fault) {
  std::string text = fault.what;
  if (text.ends_with('.')) text.pop_back();
  return text;
}

}  // namespace runink::pipeline
