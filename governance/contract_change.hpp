// What changed from one version of a contract to the next, and whom it breaks. The reasons for each
// verdict stand in docs/adr/0007-contract-changes.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "governance/contract.hpp"

namespace runink::governance {

/// Every kind of change that is told apart; each has one verdict (`breaks_of`). Names are stable; numbers are not kept anywhere.
enum class ChangeKind : std::uint8_t {
  contract_renamed,
  contract_id_changed,
  version_changed,
  status_changed,
  contract_retired,
  object_added,
  object_removed,
  object_respelled,
  object_physical_name_changed,
  column_added,
  required_column_added,
  column_removed,
  column_respelled,
  columns_reordered,
  part_added,
  required_part_added,
  part_removed,
  description_changed,
  type_stated,
  type_widened,
  type_narrowed,
  type_changed,
  physical_type_noted,
  required_added,
  required_removed,
  unique_added,
  unique_removed,
  primary_key_added,
  primary_key_removed,
  primary_key_changed,
  primary_key_reordered,
  classification_added,
  classification_changed,
  classification_removed,
  min_length_added,
  min_length_raised,
  min_length_lowered,
  min_length_removed,
  max_length_added,
  max_length_raised,
  max_length_lowered,
  max_length_removed,
  pattern_added,
  pattern_changed,
  pattern_removed,
  format_added,
  format_changed,
  format_removed,
  format_noted,
  date_format_changed,
  minimum_added,
  minimum_raised,
  minimum_lowered,
  minimum_removed,
  maximum_added,
  maximum_raised,
  maximum_lowered,
  maximum_removed,
  range_changed,
  multiple_added,
  multiple_loosened,
  multiple_tightened,
  multiple_removed,
  timezone_added,
  timezone_removed,
  default_timezone_changed,
  unique_items_added,
  unique_items_removed,
  part_required,
  part_no_longer_required,
  quality_added,
  quality_warning_added,
  quality_removed,
  quality_tightened,
  quality_loosened,
  quality_changed,
  quality_warning_changed,
  severity_raised,
  severity_changed,
  valid_values_added,
  valid_values_removed,
  missing_values_added,
  missing_values_removed,
  dimension_changed,
  reference_added,
  reference_removed
};
inline constexpr std::size_t change_kinds = 86;
/// "column_removed".
std::string_view to_string(ChangeKind kind);

/// Whom a change may break. Readers read datasets that the contract describes; producers make data
/// that it judges: what was accepted may be rejected.
enum class Breaks : std::uint8_t { nobody = 0, readers = 1, producers = 2, both = 3 };
constexpr bool known(Breaks b) { return b <= Breaks::both; }
/// "nobody", "readers", "producers", "readers and producers".
std::string_view to_string(Breaks breaks);

Breaks breaks_of(ChangeKind kind);
/// For people: "the column was removed".
std::string_view sentence_of(ChangeKind kind);

struct Change {
  ChangeKind kind = ChangeKind::description_changed;
  std::string object;    ///< empty = the contract as a whole
  std::string property;  ///< a column, a part of one, or the name of a quality rule; may be empty
  std::string from;      ///< what stood there, as text; may be empty
  std::string to;
  bool breaking() const { return breaks_of(kind) != Breaks::nobody; }
  bool breaks_readers() const {
    return breaks_of(kind) == Breaks::readers || breaks_of(kind) == Breaks::both;
  }
  /// The columns it touches; empty = all.
  std::vector<std::string> columns;
  friend bool operator==(const Change&, const Change&) = default;
};

/// All changes from `before` to `after`, in the order of `before`, then what is new. Equal contracts
/// give none. Only what the typed contract holds is compared: a new team or server is no change.
std::vector<Change> changes_between(const Contract& before, const Contract& after);

/// "trades.price: the column was removed (breaks readers)".
std::string to_text(const Change& change);

/// Who reads an object of the contract.
struct ContractConsumer {
  std::string name;  ///< "finance/settlement"
  std::string object;
  std::vector<std::string> columns;  ///< empty = all, or not known
  friend bool operator==(const ContractConsumer&, const ContractConsumer&) = default;
};

struct BrokenConsumer {
  std::string name;
  std::vector<std::size_t> changes;  ///< indexes of the changes that break it, ascending
  friend bool operator==(const BrokenConsumer&, const BrokenConsumer&) = default;
};

/// Each consumer that a change breaks as a reader, once, by name: a change of a column breaks those
/// who use it (without regard to the case of ASCII letters), one of an object all who read the
/// object, one of the contract everybody.
std::vector<BrokenConsumer> broken_consumers(const std::vector<Change>& changes,
                                             const std::vector<ContractConsumer>& consumers);

}  // namespace runink::governance
