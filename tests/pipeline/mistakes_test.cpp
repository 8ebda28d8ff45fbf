// The catalogue of mistakes, tests/pipeline/mistakes.txt: what people write wrong, and the exact
// text that they get. RUNINK_ACCEPT=1 writes the present answers into the catalogue; read the diff.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include "pipeline/compile.hpp"
#include "tests/pipeline/example_bundle.hpp"
#include "tests/pipeline/prepared_reader.hpp"

namespace runink::pipeline::test {
namespace {

const std::string catalogue = RUNINK_SOURCE_DIR "/tests/pipeline/mistakes.txt";
const std::string mistaken_head = "pipeline = \"settlement\"\nherd = \"finance\"\n";

struct Case {
  std::string title;
  std::string given;     ///< lines "--- ..." between the title and the file
  std::string pipeline;  ///< "@head" stands for the two first lines that every pipeline needs
  std::string expected;
};

std::vector<Case> read_catalogue() {
  std::ifstream in{catalogue};
  std::vector<Case> cases;
  enum { given, pipeline, expected } part = given;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("=== ")) {
      cases.push_back({line.substr(4), "", "", ""});
      part = given;
    } else if (!cases.empty()) {
      Case& one = cases.back();
      if (line == "--- file")
        part = pipeline;
      else if (line == "--- answer")
        part = expected;
      else
        (part == given ? one.given : part == pipeline ? one.pipeline : one.expected) += line + "\n";
    }
  }
  return cases;
}

std::string text_of(const Case& one) {
  std::string text = one.pipeline;
  if (text.starts_with("@head\n")) text = mistaken_head + text.substr(6);
  return text;
}

/// What `runi compile` would print.
std::string answer_to(const Case& one) {
  CompileRequest request = example_request(text_of(one));
  PreparedReader reader;
  std::istringstream lines{one.given};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words{line};
    std::string dashes, kind;
    words >> dashes >> kind >> std::ws;
    std::string rest;
    std::getline(words, rest);
    const std::size_t equals = rest.find('=');
    if (kind == "tables") {
      std::istringstream names{rest};
      for (std::string name; names >> name;) reader.tables.push_back(name);
    } else if (kind == "fault") {
      reader.faults.emplace_back(rest.substr(0, equals), rest.substr(equals + 1));
    } else if (kind == "parameter") {
      request.parameters[rest.substr(0, equals)] = rest.substr(equals + 1);
    } else if (kind == "entry") {
      request.entry = rest;
    } else if (kind == "file") {
      std::string text = rest.substr(equals + 1);  // "\\n" stands for a line's end
      for (std::size_t at = 0; (at = text.find("\\n", at)) != std::string::npos; ++at)
        text.replace(at, 2, "\n");
      request.bundle.files.push_back({rest.substr(0, equals), false, text});
      std::ranges::sort(request.bundle.files, {}, &BundleFile::path);
    } else if (kind == "require-contracts") {
      request.herd_views->at(HerdName{"finance"}).policy.require_contracts = true;
    } else if (kind == "no-pipeline-file") {
      std::erase_if(request.bundle.files, [](const auto& f) { return f.path == "pipeline.toml"; });
    } else {
      BOOST_ERROR(one.title << ": the catalogue cannot say '" << line << "'");
    }
  }
  const auto compiled = compile(std::move(request), reader);
  return compiled ? render(compiled->warnings) + "(it compiles)\n" : render(compiled.error());
}

void accept(const std::vector<Case>& cases) {
  std::ofstream out{catalogue};
  for (const Case& one : cases)
    out << "=== " << one.title << "\n"
        << one.given << "--- file\n"
        << one.pipeline << "--- answer\n"
        << answer_to(one);
}

BOOST_AUTO_TEST_SUITE(mistakes)

BOOST_AUTO_TEST_CASE(every_mistake_of_the_catalogue_gets_its_answer) {
  const auto cases = read_catalogue();
  BOOST_TEST(cases.size() >= 60u);
  if (std::getenv("RUNINK_ACCEPT") != nullptr) accept(cases);
  std::set<std::string> titles;
  for (const Case& one : read_catalogue()) {
    BOOST_TEST(titles.insert(one.title).second, "the title stands twice: " << one.title);
    BOOST_TEST(answer_to(one) == one.expected, one.title << "\n--- got\n"
                                                         << answer_to(one) << "--- expected\n"
                                                         << one.expected);
  }
}

BOOST_AUTO_TEST_CASE(every_error_says_where_it_is_and_points_into_its_line) {
  for (const Case& one : read_catalogue()) {
    CompileRequest request = example_request(text_of(one));
    PreparedReader reader;
    const auto compiled = compile(std::move(request), reader);
    if (compiled) continue;
    for (const Diagnostic& d : compiled.error().list) {
      BOOST_TEST(!d.message.empty());
      BOOST_TEST(d.length >= 1u);
      if (d.line > 0) BOOST_TEST(d.column >= d.shown_from);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace runink::pipeline::test
