// The list of changes while it is made, and the comparisons of its parts.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "governance/contract_change.hpp"

namespace runink::governance {

/// Adds changes of one object.
class ChangeList {
 public:
  ChangeList(std::vector<Change>& changes, std::string object)
      : changes_(changes), object_(std::move(object)) {}

  /// A change of `property` (empty = of the object), which touches `columns` (empty = all).
  void add(ChangeKind kind, const std::string& property, std::vector<std::string> columns,
           std::string from, std::string to) {
    changes_.push_back(
        {kind, object_, property, std::move(from), std::move(to), std::move(columns)});
  }

 private:
  std::vector<Change>& changes_;
  std::string object_;
};

/// The column of a path: "address" of "address.city" and of "address[]".
std::string column_of(const std::string& path);
/// A list for people: "a, b".
std::string joined(const std::vector<std::string>& names);

void compare_properties(ChangeList& list, const Property& before, const Property& after);
void compare_quality(ChangeList& list, const SchemaObject& before, const SchemaObject& after);

}  // namespace runink::governance
