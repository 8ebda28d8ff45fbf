// The kinds of change and their verdicts; docs/adr/0007-contract-changes.md says why.
#include <iterator>

#include "governance/contract_change.hpp"

namespace runink::governance {
namespace {

struct KindOfChange {
  ChangeKind kind;
  std::string_view name;
  std::string_view sentence;
  Breaks breaks;
};
using enum ChangeKind;
constexpr KindOfChange kinds[] = {
    {contract_renamed, "contract_renamed", "the contract was renamed", Breaks::nobody},
    {contract_id_changed, "contract_id_changed", "the contract's id changed", Breaks::nobody},
    {version_changed, "version_changed", "the author's version changed", Breaks::nobody},
    {status_changed, "status_changed", "the status changed", Breaks::nobody},
    {contract_retired, "contract_retired", "the contract was retired", Breaks::readers},
    {object_added, "object_added", "the object is new", Breaks::nobody},
    {object_removed, "object_removed", "the object was removed", Breaks::both},
    {object_respelled, "object_respelled", "the name is spelled in other letters", Breaks::nobody},
    {object_physical_name_changed, "object_physical_name_changed", "the physical name changed",
     Breaks::nobody},
    {column_added, "column_added", "the column is new", Breaks::nobody},
    {required_column_added, "required_column_added", "the column is new and required",
     Breaks::producers},
    {column_removed, "column_removed", "the column was removed", Breaks::readers},
    {column_respelled, "column_respelled", "the name is spelled in other letters", Breaks::nobody},
    {columns_reordered, "columns_reordered", "the columns stand in another order", Breaks::nobody},
    {part_added, "part_added", "the part is new", Breaks::nobody},
    {required_part_added, "required_part_added", "the part is new and required", Breaks::producers},
    {part_removed, "part_removed", "the part was removed", Breaks::readers},
    {description_changed, "description_changed", "the description changed", Breaks::nobody},
    {type_stated, "type_stated", "the type is stated now", Breaks::nobody},
    {type_widened, "type_widened", "the type was widened", Breaks::nobody},
    {type_narrowed, "type_narrowed", "the type was narrowed", Breaks::producers},
    {type_changed, "type_changed", "the type changed", Breaks::both},
    {physical_type_noted, "physical_type_noted", "the physical type changed, which is not checked",
     Breaks::nobody},
    {required_added, "required_added", "a value is required now", Breaks::producers},
    {required_removed, "required_removed", "a value is no longer required", Breaks::readers},
    {unique_added, "unique_added", "values must be unique now", Breaks::producers},
    {unique_removed, "unique_removed", "values need no longer be unique", Breaks::readers},
    {primary_key_added, "primary_key_added", "there is a primary key now", Breaks::producers},
    {primary_key_removed, "primary_key_removed", "there is no primary key any more",
     Breaks::readers},
    {primary_key_changed, "primary_key_changed", "the primary key has other columns", Breaks::both},
    {primary_key_reordered, "primary_key_reordered",
     "the primary key has its columns in another order", Breaks::nobody},
    {classification_added, "classification_added", "the column is classified now", Breaks::readers},
    {classification_changed, "classification_changed", "the classification changed",
     Breaks::readers},
    {classification_removed, "classification_removed", "the column is no longer classified",
     Breaks::readers},
    {min_length_added, "min_length_added", "there is a least length now", Breaks::producers},
    {min_length_raised, "min_length_raised", "the least length was raised", Breaks::producers},
    {min_length_lowered, "min_length_lowered", "the least length was lowered", Breaks::nobody},
    {min_length_removed, "min_length_removed", "the least length was removed", Breaks::nobody},
    {max_length_added, "max_length_added", "there is a greatest length now", Breaks::producers},
    {max_length_raised, "max_length_raised", "the greatest length was raised", Breaks::nobody},
    {max_length_lowered, "max_length_lowered", "the greatest length was lowered",
     Breaks::producers},
    {max_length_removed, "max_length_removed", "the greatest length was removed", Breaks::nobody},
    {pattern_added, "pattern_added", "values must match a pattern now", Breaks::producers},
    {pattern_changed, "pattern_changed", "the pattern changed", Breaks::producers},
    {pattern_removed, "pattern_removed", "the pattern was removed", Breaks::nobody},
    {format_added, "format_added", "values must have a format now", Breaks::producers},
    {format_changed, "format_changed", "the format changed", Breaks::producers},
    {format_removed, "format_removed", "the format was removed", Breaks::nobody},
    {format_noted, "format_noted", "the format changed, which is not checked", Breaks::nobody},
    {date_format_changed, "date_format_changed", "the text form of dates and times changed",
     Breaks::producers},
    {minimum_added, "minimum_added", "there is a minimum now", Breaks::producers},
    {minimum_raised, "minimum_raised", "the minimum was raised", Breaks::producers},
    {minimum_lowered, "minimum_lowered", "the minimum was lowered", Breaks::nobody},
    {minimum_removed, "minimum_removed", "the minimum was removed", Breaks::nobody},
    {maximum_added, "maximum_added", "there is a maximum now", Breaks::producers},
    {maximum_raised, "maximum_raised", "the maximum was raised", Breaks::nobody},
    {maximum_lowered, "maximum_lowered", "the maximum was lowered", Breaks::producers},
    {maximum_removed, "maximum_removed", "the maximum was removed", Breaks::nobody},
    {range_changed, "range_changed", "the range changed, and its texts have no order of their own",
     Breaks::producers},
    {multiple_added, "multiple_added", "values must be multiples now", Breaks::producers},
    {multiple_loosened, "multiple_loosened", "multiples of less are allowed", Breaks::nobody},
    {multiple_tightened, "multiple_tightened", "values must be other multiples", Breaks::producers},
    {multiple_removed, "multiple_removed", "values need no longer be multiples", Breaks::nobody},
    {timezone_added, "timezone_added", "texts must carry their offset now", Breaks::both},
    {timezone_removed, "timezone_removed", "texts carry no offset any more", Breaks::both},
    {default_timezone_changed, "default_timezone_changed", "the default time zone changed",
     Breaks::readers},
    {unique_items_added, "unique_items_added", "items must be unique now", Breaks::producers},
    {unique_items_removed, "unique_items_removed", "items need no longer be unique",
     Breaks::nobody},
    {part_required, "part_required", "a part is required now", Breaks::producers},
    {part_no_longer_required, "part_no_longer_required", "a part is no longer required",
     Breaks::readers},
    {quality_added, "quality_added", "the quality rule is new", Breaks::producers},
    {quality_warning_added, "quality_warning_added", "the quality rule is new and only warns",
     Breaks::nobody},
    {quality_removed, "quality_removed", "the quality rule was removed", Breaks::nobody},
    {quality_tightened, "quality_tightened", "the quality rule allows less", Breaks::producers},
    {quality_loosened, "quality_loosened", "the quality rule allows more", Breaks::nobody},
    {quality_changed, "quality_changed", "the quality rule changed", Breaks::producers},
    {quality_warning_changed, "quality_warning_changed", "the quality rule changed and only warns",
     Breaks::nobody},
    {severity_raised, "severity_raised", "the quality rule is an error now", Breaks::producers},
    {severity_changed, "severity_changed", "the severity changed", Breaks::nobody},
    {valid_values_added, "valid_values_added", "more values are valid", Breaks::nobody},
    {valid_values_removed, "valid_values_removed", "fewer values are valid", Breaks::producers},
    {missing_values_added, "missing_values_added", "more values count as missing",
     Breaks::producers},
    {missing_values_removed, "missing_values_removed", "fewer values count as missing",
     Breaks::nobody},
    {dimension_changed, "dimension_changed", "the dimension changed", Breaks::nobody},
    {reference_added, "reference_added", "values must stand in another object now",
     Breaks::producers},
    {reference_removed, "reference_removed", "values need no longer stand in another object",
     Breaks::readers},
};
static_assert(std::size(kinds) == change_kinds);

constexpr bool in_order() {
  for (std::size_t i = 0; i < change_kinds; ++i)
    if (kinds[i].kind != static_cast<ChangeKind>(i)) return false;
  return true;
}
static_assert(in_order());

const KindOfChange& row(ChangeKind kind) {
  const auto at = static_cast<std::size_t>(kind);
  return kinds[at < change_kinds ? at : 0];
}

}  // namespace

std::string_view to_string(ChangeKind kind) { return row(kind).name; }
std::string_view sentence_of(ChangeKind kind) { return row(kind).sentence; }
Breaks breaks_of(ChangeKind kind) { return row(kind).breaks; }

std::string_view to_string(Breaks breaks) {
  switch (breaks) {
    case Breaks::nobody: return "nobody";
    case Breaks::readers: return "readers";
    case Breaks::producers: return "producers";
    case Breaks::both: return "readers and producers";
  }
  return "?";
}

}  // namespace runink::governance
