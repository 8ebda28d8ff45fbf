#include "pipeline/quantity.hpp"

#include <boost/test/unit_test.hpp>

#include "vocabulary/text.hpp"

namespace runink::pipeline::test {
namespace {

BOOST_AUTO_TEST_SUITE(quantities)

BOOST_AUTO_TEST_CASE(cpu_is_written_as_in_kubernetes) {
  BOOST_TEST(parse_cpu("500m")->value == 500u);
  BOOST_TEST(parse_cpu("2")->value == 2000u);
  BOOST_TEST(parse_cpu("0.125")->value == 125u);
  for (const char* wrong :
       {"", "m", "1.", ".5", "0.0001", "-1", "1 m", "1M", "9999999999999999999"})
    BOOST_TEST(!parse_cpu(wrong), wrong);
}

BOOST_AUTO_TEST_CASE(bytes_are_written_as_in_kubernetes) {
  BOOST_TEST(parse_bytes("512Mi")->value == 512u << 20);
  BOOST_TEST(parse_bytes("1k")->value == 1000u);
  BOOST_TEST(parse_bytes("7")->value == 7u);
  for (const char* wrong : {"", "Mi", "1mi", "1KB", "1.5Gi", "-1", "99999999999Ti"})
    BOOST_TEST(!parse_bytes(wrong), wrong);
}

BOOST_AUTO_TEST_CASE(lengths_of_time_go_from_large_units_to_small_ones) {
  BOOST_TEST((*parse_duration("1h30m") == seconds(5400)));
  BOOST_TEST((*parse_duration("500ms") == milliseconds(500)));
  BOOST_TEST((*parse_duration("1d2h3m4s5ms") == milliseconds(93'784'005)));
  for (const char* wrong : {"", "5", "m", "30m1h", "1m1m", "1.5h", "5 m", "-1s", "1w",
                            "99999999999999999999s", "999999999999d"})
    BOOST_TEST(!parse_duration(wrong), wrong);
}

BOOST_AUTO_TEST_CASE(what_is_written_is_read_back) {
  for (const std::uint64_t n : {1ull, 10ull, 1000ull, 1500ull, 64'000ull})
    BOOST_TEST(parse_cpu(to_text(MilliCpu{n}))->value == n);
  for (const std::uint64_t n : {0ull, 1ull, 1023ull, 1024ull, 1536ull << 20, 1ull << 40})
    BOOST_TEST(parse_bytes(to_text(Bytes{n}))->value == n);
  for (const std::int64_t ms : {0, 1, 999, 61'000, 93'784'005})
    BOOST_TEST((*parse_duration(to_text(milliseconds(ms))) == milliseconds(ms)));
}

BOOST_AUTO_TEST_CASE(moments_are_iso_8601) {
  BOOST_TEST(moment_text(*parse_moment("2026-11-20")) == "2026-11-20T00:00:00+00:00");
  BOOST_TEST(moment_text(*parse_moment("2024-02-29T23:30:00-01:00")) ==
             "2024-03-01T00:30:00+00:00");
  BOOST_TEST(moment_text(*parse_moment("1969-12-31T23:59:59.5Z")) ==
             "1969-12-31T23:59:59.500000+00:00");
  BOOST_TEST(date_text(*parse_moment("0001-01-01")) == "0001-01-01");
  BOOST_TEST(parse_moment("2026-11-20T08:00:00Z")->us == 1795161600000000);
  for (const char* wrong :
       {"", "2026-02-29", "2026-13-01", "2026-1-1", "0000-01-01", "20261120", "2026-11-20T08:00:00",
        "2026-11-20T24:00:00Z", "2026-11-20T08:00:00.Z", "2026-11-20 08", "2026-11-20x"})
    BOOST_TEST(!parse_moment(wrong), wrong);
}

BOOST_AUTO_TEST_CASE(globs_stay_within_a_part_but_for_two_stars) {
  BOOST_TEST(glob_matches("data/*.csv", "data/a.csv"));
  BOOST_TEST(!glob_matches("data/*.csv", "data/x/a.csv"));
  BOOST_TEST(glob_matches("data/**/*.csv", "data/a.csv"));
  BOOST_TEST(glob_matches("data/**/*.csv", "data/x/y/a.csv"));
  BOOST_TEST(glob_matches("**", "data/x/y/a.csv"));
  BOOST_TEST(glob_matches("d[a-c]?a/[!b].csv", "data/a.csv"));
  BOOST_TEST(!glob_matches("d[b-c]ta/[!b].csv", "data/a.csv"));
  BOOST_TEST(glob_matches("d[a-c]ta/[!b].csv", "data/a.csv"));
  BOOST_TEST(!glob_matches("d[a-c]ta/[!a].csv", "data/a.csv"));
  BOOST_TEST(glob_matches("a[", "a["));
  BOOST_TEST(!glob_matches("*", ""));
  // What is hidden must be asked for.
  BOOST_TEST(!glob_matches("data/*.csv", "data/.a.csv"));
  BOOST_TEST(glob_matches("data/.*.csv", "data/.a.csv"));
  BOOST_TEST(!glob_matches("**", "data/.x/a.csv"));
  BOOST_TEST(!glob_matches("**/a.csv", ".x/a.csv"));
  BOOST_TEST(glob_matches("**/.x/a.csv", "data/.x/a.csv"));
  BOOST_TEST(!glob_matches("a*b*c*d*e*f*g", std::string(2000, 'a')));
}

BOOST_AUTO_TEST_CASE(only_well_formed_utf8_is_utf8) {
  for (const char* fine : {"", "a", "ü", "日本", "\U0001F600", "\xEF\xBF\xBF"})
    BOOST_TEST(is_utf8(fine));
  for (const char* wrong :
       {"\x80", "\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE6\x97", "a\xFF"})
    BOOST_TEST(!is_utf8(wrong));
  BOOST_TEST(characters("日本ü!") == 4u);
  BOOST_TEST(json_string("a\"\\\n\x01ü\xFF") == "\"a\\\"\\\\\\n\\u0001ü\\ufffd\"");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace runink::pipeline::test
