// Contracts, validation, masking and herd policy in plans.
#include <algorithm>
#include <boost/test/unit_test.hpp>

#include "governance/rules.hpp"
#include "pipeline/herd_file.hpp"
#include "pipeline/render.hpp"
#include "tests/pipeline/example_bundle.hpp"
#include "tests/pipeline/prepared_reader.hpp"
#include "vocabulary/codec.hpp"

namespace runink::pipeline::test {
namespace {

using governance::MaskMethod;

const std::string governed_head = "pipeline = \"settlement\"\nherd = \"finance\"\n";
const std::string whole = governed_head + R"(
[contracts]
trades = "contracts/trades.odcs.yaml"
[source.trades]
csv = "lake:/trades/{{ ds }}.csv"
contract = "trades"
[source.parties]
csv = "data/a.csv"
contract = "book"
[source.deals]
csv = "data/b.csv"
contract = "book/deals"
[step.checked]
validate = "trades"
[step.known]
validate = "parties"
on_violation = "fail"
[step.booked]
validate = "deals"
on_violation = "warn"
[step.masked]
mask = "checked"
masks = { email = "hash" }
[step.joined]
sql = "FROM checked, known"
[step.shared]
mask = "joined"
masks = { city = "redact" }
[step.why]
sql = "SELECT rule, count(*) FROM checked.rejected GROUP BY ALL"
)";

Compiled governed(CompileRequest request) {
  PreparedReader reader;
  reader.tables = {"known", "checked", "checked.rejected"};
  auto made = compile(std::move(request), reader);
  BOOST_REQUIRE_MESSAGE(made, (made ? "" : render(made.error())));
  return *made;
}
Compiled governed() { return governed(example_request(whole)); }

template <class W>
const W& work(const Plan& plan, const std::string& step) {
  return std::get<W>(plan.find(StepName{step})->work);
}

std::string told_with_reasons(const std::vector<governance::ColumnMask>& masks) {
  std::string all;
  for (const auto& one : masks)
    all += (all.empty() ? "" : ", ") + one.column + " " + std::string(to_string(one.method)) +
           " (" + one.why + ")";
  return all;
}

/// A bundle's files are sorted.
void add(Bundle& bundle, BundleFile file) {
  bundle.files.push_back(std::move(file));
  std::ranges::sort(bundle.files, {}, &BundleFile::path);
}

HerdView& finance(CompileRequest& request) { return request.herd_views->at(HerdName{"finance"}); }

}  // namespace

BOOST_AUTO_TEST_SUITE(contracts)

BOOST_AUTO_TEST_CASE(a_source_goes_by_the_columns_of_its_contract) {
  const Compiled made = governed();
  const auto& source = work<SourceWork>(made.plan, "trades");
  BOOST_REQUIRE(source.contract.has_value());
  BOOST_TEST(source.contract->contract.name.value == "trades");
  BOOST_TEST(source.contract->contract.object == "trades");
  BOOST_TEST(source.contract->contract.version == 0u);
  BOOST_TEST((source.contract->contract.document == sha256(trades_contract)));
  BOOST_TEST(source.contract->schema.properties.size() == 3u);
  BOOST_TEST(source.contract->schema.properties[0].description.empty());
  BOOST_TEST(source.contract->block_on_drift);
  // Of several objects the one that bears the source's name.
  BOOST_TEST(work<SourceWork>(made.plan, "parties").contract->contract.object == "parties");
}

BOOST_AUTO_TEST_CASE(a_validate_step_makes_two_datasets_and_holds_every_rule) {
  const Compiled made = governed();
  const Step& checked = *made.plan.find(StepName{"checked"});
  BOOST_TEST(
      (checked.outputs == std::vector{DatasetName{"checked"}, DatasetName{"checked.rejected"}}));
  BOOST_TEST((checked.inputs == std::vector{DatasetName{"trades"}}));
  const auto& validate = std::get<ValidateWork>(checked.work);
  BOOST_TEST((validate.on_violation == OnViolation::reject));
  BOOST_TEST(!governance::rules_of(validate.rules).empty());
  // The herd has a rule for `iban`, which a record may hold although no contract names it.
  BOOST_TEST(told_with_reasons(validate.rejected_masks) ==
             "email tokenise (classification confidential), iban partial (herd policy for iban)");
  BOOST_TEST(needs_key(checked.work));
  BOOST_TEST((work<ValidateWork>(made.plan, "known").on_violation == OnViolation::fail));
  BOOST_TEST((work<ValidateWork>(made.plan, "booked").on_violation == OnViolation::warn));
  BOOST_TEST((made.plan.find(StepName{"why"})->inputs ==
              std::vector{DatasetName{"checked"}, DatasetName{"checked.rejected"}}));
}

BOOST_AUTO_TEST_CASE(a_reference_reads_the_checked_rows_that_it_points_at) {
  const Plan plan = governed().plan;
  const Step& booked = *plan.find(StepName{"booked"});
  BOOST_TEST((booked.inputs == std::vector{DatasetName{"deals"}, DatasetName{"known"}}));
  BOOST_TEST((std::get<ValidateWork>(booked.work).references == std::vector{DatasetName{"known"}}));
  // Nobody checks them: then the imported ones.
  std::string text = whole;
  text.replace(text.find("[step.known]\nvalidate = \"parties\""), 33,
               "[step.known]\nvalidate = \"trades\"");
  CompileRequest request = example_request(text);
  BOOST_TEST((work<ValidateWork>(governed(std::move(request)).plan, "booked").references ==
              std::vector{DatasetName{"parties"}}));
}

BOOST_AUTO_TEST_CASE(a_reference_to_its_own_object_reads_the_rows_that_the_step_checks) {
  CompileRequest request = example_request(governed_head + R"(
[contracts]
staff = "contracts/staff.odcs.yaml"
[source.staff]
csv = "data/a.csv"
contract = "staff"
[step.once]
validate = "staff"
[step.twice]
validate = "staff"
on_violation = "warn"
)");
  add(request.bundle, {"contracts/staff.odcs.yaml", false, R"(apiVersion: v3.1.0
kind: DataContract
id: staff
version: 1.0.0
status: active
schema:
- name: staff
  properties:
  - name: id
    logicalType: string
  - name: chief
    logicalType: string
    relationships:
    - to: staff.id
)"});
  const Plan plan = governed(std::move(request)).plan;
  for (const char* step : {"once", "twice"})
    BOOST_TEST((work<ValidateWork>(plan, step).references == std::vector{DatasetName{"staff"}}));
}

BOOST_AUTO_TEST_CASE(two_objects_that_refer_to_each_other_do_not_wait_for_each_other) {
  CompileRequest request = example_request(governed_head + R"(
[contracts]
pairs = "contracts/pairs.odcs.yaml"
[source.lefts]
csv = "data/a.csv"
contract = "pairs/lefts"
[source.rights]
csv = "data/b.csv"
contract = "pairs/rights"
[step.left_checked]
validate = "lefts"
[step.right_checked]
validate = "rights"
)");
  std::string text =
      "apiVersion: v3.1.0\nkind: DataContract\nid: pairs\nversion: 1.0.0\nstatus: "
      "active\nschema:\n";
  for (const auto& [name, other] : {std::pair("lefts", "rights"), std::pair("rights", "lefts")})
    text += std::string("- name: ") + name +
            "\n  properties:\n  - name: id\n    logicalType: string\n"
            "  - name: of\n    logicalType: string\n    relationships:\n    - to: " +
            other + ".id\n";
  add(request.bundle, {"contracts/pairs.odcs.yaml", false, text});
  const Plan plan = governed(std::move(request)).plan;
  // The first one takes the checked rows; the second the imported ones, or both would wait for ever.
  BOOST_TEST((work<ValidateWork>(plan, "left_checked").references ==
              std::vector{DatasetName{"right_checked"}}));
  BOOST_TEST(
      (work<ValidateWork>(plan, "right_checked").references == std::vector{DatasetName{"lefts"}}));
}

BOOST_AUTO_TEST_CASE(a_document_under_several_names_is_read_and_told_of_once) {
  const std::string two = R"(
[contracts]
trades = "contracts/trades.odcs.yaml"
deals = "contracts/trades.odcs.yaml"
[source.trades]
csv = "data/a.csv"
contract = "trades"
[source.deals]
csv = "data/b.csv"
contract = "deals"
)";
  const Compiled both = governed(example_request(governed_head + two));
  BOOST_TEST(both.contracts.size() == 2u);
  for (const char* step : {"trades", "deals"})
    BOOST_TEST(work<SourceWork>(both.plan, step).contract->schema.properties.size() == 3u);
  CompileRequest broken = example_request(governed_head + two);
  for (BundleFile& file : broken.bundle.files)
    if (file.path == "contracts/trades.odcs.yaml") file.bytes = "kind: [";
  PreparedReader reader;
  const auto made = compile(std::move(broken), reader);
  BOOST_TEST_REQUIRE(!made.has_value());
  std::size_t of_document = 0;
  for (const Diagnostic& one : made.error().list)
    of_document += one.file == "contracts/trades.odcs.yaml" ? 1 : 0;
  BOOST_TEST(of_document == 1u);
}

BOOST_AUTO_TEST_CASE(masks_are_the_strictest_of_class_field_and_step) {
  const Plan plan = governed().plan;
  const auto& masked = work<MaskWork>(plan, "masked");
  BOOST_TEST(told_with_reasons(masked.masks) == "email hash (step)");
  BOOST_TEST((masked.required == std::vector<std::string>{"email"}));
  BOOST_TEST((masked.only == std::vector<std::string>{"trade_id", "email", "quantity"}));
}

BOOST_AUTO_TEST_CASE(a_validate_step_may_mask_what_it_accepts) {
  const std::string step = "[step.hidden]\nvalidate = \"trades\"\nmask = true\n";
  const Compiled made = governed(example_request(whole + step));
  const auto& hidden = work<ValidateWork>(made.plan, "hidden");
  BOOST_TEST(hidden.masks_accepted);
  // Of the second there is no column: it hides what a broken record may hold.
  BOOST_TEST(told_with_reasons(hidden.rejected_masks) ==
             "email tokenise (classification confidential), iban partial (herd policy for iban)");
  BOOST_TEST(needs_key(made.plan.find(StepName{"hidden"})->work));
  BOOST_TEST(!work<ValidateWork>(made.plan, "checked").masks_accepted);
  BOOST_TEST((*decode<Plan>(encode(made.plan), "the plan") == made.plan));
  const std::string drawn = draw(made.plan, Drawing::text);
  BOOST_TEST(drawn.find("reads trades, contract trades, masks email tokenise") != std::string::npos,
             drawn);
  const std::string json = draw(made.plan, Drawing::json);
  const std::string email =
      R"([{"column": "email", "method": "tokenise", "why": "classification confidential"})";
  const std::string list =
      email + R"(, {"column": "iban", "method": "partial", "why": "herd policy for iban"}])";
  BOOST_TEST(
      json.find("\"masks\": " + email + "], \"rejected_masks\": " + list) != std::string::npos,
      json);
  BOOST_TEST(json.find("\"masks\": [], \"rejected_masks\": " + list) != std::string::npos, json);
}

BOOST_AUTO_TEST_CASE(a_stricter_mask_of_a_validate_step_holds_for_rejected_rows_too) {
  const Compiled made =
      governed(example_request(whole + "[step.hidden]\nvalidate = \"trades\"\nmask = true\n"
                                       "masks = { email = \"hash\", quantity = \"redact\" }\n"));
  BOOST_TEST(told_with_reasons(work<ValidateWork>(made.plan, "hidden").rejected_masks) ==
             "email hash (step), iban partial (herd policy for iban), quantity redact (step)");
}

BOOST_AUTO_TEST_CASE(a_program_behind_a_validate_step_that_masks_is_no_reason_to_warn) {
  const auto warnings = [](const std::string& mask) {
    CompileRequest request = example_request(
        whole + "[step.hidden]\nvalidate = \"trades\"\n" + mask +
        "[step.confirmed]\nexec = [\"python3\", \"confirm.py\"]\nfrom = \"hidden\"\n");
    return render(governed(std::move(request)).warnings).find("wants masked") != std::string::npos;
  };
  BOOST_TEST(warnings(""));
  BOOST_TEST(!warnings("mask = true\n"));
}

BOOST_AUTO_TEST_CASE(behind_sql_columns_are_masked_by_their_names) {
  const Plan plan = governed().plan;
  const auto& shared = work<MaskWork>(plan, "shared");
  // The class of `iban` has no rule, so it is redacted; the field's own rule is laxer.
  BOOST_TEST(told_with_reasons(shared.masks) ==
             "city redact (step), email tokenise (classification confidential), iban redact "
             "(classification restricted)");
  BOOST_TEST((shared.required == std::vector<std::string>{"city"}));
}

BOOST_AUTO_TEST_CASE(what_is_masked_is_not_masked_again) {
  CompileRequest request = example_request(
      whole + "[step.again]\nmask = \"masked\"\nmasks = { quantity = \"redact\" }\n");
  BOOST_TEST(told_with_reasons(work<MaskWork>(governed(std::move(request)).plan, "again").masks) ==
             "quantity redact (step)");
}

BOOST_AUTO_TEST_CASE(the_documents_of_the_bundle_are_given_to_be_registered) {
  Compiled made = governed();
  BOOST_REQUIRE(made.contracts.size() == 1u);
  BOOST_TEST(made.contracts[0].name.value == "trades");
  BOOST_TEST(made.contracts[0].path == "contracts/trades.odcs.yaml");
  BOOST_TEST(made.contracts[0].version == 0u);
  set_versions(made.plan, {{ContractName{"trades"}, 7}});
  BOOST_TEST(work<SourceWork>(made.plan, "trades").contract->contract.version == 7u);
  BOOST_TEST(work<ValidateWork>(made.plan, "checked").contract.version == 7u);
  // What the herd has registered was pinned when it was compiled.
  BOOST_TEST(work<ValidateWork>(made.plan, "booked").contract.version == 3u);
  const std::vector<ContractUse> uses = contracts_of(made.plan);
  std::string names;
  for (const ContractUse& one : uses) names += to_string(one) + "/" + one.object + " ";
  BOOST_TEST(names == "book@3/deals book@3/parties trades@7/trades ");
  BOOST_TEST((*decode<Plan>(encode(made.plan), "the plan") == made.plan));
}

BOOST_AUTO_TEST_CASE(the_latest_registered_document_has_its_number) {
  CompileRequest request = example_request(whole);
  finance(request).contracts[ContractName{"trades"}] = {5, sha256(trades_contract), {}};
  const Compiled made = governed(std::move(request));
  BOOST_TEST(made.contracts[0].version == 5u);
  BOOST_TEST(work<ValidateWork>(made.plan, "checked").contract.version == 5u);
}

BOOST_AUTO_TEST_CASE(a_bundle_with_an_earlier_document_goes_by_that_version) {
  CompileRequest request = example_request(whole);
  finance(request).contracts[ContractName{"trades"}] = {
      5, sha256("another"), {}, {{sha256(trades_contract), 4}}};
  const Compiled made = governed(std::move(request));
  BOOST_TEST(made.contracts[0].version == 4u);
  BOOST_TEST(
      render(made.warnings).find("is version 4; the herd's newest is 5") != std::string::npos,
      render(made.warnings));
}

// The version that is asked for by its document must not be a way to looser masks.
BOOST_AUTO_TEST_CASE(masks_under_an_earlier_document_are_as_strict_as_those_of_the_newest) {
  std::string newest = trades_contract;
  newest.replace(newest.find("confidential"), 12, "restricted");
  newest += "    classification: confidential\n";
  std::string text = whole;
  text.erase(text.find("masks = { email = \"hash\" }\n"), 27);
  CompileRequest request = example_request(text);
  finance(request).contracts[ContractName{"trades"}] = {
      5,
      sha256(newest),
      governance::parse_contract("trades.odcs.yaml", newest)->contract,
      {{sha256(trades_contract), 4}}};
  const Plan plan = governed(std::move(request)).plan;
  BOOST_TEST(told_with_reasons(work<ValidateWork>(plan, "checked").rejected_masks) ==
             "email redact (classification restricted), iban partial (herd policy for iban), "
             "quantity tokenise (classification confidential)");
}

BOOST_AUTO_TEST_CASE(the_heading_names_every_contract_of_the_file) {
  const auto heading = heading_of(example_bundle(whole), "");
  BOOST_REQUIRE(heading);
  BOOST_TEST((heading->contracts == std::vector{ContractName{"book"}, ContractName{"trades"}}));
}

BOOST_AUTO_TEST_CASE(the_herd_says_whether_drift_stops_a_source) {
  CompileRequest request = example_request(whole);
  finance(request).policy.block_on_drift = false;
  BOOST_TEST(
      !work<SourceWork>(governed(std::move(request)).plan, "trades").contract->block_on_drift);
}

BOOST_AUTO_TEST_CASE(drawings_know_the_new_kinds) {
  const Plan plan = governed().plan;
  const std::string text = draw(plan, Drawing::text);
  BOOST_TEST(text.find("reads trades, contract trades") != std::string::npos, text);
  BOOST_TEST(text.find("reads checked, masks email hash") != std::string::npos, text);
  const std::string json = draw(plan, Drawing::json);
  BOOST_TEST(
      json.find("\"contract\": {\"name\": \"book\", \"object\": \"deals\", \"version\": 3") !=
      std::string::npos);
  BOOST_TEST(draw(plan, Drawing::dot).find("shape=hexagon") != std::string::npos);
  BOOST_TEST(draw(plan, Drawing::mermaid).find("|checked.rejected|") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_herd_file_holds_the_policy) {
  const auto file = parse_herd_file("finance.herd.toml", R"(
herd = "finance"
require_contracts = true
block_on_drift = false
[masking]
default = "hash"
[masking.classification]
public = "keep"
[masking.fields]
email = "tokenize"
iban = { method = "partial" }
)");
  BOOST_REQUIRE_MESSAGE(file, (file ? "" : render(file.error())));
  const governance::HerdPolicy& policy = file->policy;
  BOOST_TEST(policy.require_contracts);
  BOOST_TEST(!policy.block_on_drift);
  BOOST_TEST((policy.masking.fallback == MaskMethod::hash));
  BOOST_TEST((policy.masking.by_classification ==
              std::map<std::string, MaskMethod>{{"public", MaskMethod::keep}}));
  BOOST_TEST((policy.masking.by_field ==
              std::map<std::string, MaskMethod>{{"email", MaskMethod::tokenise},
                                                {"iban", MaskMethod::partial}}));
}

BOOST_AUTO_TEST_CASE(every_mistake_of_a_policy_is_told_at_its_place) {
  const auto file = parse_herd_file("finance.herd.toml",
                                    "herd = \"finance\"\n"
                                    "require_contracts = \"yes\"\n"
                                    "[masking]\n"
                                    "default = \"hsh\"\n"
                                    "others = 1\n"
                                    "[masking.classification]\n"
                                    "secret = { method = \"hash\" }\n"
                                    "[masking.fields]\n"
                                    "email = { methd = \"hash\" }\n");
  BOOST_REQUIRE(!file);
  std::string places;
  for (const Diagnostic& one : file.error().list)
    places += std::to_string(one.line) + ":" + std::to_string(one.column) + " ";
  BOOST_TEST(places == "2:21 4:11 5:1 7:10 9:1 9:11 ", render(file.error()));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace runink::pipeline::test
