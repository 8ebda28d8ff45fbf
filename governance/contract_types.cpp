// logicalType and logicalTypeOptions: ranges that can be met, patterns that can run.
#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "governance/contract_parts.hpp"
#include "governance/decimal.hpp"
#include "governance/pattern.hpp"
#include "governance/value_format.hpp"
#include "vocabulary/text.hpp"

namespace runink::governance {
namespace {

/// Formats of texts that say what a text is for, and cannot be checked.
constexpr std::string_view meanings[] = {"password", "binary"};
constexpr std::string_view checked[] = {"email", "uuid", "uri", "hostname", "ipv4", "ipv6", "byte"};

struct IntegerRange {
  std::string_view format, least, greatest;
};
constexpr IntegerRange integer_ranges[] = {
    {"i8", "-128", "127"},
    {"i16", "-32768", "32767"},
    {"i32", "-2147483648", "2147483647"},
    {"i64", "-9223372036854775808", "9223372036854775807"},
    {"u8", "0", "255"},
    {"u16", "0", "65535"},
    {"u32", "0", "4294967295"},
    {"u64", "0", "18446744073709551615"},
};

std::optional<LogicalType> logical_type(std::string_view name) {
  for (auto type = LogicalType::string; known(type);
       type = static_cast<LogicalType>(static_cast<std::uint8_t>(type) + 1))
    if (to_string(type) == name) return type;
  return std::nullopt;
}

class OptionReader {
 public:
  OptionReader(Mistakes& mistakes, const YamlNode& node, Property& property)
      : mistakes_(mistakes), node_(node), property_(property), options_(property.options) {}

  void read() {
    switch (property_.type) {
      case LogicalType::string: return of_string();
      case LogicalType::date:
      case LogicalType::timestamp:
      case LogicalType::time: return of_moment();
      case LogicalType::integer:
      case LogicalType::number: return of_number();
      case LogicalType::object:
        lengths("minProperties", "maxProperties");
        return required_properties();
      case LogicalType::array:
        lengths("minItems", "maxItems");
        options_.unique_items = flag_of(node_, "uniqueItems");
        return;
      case LogicalType::boolean: return;
    }
  }

 private:
  std::optional<std::uint64_t> length(std::string_view key) {
    const YamlNode* value = value_of(node_, key, YamlKind::number);
    if (value == nullptr) return std::nullopt;
    const auto plain = plain_number(value->text);
    const auto decimal = plain ? to_decimal(*plain) : std::nullopt;
    if (decimal && decimal->scale == 0 && decimal->units >= 0)
      return static_cast<std::uint64_t>(decimal->units);
    if (!decimal)
      mistakes_.error(value->span, "`" + std::string(key) + "` has more than 18 digits");
    return std::nullopt;
  }

  void lengths(std::string_view least, std::string_view most) {
    options_.min_length = length(least);
    options_.max_length = length(most);
    if (options_.min_length && options_.max_length && *options_.min_length > *options_.max_length)
      mistakes_.error(node_.find(least)->span, "`" + std::string(least) + "` is more than `" +
                                                   std::string(most) + "`: no value fits");
  }

  void of_string() {
    lengths("minLength", "maxLength");
    options_.format = text_of(node_, "format");
    if (!options_.format.empty() && !is_checked_format(options_.format) &&
        std::ranges::find(meanings, options_.format) == std::end(meanings)) {
      std::vector<std::string> names(std::begin(checked), std::end(checked));
      mistakes_.warn(node_.find("format")->span,
                     "the format `" + printable(options_.format, 60) + "` is not checked",
                     mistakes_.suggest(options_.format, names));
    }
    if (const YamlNode* pattern = value_of(node_, "pattern", YamlKind::text)) {
      options_.pattern = pattern->text;
      if (const auto mistake = why_no_pattern(pattern->text))
        mistakes_.error(pattern->span,
                        "the pattern " + mistake->what + ": `" +
                            printable(pattern->text.substr(mistake->at), 20) + "`",
                        mistake->hint);
    }
  }

  /// The two keys of one end of a range; both at once is a mistake.
  std::optional<Limit> end_of_range(std::string_view key, std::string_view exclusive_key,
                                    YamlKind kind) {
    const YamlNode* plain = value_of(node_, key, kind);
    const YamlNode* exclusive = value_of(node_, exclusive_key, kind);
    if (plain != nullptr && exclusive != nullptr)
      mistakes_.error(
          exclusive->span,
          "`" + std::string(key) + "` and `" + std::string(exclusive_key) + "` stand here both",
          "leave one of them out");
    const YamlNode* given = plain != nullptr ? plain : exclusive;
    if (given == nullptr) return std::nullopt;
    if (kind == YamlKind::text) return Limit{given->text, given == exclusive};
    const auto number = plain_number(given->text);
    if (!number)
      mistakes_.error(given->span,
                      "this number has more than 60 digits before or behind its point");
    return Limit{number.value_or("0"), given == exclusive};
  }

  const YamlNode& place_of_minimum() const {
    const YamlNode* plain = node_.find("minimum");
    return plain != nullptr ? *plain : *node_.find("exclusiveMinimum");
  }

  void refuse_empty(std::strong_ordering low_to_high) {
    const bool open = options_.minimum->exclusive || options_.maximum->exclusive;
    if (low_to_high > 0 || (low_to_high == 0 && open))
      mistakes_.error(place_of_minimum().span,
                      "no value lies between this minimum and the maximum");
  }

  void of_number() {
    options_.format = text_of(node_, "format");
    if (options_.format == "i128" || options_.format == "u128")
      mistakes_.warn(
          node_.find("format")->span,
          "a column of `" + options_.format +
              "` holds whole numbers of up to 38 digits; rows with one of 39 are set apart");
    options_.minimum = end_of_range("minimum", "exclusiveMinimum", YamlKind::number);
    options_.maximum = end_of_range("maximum", "exclusiveMaximum", YamlKind::number);
    if (options_.minimum && options_.maximum)
      refuse_empty(compare_plain(options_.minimum->value, options_.maximum->value));
    for (const IntegerRange& range : integer_ranges) {
      if (property_.type != LogicalType::integer || range.format != options_.format) continue;
      if ((options_.minimum && compare_plain(options_.minimum->value, range.greatest) > 0) ||
          (options_.maximum && compare_plain(options_.maximum->value, range.least) < 0))
        mistakes_.error(node_.find("format")->span, "no number of the format `" + options_.format +
                                                        "` lies within minimum and maximum");
    }
    if (const YamlNode* multiple = value_of(node_, "multipleOf", YamlKind::number)) {
      const auto plain = plain_number(multiple->text);
      const auto decimal = plain ? to_decimal(*plain) : std::nullopt;
      if (!decimal)
        mistakes_.error(multiple->span, "`multipleOf` has more than 18 digits or decimals");
      else
        options_.multiple_of = decimal;
    }
  }

  /// Letters of the JDK's DateTimeFormatter that Runink reads.
  void check_date_format() {
    const YamlNode& node = *node_.find("format");
    bool quoted = false;
    for (const char c : options_.format) {
      if (c == '\'') quoted = !quoted;
      const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
      if (quoted || (!letter && std::string_view("[]{}#").find(c) == std::string_view::npos))
        continue;
      if (letter && std::string_view("yuMdHhamsSXxZE").find(c) != std::string_view::npos) continue;
      mistakes_.error(node.span,
                      std::string("the format has `") + c + "`, which Runink does not read",
                      "it reads y u M d H h a m s S X x Z E and 'quoted text'");
      return;
    }
    if (quoted) mistakes_.error(node.span, "the format has a quote that is not closed");
  }

  /// Names of UTC mean what is done anyway; any other zone would need its rules.
  void check_default_timezone() {
    constexpr std::string_view utc[] = {"UTC",     "Etc/UTC",       "Z",   "GMT",
                                        "Etc/GMT", "Etc/Universal", "Zulu"};
    const std::string& zone = options_.default_timezone;
    if (zone.empty() || std::ranges::find(utc, zone) != std::end(utc)) return;
    mistakes_.warn(
        node_.find("defaultTimezone")->span,
        "moments without an offset are taken as UTC, not as `" + printable(zone, 60) + "`",
        "have them written with an offset and set timezone: true");
  }

  void of_moment() {
    options_.format = text_of(node_, "format");
    if (!options_.format.empty()) check_date_format();
    options_.timezone = flag_of(node_, "timezone");
    options_.default_timezone = text_of(node_, "defaultTimezone");
    check_default_timezone();
    options_.minimum = end_of_range("minimum", "exclusiveMinimum", YamlKind::text);
    options_.maximum = end_of_range("maximum", "exclusiveMaximum", YamlKind::text);
    const bool iso_date = property_.type == LogicalType::date &&
                          (options_.format.empty() || options_.format == "yyyy-MM-dd");
    if (!iso_date) return;  // the order of other texts is known only where they are read
    for (const std::string_view key :
         {"minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum"})
      if (const YamlNode* given = value_of(node_, key, YamlKind::text);
          given && !is_date(given->text))
        mistakes_.error(given->span,
                        "`" + std::string(key) + "` is no date in the format yyyy-MM-dd");
    if (options_.minimum && options_.maximum)
      refuse_empty(options_.minimum->value.compare(options_.maximum->value) <=> 0);
  }

  void required_properties() {
    const YamlNode* list = value_of(node_, "required", YamlKind::list);
    if (list == nullptr) return;
    for (const YamlNode& one : list->list)
      if (one.kind == YamlKind::text) options_.required_properties.push_back(one.text);
  }

  Mistakes& mistakes_;
  const YamlNode& node_;
  Property& property_;
  TypeOptions& options_;
};

/// Names of `required` that the object's own `properties` do not have.
void check_required_parts(Mistakes& mistakes, const YamlNode& node, const YamlNode& options) {
  const YamlNode* parts = value_of(node, "properties", YamlKind::list);
  const YamlNode* required = value_of(options, "required", YamlKind::list);
  if (parts == nullptr || required == nullptr) return;
  std::vector<std::string> names;
  for (const YamlNode& part : parts->list) names.push_back(text_of(part, "name"));
  const std::set<std::string> known(names.begin(), names.end());
  for (const YamlNode& one : required->list)
    if (one.kind == YamlKind::text && !known.contains(one.text))
      mistakes.error(one.span, "the object has no property `" + printable(one.text, 60) + "`",
                     mistakes.suggest(one.text, names));
}

}  // namespace

void read_type(Mistakes& mistakes, const YamlNode& node, Property& property) {
  const auto type = logical_type(text_of(node, "logicalType"));
  property.type_given = type.has_value();
  if (type)
    property.type = *type;
  else if (value_of(node, "properties", YamlKind::list) != nullptr)
    property.type = LogicalType::object;
  else if (value_of(node, "items", YamlKind::map) != nullptr)
    property.type = LogicalType::array;
  const YamlNode* options = value_of(node, "logicalTypeOptions", YamlKind::map);
  if (options == nullptr || !type) return;
  OptionReader{mistakes, *options, property}.read();
  if (property.type == LogicalType::object) check_required_parts(mistakes, node, *options);
}

}  // namespace runink::governance
