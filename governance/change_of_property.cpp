// What changed in one property: its type, its duties, its options.
#include <set>
#include <utility>

#include "governance/ascii.hpp"
#include "governance/change_list.hpp"
#include "governance/decimal.hpp"
#include "governance/number_type.hpp"
#include "governance/value_format.hpp"

namespace runink::governance {
namespace {

using enum ChangeKind;

/// Adds changes of one property.
class PropertyChanges {
 public:
  PropertyChanges(ChangeList& list, const Property& before, const Property& after)
      : list_(list), before_(before), after_(after) {}

  void duties() {
    if (before_.name != after_.name) add(column_respelled, before_.name, after_.name);
    if (before_.description != after_.description) add(description_changed, "", "");
    flag(required_added, required_removed, before_.required, after_.required);
    flag(unique_added, unique_removed, before_.unique, after_.unique);
    if (before_.classification != after_.classification)
      add(before_.classification.empty()  ? classification_added
          : after_.classification.empty() ? classification_removed
                                          : classification_changed,
          before_.classification, after_.classification);
  }

  /// True when both have the same type, so that their options can be compared.
  bool type() {
    if (before_.type != after_.type) {
      add(type_changed, type_text(before_), type_text(after_));
      return false;
    }
    if (before_.type_given != after_.type_given && after_.type_given)
      add(type_stated, "", type_text(after_));
    const auto from = number_type(before_), to = number_type(after_);
    if (from && to && *from != *to)
      add(kind_of(*from, *to), type_text(before_), type_text(after_));
    else if (before_.physical_type != after_.physical_type)
      add(physical_type_noted, before_.physical_type, after_.physical_type);
    return true;
  }

  void options() {
    length(min_length_added, before_.options.min_length, after_.options.min_length);
    length(max_length_added, before_.options.max_length, after_.options.max_length);
    text(pattern_added, before_.options.pattern, after_.options.pattern);
    format();
    limit(minimum_added, before_.options.minimum, after_.options.minimum, true);
    limit(maximum_added, before_.options.maximum, after_.options.maximum, false);
    multiple();
    flag(timezone_added, timezone_removed, before_.options.timezone, after_.options.timezone);
    if (before_.options.default_timezone != after_.options.default_timezone)
      add(default_timezone_changed, before_.options.default_timezone,
          after_.options.default_timezone);
    flag(unique_items_added, unique_items_removed, before_.options.unique_items,
         after_.options.unique_items);
    required_parts();
  }

 private:
  void add(ChangeKind kind, std::string from, std::string to) {
    list_.add(kind, before_.name, {column_of(before_.name)}, std::move(from), std::move(to));
  }
  void flag(ChangeKind added, ChangeKind removed, bool from, bool to) {
    if (from != to) add(to ? added : removed, "", "");
  }
  static ChangeKind after(ChangeKind kind, int steps) {
    return static_cast<ChangeKind>(static_cast<int>(kind) + steps);
  }

  static std::string type_text(const Property& property) {
    std::string text(to_string(property.type));
    if (!property.physical_type.empty())
      text += " " + property.physical_type;
    else if (number_type(property) && !property.options.format.empty())
      text += " " + property.options.format;
    return text;
  }

  static ChangeKind kind_of(const NumberType& from, const NumberType& to) {
    if (from.family != to.family) return type_changed;
    if (to.low >= from.low && to.high >= from.high) return type_widened;
    if (to.low <= from.low && to.high <= from.high) return type_narrowed;
    // Some values fit no more; digits that moved across the point are another type.
    return from.family == NumberFamily::whole ? type_narrowed : type_changed;
  }

  /// `added` is followed by raised, lowered and removed.
  void length(ChangeKind added, const std::optional<std::uint64_t>& from,
              const std::optional<std::uint64_t>& to) {
    if (from == to) return;
    const std::string was = from ? std::to_string(*from) : "", is = to ? std::to_string(*to) : "";
    add(!from         ? added
        : !to         ? after(added, 3)
        : *to > *from ? after(added, 1)
                      : after(added, 2),
        was, is);
  }

  /// `added` is followed by changed and removed.
  void text(ChangeKind added, const std::string& from, const std::string& to) {
    if (from != to)
      add(from.empty() ? added : to.empty() ? after(added, 2) : after(added, 1), from, to);
  }

  void format() {
    const std::string& from = before_.options.format;
    const std::string& to = after_.options.format;
    if (from == to || number_type(before_)) return;  // formats of numbers are types
    if (before_.type != LogicalType::string) return add(date_format_changed, from, to);
    const bool was = is_checked_format(from), is = is_checked_format(to);
    add(was && is ? format_changed
        : is      ? format_added
        : was     ? format_removed
                  : format_noted,
        from, to);
  }

  static std::string limit_text(const Limit& limit) {
    return limit.value + (limit.exclusive ? " (excluded)" : "");
  }

  /// Where one end of the range went: above 0 = up; nothing when its texts have no order.
  std::optional<int> moved(const Limit& from, const Limit& to, bool is_minimum) const {
    std::strong_ordering order = std::strong_ordering::equal;
    if (number_type(before_))
      order = compare_plain(to.value, from.value);
    else if (is_date(from.value) && is_date(to.value))
      order = to.value.compare(from.value) <=> 0;
    else if (from.value != to.value)
      return std::nullopt;
    if (order != 0) return order > 0 ? 1 : -1;
    return to.exclusive == is_minimum ? 1 : -1;  // without its end a range is smaller
  }

  void limit(ChangeKind added, const std::optional<Limit>& from, const std::optional<Limit>& to,
             bool is_minimum) {
    if (from == to) return;
    if (!from) return add(added, "", limit_text(*to));
    if (!to) return add(after(added, 3), limit_text(*from), "");
    const auto way = moved(*from, *to, is_minimum);
    add(!way ? range_changed : after(added, *way > 0 ? 1 : 2), limit_text(*from), limit_text(*to));
  }

  void multiple() {
    const auto& from = before_.options.multiple_of;
    const auto& to = after_.options.multiple_of;
    if (from == to) return;
    if (!from) return add(multiple_added, "", to_text(*to));
    if (!to) return add(multiple_removed, to_text(*from), "");
    // from is a multiple of to when from.units * 10^to.scale is one of to.units * 10^from.scale.
    __extension__ typedef __int128 Wide;
    const Wide left = Wide{from->units} * power_of_ten(to->scale);
    const Wide right = Wide{to->units} * power_of_ten(from->scale);
    add(right != 0 && left % right == 0 ? multiple_loosened : multiple_tightened, to_text(*from),
        to_text(*to));
  }

  void required_parts() {
    const auto& from = before_.options.required_properties;
    const auto& to = after_.options.required_properties;
    const std::set<std::string> was(from.begin(), from.end()), is(to.begin(), to.end());
    for (const std::string& name : from)
      if (!is.contains(name)) add(part_no_longer_required, name, "");
    for (const std::string& name : to)
      if (!was.contains(name)) add(part_required, "", name);
  }

  ChangeList& list_;
  const Property& before_;
  const Property& after_;
};

}  // namespace

void compare_properties(ChangeList& list, const Property& before, const Property& after) {
  PropertyChanges changes{list, before, after};
  const bool same_type = changes.type();
  changes.duties();
  if (same_type) changes.options();
}

}  // namespace runink::governance
