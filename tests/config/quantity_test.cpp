#include "config/quantity.hpp"

#include <boost/test/unit_test.hpp>

using namespace runink;
using namespace runink::config;

BOOST_AUTO_TEST_CASE(cores_are_read_as_kubernetes_reads_them) {
  BOOST_TEST((parse_cpu("4") == MilliCpu{4000}));
  BOOST_TEST((parse_cpu("500m") == MilliCpu{500}));
  BOOST_TEST((parse_cpu("0.25") == MilliCpu{250}));
  BOOST_TEST((parse_cpu("1.5") == MilliCpu{1500}));
  for (const char* wrong :
       {"", "m", "-1", "1.", ".5", "0.0001", "1 ", "1k", "18446744073709551615"})
    BOOST_TEST(!parse_cpu(wrong).has_value(), wrong);
}

BOOST_AUTO_TEST_CASE(bytes_have_binary_and_decimal_units) {
  BOOST_TEST((parse_bytes("17") == Bytes{17}));
  BOOST_TEST((parse_bytes("512Mi") == MiB(512)));
  BOOST_TEST((parse_bytes("2G") == Bytes{2'000'000'000}));
  for (const char* wrong : {"", "Mi", "1MB", "1mi", "1.5Gi", "-1", "8388608Ti"})
    BOOST_TEST(!parse_bytes(wrong).has_value(), wrong);
}

BOOST_AUTO_TEST_CASE(a_length_of_time_needs_its_unit) {
  BOOST_TEST((parse_duration("1500ms") == milliseconds(1500)));
  BOOST_TEST((parse_duration("60s") == seconds(60)));
  BOOST_TEST((parse_duration("2h") == seconds(7200)));
  for (const char* wrong : {"", "60", "s", "1d", "1.5s", "-1s", "9223372036854775807s"})
    BOOST_TEST(!parse_duration(wrong).has_value(), wrong);
}
