// Sources: files of a volume or of the bundle become one Parquet file, or the step says why not.
#include <sys/stat.h>

#include <boost/test/unit_test.hpp>

#include "steps/text_scan.hpp"
#include "tests/steps/slice_folder.hpp"

namespace runink::testing {
namespace {

using pipeline::Format;

const std::string kCount = "SELECT count(*) FROM read_parquet('{}/out/trades/part-0.parquet')";
const std::string kAll = "SELECT * FROM read_parquet('{}/out/trades/part-0.parquet')";

/// The reason for which a source over one CSV file of these bytes fails; its log must hold `sign`.
std::string reason_for(const std::string& bytes, const std::string& sign,
                       Format format = Format::csv) {
  SliceFolder slice;
  slice.write("volumes/lake/a.csv", bytes);
  const Ended ended = slice.run(source(format, "a.csv"));
  BOOST_TEST(ended.code == 1);
  BOOST_TEST(ended.log.find(sign) != std::string::npos, ended.log);
  BOOST_TEST(ended.count("output") == 0u);
  BOOST_TEST(ended.count("read") == 0u);
  return ended.reason();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(sources)

BOOST_AUTO_TEST_CASE(a_csv_file_is_imported_with_its_digest) {
  SliceFolder slice;
  const std::string bytes = "id,name,price\n1,\"x, y\",1.5\n2,,2.25\n";
  slice.write("volumes/lake/2026/a.csv", bytes);
  const Ended ended = slice.run(source(Format::csv, "2026/a.csv"));
  BOOST_TEST(ended.code == 0, ended.log);
  BOOST_TEST(slice.query(kAll + " ORDER BY id") == "1|x, y|1.5 / 2|NULL|2.25");
  BOOST_TEST(ended.rows() == 2);
  const auto read = ended.last("read");
  BOOST_TEST(std::string(read.at("path").as_string()) == "lake:/2026/a.csv");
  BOOST_TEST(std::string(read.at("sha256").as_string()) == to_hex(sha256(bytes)));
  BOOST_TEST(read.at("bytes").as_int64() == static_cast<std::int64_t>(bytes.size()));
  const auto columns = ended.last("output").at("columns").as_array();
  BOOST_TEST(std::string(columns[2].as_object().at("type").as_string()) == "DOUBLE");
}

BOOST_AUTO_TEST_CASE(json_lines_and_parquet_are_imported_too) {
  SliceFolder slice;
  slice.write("volumes/lake/a.jsonl", "{\"a\": 1, \"b\": \"x\"}\n\n{\"a\": 2}\n");
  Ended ended = slice.run(source(Format::jsonl, "a.jsonl"));
  BOOST_TEST(ended.code == 0, ended.log);
  BOOST_TEST(slice.query(kAll) == "1|x / 2|NULL");
  slice.make("volumes/lake/a.parquet", "SELECT 1 AS a, 'x' AS b UNION ALL SELECT 2, NULL");
  ended = slice.run(source(Format::parquet, "a.parquet"));
  BOOST_TEST(ended.code == 0, ended.log);
  BOOST_TEST(slice.query(kAll) == "1|x / 2|NULL");
}

BOOST_AUTO_TEST_CASE(a_glob_reads_its_files_in_the_order_of_their_names) {
  SliceFolder slice;
  slice.write("volumes/lake/d/b.csv", "a,b\n2,x\n");
  slice.write("volumes/lake/d/a.csv", "a,b\n1,y\n");
  slice.write("volumes/lake/d/.hidden.csv", "a,b\n9,9\n");
  slice.write("volumes/lake/d/notes.txt", "no table\n");
  slice.write("volumes/lake/d/sub.csv/inner", "");
  const Ended ended = slice.run(source(Format::csv, "?/*.csv"));
  BOOST_TEST(ended.code == 0, ended.log);
  BOOST_TEST(slice.query(kAll) == "1|y / 2|x");
  BOOST_TEST(ended.count("read") == 2u);
  BOOST_TEST(std::string(ended.last("read").at("path").as_string()) == "lake:/d/b.csv");
}

BOOST_AUTO_TEST_CASE(text_is_utf8_wherever_its_bytes_are_parted) {
  const std::string good = "a\nZ\xc3\xbcrich\n\xe6\x97\xa5\n\xf0\x9f\x98\x80";
  for (std::size_t step = 1; step <= good.size(); ++step) {
    steps::Utf8Scan scan{"f"};
    for (std::size_t at = 0; at < good.size(); at += step)
      BOOST_TEST(scan.feed(good.substr(at, step)).has_value(), step);
    BOOST_TEST(scan.finish().has_value(), step);
  }
  for (const std::string bad : {"a\nZ\xfcrich\n", "a\n\xe6\x97", "a\n\xe6\x97z\n", "a\n\x80\n",
                                "a\n\xc3\xc3\xbc", "a\n\xf0\x9f\x98\x80\x80\n"})
    for (std::size_t step = 1; step <= bad.size(); ++step) {
      steps::Utf8Scan scan{"f"};
      steps::Outcome<void> done;
      for (std::size_t at = 0; at < bad.size() && done; at += step)
        done = scan.feed(std::string_view(bad).substr(at, step));
      if (done) done = scan.finish();
      BOOST_REQUIRE(!done.has_value());
      BOOST_TEST(done.error().text.starts_with("f, line 2: bytes that are no UTF-8"),
                 done.error().text);
    }
}

BOOST_AUTO_TEST_CASE(two_stars_stand_for_any_number_of_folders) {
  SliceFolder slice;
  slice.write("volumes/lake/d/a.csv", "a,b\n1,x\n");
  slice.write("volumes/lake/d/2026/11/a.csv", "a,b\n2,x\n");
  slice.write("volumes/lake/d/2026/b.csv", "a,b\n3,x\n");
  slice.write("volumes/lake/d/.old/a.csv", "a,b\n9,x\n");
  fs::create_directory_symlink("..", slice.path("volumes/lake/d/2026/up"));
  for (const auto& [pattern, rows] :
       {std::pair("d/**/a.csv", "2|x / 1|x"), std::pair("d/**", "2|x / 3|x / 1|x"),
        std::pair("**/11/*.csv", "2|x"), std::pair("d/**/**/a.csv", "2|x / 1|x"),
        std::pair("d/*/b.csv", "3|x")}) {
    const Ended ended = slice.run(source(Format::csv, pattern));
    BOOST_TEST(ended.code == 0, pattern << ended.log);
    BOOST_TEST(slice.query(kAll) == rows, pattern);
  }
  BOOST_TEST(slice.run(source(Format::csv, "d/**/c.csv")).reason() == "input_missing");
  BOOST_TEST(slice.run(source(Format::csv, "nothing/**/a.csv")).reason() == "input_missing");
}

BOOST_AUTO_TEST_CASE(types_come_from_every_row_of_every_file) {
  SliceFolder slice;
  std::string many = "a\n";
  for (int i = 0; i < 50'000; ++i) many += "1\n";
  slice.write("volumes/lake/a.csv", many + "word\n");
  BOOST_TEST(slice.run(source(Format::csv, "a.csv")).code == 0);
  slice.write("volumes/lake/m/a.csv", "a,b\n1,1\n");
  slice.write("volumes/lake/m/z.csv", "a,b\n1,word\n");
  const Ended ended = slice.run(source(Format::csv, "m/*"));
  BOOST_TEST(ended.code == 0, ended.log);
  BOOST_TEST(slice.query(kAll) == "1|1 / 1|word");
}

BOOST_AUTO_TEST_CASE(a_file_of_the_bundle_is_a_source_too) {
  SliceFolder slice;
  slice.write("bundle/data/a.csv", "a,b\n1,2\n");
  const Ended ended = slice.run(source(Format::csv, "data/a.csv", false));
  BOOST_TEST(ended.code == 0, ended.log);
  BOOST_TEST(std::string(ended.last("read").at("path").as_string()) == "data/a.csv");
}

BOOST_AUTO_TEST_CASE(what_is_not_there_is_missing) {
  SliceFolder slice;
  BOOST_TEST(slice.run(source(Format::csv, "a.csv")).reason() == "input_missing");
  BOOST_TEST(slice.run(source(Format::csv, "x/*.csv")).reason() == "input_missing");
  BOOST_TEST(slice.run(source(Format::csv, "*.csv")).reason() == "input_missing");
  fs::remove_all(slice.path("volumes/lake"));
  BOOST_TEST(slice.run(source(Format::csv, "a.csv")).reason() == "input_missing");
}

BOOST_AUTO_TEST_CASE(no_link_leads_out_of_a_volume) {
  SliceFolder slice;
  slice.write("outside/secret.csv", "a,b\n1,2\n");
  slice.write("volumes/lake/inside/a.csv", "a,b\n3,4\n");
  const auto link = [&](const std::string& target, const std::string& name) {
    fs::create_symlink(target, slice.path("volumes/lake/" + name));
  };
  link("../../outside/secret.csv", "relative.csv");
  link(slice.path("outside/secret.csv").string(), "absolute.csv");
  link("../../outside", "folder");
  link("inside/a.csv", "within.csv");
  // The control: these links do lead to the file, for whoever follows them.
  BOOST_TEST(slice.read("volumes/lake/relative.csv") == "a,b\n1,2\n");
  BOOST_TEST(slice.read("volumes/lake/absolute.csv") == "a,b\n1,2\n");
  BOOST_TEST(slice.read("volumes/lake/folder/secret.csv") == "a,b\n1,2\n");
  for (const char* path : {"relative.csv", "absolute.csv", "folder/secret.csv", "*e.csv",
                           "../../outside/secret.csv"}) {
    const Ended ended = slice.run(source(Format::csv, path));
    BOOST_TEST(ended.reason() == "forbidden_file", path << ": " << ended.log);
    BOOST_TEST(ended.code == 1);
  }
  BOOST_TEST(slice.run(source(Format::csv, "within.csv")).code == 0);
  BOOST_TEST(slice.query(kAll) == "3|4");
}

BOOST_AUTO_TEST_CASE(only_regular_files_are_read) {
  SliceFolder slice;
  BOOST_REQUIRE(::mkfifo(slice.path("volumes/lake/a.csv").c_str(), 0644) == 0);
  BOOST_TEST(slice.run(source(Format::csv, "a.csv")).reason() == "forbidden_file");
  BOOST_TEST(slice.run(source(Format::csv, "*.csv")).reason() == "forbidden_file");
  BOOST_TEST(slice.run(source(Format::csv, ".")).reason() == "forbidden_file");
}

BOOST_AUTO_TEST_CASE(a_malformed_csv_file_fails_with_its_line_and_loses_nothing) {
  BOOST_TEST(reason_for("a,b\n1,2\n3\n", "line 3") == "malformed_input");
  BOOST_TEST(reason_for("a,b\n1,2\n3,4,5\n", "lake:/a.csv, line 3") == "malformed_input");
  BOOST_TEST(reason_for("a,b\n1,\"x\n2,3\n", "line 2") == "malformed_input");
  BOOST_TEST(reason_for("a,b\n1,\xff\xfe\n", "lake:/a.csv") == "malformed_input");
  BOOST_TEST(reason_for("a,b\n1,2\nZ\xfcrich,4\n",
                        "lake:/a.csv, line 3: bytes that are no UTF-8") == "malformed_input");
  BOOST_TEST(reason_for(std::string("a,b\n1,\0\n", 8), "line 2: a zero byte") == "malformed_input");
  for (const char* quote : {"", "\""})
    BOOST_TEST(
        reason_for("a,b\n1,2\n" + (quote + std::string(5'000'000, 'x')) + quote + ",4\n5,6\n",
                   "lake:/a.csv, line 3: the record has more than 2000000 bytes") ==
        "malformed_input");
  BOOST_TEST(reason_for("a,a\n1,2\n", "twice") == "bad_header");
  BOOST_TEST(reason_for("", "is empty") == "bad_header");
  BOOST_TEST(reason_for("\x1f\x8b\x08 whatever", "compressed") == "malformed_input");
}

BOOST_AUTO_TEST_CASE(short_records_that_duckdb_was_seen_to_lose_silently_fail) {
  std::string bytes = "id,name,qty\n";
  for (int i = 0; i < 20'000; ++i) bytes += i % 2 ? "1,b\n" : "1,abc,2\n";
  BOOST_TEST(reason_for(bytes, "line 3") == "malformed_input");
}

BOOST_AUTO_TEST_CASE(malformed_json_lines_and_parquet_fail) {
  BOOST_TEST(reason_for("{\"a\":1}\n{\"a\":2", "lake:/a.csv, line 2: this is not one JSON object",
                        Format::jsonl) == "malformed_input");
  BOOST_TEST(reason_for("{\"a\":1} {\"a\":2}\n", "lake:/a.csv, line 1: this is not one JSON object",
                        Format::jsonl) == "malformed_input");
  BOOST_TEST(reason_for("{\"a\":1}\n3\n", "lake:/a.csv", Format::jsonl) == "malformed_input");
  BOOST_TEST(reason_for("PAR1 it is not", "lake:/a.csv", Format::parquet) == "malformed_input");
}

BOOST_AUTO_TEST_CASE(files_of_one_source_must_have_one_header) {
  SliceFolder slice;
  slice.write("volumes/lake/a.csv", "a,b\n1,2\n");
  slice.write("volumes/lake/b.csv", "b,a\n1,2\n");
  const Ended ended = slice.run(source(Format::csv, "*.csv"));
  BOOST_TEST(ended.reason() == "bad_header");
  BOOST_TEST(ended.log.find("lake:/b.csv") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_header_without_rows_is_an_empty_dataset) {
  SliceFolder slice;
  slice.write("volumes/lake/a.csv", "a,b\n");
  const Ended ended = slice.run(source(Format::csv, "a.csv"));
  BOOST_TEST(ended.code == 0, ended.log);
  BOOST_TEST(ended.rows() == 0);
  BOOST_TEST(slice.query(kCount) == "0");
}

BOOST_AUTO_TEST_CASE(blank_lines_of_a_one_column_file_are_counted_without_alarm) {
  SliceFolder slice;
  slice.write("volumes/lake/a.csv", "a\n1\n\n3\n\n");
  const Ended ended = slice.run(source(Format::csv, "a.csv"));
  BOOST_TEST(ended.code == 0, ended.log);
  BOOST_TEST(slice.query("SELECT count(a) FROM read_parquet('{}/out/trades/part-0.parquet')") ==
             "2");
}

BOOST_AUTO_TEST_CASE(a_file_that_changes_while_it_is_read_is_refused) {
  SliceFolder slice;
  std::string bytes = "a,b\n";
  for (int i = 0; i < 300'000; ++i) bytes += std::to_string(i) + ",some text of this row\n";
  slice.write("volumes/lake/a.csv", bytes);
  slice.give(source(Format::csv, "a.csv"));
  const pid_t child = slice.start("run");
  // The output folder is made after the file was scanned and before it is checked again.
  const bool began = slice.appears("out/trades", child);
  if (!began) ::kill(child, SIGKILL);
  BOOST_TEST(began);
  std::ofstream(slice.path("volumes/lake/a.csv"), std::ios::app) << "7,x\n";
  const Ended ended = slice.wait(child);
  BOOST_TEST(ended.code == 1);
  BOOST_TEST((ended.reason() == "input_changed" || ended.reason() == "malformed_input"),
             ended.reason());
}

BOOST_AUTO_TEST_CASE(a_repeated_import_writes_the_same_bytes) {
  SliceFolder slice;
  std::string bytes = "a,b,c\n";
  for (int i = 0; i < 30'000; ++i)
    bytes += std::to_string(i * 7919 % 30'000) + ",n" + std::to_string(i % 97) + ",0.5\n";
  slice.write("volumes/lake/a.csv", bytes);
  const Ended first = slice.run(source(Format::csv, "a.csv"));
  const std::string before = slice.read("out/trades/part-0.parquet");
  const Ended second = slice.run(source(Format::csv, "a.csv"));
  BOOST_TEST(first.code == 0);
  BOOST_TEST((slice.read("out/trades/part-0.parquet") == before));
  BOOST_TEST(first.content_hash() == second.content_hash());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace runink::testing
