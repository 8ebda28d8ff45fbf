// SQL steps and sinks, their failures as reasons, their limits, and their end by a signal.
#include <boost/test/unit_test.hpp>

#include "tests/steps/slice_folder.hpp"

namespace runink::testing {
namespace {

using pipeline::Format;

const std::string kSold = "SELECT * FROM read_parquet('{}/out/netted/part-0.parquet')";

std::string reason_of(const std::string& text) {
  SliceFolder slice;
  slice.make("in/trades/part-0.parquet",
             "SELECT 'x' AS name, 1 AS id UNION ALL SELECT 'y', 2147483647");
  const Ended ended = slice.run(sql(text, {"trades"}));
  BOOST_TEST(ended.code == 1, text);
  BOOST_TEST(ended.count("output") == 0u);
  BOOST_TEST(!fs::exists(slice.path("out/netted/part-0.parquet")), text);
  return ended.reason();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(sql_and_sinks)

BOOST_AUTO_TEST_CASE(a_select_over_parquet_csv_and_json_inputs_is_written_in_its_order) {
  SliceFolder slice;
  slice.make("in/trades/part-0.parquet", "SELECT x AS id, 'C' || x % 3 AS cpty FROM range(9) t(x)");
  slice.write("in/rates/a.csv", "cpty,rate\nC0,1.5\nC1,2.5\n");
  slice.write("in/names/a.jsonl", "{\"cpty\":\"C0\",\"name\":\"zero\"}\n");
  const Ended ended =
      slice.run(sql("SELECT cpty, count(*) AS n, any_value(rate) AS rate, name\n"
                    "FROM trades JOIN rates USING (cpty) LEFT JOIN Names USING "
                    "(cpty) GROUP BY cpty, name ORDER BY cpty DESC; -- done",
                    {"names", "rates", "trades"}));
  BOOST_TEST(ended.code == 0, ended.log);
  BOOST_TEST(slice.query(kSold) == "C1|3|2.5|NULL / C0|3|1.5|zero");
  BOOST_TEST(ended.rows() == 2);
}

BOOST_AUTO_TEST_CASE(several_files_of_an_input_are_one_table) {
  SliceFolder slice;
  slice.make("in/trades/part-1.parquet", "SELECT 2 AS id");
  slice.make("in/trades/part-0.parquet", "SELECT 1 AS id");
  BOOST_TEST(slice.run(sql("FROM trades", {"trades"})).code == 0);
  BOOST_TEST(slice.query(kSold) == "1 / 2");
}

BOOST_AUTO_TEST_CASE(rejected_rows_are_read_beside_the_rows_that_hold) {
  SliceFolder slice;
  slice.make("in/checked/part-0.parquet", "SELECT 1 AS id");
  slice.make("in/checked.rejected/part-0.parquet", "SELECT 'required(id)' AS rule, 2 AS id");
  const Ended ended = slice.run(
      sql("SELECT rejected.rule, r2.id, checked.id AS good FROM checked, checked.rejected, "
          "Checked.Rejected AS r2",
          {"checked", "checked.rejected"}));
  BOOST_TEST(ended.code == 0, ended.log);
  BOOST_TEST(slice.query(kSold) == "required(id)|2|1");
}

BOOST_AUTO_TEST_CASE(whole_sums_stay_exact_and_ordered) {
  SliceFolder slice;
  slice.make("in/trades/part-0.parquet", "SELECT 9007199254740993 AS q, x FROM range(3) t(x)");
  const Ended ended =
      slice.run(sql("SELECT x, sum(q) AS s FROM trades GROUP BY x ORDER BY x DESC", {"trades"}));
  BOOST_TEST(ended.code == 0, ended.log);
  BOOST_TEST(slice.query(kSold) == "2|9007199254740993 / 1|9007199254740993 / 0|9007199254740993");
}

BOOST_AUTO_TEST_CASE(every_failure_has_its_reason) {
  BOOST_TEST(reason_of("SELECT nom FROM trades") == "unknown_column");
  BOOST_TEST(reason_of("SELECT id FROM trades a, trades b") == "ambiguous");
  BOOST_TEST(reason_of("SELECT id, id FROM trades") == "ambiguous");
  BOOST_TEST(reason_of("SELECT * FROM elsewhere") == "unknown_table");
  BOOST_TEST(reason_of("SELECT frobnicate(id) FROM trades") == "unknown_function");
  BOOST_TEST(reason_of("SELECT sum(name) FROM trades") == "type_mismatch");
  BOOST_TEST(reason_of("SELECT name::DATE AS d FROM trades") == "bad_value");
  BOOST_TEST(reason_of("SELECT id + id::INTEGER AS s FROM trades") == "overflow");
  BOOST_TEST(reason_of("SELECT error('stop') AS e FROM trades") == "raised");
  BOOST_TEST(reason_of("SELECT now() AS n FROM trades") == "syntax");
  BOOST_TEST(reason_of("SELECT * FROM read_csv('/etc/passwd')") == "syntax");
  BOOST_TEST(reason_of("COPY trades TO '/tmp/x'") == "syntax");
  BOOST_TEST(reason_of("SELECT 1 frm x y") == "syntax");
}

BOOST_AUTO_TEST_CASE(a_mistake_is_shown_in_its_line) {
  SliceFolder slice;
  slice.make("in/trades/part-0.parquet", "SELECT 1 AS id");
  const Ended ended = slice.run(sql("SELECT id,\n  nom\nFROM trades", {"trades"}));
  BOOST_TEST(ended.log.find("line 2, column 3") != std::string::npos, ended.log);
}

BOOST_AUTO_TEST_CASE(inputs_must_be_there_and_be_of_one_known_format) {
  SliceFolder slice;
  const auto step = sql("FROM trades", {"trades"});
  BOOST_TEST(slice.run(step).reason() == "input_missing");
  slice.write("in/trades/a.txt", "x");
  BOOST_TEST(slice.run(step).reason() == "malformed_input");
  fs::remove(slice.path("in/trades/a.txt"));
  slice.write("in/trades/a.csv", "a,b\n1,2\n");
  slice.write("in/trades/a.jsonl", "{\"a\":1}\n");
  BOOST_TEST(slice.run(step).reason() == "malformed_input");
}

BOOST_AUTO_TEST_CASE(text_inputs_that_programs_wrote_badly_fail_with_their_line) {
  SliceFolder slice;
  const auto step = sql("FROM trades", {"trades"});
  slice.write("in/trades/a.csv", "a,b\n1,2\n3\n");
  Ended ended = slice.run(step);
  BOOST_TEST(ended.reason() == "malformed_input");
  BOOST_TEST(ended.log.find("trades/a.csv, line 3") != std::string::npos, ended.log);
  fs::remove(slice.path("in/trades/a.csv"));
  slice.write("in/trades/a.jsonl", "");
  ended = slice.run(step);
  BOOST_TEST(ended.reason() == "malformed_input");
  BOOST_TEST(ended.log.find("columns are unknown") != std::string::npos, ended.log);
}

BOOST_AUTO_TEST_CASE(a_sql_step_writes_the_format_that_it_is_told) {
  SliceFolder slice;
  slice.make("in/trades/part-0.parquet", "SELECT 1.50::DECIMAL(9,2) AS a, 'x' AS b");
  auto step = sql("FROM trades", {"trades"});
  std::get<pipeline::SqlWork>(step.work).format = Format::csv;
  BOOST_TEST(slice.run(step).rows() == 1);
  BOOST_TEST(slice.read("out/netted/part-0.csv") == "a,b\n1.50,x\n");
  std::get<pipeline::SqlWork>(step.work).format = Format::jsonl;
  BOOST_TEST(slice.run(step).rows() == 1);
  BOOST_TEST(slice.read("out/netted/part-0.jsonl") == "{\"a\":1.5,\"b\":\"x\"}\n");
  // A result without rows has no columns in JSON lines, and is told so.
  std::get<pipeline::SqlWork>(step.work).text = "FROM trades WHERE a > 2";
  BOOST_TEST(slice.run(step).code == 1);
  std::get<pipeline::SqlWork>(step.work).format = Format::csv;
  BOOST_TEST(slice.run(step).rows() == 0);
}

BOOST_AUTO_TEST_CASE(a_sink_writes_one_file_in_each_format) {
  SliceFolder slice;
  slice.make("in/netted/part-0.parquet",
             "SELECT 2 AS id, 'x, \"y\"' AS s, 1.50::DECIMAL(38,2) AS d UNION ALL SELECT 1, NULL, "
             "12345678901234567890.12");
  Ended ended = slice.run(sink(Format::csv, "netted"));
  BOOST_TEST(ended.code == 0, ended.log);
  BOOST_TEST(slice.read("out/report/data.csv") ==
             "id,s,d\n2,\"x, \"\"y\"\"\",1.50\n1,,12345678901234567890.12\n");
  BOOST_TEST(ended.rows() == 2);
  const std::string hash = ended.content_hash();
  ended = slice.run(sink(Format::jsonl, "netted"));
  BOOST_TEST(slice.read("out/report/data.jsonl") ==
             "{\"id\":2,\"s\":\"x, \\\"y\\\"\",\"d\":1.50}\n"
             "{\"id\":1,\"s\":null,\"d\":12345678901234567890.12}\n");
  BOOST_TEST(ended.content_hash() == hash);
  ended = slice.run(sink(Format::parquet, "netted"));
  BOOST_TEST(slice.query("SELECT * FROM read_parquet('{}/out/report/data.parquet')") ==
             "2|x, \"y\"|1.50 / 1|NULL|12345678901234567890.12");
  BOOST_TEST(ended.content_hash() == hash);
}

BOOST_AUTO_TEST_CASE(a_repeated_step_writes_the_same_bytes) {
  SliceFolder slice;
  slice.make("in/trades/part-0.parquet",
             "SELECT x AS id, x * 7919 % 1000 AS k, 'c' || x % 50 AS c FROM range(200000) t(x)");
  const auto step =
      sql("SELECT c, k, sum(id) AS s, avg(id / 3) AS a FROM trades JOIN (SELECT "
          "DISTINCT k AS j FROM trades) ON k = j GROUP BY c, k",
          {"trades"});
  BOOST_TEST(slice.run(step).code == 0);
  const std::string before = slice.read("out/netted/part-0.parquet");
  BOOST_TEST(slice.run(step).code == 0);
  BOOST_TEST((slice.read("out/netted/part-0.parquet") == before));
}

BOOST_AUTO_TEST_CASE(little_memory_spills_to_scratch_and_no_scratch_fails) {
  SliceFolder slice;
  slice.make("in/trades/part-0.parquet",
             "SELECT x AS id, md5(x::VARCHAR) AS h FROM range(2500000) t(x)");
  auto step = sql("SELECT * FROM trades ORDER BY h", {"trades"});
  const Ended small = slice.run(step, MiB(128));
  BOOST_TEST(small.code == 0, small.log);
  BOOST_TEST(fs::is_empty(slice.path("scratch")));
  step.needs.disk = MiB(1);
  BOOST_TEST(slice.run(step, MiB(128)).reason() == "temp_full");
  BOOST_TEST(slice.run(step, MiB(6)).reason() == "out_of_memory");
}

BOOST_AUTO_TEST_CASE(a_step_without_end_is_cancelled_by_a_signal) {
  SliceFolder slice;
  slice.make("in/trades/part-0.parquet", "SELECT x AS id FROM range(2000) t(x)");
  slice.give(
      sql("SELECT count(*) AS n FROM trades a, trades b, trades c, trades d WHERE a.id * "
          "b.id + c.id * d.id = 7",
          {"trades"}));
  const pid_t child = slice.start("run");
  const bool began = slice.appears("out/netted", child);
  if (!began) ::kill(child, SIGKILL);
  BOOST_TEST(began);
  ::kill(child, SIGTERM);
  const Ended ended = slice.wait(child);
  BOOST_TEST(ended.code == 1);
  BOOST_TEST(ended.reason() == "cancelled", ended.log);
  BOOST_TEST(!fs::exists(slice.path("out/netted/part-0.parquet")));
}

BOOST_AUTO_TEST_CASE(progress_is_told_while_it_runs_and_only_grows) {
  SliceFolder slice;
  slice.make("in/trades/part-0.parquet",
             "SELECT x AS id, md5(x::VARCHAR) AS h FROM range(1200000) t(x)");
  const Ended ended =
      slice.run(sql("SELECT id, md5(h) AS a, sha256(h) AS b FROM trades", {"trades"}));
  BOOST_TEST(ended.code == 0, ended.log);
  BOOST_TEST(ended.count("progress") > 0u);
  std::int64_t before = 0;
  for (const auto& line : ended.lines)
    if (const auto* progress = line.if_contains("progress")) {
      const auto permille = progress->as_object().at("permille").as_int64();
      BOOST_TEST(permille > before);
      BOOST_TEST(permille <= 1000);
      before = permille;
    }
}

BOOST_AUTO_TEST_CASE(without_a_step_file_it_was_called_wrongly) {
  SliceFolder slice;
  BOOST_TEST(slice.wait(slice.start("run")).code == 2);
  slice.write("in/.runink/step", "not a step");
  BOOST_TEST(slice.wait(slice.start("run")).code == 2);
  pipeline::StepFile other;
  other.version = pipeline::step_file_version + 1;
  other.step = sql("SELECT 1 AS one", {});
  slice.write("in/.runink/step", encode(other));
  const Ended ended = slice.wait(slice.start("run"));
  BOOST_TEST(ended.code == 2);
  BOOST_TEST(ended.log.find("install runinkd and runink-step together") != std::string::npos,
             ended.log);
  BOOST_TEST(slice.wait(slice.start("frobnicate")).code == 2);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace runink::testing
