#include "pipeline/test_file.hpp"

#include <algorithm>
#include <utility>

#include "pipeline/quantity.hpp"
#include "pipeline/section.hpp"
#include "pipeline/toml_file.hpp"
#include "vocabulary/limits.hpp"
#include "vocabulary/names.hpp"
#include "vocabulary/text.hpp"

namespace runink::pipeline {
namespace {

constexpr std::string_view tests_folder = "tests/";
constexpr std::string_view test_file_ending = ".toml";
constexpr std::uint32_t most_test_rows = 1'000'000'000;

std::optional<Format> test_format_from(std::string_view key) {
  for (const Format one : {Format::csv, Format::jsonl, Format::parquet})
    if (to_string(one) == key) return one;
  return {};
}

class TestReader {
 public:
  TestReader(const Bundle& bundle, TestFile& test, const SourceText& source)
      : bundle_(bundle), test_(test), mistakes_(source) {
    for (const BundleFile& file : bundle.files) paths_.push_back(file.path);
  }

  Mistakes& mistakes() { return mistakes_; }

  void read(const Value& root) {
    Section top{root, "", mistakes_};
    if (auto fine = check_name("test", test_.name); !fine)
      mistakes_.error_without_place(test_.path, as_message(fine.error()),
                                    "the test is named after its file: tests/NAME.toml");
    if (const Entry* description = top.take("description", Kind::text))
      test_.description = description->value.text;
    if (test_.description.size() > limits::parameter_value.value)
      error(top.take("description")->value.span, "`description` is longer than " +
                                                     std::to_string(limits::parameter_value.value) +
                                                     " bytes");
    read_date(top);
    read_parameters(top);
    if (const Entry* inputs = top.take("input", Kind::table))
      for (const Entry& entry : inputs->value.table) read_input(entry);
    const Entry* expect = top.take("expect");
    if (expect == nullptr)
      error({0, 1}, "the test expects nothing",
            "add [expect.DATASET] with the rows that must come out");
    else if (top.take("expect", Kind::table) != nullptr)
      read_expectations(*expect);
    top.finish();
  }

 private:
  void error(Span span, std::string message, std::string hint = {}) {
    mistakes_.error(span, std::move(message), std::move(hint));
  }

  void read_date(Section& top) {
    const Entry* date = top.take("logical_date");
    if (date == nullptr) return;
    if (date->value.kind != Kind::text && date->value.kind != Kind::moment)
      return error(date->value.span, "`logical_date` must be a date, not " +
                                         std::string(to_string(date->value.kind)));
    if (const auto moment = parse_moment(date->value.text))
      test_.logical_date = *moment;
    else
      error(date->value.span, "`logical_date`: " + as_message(moment.error()));
  }

  void read_parameters(Section& top) {
    const Entry* given = top.take("parameters", Kind::table);
    if (given == nullptr) return;
    for (const Entry& one : given->value.table) {
      if (test_.parameters.size() == limits::parameters)
        return error(given->span,
                     "[parameters] has more than " + std::to_string(limits::parameters) + " names");
      if (one.value.kind == Kind::list || one.value.kind == Kind::table)
        error(one.value.span, "the value of parameter `" + printable(one.key, 80) +
                                  "` must not be " + std::string(to_string(one.value.kind)));
      else
        test_.parameters[one.key] = one.value.text;
    }
  }

  void read_input(const Entry& entry) {
    const std::string what = "[input." + printable(entry.key, 80) + "]";
    if (entry.value.kind != Kind::table)
      return error(entry.value.span, what + " must be a table with the fixture's file",
                   "csv = \"tests/" + printable(entry.key, 80) + ".csv\"");
    Section section{entry.value, what, mistakes_};
    section.refuse("rows", "a fixture is a file of the bundle; its rows do not stand in the test",
                   "write them into tests/" + printable(entry.key, 80) + ".csv");
    TestInput input;
    input.source = entry.key;
    input.span = entry.span;
    if (const Entry* file = section.take_one_of({"csv", "jsonl", "parquet"}, entry.span);
        file != nullptr && section.take(file->key, Kind::text) != nullptr) {
      input.format = *test_format_from(file->key);
      input.path = file->value.text;
      input.path_span = file->value.span;
      if (bundle_.find(input.path) == nullptr)
        error(input.path_span, "the bundle has no file `" + printable(input.path, 120) + "`",
              mistakes_.suggest(input.path, paths_));
    }
    section.finish();
    test_.inputs.push_back(std::move(input));
  }

  void read_expectations(const Entry& expect) {
    if (expect.value.table.empty())
      error(expect.span, "the test expects nothing",
            "add [expect.DATASET] with the rows that must come out");
    for (const Entry& entry : expect.value.table) {
      if (test_.expectations.size() == most_expectations)
        return error(entry.span,
                     "a test has at most " + std::to_string(most_expectations) + " expectations");
      read_expectation(entry);
    }
  }

  void read_expectation(const Entry& entry) {
    const std::string name = printable(entry.key, 80);
    const std::string what = "[expect." + name + "]";
    if (entry.value.kind != Kind::table)
      return error(entry.value.span, what + " must be a table with the golden file",
                   "csv = \"tests/" + name + ".csv\"");
    Section section{entry.value, what, mistakes_};
    section.refuse("rejected", "the rejected rows are a dataset of their own",
                   "write its name in quotes: [expect.\"" + name + ".rejected\"]");
    section.refuse("parquet", "a golden file is read by people: CSV or JSON lines",
                   "csv = \"tests/" + name + ".csv\"");
    TestExpectation one;
    one.dataset = DatasetName{entry.key};
    one.span = entry.span;
    read_golden(section, entry, one);
    one.rows = section.take_number("rows", 0, most_test_rows);
    if (const Entry* ordered = section.take("ordered", Kind::boolean)) {
      one.ordered = ordered->value.boolean;
      if (section.take("csv") == nullptr && section.take("jsonl") == nullptr)
        error(ordered->span,
              "`ordered` says how a golden file is compared, and " + what + " has none");
    }
    read_columns(section, one);
    section.finish();
    test_.expectations.push_back(std::move(one));
  }

  void read_golden(Section& section, const Entry& entry, TestExpectation& one) {
    const std::vector<std::string> keys = {"csv", "jsonl"};
    if (section.take("csv") == nullptr && section.take("jsonl") == nullptr) {
      if (section.take("rows") == nullptr)
        error(entry.span, section.what() + " needs one of `csv`, `jsonl` or `rows`");
      return;
    }
    const Entry* file = section.take_one_of(keys, entry.span);
    if (section.take(file->key, Kind::text) == nullptr) return;
    one.format = *test_format_from(file->key);
    one.golden = file->value.text;
    one.golden_span = file->value.span;
    const Span at = one.golden_span;
    if (auto fine = check_bundle_path(one.golden); !fine)
      return error(at, as_message(fine.error()));
    // --update writes there: it must not be able to reach anything but golden files.
    if (!one.golden.starts_with(tests_folder) || !one.golden.ends_with("." + file->key))
      return error(at, "the golden file `" + printable(one.golden, 120) +
                           "` must lie beneath tests/ and end in ." + file->key);
    for (const TestInput& input : test_.inputs)
      if (input.path == one.golden)
        error(at, "`" + printable(one.golden, 120) + "` is a fixture of the test already");
    for (const TestExpectation& other : test_.expectations)
      if (other.golden == one.golden)
        error(at, "`" + printable(one.golden, 120) + "` is the golden file of `" +
                      printable(other.dataset.value, 80) + "` already");
    const BundleFile* there = bundle_.find(one.golden);
    if (there != nullptr && there->bytes.size() > most_golden.value)
      error(at,
            "the golden file has " + std::to_string(there->bytes.size()) + " bytes; at most " +
                std::to_string(most_golden.value) + " are allowed",
            "test fewer rows, or only `columns` that matter");
  }

  void read_columns(Section& section, TestExpectation& one) {
    const Entry* columns = section.take("columns", Kind::list);
    if (columns == nullptr) return;
    if (one.format != Format::csv || section.take("csv") == nullptr)
      error(columns->span, "`columns` goes with a golden file in CSV");
    if (columns->value.list.empty() || columns->value.list.size() > limits::contract_rules)
      error(columns->value.span,
            "`columns` names 1 to " + std::to_string(limits::contract_rules) + " columns");
    for (const Value& name : columns->value.list) {
      if (name.kind != Kind::text)
        error(name.span,
              "a column's name must be a text, not " + std::string(to_string(name.kind)));
      else if (std::ranges::find(one.columns, name.text) != one.columns.end())
        error(name.span, "the column `" + printable(name.text, 80) + "` is named twice");
      else
        one.columns.push_back(name.text);
    }
  }

  const Bundle& bundle_;
  TestFile& test_;
  Mistakes mistakes_;
  std::vector<std::string> paths_;
};

}  // namespace

std::vector<std::string> test_files_of(const Bundle& bundle) {
  std::vector<std::string> found;
  for (const BundleFile& file : bundle.files)
    if (file.path.starts_with(tests_folder) && file.path.ends_with(test_file_ending) &&
        file.path.find('/', tests_folder.size()) == std::string::npos)
      found.push_back(file.path);
  return found;
}

std::string test_name_of(std::string_view path) {
  if (path.starts_with(tests_folder)) path.remove_prefix(tests_folder.size());
  if (path.ends_with(test_file_ending)) path.remove_suffix(test_file_ending.size());
  return std::string(path);
}

ReadTest read_test_file(const Bundle& bundle, const std::string& path) {
  const BundleFile* file = bundle.find(path);
  ReadTest read;
  TestFile& test = read.test;
  test.name = test_name_of(path);
  test.path = path;
  test.logical_date = usual_test_date;
  const bool fits = file != nullptr && file->bytes.size() <= limits::pipeline_file.value;
  if (fits) test.text = file->bytes;
  const SourceText source{path, test.text};
  TestReader reader{bundle, test, source};
  if (file == nullptr) {
    reader.mistakes().error_without_place(path, "the bundle has no such test");
  } else if (!fits) {
    reader.mistakes().error_without_place(
        path, "the test has " + std::to_string(file->bytes.size()) + " bytes; at most " +
                  std::to_string(limits::pipeline_file.value) + " are allowed");
  } else if (const auto root = read_toml(source); !root) {
    reader.mistakes().error(root.error().span, "this is not TOML: " + root.error().what);
  } else {
    read.legible = true;
    reader.read(*root);
  }
  read.mistakes = reader.mistakes().diagnostics();
  return read;
}

std::expected<TestFile, Diagnostics> parse_test_file(const Bundle& bundle,
                                                     const std::string& path) {
  ReadTest read = read_test_file(bundle, path);
  if (read.mistakes.failed()) return std::unexpected(std::move(read.mistakes));
  return std::move(read.test);
}

}  // namespace runink::pipeline
