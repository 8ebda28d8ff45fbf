// Reading contracts: the catalogue of mistakes, tests/governance/contract_mistakes.txt (RUNINK_ACCEPT=1
// writes the present answers into it; read the diff), limits, and what a good document becomes.
#include "governance/contract_reader.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "governance/pattern.hpp"
#include "governance/rules.hpp"
#include "governance/yaml_tree.hpp"
#include "vocabulary/codec.hpp"
#include "vocabulary/limits.hpp"
#include "vocabulary/names.hpp"

namespace runink::governance {
namespace {

const std::string catalogue = RUNINK_SOURCE_DIR "/tests/governance/contract_mistakes.txt";
const std::string head =
    "version: 1.0.0\nkind: DataContract\napiVersion: v3.1.0\nid: x\nstatus: active\n";
const std::string columns = head +
                            "schema:\n"
                            "- name: trades\n"
                            "  properties:\n";

struct Case {
  std::string title, document, expected;
};

/// "@head" stands for the five keys that every contract needs, "@columns" for these and the object
/// trades up to its columns.
std::string text_of(const Case& one) {
  std::string text = one.document;
  if (text.starts_with("@head\n")) text = head + text.substr(6);
  if (text.starts_with("@columns\n")) text = columns + text.substr(9);
  return text;
}

std::vector<Case> read_catalogue() {
  std::ifstream in{catalogue};
  std::vector<Case> cases;
  std::string* part = nullptr;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("=== ")) {
      cases.push_back({line.substr(4), "", ""});
      part = &cases.back().document;
    } else if (part != nullptr && line == "--- answer") {
      part = &cases.back().expected;
    } else if (part != nullptr) {
      *part += line + "\n";
    }
  }
  return cases;
}

/// What is told: mistakes, or the warnings of a contract that is taken.
std::string answer_to(const std::string& text) {
  const auto read = parse_contract("trades.odcs.yaml", text);
  if (!read) return render(read.error());
  return read->warnings.list.empty() ? "fine\n" : "taken\n" + render(read->warnings);
}

/// The one message that `text` gives.
std::string first_message(const std::string& text) {
  const auto read = parse_contract("big.odcs.yaml", text);
  return read ? "fine" : read.error().list.front().message;
}

Contract contract_of(const std::string& text) {
  auto read = parse_contract("trades.odcs.yaml", text);
  if (!read) BOOST_FAIL(render(read.error()));
  return std::move(read->contract);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(reading_contracts)

BOOST_AUTO_TEST_CASE(every_mistake_of_the_catalogue_gets_its_answer) {
  auto cases = read_catalogue();
  BOOST_TEST(cases.size() >= 60u);
  const bool accept = std::getenv("RUNINK_ACCEPT") != nullptr;
  for (Case& one : cases) {
    const std::string answer = answer_to(text_of(one));
    if (accept)
      one.expected = answer;
    else
      BOOST_TEST_CONTEXT(one.title) BOOST_TEST(answer == one.expected);
  }
  if (!accept) return;
  std::ofstream out{catalogue};
  for (const Case& one : cases)
    out << "=== " << one.title << "\n" << one.document << "--- answer\n" << one.expected;
}

BOOST_AUTO_TEST_CASE(a_document_becomes_its_typed_contract) {
  const Contract contract = contract_of(columns + R"(  - name: id
    logicalType: integer
    logicalTypeOptions: {format: i64, minimum: 1, exclusiveMaximum: 1e6}
    primaryKey: true
  - name: email
    logicalType: string
    classification: confidential
    required: true
    logicalTypeOptions: {minLength: 3, pattern: "^.+@.+$", format: email}
    quality:
    - metric: invalidValues
      mustBeLessOrEqualTo: 2.50
      unit: percent
      severity: warning
      arguments: {validValues: [a, 1, null], pattern: "^a"}
    relationships: [{to: people.mail}]
  - name: address
    logicalType: object
    properties:
    - {name: city, required: true, logicalType: string}
    - name: lines
      logicalType: array
      items: {logicalType: string, logicalTypeOptions: {maxLength: 40}}
  quality:
  - type: sql
    name: net
    query: SELECT count(*) FROM ${object} WHERE id < 0
    mustBe: 0
  - metric: duplicateValues
    mustBe: 0
    arguments: {properties: [ID, email]}
- name: people
  properties:
  - {name: mail, logicalType: string}
)");
  BOOST_REQUIRE(contract.objects.size() == 2u);
  const SchemaObject& trades = contract.objects[0];
  std::string paths;
  for (const Property& property : trades.properties) paths += property.name + " ";
  BOOST_TEST(paths == "id email address address.city address.lines address.lines[] ");
  BOOST_TEST(trades.find("id")->primary_key == 1);
  BOOST_TEST((trades.find("id")->options.maximum == Limit{"1000000", true}));
  BOOST_TEST(trades.find("email")->classification == "confidential");
  BOOST_TEST(trades.find("address.lines[]")->options.max_length.value() == 40u);
  BOOST_TEST(!trades.find("address.city")->is_column());
  BOOST_REQUIRE(trades.quality.size() == 3u);
  BOOST_TEST(trades.quality[0].query == "SELECT count(*) FROM ${table} WHERE id < 0");
  BOOST_TEST(trades.quality[1].name == "duplicateValues(id)");
  BOOST_TEST(trades.quality[1].columns == (std::vector<std::string>{"id", "email"}),
             boost::test_tools::per_element());
  const QualityRule& share = trades.quality[2];
  BOOST_TEST(share.name == "invalidValues(email)");
  BOOST_TEST((share.bound == Bound{Comparison::at_most, {25, 1}, {}, true}));
  BOOST_TEST((share.values == std::vector<std::optional<std::string>>{"a", "1", std::nullopt}));
  BOOST_TEST((share.severity == RuleSeverity::warning));
  BOOST_TEST((trades.references == std::vector<Reference>{{{"email"}, "people", {"mail"}}}));
  const auto again = decode<Contract>(encode(contract), "contract");
  BOOST_REQUIRE(again);
  BOOST_TEST((*again == contract));
}

BOOST_AUTO_TEST_CASE(references_by_id_are_resolved) {
  const Contract contract = contract_of(head + R"(schema:
- name: trades
  id: trades_id
  properties:
  - {name: a, id: a-id, relationships: [{to: /schema/p_id/properties/m_id}]}
- name: people
  id: p_id
  properties:
  - {name: mail, id: m_id}
)");
  BOOST_TEST(
      (contract.objects[0].references == std::vector<Reference>{{{"a"}, "people", {"mail"}}}));
}

BOOST_AUTO_TEST_CASE(places_are_right_behind_other_alphabets_and_line_ends) {
  BOOST_TEST(
      answer_to(
          "# größer ☃\r\nversion: ä\r\nkind: \"☃\"\r\napiVersion: v3.1.0\r\nid: x\r\nstatus: y\r\n")
          .starts_with("trades.odcs.yaml:3:7: error: `kind` cannot be `☃`\n"
                       "     3 | kind: \"☃\"\n"
                       "       |       ^~~\n"));
}

BOOST_AUTO_TEST_CASE(bombs_and_great_documents_are_refused) {
  // Each level holds nine of the level before: 9^12 values.
  std::string bomb =
      head + "customProperties:\n- property: a\n  value: &l0 [1, 1, 1, 1, 1, 1, 1, 1, 1]\n";
  for (int level = 1; level <= 12; ++level) {
    const std::string below = "*l" + std::to_string(level - 1);
    bomb += "- property: a\n  value: &l" + std::to_string(level) + " [" + below;
    for (int i = 0; i < 8; ++i) bomb += ", " + below;
    bomb += "]\n";
  }
  BOOST_TEST(first_message(bomb).starts_with("the document has more than 100000 values"));

  std::string echo = head + "name: &n \"" + std::string(200'000, 'a') + "\"\ntags:\n";
  for (int i = 0; i < 100; ++i) echo += "- *n\n";
  BOOST_TEST(
      first_message(echo).starts_with("with its aliases resolved the document has more than"));

  std::string ladder = head + "customProperties:\n- {property: a, value: &d0 [1]}\n";
  for (int level = 1; level <= 70; ++level)
    ladder += "- {property: a, value: &d" + std::to_string(level) + " [*d" +
              std::to_string(level - 1) + "]}\n";
  BOOST_TEST(first_message(ladder) == "this is nested deeper than 64 levels");

  const std::string deep = std::string(65, '[') + std::string(65, ']');
  BOOST_TEST(first_message(head + "tags: " + deep) == "this is nested deeper than 64 levels");
  for (const char open : {'[', '{', '-', '?', '&', '*'})
    BOOST_TEST(first_message(head + "tags: " + std::string(100'000, open)) != "fine", open);
  BOOST_TEST(first_message(std::string(limits::contract_document.value + 1, '#'))
                 .starts_with("the contract has 1048577 bytes"));
  BOOST_TEST(first_message(head + "name: &a [*a]\n") ==
             "this alias stands within what it stands for");
}

BOOST_AUTO_TEST_CASE(a_contract_that_would_not_fit_the_log_is_refused) {
  std::string many = columns;
  for (int i = 0; i < 3'000; ++i)
    many += "  - {name: c" + std::to_string(i) + ", description: " + std::string(60, 'd') + "}\n";
  BOOST_TEST(first_message(many).starts_with("what the contract says of its data takes"));
  std::string rules = columns;
  for (int i = 0; i < 1'200; ++i)
    rules +=
        "  - {name: c" + std::to_string(i) +
        ", logicalType: string, required: true, unique: true, logicalTypeOptions: {minLength: 1, "
        "maxLength: 9, pattern: a, format: uuid}}\n";
  BOOST_TEST(first_message(rules) ==
             "this object has more than 8000 rules, those of its types included");
}

BOOST_AUTO_TEST_CASE(the_worst_documents_of_a_megabyte_take_no_minutes) {
  // Seconds under the sanitizers; whatever is quadratic in one of these takes hours.
  const auto repeated = [](std::string text, const std::string& one) {
    while (text.size() + one.size() < limits::contract_document.value) text += one;
    return text;
  };
  std::vector<std::string> documents = {
      repeated(head + "name: \"", "a"),
      repeated(head + "shape: a", "\n  b"),
      repeated(head + "name: [", "a,"),
      repeated(head + "name: {", "a: b,"),
      repeated(head, "- "),
      repeated(head, "? "),
      repeated(head, "a: b\n"),
      repeated(head + "shape: a\n", "# c\n"),
      repeated(head + "tag:\n", "- a\n"),
      repeated(head + "tags:\n- &a x\n", "- *a\n"),
      repeated(head + "tags:\n", "- &a x\n"),
      repeated(head + "schema:\n", "- name: t\n"),
      repeated(columns, "  - name: c\n"),
      repeated(columns + "  - name: c\n    quality:\n", "    - {metric: nullValues, mustBe: 0}\n"),
      repeated(columns + "  - name: c\n    relationships:\n", "    - to: t.x\n"),
      repeated(head + "shape: |\n", "  a\n"),
      repeated(head + "name: '", "''"),
      repeated(head + "name: \"", "\\n"),
      repeated(head + "name: ", "!a "),
      repeated(head + "name: ", ": "),
  };
  std::string all;  // one line, every key of it unknown
  for (int i = 0; all.size() < 900'000; ++i) all += "k" + std::to_string(i) + ": 1, ";
  documents.push_back("{" + all + "z: 1}");
  std::string listed = columns;  // many columns, and a long list of others
  for (int i = 0; i < 9'000; ++i) listed += "  - name: c" + std::to_string(i) + "\n";
  listed +=
      "  quality:\n  - metric: duplicateValues\n    mustBe: 0\n    arguments:\n      properties:\n";
  for (int i = 0; i < 30'000; ++i) listed += "      - x" + std::to_string(i) + "\n";
  documents.push_back(listed);
  for (const std::string& document : documents)
    BOOST_TEST(first_message(document) != "fine", document.substr(80, 60));
}

BOOST_AUTO_TEST_CASE(bytes_that_are_no_text_are_refused) {
  BOOST_TEST(first_message("version: \xff\n") == "a byte that is no UTF-8 stands here");
  BOOST_TEST(first_message(std::string("version: a\0b\n", 13)) ==
             "a control character stands here");
  BOOST_TEST(answer_to("\xEF\xBB\xBF" + head) == "fine\n");
}

BOOST_AUTO_TEST_CASE(no_document_makes_the_reader_fall) {
  // Every prefix of a document with everything in it, and every byte of it changed.
  const std::string all =
      columns + R"(  - {name: a, logicalType: integer, logicalTypeOptions: {minimum: 1}}
  - name: "b"
    quality: [{metric: invalidValues, mustBe: 0, arguments: {validValues: [&x y, *x]}}]
    relationships: [{to: trades.a}]
    items: !!map {logicalType: string}
# end
)";
  for (std::size_t i = 0; i <= all.size(); ++i) answer_to(all.substr(0, i));
  for (std::size_t i = 0; i < all.size(); ++i)
    for (const char c : {'"', ':', '[', '\n', '*', '{', '-', ' ', '%', '\xC3'}) {
      std::string changed = all;
      changed[i] = c;
      answer_to(changed);
    }
  BOOST_TEST(true);
}

BOOST_AUTO_TEST_CASE(a_name_is_proposed_in_the_letters_of_names) {
  struct Row {
    std::string name, id, path, expected;
  };
  for (const Row& row : {Row{"Trades of Today!", "x", "a/b.yaml", "trades-of-today"},
                         Row{"", "53581432-6C55", "a/b.yaml", "c55"},
                         Row{"", "1234", "contracts/settled_trades.odcs.yaml", "settled_trades"},
                         Row{"ä☃", "", "9.yaml", ""}}) {
    Contract contract;
    contract.name = row.name;
    contract.id = row.id;
    const std::string name = proposed_name(contract, row.path);
    BOOST_TEST(name == row.expected);
    if (!name.empty()) BOOST_TEST(check_name("contract", name).has_value());
  }
  Contract contract;
  contract.name = std::string(200, 'a');
  BOOST_TEST(proposed_name(contract, "").size() == limits::name_bytes);
}

BOOST_AUTO_TEST_CASE(patterns_are_those_that_both_languages_read_alike) {
  for (const char* good :
       {"ACC[0-9]{8}", "^a|b$", "(?:a|b)+?", "[^a-z\\d_-]", "\\.\\/\\-", "a{2,}", "x{", "]",
        "a{,3}", "[a\\]]", "\\x41", "(a{10}){100}", "", "[-a]", "[a-]", "é+", "()"})
    BOOST_TEST_CONTEXT(good) {
      const auto why = why_no_pattern(good);
      BOOST_TEST(!why, (why ? why->what : ""));
    }
  struct Row {
    const char* pattern;
    std::size_t at;
    const char* what;
  };
  for (const Row& row : {
           Row{"a(?=b)", 1, "looks ahead"},
           {"(?!b)", 0, "looks ahead"},
           {"(?<=b)a", 0, "looks behind"},
           {"(?<!b)a", 0, "looks behind"},
           {"(a)\\1", 3, "refers back"},
           {"\\k<a>", 0, "refers back"},
           {"(?<n>a)", 0, "has a group"},
           {"(?i)a", 0, "has a group"},
           {"(a", 0, "has a `(`"},
           {"a)", 1, "has a `)`"},
           {"[a", 0, "has a `[`"},
           {"[]", 0, "has an empty class"},
           {"[^]", 0, "has an empty class"},
           {"[[:alpha:]]", 1, "has a POSIX class"},
           {"[z-a]", 1, "has a range"},
           {"*a", 0, "repeats nothing"},
           {"a**", 2, "repeats nothing"},
           {"^*", 1, "repeats nothing"},
           {"a{3,2}", 1, "repeats at most"},
           {"a{1001}", 1, "repeats more"},
           {"(a{100}){11}", 8, "repeats more"},
           {"\\u0041", 0, "has an escape"},
           {"\\cA", 0, "has an escape"},
           {"\\p{L}", 0, "has an escape"},
           {"a\\", 1, "ends with"},
           {"\\x4", 0, "has a `\\x`"},
       })
    BOOST_TEST_CONTEXT(row.pattern) {
      const auto why = why_no_pattern(row.pattern);
      BOOST_REQUIRE(why);
      BOOST_TEST(why->at == row.at);
      BOOST_TEST(why->what.starts_with(row.what), why->what);
    }
  BOOST_TEST(why_no_pattern(std::string(5'000, 'a')).has_value());
  BOOST_TEST(why_no_pattern(std::string(300, '(')).has_value());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace runink::governance
