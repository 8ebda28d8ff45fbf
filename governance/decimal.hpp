// Numbers of a contract, exactly: as texts of digits, and as `Decimal`. No floating point.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

#include "governance/contract.hpp"

namespace runink::governance {

/// A number as YAML 1.2's core schema spells it ("+1.50", "1e3", "0x1F", "0o17") in its one plain
/// form: "1.5", "1000", "31", "15". Nothing for other texts, and for numbers with more than 60
/// digits before or behind the point.
std::optional<std::string> plain_number(std::string_view spelled);

/// A decimal number in the one form that all spellings of its value have, of any length: plain as
/// above, or "1.5e300" where that would be more than 60 digits before or behind the point. Nothing
/// for other texts, and for exponents of a thousand million and more.
std::optional<std::string> exact_number(std::string_view spelled);

/// True when a binary64 would hold infinity for it. `spelled` is decimal: "1e999".
bool beyond_binary64(std::string_view spelled);

/// The plain number as a Decimal; nothing when it has more than 18 digits or decimals.
std::optional<Decimal> to_decimal(std::string_view plain);
/// In plain form.
std::string to_text(const Decimal& decimal);

/// Compares two plain numbers.
std::strong_ordering compare_plain(std::string_view a, std::string_view b);
std::strong_ordering compare(const Decimal& a, const Decimal& b);

/// 10^n for n <= 18.
std::int64_t power_of_ten(std::uint8_t n);

}  // namespace runink::governance
