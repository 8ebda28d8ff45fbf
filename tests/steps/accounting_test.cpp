// Accepted + rejected = read: files with faults that a plan knows, and the plan's answer computed
// without the rooms under test.
#include <boost/test/unit_test.hpp>
#include <random>
#include <set>
#include <utility>

#include "tests/steps/validation.hpp"

namespace runink::testing {
namespace {
using governance::LogicalType;

ObjectOf contract() {
  ObjectOf of;
  auto& id = of.column("id", LogicalType::integer, "BIGINT");
  id.required = true;
  id.primary_key = 1;
  of.column("name").options.max_length = 12;
  auto& qty = of.column("qty", LogicalType::integer);
  qty.required = true;
  qty.options.maximum = governance::Limit{"1000", false};
  return of;
}

/// A file, and what must come of it.
struct Planned {
  std::string csv = "id,name,qty\n";
  std::uint64_t records = 0;
  std::vector<std::uint64_t> accepted;                          // their ids
  std::vector<std::pair<std::uint64_t, std::string>> rejected;  // record and first rule

  void good(std::uint64_t id, const std::string& line) {
    csv += line;
    ++records;
    accepted.push_back(id);
  }
  void bad(const std::string& line, const std::string& rule) {
    csv += line;
    rejected.emplace_back(++records, rule);
  }
};

/// One record of a random kind.
void one(std::mt19937& random, std::uint64_t id, Planned& plan, std::set<std::uint64_t>& ids) {
  const std::string n = std::to_string(id), end = random() % 3 == 0 ? "\r\n" : "\n";
  switch (random() % 16) {
    case 0: return plan.bad(n + ",short" + end, "too_few_columns");
    case 1: return plan.bad(n + ",long,1,2" + end, "too_many_columns");
    case 2: return plan.bad(n + ",\"stray\"x,1" + end, "bad_quoting");
    case 3: return plan.bad(n + ",in\"side,1" + end, "bad_quoting");
    case 4: return plan.bad(n + ",\xe4\xf6,1" + end, "bad_utf8");
    case 5: return plan.bad(n + ",x,1.5" + end, "type(qty)");
    case 6: return plan.bad(n + ",x," + end, "required(qty)");
    case 7: return plan.bad(n + ",more than twelve,5" + end, "maxLength(name)");
    case 8: return plan.bad(n + ",x,1001" + end, "maximum(qty)");
    case 9: return plan.bad(n + ",lone\rreturn,1" + end, "bad_quoting");
    case 10:
      if (!ids.empty())
        return plan.bad(std::to_string(*ids.begin()) + ",again,1" + end, "primaryKey");
      [[fallthrough]];
    case 11: ids.insert(id); return plan.good(id, n + ",\"two\r\nlines\",7" + end);
    case 12: ids.insert(id); return plan.good(id, n + ",\"say \"\"hi\"\"\",-7" + end + end);
    case 13: ids.insert(id); return plan.good(id, n + ",\xc3\xa4,1" + end);
    default: ids.insert(id); return plan.good(id, n + ",name,1000" + end);
  }
}

/// Rows of the two files against the plan.
void compare(const SliceFolder& slice, const Ended& ended, const Planned& plan,
             const std::string& what) {
  BOOST_REQUIRE_MESSAGE(ended.code == 0, what + ": " + ended.log);
  BOOST_TEST(accounts(slice, ended) == std::to_string(plan.records) + " = " +
                                           std::to_string(plan.accepted.size()) + " + " +
                                           std::to_string(plan.rejected.size()),
             what);
  std::string ids, rules;
  for (const auto id : plan.accepted) ids += (ids.empty() ? "" : " / ") + std::to_string(id);
  for (const auto& [record, rule] : plan.rejected)
    rules += (rules.empty() ? "" : " / ") + std::to_string(record) + "|" + rule;
  BOOST_TEST((slice.query("SELECT id FROM " + kChecked) == ids), what);
  BOOST_TEST((slice.query("SELECT source_record, rule FROM " + kRejected) == rules), what);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(accounting)

BOOST_AUTO_TEST_CASE(every_record_of_random_files_is_where_the_plan_says) {
  const auto step = validate(contract().object);
  for (unsigned seed = 1; seed <= 24; ++seed) {
    std::mt19937 random{seed};
    Planned plan;
    std::set<std::uint64_t> ids;
    // Around the vector size of DuckDB, where chunks end.
    const std::uint64_t sizes[] = {random() % 40, 2048 + random() % 5, 4096 - random() % 3,
                                   random() % 7000};
    const std::uint64_t size = sizes[seed % 4];
    for (std::uint64_t id = 1; id <= size; ++id) one(random, 10'000 + id, plan, ids);
    if (seed % 3 == 0 && plan.csv.ends_with('\n')) plan.csv.pop_back();
    SliceFolder slice;
    slice.write("in/trades/a.csv", plan.csv);
    compare(slice, slice.run(step), plan, "seed " + std::to_string(seed));
  }
}

BOOST_AUTO_TEST_CASE(random_dirt_never_loses_a_record_and_gives_the_same_bytes_twice) {
  const auto step = validate(contract().object);
  std::mt19937 random{7};
  constexpr std::string_view letters = "0123456789abc,,,,\"\n\n\n\r\xff\xc3\xa4";
  for (int round = 0; round < 12; ++round) {
    SliceFolder slice;
    for (int file = 0; file < 3; ++file) {
      std::string csv = "id,name,qty\n";
      for (std::size_t n = random() % 60'000; n > 0; --n) csv += letters[random() % letters.size()];
      slice.write("in/trades/" + std::to_string(file) + ".csv", csv);
    }
    const Ended ended = slice.run(step);
    BOOST_TEST(ended.code == 0, ended.log);
    const std::string account = accounts(slice, ended);
    BOOST_TEST(account.find(" = ") != std::string::npos, account);
    // Each rejected record is a record of its file once.
    BOOST_TEST(slice.query("SELECT count(*) - count(DISTINCT (source_file, source_record)) FROM " +
                           kRejected) == "0");
    const std::string bytes = slice.read("out/checked/part-0.parquet") +
                              slice.read("out/checked.rejected/part-0.parquet");
    slice.run(step);
    BOOST_TEST((slice.read("out/checked/part-0.parquet") +
                    slice.read("out/checked.rejected/part-0.parquet") ==
                bytes));
  }
}

BOOST_AUTO_TEST_CASE(files_that_csv_readers_are_known_to_lose_rows_of) {
  const auto step = validate(contract().object);
  Planned half;  // every second record is too short
  for (std::uint64_t id = 1; id <= 60'000; ++id)
    id % 2 ? half.good(id, std::to_string(id) + ",a,1\n")
           : half.bad(std::to_string(id) + ",b\n", "too_few_columns");
  Planned open;  // the first record has a quote that is never closed
  open.bad("1,\"open,1\n", "record_too_long");
  for (std::uint64_t id = 2; id <= 150'000; ++id) open.good(id, std::to_string(id) + ",a,1\n");
  Planned few;
  few.good(1, "1,a,1\n");
  few.bad("2,\"b,1\n", "bad_quoting");
  few.good(3, "3,c,1\n");
  few.good(4, "4,d,1\n");
  Planned large;  // a line of 33 MiB among others
  large.good(1, "1,a,1\n");
  large.bad("2," + std::string(33u << 20, 'x') + ",1\n", "record_too_long");
  large.good(3, "3,c,1\n");
  Planned returns;  // all line ends at once
  returns.good(1, "1,a,1\r\n");
  returns.bad("2,b\rc,1\n", "bad_quoting");
  returns.good(3, "3,c,1\n\r\n\n");
  returns.good(4, "4,d,1\r");
  for (const auto& [name, plan] :
       {std::pair{"half", &half}, std::pair{"open", &open}, std::pair{"few", &few},
        std::pair{"large", &large}, std::pair{"returns", &returns}}) {
    SliceFolder slice;
    slice.write("in/trades/a.csv", plan->csv);
    compare(slice, slice.run(step), *plan, name);
  }
}

BOOST_AUTO_TEST_CASE(ten_thousand_columns_and_rules) {
  ObjectOf of;
  std::string header, good, bad;
  for (int c = 0; c < 10'000; ++c) {
    auto& column = of.column("c" + std::to_string(c), LogicalType::integer);
    if (c % 10 == 0) column.options.maximum = governance::Limit{"9", false};
    header += (c ? ",c" : "c") + std::to_string(c);
    good += c ? ",1" : "1";
    bad += c == 0 ? "10" : c == 9'990 ? ",11" : c == 9'999 ? ",x" : ",1";
  }
  SliceFolder slice;
  slice.write("in/trades/a.csv", header + "\n" + good + "\n" + bad + "\n" + good + "\n");
  const Ended ended = slice.run(validate(of.object), MiB(1536));
  BOOST_TEST(ended.code == 0, ended.log);
  BOOST_TEST(accounts(slice, ended) == "3 = 2 + 1");
  BOOST_TEST(slice.query("SELECT array_to_string(all_rules, ','), c9999 FROM " + kRejected) ==
             "maximum(c0),maximum(c9990),type(c9999)|x");
}

BOOST_AUTO_TEST_CASE(memory_stays_within_what_the_step_asks_for) {
  // 120 MB of which every row is rejected, some with long texts: nothing may pile up.
  SliceFolder slice;
  std::string csv = "id,name,qty\n";
  const std::string text(900, 'x');
  for (int id = 0; csv.size() < (120u << 20); ++id)
    csv += std::to_string(id % 1'000) + "," + (id % 3 ? text : "short") + "," +
           (id % 3 ? "1" : "x") + "\n";
  slice.write("in/trades/a.csv", std::exchange(csv, {}));
  const Ended ended = slice.run(validate(contract().object), MiB(256));
  BOOST_TEST(ended.code == 0, ended.log);
  BOOST_TEST(accounts(slice, ended).find(" = 0 + ") != std::string::npos);
#if !defined(__SANITIZE_ADDRESS__)
  // What DuckDB may use, and half of it again, is what the daemon gives a step.
  BOOST_TEST(ended.peak_mib < 384);
#endif
  BOOST_TEST_MESSAGE("peak " << ended.peak_mib << " MiB");
  BOOST_TEST(fs::is_empty(slice.path("scratch")));
}

BOOST_AUTO_TEST_CASE(keys_that_do_not_fit_into_memory_are_still_compared) {
  SliceFolder slice;
  ObjectOf of;
  auto& key = of.column("key");
  key.required = true;
  key.primary_key = 1;
  std::string csv = "key\n";
  const std::string tail(100, 'k');
  constexpr int rows = 1'200'000;
  for (int id = 0; id < rows; ++id) csv += std::to_string(id * 7'919LL % rows) + tail + "\n";
  csv += "5" + tail + "\n0" + tail + "\n";
  slice.write("in/trades/a.csv", std::exchange(csv, {}));
  const Ended ended = slice.run(validate(of.object), MiB(160));
  BOOST_TEST(ended.code == 0, ended.log);
  BOOST_TEST(accounts(slice, ended) == "1200002 = 1200000 + 2");
  BOOST_TEST(slice.query("SELECT source_record, rule FROM " + kRejected) ==
             "1200001|primaryKey / 1200002|primaryKey");
#if !defined(__SANITIZE_ADDRESS__)
  BOOST_TEST(ended.peak_mib < 256);
#endif
  BOOST_TEST_MESSAGE("peak " << ended.peak_mib << " MiB");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace runink::testing
