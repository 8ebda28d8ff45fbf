// One table of a file, read key by key; what nobody asked for is a mistake.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/toml_file.hpp"
#include "vocabulary/fault.hpp"
#include "vocabulary/source_text.hpp"

namespace runink::pipeline {

class Section {
 public:
  /// `what` names the table in sentences: "[step.netted]", or "" for the file itself.
  Section(const Value& table, std::string what, Mistakes& mistakes)
      : table_(table), what_(std::move(what)), mistakes_(mistakes) {}

  /// The key, if it is there. From now on it is a known one.
  const Entry* take(std::string_view key);
  /// The same, if its value is of `kind`; another kind is a mistake.
  const Entry* take(std::string_view key, Kind kind);
  /// The same for a whole number within [least, most].
  std::optional<std::uint32_t> take_number(std::string_view key, std::uint32_t least,
                                           std::uint32_t most);
  /// A quantity as a text, or as a bare number where `bare_number`.
  template <class T>
  std::optional<T> take_quantity(std::string_view key, Result<T> (*parse)(std::string_view),
                                 bool bare_number) {
    const Entry* entry = take(key);
    if (entry == nullptr || !is_quantity(*entry, bare_number)) return {};
    const Result<T> value = parse(entry->value.text);
    if (value) return *value;
    mistakes_.error(entry->value.span, "`" + std::string(key) + "`: " + value.error().what);
    return {};
  }
  /// The key means something, but not here: a mistake with `why`, and no unknown key.
  void refuse(std::string_view key, const std::string& why, const std::string& hint = {});
  /// Of several keys of which exactly one must stand: that one. None or more is a mistake; `at` is
  /// where a missing one is told.
  const Entry* take_one_of(const std::vector<std::string>& keys, Span at);
  /// Every key that was never taken or refused is unknown.
  void finish();

  const std::string& what() const { return what_; }

 private:
  bool is_quantity(const Entry& entry, bool bare_number);
  std::string within() const { return what_.empty() ? "" : " in " + what_; }

  const Value& table_;
  std::string what_;
  Mistakes& mistakes_;
  std::vector<std::string> known_;  ///< asked for, so worth suggesting
  std::vector<std::string> refused_;
};

/// "`a`, `b` or `c`"
std::string listed(const std::vector<std::string>& names, std::string_view last_word);
/// The sentence of a fault as the message of a diagnostic: without its full stop.
std::string as_message(const Fault& fault);

}  // namespace runink::pipeline
