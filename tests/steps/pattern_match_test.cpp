// Patterns as a table answer as RE2 does, which is asked through DuckDB.
#include "steps/pattern_match.hpp"

#include <boost/test/unit_test.hpp>
#include <random>

#include "steps/engine.hpp"

namespace runink::testing {
namespace {
using steps::PatternMatch;

/// RE2's answers for one pattern and many texts: "true", "false", or nothing when it refuses.
std::vector<std::string> answers(steps::Engine& engine, const std::string& pattern,
                                 const std::vector<std::string>& texts) {
  std::string list;
  for (const std::string& text : texts) list += (list.empty() ? "" : ", ") + steps::literal(text);
  // Not as a constant, which DuckDB would try to turn into something else than a question to RE2.
  const auto rows = engine.rows(
      "SELECT CAST(regexp_matches(x, CASE WHEN x IS NULL THEN '' ELSE " + steps::literal(pattern) +
      " END) AS VARCHAR) FROM (SELECT unnest([" + list + "]::VARCHAR[]) AS x)");
  std::vector<std::string> out;
  if (rows)
    for (const auto& row : *rows) out.push_back(row[0].value_or("NULL"));
  return out;
}

/// A pattern of the kind that contracts have, and now and then of another.
std::string random_pattern(std::mt19937& random, int depth = 0) {
  static const std::vector<std::string> atoms = {
      "a", "b", "-",         "\\.", ".",      "[a-c]", "[^ab]",  "\\d", "\\w", "\\S",
      "ä", "€", "[0-9A-Z_]", "\\D", "[\\d-]", "\n",    "[^\\w]", "x",   "\\s"};
  static const std::vector<std::string> counts = {"",  "",    "",      "",     "*",  "+",
                                                  "?", "{2}", "{1,3}", "{2,}", "*?", "{0,1}"};
  std::string out;
  if (random() % 3 == 0) out += "^";
  for (unsigned i = 0, n = random() % 4 + (depth == 0); i < n; ++i) {
    if (depth < 2 && random() % 4 == 0)
      out += (random() % 2 ? "(" : "(?:") + random_pattern(random, depth + 1) + ")";
    else
      out += atoms[random() % atoms.size()];
    out += counts[random() % counts.size()];
  }
  if (random() % 3 == 0) out += "$";
  if (random() % 6 == 0) out += "|" + random_pattern(random, depth + 1);
  return out;
}

std::string random_text(std::mt19937& random) {
  static const std::vector<std::string> parts = {"a", "b", "c", "x",  "1", "2", "Z", "_",
                                                 "-", ".", " ", "\n", "ä", "€", "😀"};
  std::string out;
  for (unsigned i = 0, n = random() % 7; i < n; ++i) out += parts[random() % parts.size()];
  return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(patterns)

BOOST_AUTO_TEST_CASE(random_patterns_match_what_re2_matches) {
  auto engine = steps::Engine::open({.memory = MiB(256)});
  BOOST_REQUIRE(engine.has_value());
  std::mt19937 random{7};
  std::vector<std::string> texts = {"", "\n", "a\n"};
  for (int i = 0; i < 150; ++i) texts.push_back(random_text(random));
  int known = 0, matched = 0;
  for (int i = 0; i < 400; ++i) {
    const std::string pattern = random_pattern(random);
    const auto match = PatternMatch::of(pattern);
    if (!match) continue;
    ++known;
    const auto expected = answers(*engine, pattern, texts);
    BOOST_REQUIRE_MESSAGE(expected.size() == texts.size(), "RE2 refuses \"" << pattern << "\"");
    for (std::size_t t = 0; t < texts.size(); ++t) {
      matched += match->in(texts[t]);
      BOOST_TEST(match->in(texts[t]) == (expected[t] == "true"),
                 "\"" << pattern << "\" in \"" << texts[t] << "\"");
    }
  }
  BOOST_TEST(known > 300);
  BOOST_TEST(matched > 3'000);
}

BOOST_AUTO_TEST_CASE(patterns_of_contracts_are_known) {
  for (const char* pattern :
       {"^[A-Z]{3}$", "@.+\\.", "^[^@\\s]+@[^@\\s]+\\.[a-z]{2,}$", "^DE[0-9]{20}$",
        "^(EUR|USD|GBP)$", "^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$", "^\\d{4}-\\d{2}-\\d{2}$",
        "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", "^\\+?[0-9 ()/-]{6,20}$", ""})
    BOOST_TEST(PatternMatch::of(pattern).has_value(), pattern);
}

BOOST_AUTO_TEST_CASE(what_is_not_understood_is_left_to_re2) {
  for (const char* pattern :
       {"\\bword", "(?i)x", "\\pL",   "[[:alpha:]]", "\\x41",   "(?P<n>x)", "a{",
        "a}",      "x**",   "a{2,1}", "[b-a]",       "[]x]",    "(",        ")",
        "*",       "\\",    "[a",     "[ä]",         "a{1001}", "\\Ax",     "a{0}"})
    BOOST_TEST(!PatternMatch::of(pattern).has_value(), pattern);
  // More states than a byte can name, and more work than a table is worth.
  BOOST_TEST(!PatternMatch::of("a.{0,9}b.{0,9}c.{0,9}d").has_value());
  BOOST_TEST(!PatternMatch::of("(((a{1,9}){1,9}){1,9}){1,9}").has_value());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace runink::testing
