// What is open travels with the data: through SQL, programs and contracts, until it is masked.
#include <boost/test/unit_test.hpp>

#include "pipeline/column_flow.hpp"
#include "pipeline/render.hpp"
#include "tests/pipeline/example_bundle.hpp"
#include "tests/pipeline/prepared_reader.hpp"

namespace runink::pipeline::test {
namespace {

using governance::MaskMethod;

const std::string checked = R"(pipeline = "settlement"
herd = "finance"
[contracts]
trades = "contracts/trades.odcs.yaml"
[source.trades]
csv = "lake:/trades.csv"
contract = "trades"
[step.checked]
validate = "trades"
)";

struct Asked {
  std::expected<Compiled, Diagnostics> made;
  std::string said;  ///< all messages
  const MaskWork& mask(const std::string& step) const {
    return std::get<MaskWork>(made->plan.find(StepName{step})->work);
  }
  const ValidateWork& validate(const std::string& step) const {
    return std::get<ValidateWork>(made->plan.find(StepName{step})->work);
  }
  bool says(const std::string& text) const { return said.find(text) != std::string::npos; }
};

/// Compiles `text`; `makes` is what its SQL texts make of their columns.
Asked ask(const std::string& text, std::map<std::string, std::vector<SqlColumn>> makes = {},
          void (*change)(CompileRequest&) = nullptr) {
  CompileRequest request = example_request(text);
  // Only what a test says itself is masked by its name.
  request.herd_views->at(HerdName{"finance"}).policy.masking.by_field.clear();
  if (change != nullptr) change(request);
  PreparedReader reader;
  reader.tables = {"checked", "masked", "raw", "a", "m"};
  reader.makes = std::move(makes);
  Asked asked{compile(std::move(request), reader), {}};
  asked.said = render(asked.made ? asked.made->warnings : asked.made.error());
  return asked;
}

std::string told(const std::vector<governance::ColumnMask>& masks) {
  std::string all;
  for (const auto& one : masks)
    all += (all.empty() ? "" : ", ") + one.column + " " + std::string(to_string(one.method));
  return all;
}

void email_is_hashed(CompileRequest& request) {
  request.herd_views->at(HerdName{"finance"}).policy.masking.by_field = {
      {"email", MaskMethod::hash}};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(masks)

// `contact` went through the mask step in clear, and the demand was taken for fulfilled.
BOOST_AUTO_TEST_CASE(a_column_that_sql_renames_is_masked_under_its_new_name) {
  const Asked asked = ask(checked + R"(
[step.a]
sql = "SELECT email AS contact FROM checked"
[step.m]
mask = "a"
[step.out]
exec = ["./tool"]
from = ["m"]
)",
                          {{"SELECT email AS contact FROM checked", {{"contact", {"email"}}}}});
  BOOST_REQUIRE_MESSAGE(asked.made, asked.said);
  BOOST_TEST(told(asked.mask("m").masks) == "contact tokenise, email tokenise");
  BOOST_TEST(!asked.says("may read"), asked.said);
}

BOOST_AUTO_TEST_CASE(
    what_sql_makes_of_open_columns_under_names_nobody_knows_must_be_masked_before) {
  const std::string text = checked + R"(
[step.a]
sql = "FROM checked UNION ALL FROM checked"
)";
  const std::map<std::string, std::vector<SqlColumn>> makes = {
      {"FROM checked UNION ALL FROM checked", {{"", {"*"}}}}};
  const Asked asked = ask(text + "[step.m]\nmask = \"a\"\n", makes);
  BOOST_TEST(!asked.made);
  BOOST_TEST(
      asked.says("`m` cannot tell which columns of `a` hold what the herd wants masked (`email`)"),
      asked.said);
  BOOST_TEST(asked.says("put the mask step before `a`"), asked.said);
  // Without a mask it is a warning wherever it goes.
  const Asked gone = ask(text + "[step.e]\nexec = [\"./tool\"]\nfrom = [\"a\"]\n", makes);
  BOOST_TEST(gone.made.has_value(), gone.said);
  BOOST_TEST(gone.says("the program of `e` may read columns that the herd wants masked: `email`"),
             gone.said);
  BOOST_TEST(gone.says("= put a mask step before `a`"), gone.said);
  // Nothing is open in it: then no name is needed.
  std::string masked =
      text + "[step.m]\nmask = \"checked\"\n[step.n]\nmask = \"a\"\nmasks = { x = \"hash\" }\n";
  masked.replace(masked.find("FROM checked UNION ALL FROM checked"), 35, "FROM m UNION ALL FROM m");
  const Asked fine = ask(masked, {{"FROM m UNION ALL FROM m", {{"", {"*"}}}}});
  BOOST_TEST(fine.made.has_value(), fine.said);
}

BOOST_AUTO_TEST_CASE(a_program_may_put_what_is_open_anywhere) {
  const std::string text = checked + R"(
[step.e]
exec = ["./tool"]
from = ["checked"]
)";
  const Asked asked = ask(text + "[step.m]\nmask = \"e\"\n");
  BOOST_TEST(!asked.made);
  BOOST_TEST(asked.says("`e` is a program that may put it anywhere"), asked.said);
  // A contract of what it makes is the word of a person, which is taken, and told.
  const Asked word = ask(text + R"(
[step.again]
validate = "e"
contract = "book/parties"
[step.m]
mask = "again"
)");
  BOOST_REQUIRE_MESSAGE(word.made, word.said);
  BOOST_TEST(word.says("`again` takes the classifications of its contract at their word"),
             word.said);
  BOOST_TEST(told(word.mask("m").masks) == "iban redact");
  BOOST_TEST(told(word.validate("again").rejected_masks) == "email tokenise, iban redact");
}

// A contract without classes made a classified column public, and the record was shown unmasked.
BOOST_AUTO_TEST_CASE(a_contract_of_its_own_does_not_make_a_column_public) {
  const auto change = [](CompileRequest& request) {
    std::string open = trades_contract;
    open.erase(open.find("    classification: confidential\n"), 33);
    request.herd_views->at(HerdName{"finance"}).contracts[ContractName{"open"}] = {
        1, sha256(open), governance::parse_contract("open.odcs.yaml", open)->contract};
  };
  const Asked asked = ask(checked + R"(
[step.again]
validate = "checked"
contract = "open"
[step.m]
mask = "again"
)",
                          {}, change);
  BOOST_REQUIRE_MESSAGE(asked.made, asked.said);
  BOOST_TEST(told(asked.validate("again").rejected_masks) == "email tokenise");
  BOOST_TEST(told(asked.mask("m").masks) == "email tokenise");
}

BOOST_AUTO_TEST_CASE(of_an_imported_file_only_the_columns_of_its_contract_are_copied) {
  std::string text = checked;
  text.replace(text.find("[step.checked]"), std::string::npos, "[step.m]\nmask = \"trades\"\n");
  const Asked asked = ask(text, {}, email_is_hashed);
  BOOST_REQUIRE_MESSAGE(asked.made, asked.said);
  BOOST_TEST(told(asked.mask("m").masks) == "email hash");
  BOOST_TEST((asked.mask("m").only == std::vector<std::string>{"trade_id", "email", "quantity"}));
}

BOOST_AUTO_TEST_CASE(sinks_of_what_is_open_are_warned_of) {
  const Asked asked = ask(checked + "[sink.s]\nfrom = \"checked\"\ncsv = \"reports:/s.csv\"\n");
  BOOST_TEST(asked.made.has_value());
  BOOST_TEST(asked.says("the sink `s` may write columns that the herd wants masked: `email`"),
             asked.said);
  const Asked masked = ask(
      checked + "[step.m]\nmask = \"checked\"\n[sink.s]\nfrom = \"m\"\ncsv = \"reports:/s.csv\"\n");
  BOOST_TEST(masked.said == "", masked.said);
}

BOOST_AUTO_TEST_CASE(a_rule_for_a_field_holds_for_files_without_a_contract) {
  const std::string text = R"(pipeline = "p"
herd = "finance"
[source.raw]
csv = "lake:/raw.csv"
[step.e]
exec = ["./tool"]
from = ["raw"]
)";
  BOOST_TEST(
      ask(text, {}, email_is_hashed).says("may read columns that the herd wants masked: `email`"));
  BOOST_TEST(!ask(text).says("may read"));
}

// Tokens of tokens: the rule for the field was carried, what was masked was not.
BOOST_AUTO_TEST_CASE(what_is_masked_stays_masked_behind_sql) {
  const auto text = [](const std::string& sql) {
    return checked + "[step.m]\nmask = \"checked\"\n[step.a]\nsql = \"" + sql +
           "\"\n[step.again]\nmask = \"a\"\nmasks = { quantity = \"redact\" }\n";
  };
  const auto masks = [&](const std::string& sql, std::vector<SqlColumn> makes) {
    const Asked asked = ask(text(sql), {{sql, std::move(makes)}}, email_is_hashed);
    BOOST_REQUIRE_MESSAGE(asked.made, asked.said);
    return told(asked.mask("again").masks);
  };
  BOOST_TEST(masks("FROM m", {}) == "quantity redact");
  BOOST_TEST(masks("SELECT lower(email) AS email FROM m", {{"email", {"email"}}}) ==
             "quantity redact");
  // Another value under that name is not masked.
  BOOST_TEST(masks("SELECT trade_id AS email FROM m", {{"email", {"trade_id"}}}) ==
             "email hash, quantity redact");
  // Joined with a dataset in which it is open, it is open.
  BOOST_TEST(masks("FROM m, checked", {}) == "email hash, quantity redact");
}

BOOST_AUTO_TEST_CASE(demands_follow_names_to_the_end) {
  Columns inputs;
  inputs.open["email"] = {"email", MaskMethod::tokenise, "why"};
  inputs.open["iban"] = {"iban", MaskMethod::partial, "why"};
  const auto flow = [&](std::vector<SqlColumn> makes) {
    SqlReading reading;
    reading.makes = std::move(makes);
    const Flow found = flow_of(reading, inputs, {});
    std::string all = found.followed ? "" : "lost ";
    for (const auto& [name, mask] : found.columns.open)
      all += name + "=" + std::string(to_string(mask.method)) + " ";
    return all;
  };
  const std::string both = "email=tokenise iban=partial ";
  BOOST_TEST(flow({}) == both);
  BOOST_TEST(flow({{"c", {"b"}}, {"b", {"email"}}}) == "b=tokenise c=tokenise " + both);
  BOOST_TEST(flow({{"x", {"email", "iban"}}}) == both + "x=tokenise ");
  // Parts of a value, each with its last characters, would tell it.
  BOOST_TEST(flow({{"x", {"iban"}}}) == both + "x=redact ");
  BOOST_TEST(flow({{"x", {"*"}}}) == both + "x=tokenise ");
  BOOST_TEST(flow({{"", {"price"}}}) == both);
  BOOST_TEST(flow({{"", {"email"}}}) == "lost " + both);
  // DuckDB numbers columns of one name.
  BOOST_TEST(flow({{"x", {"email_1"}}}) == both + "x=tokenise ");
  BOOST_TEST(flow({{"x", {"email_x"}}}) == both);
  // A chain against the order of the text, longer than anybody follows it.
  std::vector<SqlColumn> chain;
  for (int i = 100; i > 0; --i)
    chain.push_back({"c" + std::to_string(i), {i == 1 ? "email" : "c" + std::to_string(i - 1)}});
  BOOST_TEST(flow(chain).starts_with("lost "));
}

BOOST_AUTO_TEST_CASE(the_digest_of_the_policy_goes_with_the_plan) {
  const Asked lax = ask(checked);
  const Asked strict = ask(checked, {}, email_is_hashed);
  BOOST_TEST((lax.made->policy != strict.made->policy));
  BOOST_TEST((lax.made->policy == ask(checked).made->policy));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace runink::pipeline::test
