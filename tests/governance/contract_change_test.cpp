// The table of changes, tests/governance/changes.txt: each row is read, compared and judged.
#include "governance/contract_change.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "governance/contract_reader.hpp"

namespace runink::governance {
namespace {

struct Row {
  std::string title;
  std::vector<std::string> expected;  ///< "column_removed readers"
  std::string before, after;
};

/// `line` within the frame that `where` names.
std::string framed(const std::string& where, const std::string& line) {
  if (where == "@contract") return line + "\n";
  return (where == "@object" ? "  " : "    ") + line + "\n";
}

/// The document around the lines of one side; a key of the head that they give takes the place of ours.
std::string document(const std::string& where, const std::string& lines) {
  std::string text;
  for (const std::string head :
       {"version: 1.0.0", "kind: DataContract", "apiVersion: v3.1.0", "id: x", "status: active"}) {
    const std::string key = head.substr(0, head.find(':') + 1);
    const bool given = where == "@contract" && (lines.starts_with(key));
    if (!given) text += head + "\n";
  }
  if (where == "@object") text += "schema:\n- name: t\n";
  if (where == "@column") text += "schema:\n- name: t\n  properties:\n  - name: c\n";
  return text + lines;
}

std::vector<Row> table() {
  std::ifstream in{RUNINK_SOURCE_DIR "/tests/governance/changes.txt"};
  std::vector<Row> rows;
  std::string* part = nullptr;
  std::string where;
  std::vector<std::string> frames;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("=== ")) {
      rows.push_back({line.substr(4), {}, "", ""});
      part = nullptr;
    } else if (line.starts_with("--- ")) {
      part = line.starts_with("--- before") ? &rows.back().before : &rows.back().after;
      where = line.substr(line.find('@'));
      if (part == &rows.back().before) frames.push_back(where);
    } else if (part != nullptr) {
      *part += framed(where, line);
    } else if (!line.starts_with('#')) {
      rows.back().expected.push_back(line);
    }
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rows[i].before = document(frames[i], rows[i].before);
    rows[i].after = document(frames[i], rows[i].after);
  }
  return rows;
}

Contract contract_of(const std::string& text) {
  auto read = parse_contract("contract.odcs.yaml", text);
  if (!read) BOOST_FAIL(render(read.error()) + text);
  return std::move(read->contract);
}

std::string name_of(Breaks breaks) {
  return breaks == Breaks::both ? "both" : std::string(to_string(breaks));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(changes_of_contracts)

BOOST_AUTO_TEST_CASE(each_row_of_the_table_gives_its_changes_and_verdicts) {
  std::set<std::string> kinds;
  const auto rows = table();
  BOOST_TEST(rows.size() >= 100u);
  for (const Row& row : rows) BOOST_TEST_CONTEXT(row.title) {
      const Contract before = contract_of(row.before), after = contract_of(row.after);
      std::vector<std::string> found;
      for (const Change& change : changes_between(before, after)) {
        kinds.emplace(to_string(change.kind));
        found.push_back(std::string(to_string(change.kind)) + " " +
                        name_of(breaks_of(change.kind)));
        BOOST_TEST(change.breaking() == !found.back().ends_with(" nobody"));
        BOOST_TEST(!to_text(change).empty());
      }
      auto expected = row.expected;
      std::ranges::sort(expected);
      std::ranges::sort(found);
      BOOST_TEST(found == expected, boost::test_tools::per_element());
      BOOST_TEST(changes_between(before, before).empty());
    }
  // No kind of change is without a row.
  for (std::size_t i = 0; i < change_kinds; ++i)
    BOOST_TEST(kinds.contains(std::string(to_string(static_cast<ChangeKind>(i)))),
               to_string(static_cast<ChangeKind>(i)) << " has no row");
  BOOST_TEST_MESSAGE(rows.size() << " rows, " << kinds.size() << " kinds of change");
}

BOOST_AUTO_TEST_CASE(a_change_is_told_with_its_place_and_whom_it_breaks) {
  const Contract before = contract_of(
      document("@column", "    logicalType: integer\n    logicalTypeOptions: {minimum: 1}\n"));
  const Contract after = contract_of(
      document("@column", "    logicalType: integer\n    logicalTypeOptions: {minimum: 5}\n"));
  const auto changes = changes_between(before, after);
  BOOST_REQUIRE(changes.size() == 1u);
  BOOST_TEST(to_text(changes[0]) == "t.c: the minimum was raised: 1 became 5 (breaks producers)");
}

BOOST_AUTO_TEST_CASE(consumers_are_broken_by_what_they_read_and_by_nothing_else) {
  const std::string two =
      "schema:\n- name: t\n  properties:\n  - {name: a, required: true}\n"
      "  - {name: b, required: true}\n  - name: c\n- name: u\n";
  const std::string changed =
      "schema:\n- name: t\n  properties:\n  - {name: a}\n"
      "  - {name: b, required: true, unique: true}\n";
  const auto changes = changes_between(contract_of(document("@contract", two)),
                                       contract_of(document("@contract", changed)));
  std::string all;
  for (const Change& change : changes) all += to_text(change) + "\n";
  BOOST_TEST(all ==
             "t.a: a value is no longer required (breaks readers)\n"
             "t.b: values must be unique now (breaks producers)\n"
             "t.c: the column was removed (breaks readers)\n"
             "u: the object was removed (breaks readers and producers)\n");
  const auto broken = broken_consumers(changes, {{"reads all of t", "t", {}},
                                                 {"reads a", "T", {"A"}},
                                                 {"reads b", "t", {"b"}},
                                                 {"reads u", "u", {"x"}},
                                                 {"reads b and u", "t", {"b"}},
                                                 {"reads b and u", "u", {}},
                                                 {"reads another", "v", {}}});
  std::string who;
  for (const BrokenConsumer& one : broken) {
    who += one.name + ":";
    for (const std::size_t index : one.changes) who += " " + std::to_string(index);
    who += "\n";
  }
  BOOST_TEST(who ==
             "reads a: 0\n"
             "reads all of t: 0 2\n"
             "reads b and u: 3\n"
             "reads u: 3\n");
}

BOOST_AUTO_TEST_CASE(a_retired_contract_breaks_every_consumer) {
  const auto changes = changes_between(contract_of(document("@contract", "status: active\n")),
                                       contract_of(document("@contract", "status: retired\n")));
  BOOST_TEST(broken_consumers(changes, {{"one", "t", {"a"}}, {"two", "u", {}}}).size() == 2u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace runink::governance
