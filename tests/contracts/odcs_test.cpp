// Our verdict on ODCS documents beside ajv's: on the standard's examples, on a list of broken
// documents, and on every example with each of its values changed, renamed, dropped or doubled.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "governance/contract_reader.hpp"
#include "governance/yaml_tree.hpp"
#include "tests/contracts/reference_verdicts.hpp"
#include "tests/support/folder.hpp"

namespace runink::governance::test {
namespace {

namespace fs = std::filesystem;
const std::string data = RUNINK_SOURCE_DIR "/tests/data/odcs";

struct Document {
  std::string title;
  std::string text;
};

std::vector<Document> examples() {
  std::vector<Document> all;
  for (const auto& entry : fs::recursive_directory_iterator(data + "/examples"))
    if (entry.path().extension() == ".yaml")
      all.push_back(
          {fs::relative(entry.path(), data).string(), runink::test::content(entry.path())});
  std::ranges::sort(all, {}, &Document::title);
  return all;
}

/// tests/contracts/variants.txt: "=== title", then a document; "@head" is what every contract needs.
std::vector<Document> variants() {
  std::vector<Document> all;
  std::ifstream in{RUNINK_SOURCE_DIR "/tests/contracts/variants.txt"};
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("=== ")) {
      all.push_back({line.substr(4), ""});
    } else if (!all.empty()) {
      all.back().text += line == "@head"
                             ? "version: 1.0.0\nkind: DataContract\napiVersion: v3.1.0\n"
                               "id: x\nstatus: active\n"
                             : line + "\n";
    }
  }
  return all;
}

std::vector<std::string> texts_of(const std::vector<Document>& documents) {
  std::vector<std::string> texts;
  for (const Document& one : documents) texts.push_back(one.text);
  return texts;
}

boost::test_tools::assertion_result reference_is_there(boost::unit_test::test_unit_id) {
  const std::string why = why_no_reference();
  boost::test_tools::assertion_result result(why.empty());
  result.message() << why;
  return result;
}

struct Count {
  std::size_t both_valid = 0, both_wrong = 0, apart = 0;
};

/// Compares, and prints the documents on which the verdicts differ.
Count compare(const std::vector<Document>& documents) {
  const auto texts = texts_of(documents);
  const auto theirs = reference_verdicts(texts), ours = own_verdicts(texts);
  BOOST_REQUIRE(theirs.size() == texts.size());
  Count count;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (theirs[i].has_value() == ours[i].has_value()) {
      ++(ours[i] ? count.both_wrong : count.both_valid);
      continue;
    }
    ++count.apart;
    BOOST_TEST_MESSAGE(documents[i].title << "\n  ajv: " << theirs[i].value_or("valid")
                                          << "\n  we:  " << ours[i].value_or("valid"));
  }
  return count;
}

/// Each way to spoil one value of a tree.
class Spoiler {
 public:
  Spoiler(std::string title, YamlNode tree) : title_(std::move(title)), tree_(std::move(tree)) {}

  std::vector<Document> all() {
    visit(tree_, "");
    return std::move(made_);
  }

 private:
  void add(const std::string& what) { made_.push_back({title_ + ": " + what, write_yaml(tree_)}); }

  void visit(YamlNode& node, const std::string& path) {
    replace(node, path);
    for (std::size_t i = 0; i < node.map.size(); ++i) {
      const std::string here = path + "." + node.map[i].key;
      const YamlEntry entry = node.map[i];
      node.map.erase(node.map.begin() + static_cast<std::ptrdiff_t>(i));
      add(here + " dropped");
      node.map.insert(node.map.begin() + static_cast<std::ptrdiff_t>(i), entry);
      node.map[i].key = entry.key + "x";
      add(here + " renamed");
      node.map[i].key = entry.key;
      node.map.push_back(entry);
      add(here + " doubled");
      node.map.pop_back();
      visit(node.map[i].value, here);
    }
    for (std::size_t i = 0; i < node.list.size(); ++i)
      visit(node.list[i], path + "[" + std::to_string(i) + "]");
  }

  void replace(YamlNode& node, const std::string& path) {
    const YamlNode before = node;
    const auto with = [&](YamlKind kind, std::string text, bool boolean = false) {
      node = YamlNode{};
      node.kind = kind;
      node.text = std::move(text);
      node.boolean = boolean;
      add(path + " is now " + std::string(to_string(kind)) + " " + node.text);
    };
    with(YamlKind::null, "");
    with(YamlKind::boolean, "true", true);
    with(YamlKind::number, "7");
    with(YamlKind::number, "-7.5");
    with(YamlKind::not_finite, ".inf");
    with(YamlKind::text, "a text");
    with(YamlKind::text, "");
    with(YamlKind::list, "");
    with(YamlKind::map, "");
    node = before;
  }

  std::string title_;
  YamlNode tree_;
  std::vector<Document> made_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(odcs)

BOOST_AUTO_TEST_CASE(all_examples_are_read_and_written_without_loss) {
  const auto all = examples();
  BOOST_TEST(all.size() == 16u);
  for (const Document& one : all) BOOST_TEST_CONTEXT(one.title) {
      const auto read = parse_contract(one.title, one.text);
      if (!read) BOOST_FAIL(render(read.error()));
      const SourceText source{one.title, one.text};
      Mistakes mistakes{source};
      const auto tree = read_yaml(source, mistakes);
      BOOST_REQUIRE(tree);
      const std::string written = write_yaml(*tree);
      const SourceText again{one.title, written};
      const auto second = read_yaml(again, mistakes);
      BOOST_REQUIRE_MESSAGE(second, render(mistakes.diagnostics()) << written);
      BOOST_TEST(same(*tree, *second));
      BOOST_TEST(write_yaml(*second) == written);
      const auto from_written = parse_contract(one.title, written);
      BOOST_REQUIRE(from_written);
      BOOST_TEST((from_written->contract == read->contract));
    }
}

BOOST_AUTO_TEST_CASE(ajv_and_we_agree_on_all_examples,
                     *boost::unit_test::precondition(reference_is_there)) {
  const Count count = compare(examples());
  BOOST_TEST(count.apart == 0u);
  BOOST_TEST(count.both_valid == 16u);
}

BOOST_AUTO_TEST_CASE(ajv_and_we_agree_on_documents_broken_by_hand,
                     *boost::unit_test::precondition(reference_is_there)) {
  const auto all = variants();
  const Count count = compare(all);
  BOOST_TEST_MESSAGE(all.size() << " variants: " << count.both_wrong << " refused by both, "
                                << count.both_valid << " valid for both, " << count.apart
                                << " apart");
  BOOST_TEST(count.apart == 0u);
  BOOST_TEST(count.both_wrong >= 60u);
  BOOST_TEST(count.both_valid >= 20u);
}

BOOST_AUTO_TEST_CASE(ajv_and_we_agree_on_every_example_with_every_value_spoiled,
                     *boost::unit_test::precondition(reference_is_there)) {
  std::vector<Document> all;
  for (const Document& one : examples()) {
    const SourceText source{one.title, one.text};
    Mistakes mistakes{source};
    auto spoiled = Spoiler{one.title, read_yaml(source, mistakes).value()}.all();
    std::ranges::move(spoiled, std::back_inserter(all));
  }
  const Count count = compare(all);
  BOOST_TEST_MESSAGE(all.size() << " spoiled documents: " << count.both_wrong
                                << " refused by both, " << count.both_valid << " valid for both, "
                                << count.apart << " apart");
  BOOST_TEST(count.apart == 0u);
  BOOST_TEST(count.both_wrong > 3'000u);
  BOOST_TEST(count.both_valid > 300u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace runink::governance::test
