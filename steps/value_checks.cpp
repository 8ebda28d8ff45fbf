#include "steps/value_checks.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <set>

#include "governance/value_format.hpp"
#include "steps/strict_value.hpp"

namespace runink::steps {
namespace {
using governance::Property;
using governance::Rule;
using governance::RuleReason;

template <class T>
T value_at(const ReadColumn& column, idx_t row) {
  T value;
  std::memcpy(&value, static_cast<const char*>(column.data) + row * sizeof(T), sizeof(T));
  return value;
}

/// Calls `with` with a value of the C++ type behind a kind.
auto of_kind(Kind kind, const auto& with) {
  switch (kind) {
    case Kind::i8: return with(std::int8_t{});
    case Kind::decimal16:
    case Kind::i16: return with(std::int16_t{});
    case Kind::decimal32:
    case Kind::date:
    case Kind::i32: return with(std::int32_t{});
    case Kind::boolean:
    case Kind::u8: return with(std::uint8_t{});
    case Kind::u16: return with(std::uint16_t{});
    case Kind::u32: return with(std::uint32_t{});
    case Kind::u64: return with(std::uint64_t{});
    case Kind::decimal128: return with(Int128{});
    case Kind::f32: return with(float{});
    case Kind::f64: return with(double{});
    default: return with(std::int64_t{});
  }
}

/// Bytes that do not go on with a character (0b10......), eight at once.
std::size_t characters(std::string_view text) {
  std::size_t n = text.size(), i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    std::uint64_t eight;
    std::memcpy(&eight, text.data() + i, 8);
    n -= static_cast<std::size_t>(
        std::popcount((eight >> 7) & ~(eight >> 6) & 0x0101010101010101ull));
  }
  for (; i < text.size(); ++i) n -= (text[i] & 0xc0) == 0x80 ? 1 : 0;
  return n;
}

std::unexpected<Failure> no_value(const Property& property, const std::string& text) {
  return give_up(SliceReason::bad_literal, "the contract compares \"" + property.name +
                                               "\" with \"" + text +
                                               "\", which is no value of its type");
}

constexpr Int128 power_of_ten(unsigned n) {
  Int128 value = 1;
  while (n-- > 0) value *= 10;
  return value;
}

/// The least whole number of 10^-scale that is >= the limit, and the greatest that is <= it.
struct Around {
  Int128 below, above;
};
std::optional<Around> around(const std::string& text, unsigned scale) {
  const auto point = text.find('.');
  const auto digits =
      point == std::string::npos ? 0 : static_cast<unsigned>(text.size() - point - 1);
  const auto units = decimal_units(text, std::max(digits, scale));
  if (!units) return {};
  const Int128 step = power_of_ten(digits > scale ? digits - scale : 0);
  Int128 below = *units / step;
  if (*units % step != 0 && *units < 0) --below;
  return Around{below, *units % step == 0 ? below : below + 1};
}

template <class T>
std::unique_ptr<Check> below(T least) {
  return check_of(
      [least](const ReadColumn& column, idx_t row) { return value_at<T>(column, row) < least; });
}
template <class T>
std::unique_ptr<Check> above(T most) {
  return check_of(
      [most](const ReadColumn& column, idx_t row) { return value_at<T>(column, row) > most; });
}

/// A range of whole numbers, or of decimals as whole numbers of their last digit.
std::unique_ptr<Check> whole_range(Kind kind, Int128 edge, bool minimum) {
  return of_kind(kind, [&]<class T>(T) -> std::unique_ptr<Check> {
    if constexpr (std::is_floating_point_v<T>) {
      return nullptr;
    } else {
      if (edge == static_cast<Int128>(static_cast<T>(edge)))
        return minimum ? below<T>(static_cast<T>(edge)) : above<T>(static_cast<T>(edge));
      // No value of the type lies on the other side, or every one does.
      const bool all = (edge > 0) == minimum;
      return check_of([all](const ReadColumn&, idx_t) { return all; });
    }
  });
}

Outcome<std::unique_ptr<Check>> number_range(const Property& property, const ColumnType& type,
                                             const governance::Limit& limit, bool minimum) {
  if (type.kind == Kind::f32 || type.kind == Kind::f64) {
    double edge = 0;
    const auto [end, error] =
        std::from_chars(limit.value.data(), limit.value.data() + limit.value.size(), edge);
    if (error != std::errc{} || end != limit.value.data() + limit.value.size())
      return no_value(property, limit.value);
    return of_kind(type.kind, [&]<class T>(T) -> std::unique_ptr<Check> {
      return check_of([edge, minimum, open = limit.exclusive](const ReadColumn& column, idx_t row) {
        const auto value = static_cast<double>(value_at<T>(column, row));
        if (open) return minimum ? !(value > edge) : !(value < edge);
        return minimum ? !(value >= edge) : !(value <= edge);
      });
    });
  }
  const auto edges = around(limit.value, type.scale);
  if (!edges) return no_value(property, limit.value);
  Int128 edge = minimum ? edges->above : edges->below;
  if (limit.exclusive) edge = minimum ? edges->below + 1 : edges->above - 1;
  return whole_range(type.kind, edge, minimum);
}

Outcome<std::unique_ptr<Check>> moment_range(const Property& property, const ColumnType& type,
                                             const governance::Limit& limit, bool minimum) {
  alignas(16) char room[16] = {};
  ColumnType iso = type;
  iso.format = *DateFormat::parse("", type.kind == Kind::date   ? Moments::date
                                      : type.kind == Kind::time ? Moments::time
                                                                : Moments::both);
  ColumnType zoned = iso;
  zoned.format.require_offset();
  if (!write_value(type, limit.value, room, 0) && !write_value(iso, limit.value, room, 0) &&
      !write_value(zoned, limit.value, room, 0))
    return no_value(property, limit.value);
  const ReadColumn one = [&] {
    ReadColumn column;
    column.data = room;
    return column;
  }();
  const Int128 edge = type.kind == Kind::date ? value_at<std::int32_t>(one, 0)
                                              : Int128{value_at<std::int64_t>(one, 0)};
  return whole_range(type.kind, edge + (limit.exclusive ? (minimum ? 1 : -1) : 0), minimum);
}

template <class T>
std::unique_ptr<Check> floating_multiple(governance::Decimal of) {
  return check_of([of](const ReadColumn& column, idx_t row) {
    // The shortest decimal that is this very number: what a person would write for it.
    char text[400];
    const auto end =
        std::to_chars(text, text + sizeof text, value_at<T>(column, row), std::chars_format::fixed);
    if (end.ec != std::errc{}) return true;
    const auto units = decimal_units({text, static_cast<std::size_t>(end.ptr - text)}, of.scale);
    return !units || *units % of.units != 0;
  });
}

Outcome<std::unique_ptr<Check>> multiple(const Property& property, const ColumnType& type) {
  const governance::Decimal of = *property.options.multiple_of;
  if (of.units <= 0 || type.scale > of.scale + 20)
    return no_value(property, "multiples of " + std::to_string(of.units));
  if (type.kind == Kind::f32) return floating_multiple<float>(of);
  if (type.kind == Kind::f64) return floating_multiple<double>(of);
  const Int128 up = power_of_ten(of.scale > type.scale ? of.scale - type.scale : 0);
  const Int128 step = of.units * power_of_ten(type.scale > of.scale ? type.scale - of.scale : 0);
  return of_kind(type.kind, [&]<class T>(T) -> std::unique_ptr<Check> {
    return check_of([up, step](const ReadColumn& column, idx_t row) {
      // value * up % step, without leaving 128 bits.
      const Int128 rest = static_cast<Int128>(value_at<T>(column, row)) % step;
      return rest * (up % step) % step != 0;
    });
  });
}

std::unique_ptr<Check> length(std::uint64_t limit, bool least) {
  return check_of([limit, least](const ReadColumn& column, idx_t row) {
    const std::string_view text = column.text(row);
    // There are no more characters than bytes, and no fewer than a quarter of them.
    if (least ? text.size() / 4 >= limit : text.size() <= limit) return false;
    const std::size_t n = characters(text);
    return least ? n < limit : n > limit;
  });
}

/// A value that is, or is not, one of some.
struct Among {
  std::vector<std::string> values;  // sorted
  bool null, wanted;
  std::size_t width;  // of a value's bytes; 0: a text
  static constexpr bool sees_null = true;
  static constexpr std::size_t few = 16;

  bool known(std::string_view bytes) const {
    if (values.size() > few) return std::ranges::binary_search(values, bytes, std::less<>{});
    return std::ranges::any_of(values, [&](const std::string& one) {
      return one.size() == bytes.size() && std::memcmp(one.data(), bytes.data(), bytes.size()) == 0;
    });
  }

  bool operator()(const ReadColumn& column, idx_t row) const {
    if (column.null(row)) return wanted ? false : null;
    const std::string_view bytes =
        width == 0 ? column.text(row)
                   : std::string_view(static_cast<const char*>(column.data) + row * width, width);
    return known(bytes) != wanted;
  }
};

/// The values of a rule, as the column holds them.
Outcome<std::unique_ptr<Check>> among(const Property& property, const ColumnType& type,
                                      const governance::QualityRule& quality, bool wanted) {
  std::set<std::string, std::less<>> values;
  bool null = false;
  const std::size_t width =
      type.in_text() ? 0 : of_kind(type.kind, [](auto v) { return sizeof v; });
  for (const auto& value : quality.values) {
    if (!value) null = true;
    if (!value) continue;
    alignas(16) char room[16] = {};
    const bool good = write_value(type, *value, room, 0);
    // A missing value may be of another type: then the reader compares its text.
    if (!good && wanted) return no_value(property, *value);
    if (good) values.insert(width == 0 ? *value : std::string(room, width));
  }
  return check_of(Among{{values.begin(), values.end()}, null, wanted, width});
}

struct IsNull {
  static constexpr bool sees_null = true, sees_only_null = true;
  bool operator()(const ReadColumn& column, idx_t row) const { return column.null(row); }
};

}  // namespace

std::unique_ptr<Check> pattern_check(PatternMatch pattern) {
  return check_of([pattern = std::move(pattern)](const ReadColumn& column, idx_t row) {
    return !pattern.in(column.text(row));
  });
}

std::unique_ptr<Check> false_check() {
  return check_of([](const ReadColumn& column, idx_t row) { return !column.at<bool>(row); });
}

Outcome<std::unique_ptr<Check>> value_check(const Rule& rule,
                                            const governance::SchemaObject& object,
                                            const Property& property, const ColumnType& type) {
  const governance::TypeOptions& options = property.options;
  const auto range = [&](const std::optional<governance::Limit>& limit, bool minimum) {
    return type.number() ? number_range(property, type, *limit, minimum)
                         : moment_range(property, type, *limit, minimum);
  };
  switch (rule.reason) {
    case RuleReason::not_null:
    case RuleReason::null_value: return check_of(IsNull{});
    case RuleReason::too_short: return length(*options.min_length, true);
    case RuleReason::too_long: return length(*options.max_length, false);
    case RuleReason::bad_format:
      return check_of([format = options.format](const ReadColumn& column, idx_t row) {
        return !governance::has_format(format, column.text(row));
      });
    case RuleReason::below_minimum: return range(options.minimum, true);
    case RuleReason::above_maximum: return range(options.maximum, false);
    case RuleReason::not_multiple: return multiple(property, type);
    case RuleReason::missing_value:
      return among(property, type, object.quality[rule.quality], false);
    case RuleReason::invalid_value:
      if (object.quality[rule.quality].values.empty()) return nullptr;
      return among(property, type, object.quality[rule.quality], true);
    default: return json_check(rule, options);
  }
}

}  // namespace runink::steps
