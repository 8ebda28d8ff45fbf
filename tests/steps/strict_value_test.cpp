// Texts as values: what fits, and above all what does not.
#include "steps/strict_value.hpp"

#include <boost/test/unit_test.hpp>
#include <stdexcept>
#include <string>

#include "steps/column_type.hpp"

namespace runink::steps {
namespace {
using governance::LogicalType;

ColumnType type_of(LogicalType logical, const std::string& format = "",
                   const std::string& physical = "", bool timezone = false) {
  governance::Property property;
  property.name = "x";
  property.type = logical;
  property.physical_type = physical;
  property.options.format = format;
  property.options.timezone = timezone;
  auto type = column_type(property);
  if (!type) throw std::runtime_error(type.error().text);
  return *type;
}

template <class T>
std::string read(const ColumnType& type, const std::string& text) {
  T value{};
  if (!write_value(type, text, &value, 0)) return "no";
  if constexpr (sizeof(T) > 8)
    return std::to_string(static_cast<long long>(value));
  else
    return std::to_string(value);
}

const std::string none[] = {"",     " 5",  "5 ", "+5", "1.5", "1e3", "1_000", "0x1F",
                            "five", "--5", "-",  "1.", "5,0", "NaN", "inf",   "\t5"};

}  // namespace

BOOST_AUTO_TEST_SUITE(strict_values)

BOOST_AUTO_TEST_CASE(types_follow_the_contract) {
  BOOST_TEST(type_of(LogicalType::integer).sql == "INTEGER");
  BOOST_TEST(type_of(LogicalType::integer, "u16").sql == "USMALLINT");
  BOOST_TEST(type_of(LogicalType::integer, "i32", "BIGINT").sql == "BIGINT");
  BOOST_TEST(type_of(LogicalType::integer, "i128").sql == "DECIMAL(38,0)");
  BOOST_TEST(type_of(LogicalType::number).sql == "DOUBLE");
  BOOST_TEST(type_of(LogicalType::number, "f32").sql == "FLOAT");
  BOOST_TEST(type_of(LogicalType::number, "", "decimal(18, 2)").sql == "DECIMAL(18,2)");
  BOOST_TEST(type_of(LogicalType::number, "", "numeric(5)").sql == "DECIMAL(5,0)");
  BOOST_TEST(type_of(LogicalType::number, "", "DECIMAL(50,2)").sql == "DOUBLE");
  BOOST_TEST(type_of(LogicalType::string, "", "VARCHAR(20)").sql == "VARCHAR");
  BOOST_TEST(type_of(LogicalType::timestamp).sql == "TIMESTAMP");
  BOOST_TEST(type_of(LogicalType::array).sql == "VARCHAR");
}

BOOST_AUTO_TEST_CASE(integers_are_digits_within_their_type) {
  const auto i32 = type_of(LogicalType::integer);
  BOOST_TEST(read<int>(i32, "-12") == "-12");
  BOOST_TEST(read<int>(i32, "007") == "7");
  BOOST_TEST(read<int>(i32, "2147483647") == "2147483647");
  BOOST_TEST(read<int>(i32, "2147483648") == "no");
  for (const std::string& text : none) BOOST_TEST(read<int>(i32, text) == "no", text);
  BOOST_TEST(read<std::uint8_t>(type_of(LogicalType::integer, "u8"), "255") == "255");
  BOOST_TEST(read<std::uint8_t>(type_of(LogicalType::integer, "u8"), "-1") == "no");
  BOOST_TEST(read<std::uint64_t>(type_of(LogicalType::integer, "u64"), "18446744073709551615") ==
             "18446744073709551615");
  BOOST_TEST(read<Int128>(type_of(LogicalType::integer, "u128"), "-1") == "no");
  BOOST_TEST(read<Int128>(type_of(LogicalType::integer, "i128"), "-1") == "-1");
  BOOST_TEST(read<Int128>(type_of(LogicalType::integer, "u128"), std::string(39, '9')) == "no");
}

BOOST_AUTO_TEST_CASE(decimals_are_never_rounded) {
  const auto amount = type_of(LogicalType::number, "", "DECIMAL(18,2)");
  BOOST_TEST(read<std::int64_t>(amount, "12.34") == "1234");
  BOOST_TEST(read<std::int64_t>(amount, "-0.05") == "-5");
  BOOST_TEST(read<std::int64_t>(amount, "7") == "700");
  BOOST_TEST(read<std::int64_t>(amount, "12.3400") == "1234");
  BOOST_TEST(read<std::int64_t>(amount, "12.345") == "no");
  BOOST_TEST(read<std::int64_t>(amount, "9999999999999999.99") == "999999999999999999");
  BOOST_TEST(read<std::int64_t>(amount, "10000000000000000.00") == "no");
  for (const std::string& text : none)
    if (text != "1.5") BOOST_TEST(read<std::int64_t>(amount, text) == "no", text);
  BOOST_TEST(read<std::int64_t>(amount, ".5") == "no");
  BOOST_TEST(read<std::int64_t>(amount, "-.5") == "no");
  BOOST_TEST(read<std::int64_t>(amount, "1.2.3") == "no");
  BOOST_TEST(read<std::int16_t>(type_of(LogicalType::number, "", "DECIMAL(4,1)"), "999.9") ==
             "9999");
  BOOST_TEST(read<std::int16_t>(type_of(LogicalType::number, "", "DECIMAL(4,1)"), "1000") == "no");
  BOOST_TEST(read<Int128>(type_of(LogicalType::number, "", "DECIMAL(38,2)"),
                          "-90000000000000000.12") == "-9000000000000000012");
  // The quick way for short texts and the exact one agree at their border.
  const auto wide = type_of(LogicalType::number, "", "DECIMAL(18,10)");
  BOOST_TEST(read<std::int64_t>(wide, "12345678") == "123456780000000000");
  BOOST_TEST(read<std::int64_t>(wide, "123456789") == "no");
  BOOST_TEST(read<std::int64_t>(wide, "1234567890123456") == "no");
}

BOOST_AUTO_TEST_CASE(doubles_are_finite_numbers) {
  const auto type = type_of(LogicalType::number);
  BOOST_TEST(read<double>(type, "1.5") == "1.500000");
  BOOST_TEST(read<double>(type, "-2e3") == "-2000.000000");
  for (const char* text : {"", ".5", "5.", "1.e3", "+1", "nan", "inf", "-inf", "1e999", "0x10",
                           "1,5", " 1", "infinity"})
    BOOST_TEST(read<double>(type, text) == "no", text);
}

BOOST_AUTO_TEST_CASE(booleans_are_two_words) {
  const auto type = type_of(LogicalType::boolean);
  BOOST_TEST(read<bool>(type, "true") == "1");
  BOOST_TEST(read<bool>(type, "false") == "0");
  for (const char* text : {"", "TRUE", "yes", "1", "0", "t"})
    BOOST_TEST(read<bool>(type, text) == "no");
}

BOOST_AUTO_TEST_CASE(dates_exist_and_are_written_as_the_format_says) {
  const auto iso = type_of(LogicalType::date);
  BOOST_TEST(read<int>(iso, "1970-01-01") == "0");
  BOOST_TEST(read<int>(iso, "2000-02-29") == "11016");
  BOOST_TEST(read<int>(iso, "0001-01-01") == "-719162");
  for (const char* text :
       {"2001-02-29", "2026-1-5", "2026-01-01 10:00:00", "infinity", "", "2026-13-01", "0000-01-01",
        "20260101", "2026-00-01", "2026-01-32", " 2026-01-01"})
    BOOST_TEST(read<int>(iso, text) == "no", text);
  BOOST_TEST(read<int>(type_of(LogicalType::date, "dd.MM.yyyy"), "02.01.1970") == "1");
  BOOST_TEST(read<int>(type_of(LogicalType::date, "d/M/yy"), "2/1/70") == "36526");
}

BOOST_AUTO_TEST_CASE(times_and_timestamps_keep_every_microsecond_and_apply_offsets) {
  const auto stamp = type_of(LogicalType::timestamp);
  BOOST_TEST(read<std::int64_t>(stamp, "1970-01-01T00:00:01") == "1000000");
  BOOST_TEST(read<std::int64_t>(stamp, "1970-01-01 00:00:00.000001") == "1");
  BOOST_TEST(read<std::int64_t>(stamp, "1970-01-01 00:00:00.123456000") == "123456");
  for (const char* text : {"1970-01-01", "1970-01-01T24:00:00", "1970-01-01T00:00:60",
                           "1970-01-01T00:00:00.1234567", "1970-01-01T00:00:00Z",
                           "1970-01-01T00:00:00+02", "1970-01-01X00:00:00", "1970-01-01T00:00"})
    BOOST_TEST(read<std::int64_t>(stamp, text) == "no", text);
  const auto zoned = type_of(LogicalType::timestamp, "", "", true);
  BOOST_TEST(read<std::int64_t>(zoned, "1970-01-01T02:00:00+02:00") == "0");
  BOOST_TEST(read<std::int64_t>(zoned, "1970-01-01T00:00:00Z") == "0");
  BOOST_TEST(read<std::int64_t>(zoned, "1969-12-31T19:30:00-0430") == "0");
  BOOST_TEST(read<std::int64_t>(zoned, "1970-01-01T00:00:00") == "no");
  BOOST_TEST(read<std::int64_t>(zoned, "1970-01-01T00:00:00+2") == "no");
  const auto jdk = type_of(LogicalType::timestamp, "yyyy-MM-dd'T'HH:mm:ss.SSSXXX");
  BOOST_TEST(read<std::int64_t>(jdk, "1970-01-01T01:00:00.500+01:00") == "500000");
  BOOST_TEST(read<std::int64_t>(jdk, "1970-01-01T01:00:00.5+01:00") == "no");
  const auto half = type_of(LogicalType::time, "h:mm a");
  BOOST_TEST(read<std::int64_t>(half, "12:05 AM") == "300000000");
  BOOST_TEST(read<std::int64_t>(half, "13:05 PM") == "no");
  BOOST_TEST(read<std::int64_t>(type_of(LogicalType::time), "23:59:59.999999") == "86399999999");
}

BOOST_AUTO_TEST_CASE(formats_that_are_not_understood_are_refused) {
  for (const auto& [pattern, holds] :
       {std::pair{"yyyy-MM-dd G", Moments::date}, std::pair{"yyyy-MM-dd['Z']", Moments::date},
        std::pair{"HH:mm", Moments::date}, std::pair{"yyyy", Moments::date},
        std::pair{"yyyy-MM-dd'T", Moments::date}, std::pair{"hh:mm", Moments::time},
        std::pair{"yyyy-MM-dd", Moments::both}, std::pair{"EEEE d MMMM yyyy", Moments::date}})
    BOOST_TEST(!DateFormat::parse(pattern, holds).has_value(), pattern);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace runink::steps
