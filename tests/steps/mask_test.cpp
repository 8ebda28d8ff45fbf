// Masks: known vectors, NULL, the same token everywhere, and a key that stands in no text.
#include <boost/test/unit_test.hpp>

#include "tests/steps/validation.hpp"

namespace runink::testing {
namespace {
using governance::LogicalType;
using governance::MaskMethod;

const std::string kKey = "0123456789abcdef0123456789abcdef";
const std::string kMasked = "SELECT * FROM read_parquet('{}/out/masked/part-0.parquet')";

pipeline::Step mask(std::vector<governance::ColumnMask> masks,
                    std::vector<std::string> required = {}) {
  pipeline::Step step;
  step.name = StepName{"masked"};
  step.work = pipeline::MaskWork{DatasetName{"trades"}, std::move(masks), std::move(required), {}};
  step.inputs = {DatasetName{"trades"}};
  step.outputs = {DatasetName{"masked"}};
  return step;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(masks)

BOOST_AUTO_TEST_CASE(each_method_gives_what_it_says_and_keeps_null) {
  SliceFolder slice;
  slice.write("in/.runink/key", kKey);
  slice.make("in/trades/a.parquet",
             "SELECT * FROM (VALUES ('a@b.de', 'a@b.de', 'DE02120300000000202051', 'secret', 7, "
             "DATE '2026-01-31', 'plain'), (NULL, NULL, NULL, NULL, NULL, NULL, NULL), ('', '', "
             "'12345678', '', 0, NULL, '')) t(h, t, p, r, n, d, k)");
  const Ended ended = slice.run(mask({{"H", MaskMethod::hash, ""},
                                      {"t", MaskMethod::tokenise, ""},
                                      {"p", MaskMethod::partial, ""},
                                      {"r", MaskMethod::redact, ""},
                                      {"n", MaskMethod::hash, ""},
                                      {"d", MaskMethod::redact, ""},
                                      {"absent", MaskMethod::redact, ""}}));
  BOOST_TEST(ended.code == 0, ended.log);
  // printf %s a@b.de | openssl dgst -sha256 -hmac 0123456789abcdef0123456789abcdef, the first half;
  // the key of tokens is the first half of the same of "runink tokenise"; then
  // printf %s a@b.de | openssl mac -macopt hexkey:... -macopt size:16 SIPHASH
  BOOST_TEST(slice.query(kMasked) ==
             "bec7b3a3156c53c37f669dd22be17c79|tok_c58524afcbacee8e8db6fd7d9d38a5f8|***************"
             "***2051|***|9657f4db0378a439d0a338d5b736d0ce|NULL|plain / "
             "NULL|NULL|NULL|NULL|NULL|NULL|NULL / "
             "796cd3078af14636753d26b3b5555422|tok_82280bab1342c2857b03d52fc23674ce|***|***|"
             "adb18d2a79fb97e5f5af13a942fab107|NULL|");
  BOOST_TEST(slice.query("SELECT column_type FROM (DESCRIBE " + kMasked + ")") ==
             "VARCHAR / VARCHAR / VARCHAR / VARCHAR / VARCHAR / DATE / VARCHAR");
  BOOST_TEST(counter(ended, "columns_masked") == 6);
  BOOST_TEST(ended.rows() == 3);
}

BOOST_AUTO_TEST_CASE(a_token_is_the_same_in_every_run_and_another_under_another_key) {
  SliceFolder slice;
  const auto step = mask({{"x", MaskMethod::tokenise, ""}});
  const auto run = [&](const std::string& key, const std::string& rows) {
    slice.write("in/.runink/key", key);
    slice.make("in/trades/a.parquet", rows);
    const Ended ended = slice.run(step);
    BOOST_TEST(ended.code == 0, ended.log);
    return std::pair{slice.query(kMasked), counter(ended, "key_id")};
  };
  const auto first = run(kKey, "SELECT 'ACME' AS x");
  const auto again = run(kKey, "SELECT 'ACME' AS x");
  const auto other = run("another key, thirty-two bytes...", "SELECT 'ACME' AS x");
  BOOST_TEST(first.first == again.first);
  BOOST_TEST(first.second == again.second);
  BOOST_TEST(first.first != other.first);
  BOOST_TEST(first.second != other.second);
}

BOOST_AUTO_TEST_CASE(without_its_key_or_a_column_that_it_must_mask_the_step_fails) {
  SliceFolder slice;
  slice.make("in/trades/a.parquet", "SELECT 'ACME' AS x");
  BOOST_TEST(slice.run(mask({{"x", MaskMethod::hash, ""}})).reason() == "key_missing");
  slice.write("in/.runink/key", "too short");
  BOOST_TEST(slice.run(mask({{"x", MaskMethod::hash, ""}})).reason() == "key_missing");
  BOOST_TEST(slice.run(mask({{"x", MaskMethod::redact, ""}})).code == 0);
  const Ended ended = slice.run(mask({{"y", MaskMethod::redact, ""}}, {"Y"}));
  BOOST_TEST(ended.reason() == "unknown_column");
  BOOST_TEST(!fs::exists(slice.path("out/masked/part-0.parquet")));
}

BOOST_AUTO_TEST_CASE(the_key_and_what_it_hides_stand_in_no_report_and_no_log) {
  SliceFolder slice;
  slice.write("in/.runink/key", kKey);
  slice.make("in/trades/a.parquet", "SELECT 'planted-value' AS x, 1 AS y");
  auto step = mask({{"x", MaskMethod::hash, ""}});
  BOOST_TEST(slice.run(step).code == 0);
  // A statement that fails is quoted by DuckDB: the functions' names may stand there, the key not.
  fs::create_directories(slice.path("out"));
  std::string everything = slice.read("log") + slice.read("report");
  slice.write("in/trades/b.parquet", "PAR1 this is none PAR1");
  const Ended broken = slice.run(step);
  BOOST_TEST(broken.code == 1);
  everything += broken.log + slice.read("report");
  BOOST_TEST(everything.find("output") != std::string::npos);  // the scan can find something
  BOOST_TEST(everything.find(kKey) == std::string::npos);
  BOOST_TEST(everything.find("planted-value") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_number_that_duckdb_gave_a_column_hides_it_from_no_mask) {
  SliceFolder slice;
  slice.make(
      "in/trades/a.parquet",
      "SELECT * FROM (SELECT * FROM (SELECT 'a' AS email, 1 AS id) x, (SELECT 'b' AS email) y)");
  BOOST_TEST(
      slice.query("SELECT column_name FROM (DESCRIBE SELECT * FROM '{}/in/trades/a.parquet')") ==
      "email / id / email_1");
  auto step = mask({{"email", MaskMethod::redact, ""}});
  BOOST_TEST(slice.run(step).code == 0);
  BOOST_TEST(slice.query(kMasked) == "***|1|***");
  // Where a contract tells the columns, "email_1" is another one.
  std::get<pipeline::MaskWork>(step.work).only = {"email", "email_1"};
  BOOST_TEST(slice.run(step).code == 0);
  BOOST_TEST(slice.query(kMasked) == "***|b");
}

// More columns than the contract knows came through a mask step in clear.
BOOST_AUTO_TEST_CASE(columns_that_no_contract_names_are_not_copied) {
  SliceFolder slice;
  slice.write("in/trades/a.csv", "id,email,ssn\n1,a@b.de,planted\n");
  auto step = mask({{"email", MaskMethod::redact, ""}}, {"email"});
  std::get<pipeline::MaskWork>(step.work).only = {"ID", "email"};
  const Ended ended = slice.run(step);
  BOOST_TEST(ended.code == 0, ended.log);
  BOOST_TEST(slice.query(kMasked) == "1|***");
}

// A quote that is never closed, or a separator too many, moves values into their neighbours' places.
BOOST_AUTO_TEST_CASE(nothing_is_shown_of_a_broken_record_that_may_hold_what_is_masked) {
  SliceFolder slice;
  ObjectOf of;
  of.column("id").primary_key = 1;
  of.column("email");
  of.column("city");
  auto step = validate(of.object);
  slice.write("in/trades/a.csv",
              "id,email,city\n1,a,x@planted.de,Bonn\nplanted\n3,\"a\"planted,Bonn\n");
  BOOST_TEST(accounts(slice, slice.run(step)) == "3 = 0 + 3");
  BOOST_TEST(slice.query("SELECT city FROM " + kRejected + " WHERE source_record = 1") ==
             "x@planted.de");
  std::get<pipeline::ValidateWork>(step.work).rejected_masks = {{"email", MaskMethod::redact, ""}};
  const Ended ended = slice.run(step);
  BOOST_TEST(accounts(slice, ended) == "3 = 0 + 3");
  BOOST_TEST(slice.query("SELECT DISTINCT row_key, id, email, city, raw FROM " + kRejected) ==
             "NULL|NULL|NULL|NULL|NULL");

  fs::remove_all(slice.path("in/trades"));
  slice.write("in/trades/a.jsonl",
              "{\"id\":\"planted\",\"id\":\"2\",\"city\":\"planted\"}\n{\"email\": \n");
  BOOST_TEST(accounts(slice, slice.run(step)) == "2 = 0 + 2");
  BOOST_TEST(slice.query("SELECT DISTINCT row_key, id, email, city, raw FROM " + kRejected) ==
             "NULL|NULL|NULL|NULL|NULL");
}

// Masks of columns that the contract does not have: the record may hold them all the same.
BOOST_AUTO_TEST_CASE(a_record_is_not_shown_when_it_may_hold_what_no_contract_names) {
  SliceFolder slice;
  ObjectOf of;
  of.column("id", LogicalType::integer);
  auto step = validate(of.object);
  slice.write("in/trades/a.csv", "id,email\nx,planted\n");
  BOOST_TEST(slice.run(step).code == 0);
  BOOST_TEST(slice.query("SELECT id, raw FROM " + kRejected) == "x|x,planted");
  std::get<pipeline::ValidateWork>(step.work).rejected_masks = {{"email", MaskMethod::redact, ""}};
  BOOST_TEST(slice.run(step).code == 0);
  BOOST_TEST(slice.query("SELECT id, raw FROM " + kRejected) == "x|NULL");
}

// SELECT max(ssn) would put somebody's number into the log, with the commit.
BOOST_AUTO_TEST_CASE(sql_of_a_contract_may_count_masked_columns_and_not_tell_them) {
  SliceFolder slice;
  slice.write("in/trades/a.csv", "id,ssn\n1,123456789\n2,5\n");
  const auto run = [&](const std::string& query, bool masked) {
    ObjectOf of;
    of.column("id", LogicalType::integer);
    of.column("ssn", LogicalType::integer);
    of.quality("q", governance::Metric::sql).query = query;
    auto step = validate(of.object);
    if (masked)
      std::get<pipeline::ValidateWork>(step.work).rejected_masks = {
          {"ssn", MaskMethod::redact, ""}};
    const Ended ended = slice.run(step);
    return ended.code == 0 ? counted(ended) : ended.reason();
  };
  BOOST_TEST(run("SELECT max(ssn) FROM ${table}", false) == "q=123456789/1");
  BOOST_TEST(run("SELECT max(ssn) FROM ${table}", true) == "bad_value");
  BOOST_TEST(run("SELECT max(x) AS id FROM (SELECT ssn AS x FROM ${table})", true) == "bad_value");
  BOOST_TEST(run("SELECT * FROM (SELECT max(ssn) FROM ${table})", true) == "bad_value");
  BOOST_TEST(run("SELECT max(id) FROM ${table}", true) == "q=2/1");
  BOOST_TEST(run("SELECT count(*) FROM (SELECT max(ssn) AS m FROM ${table}) WHERE m > 10", true) ==
             "q=1/1");
  BOOST_TEST(run("SELECT count(runink_hash('5')) FROM ${table}", false) == "syntax");
}

BOOST_AUTO_TEST_CASE(rejected_rows_are_masked_as_accepted_ones_will_be) {
  SliceFolder slice;
  slice.write("in/.runink/key", kKey);
  ObjectOf of;
  auto& id = of.column("id", LogicalType::integer);
  id.primary_key = 1;
  id.required = true;
  of.column("email");
  of.column("iban");
  of.column("day", LogicalType::date).options.format = "dd.MM.yyyy";
  of.column("price", LogicalType::number, "DECIMAL(9,2)");
  auto step = validate(of.object);
  std::get<pipeline::ValidateWork>(step.work).rejected_masks = {{"id", MaskMethod::tokenise, ""},
                                                                {"email", MaskMethod::hash, ""},
                                                                {"iban", MaskMethod::redact, ""},
                                                                {"day", MaskMethod::tokenise, ""}};
  slice.write("in/trades/a.csv",
              "id,email,iban,day,price\n7,planted@x.de,DE1,31.01.2026,1\n"
              "007,planted@x.de,DE2,31.01.2026,planted\n8,y,z,planted,1\n");
  Ended ended = slice.run(step);
  BOOST_TEST(ended.code == 0, ended.log);
  BOOST_TEST(accounts(slice, ended) == "3 = 1 + 2");
  BOOST_TEST(slice.query("SELECT count(*) FROM " + kRejected + " WHERE raw IS NULL") == "2");
  const std::string rejected =
      slice.query("SELECT row_key, email, day FROM " + kRejected + " WHERE source_record = 2");
  BOOST_TEST(slice.query("SELECT iban, price FROM " + kRejected) == "***|planted / ***|1");
  BOOST_TEST(slice.query("SELECT count(*) FROM " + kRejected + " WHERE day LIKE 'tok_%'") == "2");

  fs::remove_all(slice.path("in/trades"));
  fs::create_directories(slice.path("in/trades"));
  fs::copy(slice.path("out/checked/part-0.parquet"), slice.path("in/trades/part-0.parquet"));
  ended = slice.run(mask({{"id", MaskMethod::tokenise, ""},
                          {"email", MaskMethod::hash, ""},
                          {"day", MaskMethod::tokenise, ""}}));
  BOOST_TEST(ended.code == 0, ended.log);
  BOOST_TEST(slice.query("SELECT id, email, day FROM (" + kMasked + ")") == rejected);
}

BOOST_AUTO_TEST_CASE(of_malformed_records_nothing_is_told_where_columns_are_masked) {
  SliceFolder slice;
  ObjectOf of;
  of.column("id");
  of.column("email");
  of.column("note");
  auto step = validate(of.object);
  auto& masks = std::get<pipeline::ValidateWork>(step.work).rejected_masks;
  // A comma too many moves the address under `note`, which nobody masks; one too few under `id`.
  slice.write("in/trades/a.csv",
              "id,email,note\n1,,planted@x.de,n\nplanted@x.de,n\n3,a\"planted@x.de,n\n");
  const std::string told = "SELECT id, email, note, raw FROM " + kRejected;
  Ended ended = slice.run(step);
  BOOST_TEST(accounts(slice, ended) == "3 = 0 + 3", ended.log);
  BOOST_TEST(slice.query(told).find("planted") != std::string::npos);  // the control
  masks = {{"email", MaskMethod::redact, ""}};
  ended = slice.run(step);
  BOOST_TEST(accounts(slice, ended) == "3 = 0 + 3", ended.log);
  BOOST_TEST(slice.query(told) ==
             "NULL|NULL|NULL|NULL / NULL|NULL|NULL|NULL / NULL|NULL|NULL|NULL");
  BOOST_TEST(slice.query("SELECT source_record, reason FROM " + kRejected) ==
             "1|too_many_columns / 2|too_few_columns / 3|bad_quoting");
}

/// A contract in which every rule that looks at several rows, at another dataset or at the whole
/// dataset is about a column that is masked.
pipeline::Step masking_validation() {
  ObjectOf of;
  auto& id = of.column("id", LogicalType::integer, "BIGINT");
  id.primary_key = 1;
  id.required = true;
  of.column("iban").unique = true;
  of.column("party");
  of.column("paid", LogicalType::number, "DECIMAL(9,2)");
  of.column("day", LogicalType::date);
  of.object.references = {{{"party"}, "parties", {"party"}}};
  auto& total = of.quality("total", governance::Metric::sql);
  total.query = "SELECT count(*) FROM ${table} WHERE iban LIKE 'DE%' AND paid > 1";
  auto step = validate(of.object);
  auto& work = std::get<pipeline::ValidateWork>(step.work);
  work.rejected_masks = {{"id", MaskMethod::tokenise, ""},
                         {"IBAN", MaskMethod::partial, ""},
                         {"party", MaskMethod::hash, ""},
                         {"paid", MaskMethod::redact, ""}};
  return step;
}

BOOST_AUTO_TEST_CASE(a_validate_step_that_masks_gives_what_two_steps_give) {
  const std::string rows =
      "1,DE00000000000001111,ACME,1.50,2026-01-31 / 2,DE00000000000002222,ACME,2,2026-02-01 / "
      "1,DE00000000000003333,ACME,4,2026-02-01 / 4,DE00000000000001111,ACME,8,2026-02-01 / "
      "5,FR00000000000001111,Nobody,16,2026-02-01 / 6,FR99999999999999999,,32,2026-02-01 / "
      "x,DE1,ACME,64,2026-02-01 / 8,DE00000000000009999,Ünal,128,31.1.2026 / 9,,Ünal,,";
  std::string csv = "id,iban,party,paid,day\n", jsonl;
  for (std::string rest = rows; !rest.empty();) {
    const auto end = std::min(rest.find(" / "), rest.size());
    csv += rest.substr(0, end) + "\n";
    rest.erase(0, std::min(end + 3, rest.size()));
  }
  for (const std::string form : {"csv", "parquet"}) {
    SliceFolder slice;
    slice.write("in/.runink/key", kKey);
    slice.make("in/parties/p.parquet", "SELECT unnest(['ACME', 'Ünal']) AS party");
    slice.write("all.csv", csv);
    if (form == "csv")
      slice.write("in/trades/a.csv", csv);
    else
      slice.make(
          "in/trades/a.parquet",
          "SELECT * FROM read_csv('" + slice.path("all.csv").string() + "', all_varchar = true)");
    auto step = masking_validation();
    const Ended apart = slice.run(step);
    BOOST_REQUIRE_MESSAGE(apart.code == 0, apart.log);
    BOOST_TEST(accounts(slice, apart) == "9 = 4 + 5");
    const std::string rejected = slice.query("SELECT * FROM " + kRejected);
    BOOST_TEST(counted(apart).find("total") != std::string::npos);
    BOOST_TEST(counter(apart, "columns_masked") == -1);
    fs::create_directories(slice.path("in/checked"));
    fs::copy(slice.path("out/checked/part-0.parquet"), slice.path("in/checked/part-0.parquet"));
    auto behind = mask(std::get<pipeline::ValidateWork>(step.work).rejected_masks);
    std::get<pipeline::MaskWork>(behind.work).input = DatasetName{"checked"};
    behind.inputs = {DatasetName{"checked"}};
    const Ended masked = slice.run(behind);
    BOOST_REQUIRE_MESSAGE(masked.code == 0, masked.log);
    const std::string twice = slice.query(kMasked), bytes = slice.read("out/masked/part-0.parquet");
    BOOST_TEST(twice.find("DE0000") == std::string::npos);

    std::get<pipeline::ValidateWork>(step.work).masks_accepted = true;
    const Ended once = slice.run(step);
    BOOST_REQUIRE_MESSAGE(once.code == 0, once.log);
    BOOST_TEST(accounts(slice, once) == "9 = 4 + 5");
    BOOST_TEST(counted(once) == counted(apart));
    BOOST_TEST(counter(once, "columns_masked") == 4);
    BOOST_TEST(slice.query("SELECT * FROM " + kRejected) == rejected);
    BOOST_TEST(slice.query("SELECT * FROM " + kChecked) == twice);
    BOOST_TEST((slice.read("out/checked/part-0.parquet") == bytes));
    BOOST_TEST(once.lines.size() > 0u);
    for (const auto& line : once.lines)
      if (const auto* output = line.if_contains("output");
          output && output->at("dataset").as_string() == "checked")
        BOOST_TEST(std::string(output->at("content_hash").as_string()) == masked.content_hash());
  }
}

BOOST_AUTO_TEST_CASE(a_validate_step_that_masks_leaves_no_readable_value_in_its_folders) {
  SliceFolder slice;
  slice.write("in/.runink/key", kKey);
  slice.make("in/parties/p.parquet", "SELECT 'planted-party' AS party");
  slice.write("in/trades/a.csv",
              "id,iban,party,paid,day\n1,DE-planted-iban-1,planted-party,1,2026-01-01\n"
              "1,DE-planted-iban-2,planted-party,1,2026-01-01\n");
  auto step = masking_validation();
  auto& work = std::get<pipeline::ValidateWork>(step.work);
  work.rejected_masks[1].method = MaskMethod::hash;  // partial shows the end of what was planted
  const auto everything = [&] {
    std::string all = slice.read("log") + slice.read("report");
    for (const char* below : {"out", "scratch"})
      for (const auto& entry : fs::recursive_directory_iterator(slice.path(below)))
        if (entry.is_regular_file())
          all += slice.read(fs::relative(entry, slice.path("")).string());
    return all;
  };
  BOOST_TEST(slice.run(step).code == 0);
  BOOST_TEST(everything().find("planted") != std::string::npos);  // the scan can find something
  work.masks_accepted = true;
  const Ended ended = slice.run(step);
  BOOST_TEST(accounts(slice, ended) == "2 = 1 + 1");
  BOOST_TEST(everything().find("planted") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(warned_rows_stay_and_are_masked) {
  SliceFolder slice;
  slice.write("in/.runink/key", kKey);
  slice.make("in/parties/p.parquet", "SELECT 'ACME' AS party");
  slice.write("in/trades/a.csv",
              "id,iban,party,paid,day\n1,DE00000000000001111,ACME,1,2026-01-01\n"
              "1,DE00000000000001111,other,1,2026-01-01\nx,y,z,,\n");
  auto step = masking_validation();
  auto& work = std::get<pipeline::ValidateWork>(step.work);
  work.on_violation = pipeline::OnViolation::warn;
  const Ended apart = slice.run(step);
  work.masks_accepted = true;
  const Ended once = slice.run(step);
  BOOST_TEST(accounts(slice, once) == "3 = 2 + 1");
  BOOST_TEST(counted(once) == counted(apart));
  BOOST_TEST(slice.query("SELECT iban, paid FROM " + kChecked) ==
             "***************1111|NULL / ***************1111|NULL");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace runink::testing
