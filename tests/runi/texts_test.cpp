#include "tools/runi/texts.hpp"

#include <boost/test/unit_test.hpp>

#include "tools/runi/table.hpp"

namespace runink::runi {
namespace {

BOOST_AUTO_TEST_SUITE(texts)

BOOST_AUTO_TEST_CASE(times_are_told_in_the_unit_that_fits) {
  BOOST_TEST(time_text(0) == "0 ms");
  BOOST_TEST(time_text(-5) == "0 ms");
  BOOST_TEST(time_text(999) == "999 ms");
  BOOST_TEST(time_text(1000) == "1.0 s");
  BOOST_TEST(time_text(59'999) == "59.9 s");
  BOOST_TEST(time_text(200'000) == "3 min 20 s");
  BOOST_TEST(time_text(7'500'000) == "2 h 05 min");
  BOOST_TEST(time_text(86'400'000ll * 3 + 3'600'000 * 4) == "3 d 04 h");
}

BOOST_AUTO_TEST_CASE(sizes_and_counts_are_read_at_a_glance) {
  BOOST_TEST(size_text(1023) == "1023 B");
  BOOST_TEST(size_text(1024) == "1.0 KiB");
  BOOST_TEST(size_text(1024 * 1024 - 1) == "1.0 MiB");
  BOOST_TEST(size_text(~0ull) == "16.0 EiB");
  BOOST_TEST(count_text(0) == "0");
  BOOST_TEST(count_text(999) == "999");
  BOOST_TEST(count_text(1000) == "1,000");
  BOOST_TEST(count_text(1'234'567) == "1,234,567");
  BOOST_TEST(count_text(-1000) == "-1,000");
}

BOOST_AUTO_TEST_CASE(moments_are_read_exactly_or_not_at_all) {
  BOOST_TEST(moment_of("1970-01-01T00:00:01.500Z").value() == 1'500'000);
  BOOST_TEST(moment_of("2026-11-20T08:00:00.000Z").value() == 1'795'161'600'000'000);
  BOOST_TEST(!moment_of("").has_value());
  BOOST_TEST(!moment_of("2026-11-20").has_value());
  BOOST_TEST(!moment_of("2026-11-20T08:00:00.000Z ").has_value());
}

BOOST_AUTO_TEST_CASE(lengths_of_time_are_read_with_their_units) {
  BOOST_TEST(milliseconds_of("90").value() == 90'000);
  BOOST_TEST(milliseconds_of("90s").value() == 90'000);
  BOOST_TEST(milliseconds_of("1.5m").value() == 90'000);
  BOOST_TEST(milliseconds_of("250ms").value() == 250);
  BOOST_TEST(milliseconds_of("7d").value() == 7ll * 86'400'000);
  for (const char* wrong : {"", "0", "-1s", "1w", "s", "8d", "1e9h", "nan", "inf", "5 s"})
    BOOST_TEST(!milliseconds_of(wrong).has_value(), wrong);
}

BOOST_AUTO_TEST_CASE(nothing_that_a_terminal_would_obey_passes) {
  BOOST_TEST(printable("a\x1b[31mb\n\tc\x7f") == "a?[31mb??c?");
  BOOST_TEST(printable("\xc2\x9b"
                       "31m") == "?31m");
  BOOST_TEST(printable("Grüße") == "Grüße");
}

BOOST_AUTO_TEST_CASE(width_counts_characters_and_cuts_between_them) {
  BOOST_TEST(width_of("Grüße") == 5u);
  BOOST_TEST(cut("Grüße", 5) == "Grüße");
  BOOST_TEST(cut("Grüße", 4) == "Grü~");
  BOOST_TEST(cut("Grüße", 1) == "~");
  BOOST_TEST(cut("Grüße", 0) == "");
  BOOST_TEST(pad_left("ü", 3) == "  ü");
  BOOST_TEST(pad_right("ü", 3) == "ü  ");
}

BOOST_AUTO_TEST_CASE(a_table_is_as_wide_as_its_widest_cells) {
  Table table({"NAME", "ROWS>", "NOTE"});
  table.add({"netted", "12", "short"});
  table.add({"x", "1,200", ""});
  table.add({"odd\x1b", "1"});
  BOOST_TEST(table.text() ==
             "NAME     ROWS  NOTE\n"
             "netted     12  short\n"
             "x       1,200\n"
             "odd?        1\n");
  BOOST_TEST(table.text(15) ==
             "NAME     ROWS ~\n"
             "netted     12 ~\n"
             "x       1,200\n"
             "odd?        1\n");
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace
}  // namespace runink::runi
