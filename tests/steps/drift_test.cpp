// Sources with a contract: files as they are, and columns that are not what the contract says.
#include <boost/test/unit_test.hpp>

#include "tests/steps/validation.hpp"

namespace runink::testing {
namespace {
using governance::LogicalType;
using pipeline::Format;

ObjectOf trades() {
  ObjectOf of;
  of.column("id", LogicalType::integer);
  of.column("name");
  of.column("price", LogicalType::number, "DECIMAL(9,2)");
  return of;
}

pipeline::Step governed(Format format, const std::string& path, bool block = true) {
  pipeline::Step step = source(format, path);
  pipeline::SourceContract contract;
  contract.contract.name = ContractName{"trades"};
  contract.contract.version = 3;
  contract.schema = trades().object;
  contract.block_on_drift = block;
  std::get<pipeline::SourceWork>(step.work).contract = contract;
  return step;
}

/// new, missing, retyped, reordered
std::string drift(const Ended& ended) {
  std::string out;
  for (const char* kind : {"drift_new", "drift_missing", "drift_retyped", "drift_reordered"})
    out += (out.empty() ? "" : " ") + std::to_string(counter(ended, kind));
  return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(drift_of_schemas)

BOOST_AUTO_TEST_CASE(a_source_with_a_contract_keeps_its_files_byte_for_byte) {
  SliceFolder slice;
  const std::string dirt = "id,name,price\r\n1,\"a\"x,1.00\n2,\xff,\nthree\n\"open,\n";
  slice.write("volumes/lake/t/b[1].csv", dirt);
  slice.write("volumes/lake/t/a.csv", "id,name,price\n1,a,1\n");
  const Ended ended = slice.run(governed(Format::csv, "t/*.csv"));
  BOOST_TEST(ended.code == 0, ended.log);
  BOOST_TEST(slice.read("out/trades/00001-a.csv") == "id,name,price\n1,a,1\n");
  BOOST_TEST(slice.read("out/trades/00002-b_1].csv") == dirt);
  BOOST_TEST(ended.rows() == 5);
  BOOST_TEST(ended.count("read") == 2u);
  BOOST_TEST(drift(ended) == "0 0 0 0");

  // What was imported is what a validate step reads.
  fs::create_directories(slice.path("in"));
  fs::copy(slice.path("out/trades"), slice.path("in/trades"));
  const Ended checked = slice.run(validate(trades().object));
  BOOST_TEST(accounts(slice, checked) == "5 = 1 + 4");
}

BOOST_AUTO_TEST_CASE(drift_fails_before_a_row_is_read_and_says_what_it_is) {
  SliceFolder slice;
  slice.write("volumes/lake/a.csv", "name,id,more\n1,2,3\n");
  const Ended ended = slice.run(governed(Format::csv, "a.csv"));
  BOOST_TEST(ended.reason() == "schema_drift");
  BOOST_TEST(drift(ended) == "1 1 0 1");
  BOOST_TEST(
      ended.log.find("new column \"more\"; missing column \"price\"; columns in another order") !=
          std::string::npos,
      ended.log);
  BOOST_TEST(ended.log.find("trades@3") != std::string::npos);
  BOOST_TEST(ended.count("output") == 0u);
  BOOST_TEST(!fs::exists(slice.path("out/trades")));
  const Ended passed = slice.run(governed(Format::csv, "a.csv", false));
  BOOST_TEST(passed.code == 0, passed.log);
  // The report enters the log, and a name that no contract knows may be anything.
  BOOST_TEST(boost::json::serialize(passed.last("output").at("columns")) ==
             R"([{"name":"name","type":"VARCHAR"},{"name":"id","type":"VARCHAR"}])");
  BOOST_TEST(drift(passed) == "1 1 0 1");
}

BOOST_AUTO_TEST_CASE(parquet_and_json_drift_in_their_types_too) {
  SliceFolder slice;
  slice.make("volumes/lake/a.parquet",
             "SELECT 1::BIGINT AS id, 'x' AS name, 1.5::DECIMAL(9,2) AS price");
  BOOST_TEST(drift(slice.run(governed(Format::parquet, "a.parquet"))) == "0 0 1 0");
  slice.make("volumes/lake/a.parquet", "SELECT 1 AS id, 'x' AS name, 1.5::DECIMAL(9,2) AS price");
  Ended ended = slice.run(governed(Format::parquet, "a.parquet"));
  BOOST_TEST(ended.code == 0, ended.log);
  BOOST_TEST(ended.rows() == 1);

  slice.write(
      "volumes/lake/a.jsonl",
      "{\"price\":\"1\",\"id\":1}\n\n{\"price\":\"2\",\"id\":\"dirt\",\"more\":null}\nnot json\n");
  ended = slice.run(governed(Format::jsonl, "a.jsonl"));
  BOOST_TEST(ended.reason() == "schema_drift");
  BOOST_TEST(drift(ended) == "1 1 1 0");
  slice.write("volumes/lake/a.jsonl",
              "{\"price\":1,\"id\":1,\"name\":null}\n{\"price\":\"dirt\"}\n");
  ended = slice.run(governed(Format::jsonl, "a.jsonl"));
  BOOST_TEST(ended.code == 0, ended.log);
  BOOST_TEST(ended.rows() == 2);
}

BOOST_AUTO_TEST_CASE(drift_of_json_lines_is_found_in_whatever_line_it_begins) {
  SliceFolder slice;
  std::string lines;
  for (int i = 0; i < 3'000; ++i)
    lines += "{\"id\":" + std::to_string(i) + ",\"name\":\"n\",\"price\":1}\n";
  slice.write("volumes/lake/a.jsonl", lines);
  BOOST_TEST(drift(slice.run(governed(Format::jsonl, "a.jsonl"))) == "0 0 0 0");
  slice.write("volumes/lake/a.jsonl", lines + "{\"name\":\"n\",\"id\":1,\"price\":1,\"more\":1}\n");
  const Ended ended = slice.run(governed(Format::jsonl, "a.jsonl"));
  BOOST_TEST(ended.reason() == "schema_drift");
  BOOST_TEST(drift(ended) == "1 0 0 0");

  std::string keys = "{\"id\":1";
  for (int i = 0; i < 20'001; ++i) keys += ",\"k" + std::to_string(i) + "\":1";
  slice.write("volumes/lake/a.jsonl", keys + "}\n");
  const Ended many = slice.run(governed(Format::jsonl, "a.jsonl", false));
  BOOST_TEST(many.reason() == "malformed_input");
  BOOST_TEST(many.log.find("more than 20000 different keys") != std::string::npos, many.log);
}

BOOST_AUTO_TEST_CASE(files_that_are_no_such_files_are_told) {
  SliceFolder slice;
  slice.write("volumes/lake/a.csv", "\x1f\x8b\x08 compressed");
  const Ended packed = slice.run(governed(Format::csv, "a.csv", false));
  BOOST_TEST(packed.reason() == "malformed_input");
  BOOST_TEST(packed.log.find("lake:/a.csv is compressed") != std::string::npos, packed.log);
  slice.write("volumes/lake/a.csv", "");
  BOOST_TEST(slice.run(governed(Format::csv, "a.csv")).reason() == "bad_header");
  slice.write("volumes/lake/a.parquet", "no parquet");
  BOOST_TEST(slice.run(governed(Format::parquet, "a.parquet")).reason() == "malformed_input");
  BOOST_TEST(slice.run(governed(Format::csv, "absent.csv")).reason() == "input_missing");
}

BOOST_AUTO_TEST_CASE(a_byte_order_mark_is_no_part_of_the_first_key) {
  SliceFolder slice;
  slice.write("volumes/lake/a.jsonl",
              "\xef\xbb\xbf{\"id\":1,\"name\":\"a\",\"price\":1}\n\n{\"id\":2,\"name\":\"b\","
              "\"price\":2}\n");
  const Ended ended = slice.run(governed(Format::jsonl, "a.jsonl"));
  BOOST_TEST(ended.code == 0, ended.log);
  BOOST_TEST(drift(ended) == "0 0 0 0");
  BOOST_TEST(ended.rows() == 2);
  slice.write("volumes/lake/a.jsonl", "\xef\xbb\xbf\n{\"id\":1,\"name\":\"a\",\"price\":1}\n");
  BOOST_TEST(slice.run(governed(Format::jsonl, "a.jsonl")).rows() == 1);
}

BOOST_AUTO_TEST_CASE(names_of_files_are_made_fit_for_every_reader) {
  SliceFolder slice;
  std::string many;
  for (int i = 0; i < 120; ++i) many += "\xc3\xa9";
  slice.write("volumes/lake/t/" + many + ".csv", "id,name,price\n");
  slice.write("volumes/lake/t/\xff\xfe.csv", "id,name,price\n1,a,1\n");
  const Ended ended = slice.run(governed(Format::csv, "t/*.csv"));
  BOOST_TEST(ended.code == 0, ended.log);
  // 200 bytes would end within a character for a name of odd length; here they are a hundred.
  BOOST_TEST(fs::exists(slice.path("out/trades/00001-" + many.substr(0, 200) + ".csv")));
  BOOST_TEST(slice.read("out/trades/00002-__.csv") == "id,name,price\n1,a,1\n");
  BOOST_TEST(ended.count("read") == 2u);
  fs::remove_all(slice.path("volumes/lake/t"));
  slice.write("volumes/lake/t/x" + many + ".csv", "id,name,price\n");
  BOOST_TEST(slice.run(governed(Format::csv, "t/*.csv")).code == 0);
  BOOST_TEST(fs::exists(slice.path("out/trades/x" + many.substr(0, 198) + ".csv")));
}

BOOST_AUTO_TEST_CASE(files_whose_names_no_commit_could_hold_are_refused_before_they_are_copied) {
  SliceFolder slice;
  const std::string folder = std::string(200, 'f');
  for (int i = 0; i < 300; ++i)
    slice.write(
        "volumes/lake/" + folder + "/" + std::string(180, 'n') + std::to_string(1000 + i) + ".csv",
        "id,name,price\n");
  const Ended ended = slice.run(governed(Format::csv, folder + "/*.csv"));
  BOOST_TEST(ended.code == 1);
  BOOST_TEST(ended.log.find("one commit takes") != std::string::npos, ended.log);
  BOOST_TEST(!fs::exists(slice.path("out/trades")));
  const Ended sniffed = slice.run(source(Format::csv, folder + "/*.csv"));
  BOOST_TEST(sniffed.log.find("one commit takes") == std::string::npos, sniffed.log);
}

BOOST_AUTO_TEST_CASE(parquet_files_of_different_columns_are_one_dataset_where_drift_may_pass) {
  SliceFolder slice;
  slice.make("volumes/lake/t/a.parquet", "SELECT 1 AS id, 'x' AS name");
  slice.make("volumes/lake/t/b.parquet", "SELECT 2 AS id, 2.5::DECIMAL(9,2) AS price, 7 AS more");
  BOOST_TEST(slice.run(governed(Format::parquet, "t/*.parquet")).reason() == "schema_drift");
  const Ended ended = slice.run(governed(Format::parquet, "t/*.parquet", false));
  BOOST_TEST(ended.code == 0, ended.log);
  BOOST_TEST(ended.rows() == 2);
  fs::create_directories(slice.path("in"));
  fs::copy(slice.path("out/trades"), slice.path("in/trades"));
  const Ended checked = slice.run(validate(trades().object));
  BOOST_TEST(checked.code == 0, checked.log);
  BOOST_TEST(slice.query("SELECT * FROM " + kChecked + " ORDER BY id") == "1|x|NULL / 2|NULL|2.50");
}

BOOST_AUTO_TEST_CASE(nested_parquet_is_checked_as_json) {
  SliceFolder slice;
  ObjectOf of;
  of.column("id", LogicalType::integer);
  of.column("address", LogicalType::object);
  auto& city = of.column("address.city");
  city.options.min_length = 2;
  of.column("tags", LogicalType::array);
  slice.make("in/trades/a.parquet",
             "SELECT 1 AS id, {'city': 'Bonn'} AS address, ['a'] AS tags UNION ALL "
             "SELECT 2, {'city': 'x'}, []");
  const Ended ended = slice.run(validate(of.object));
  BOOST_TEST(ended.code == 0, ended.log);
  BOOST_TEST(slice.query("SELECT * FROM " + kChecked) == "1|{\"city\":\"Bonn\"}|[\"a\"]");
  BOOST_TEST(slice.query("SELECT rule, address FROM " + kRejected) ==
             "minLength(address.city)|{\"city\":\"x\"}");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace runink::testing
