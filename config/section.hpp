// Reads one table of the cluster file key by key, and notes every mistake on the way.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/document.hpp"
#include "config/mistake.hpp"

namespace runink::config {

/// A value and where it stands, so that a later check can point at it.
template <class T>
struct Found {
  T value;
  Place place;
};

/// Collects mistakes; one list for the whole file.
class Notes {
 public:
  void add(const Place& place, std::string what);
  bool empty() const { return list_.empty(); }
  /// In the order of the text.
  std::vector<Mistake> take();

 private:
  std::vector<Mistake> list_;
};

/// "Did you mean 'x'?", or the list of what is known.
std::string suggestion(std::string_view wrong, const std::vector<std::string>& known);

/// One table. Every key that is asked for is a known key; `finish` notes the others.
class Section {
 public:
  /// `table` may be null: the section is not in the file. `name` is how a sentence calls it:
  /// "[node]". `missing` is where a key that is absent is reported.
  Section(const Value* table, std::string name, Place missing, Notes& notes);

  bool given() const { return table_ != nullptr; }
  /// The value of `key` whatever it is, or null.
  const Value* find(std::string_view key);

  std::optional<Found<std::string>> text(std::string_view key);
  /// As `text`, and its absence is a mistake; `example` shows what to write.
  std::optional<Found<std::string>> required_text(std::string_view key, std::string_view example);
  /// A whole number from `least` to `most`.
  std::optional<Found<std::int64_t>> integer(std::string_view key, std::int64_t least,
                                             std::int64_t most);
  std::optional<Found<bool>> flag(std::string_view key);
  /// A text, or a whole number as its digits: quantities may be written either way.
  std::optional<Found<std::string>> quantity(std::string_view key);
  /// A list of texts.
  std::optional<Found<std::vector<Found<std::string>>>> texts(std::string_view key);
  /// The table below `key`, which may be absent.
  Section table(std::string_view key, std::string name);

  /// The place of the section's head, for what is wrong with all of it.
  Place place() const { return missing_; }
  const std::string& name() const { return name_; }
  Notes& notes() { return *notes_; }
  /// Notes every key that nobody asked for, with the nearest one that exists.
  void finish();

 private:
  void wrong_kind(std::string_view key, const Value& value, std::string_view expected);

  const Value* table_;
  std::string name_;
  Place missing_;
  Notes* notes_;
  std::vector<std::string> known_;
};

}  // namespace runink::config
