#include "vocabulary/names.hpp"

#include <algorithm>
#include <vector>

#include "vocabulary/limits.hpp"

namespace runink {

Result<void> check_name(std::string_view kind, std::string_view name) {
  const std::string what =
      "The " + std::string(kind) + " name '" + std::string(name.substr(0, 80)) + "' ";
  if (name.empty())
    return fail(FaultKind::bad_input, "The " + std::string(kind) + " name is empty.");
  if (name.size() > limits::name_bytes)
    return fail(FaultKind::bad_input, what + "has " + std::to_string(name.size()) +
                                          " characters; at most " +
                                          std::to_string(limits::name_bytes) + " are allowed.");
  if (name.front() < 'a' || name.front() > 'z')
    return fail(FaultKind::bad_input, what + "must start with a letter from a to z.");
  for (const char c : name) {
    const bool fine = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    if (!fine)
      return fail(FaultKind::bad_input,
                  what + "may only have the characters a-z, 0-9, '_' and '-'.");
  }
  return {};
}

Result<void> check_dataset_name(std::string_view name) {
  if (name.ends_with(rejected_ending)) name.remove_suffix(rejected_ending.size());
  return check_name("dataset", name);
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), row(b.size() + 1), next(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    next[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      next[j] =
          std::min({row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        next[j] = std::min(next[j], before[j - 2] + 1);
    }
    std::swap(before, row);
    std::swap(row, next);
  }
  return row[b.size()];
}

std::optional<std::string> nearest_name(std::string_view wrong,
                                        std::span<const std::string> known) {
  // Nobody mistypes a name of this length; and the work grows with the product of both lengths.
  constexpr std::size_t mistyped_bytes = 256;
  if (wrong.size() > mistyped_bytes) return {};
  const std::size_t allowed = std::max<std::size_t>(1, wrong.size() / 3);
  std::size_t best = allowed + 1;
  std::optional<std::string> nearest;
  for (const std::string& one : known) {
    const std::size_t distance = edit_distance(wrong, one);
    if (distance < best) {
      best = distance;
      nearest = one;
    }
  }
  return nearest;
}

}  // namespace runink
