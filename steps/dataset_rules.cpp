#include "steps/dataset_rules.hpp"

#include <algorithm>
#include <charconv>
#include <set>

#include "governance/ascii.hpp"
#include "pipeline/column_flow.hpp"
#include "steps/dataset_writer.hpp"
#include "steps/sql_analysis.hpp"
#include "steps/sql_text.hpp"

namespace runink::steps {
namespace {
using governance::Rule;
using governance::RuleReason;
using governance::RuleScope;

/// Digits behind the point that a rule of metric sql may give.
constexpr int kDecimals = 9;

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
  return text;
}

class Counting {
 public:
  Counting(Engine& engine, const pipeline::ValidateWork& work, const RowFilter& filter,
           const InputTables& input, std::uint64_t read, std::uint64_t kept)
      : engine_(engine), work_(work), filter_(filter), input_(input), read_(read), kept_(kept) {}

  /// Names under which the contract's SQL may speak of the accepted rows.
  Outcome<void> view(const std::string& accepted) {
    std::set<std::string> made;
    for (const std::string& name : {work_.rules.name, work_.rules.physical_name}) {
      if (name.empty() || !made.insert(governance::ascii_lower(name)).second) continue;
      names_.push_back(name);
      if (auto done = engine_.execute("CREATE OR REPLACE VIEW " + identifier(name) +
                                      " AS SELECT * FROM " + accepted);
          !done)
        return done;
    }
    return {};
  }

  Outcome<Count> count(const Rule& rule) {
    if (rule.scope == RuleScope::dataset && rule.reason == RuleReason::duplicate_value)
      return duplicates(rule);
    if (rule.reason == RuleReason::row_count) return Count{kept_, read_};
    if (rule.reason == RuleReason::sql) return sql(rule);
    return Count{filter_.counted[rule.number], read_};
  }

 private:
  Outcome<Count> duplicates(const Rule& rule) {
    std::string keys, there;
    for (const std::string& path : rule.columns) {
      const auto key = expression_of(filter_.pass, path);
      if (!key)
        return give_up(SliceReason::unknown_column, "the contract's rule \"" + rule.name +
                                                        "\" is about \"" + path +
                                                        "\", which is no column");
      keys += (keys.empty() ? "" : ", ") + *key;
      there += (there.empty() ? "" : " AND ") + *key + " IS NOT NULL";
    }
    if (keys.empty())
      return give_up(SliceReason::unknown_column,
                     "the contract's rule \"" + rule.name + "\" names no column");
    const auto rows = engine_.rows(
        "SELECT CAST(coalesce(sum(again - 1), 0) AS VARCHAR) FROM (SELECT count(*) AS again FROM " +
        input_.quiet + " WHERE " + there + " GROUP BY " + keys + ")");
    if (!rows) return std::unexpected(rows.error());
    const std::string text = rows->front()[0].value_or("0");
    Count count{0, read_};
    std::from_chars(text.data(), text.data() + text.size(), count.counted);
    return count;
  }

  Outcome<std::string> checked_query(const Rule& rule) {
    const governance::QualityRule& quality = work_.rules.quality[rule.quality];
    std::string text = quality.query;
    for (const char* name : {"${table}", "${object}", "${schema}"})
      text = replaced(text, name, identifier(names_.front()));
    for (const char* name : {"${column}", "${property}"})
      if (!quality.columns.empty())
        text = replaced(text, name, identifier(quality.columns.front()));
    const auto reading = analyse(engine_, text);
    if (!reading) return std::unexpected(reading.error());
    const std::string where = "the SQL of the contract's rule \"" + rule.name + "\"";
    if (!reading->faults.empty())
      return give_up(SliceReason::syntax, where + ": " + reading->faults.front().what);
    for (const auto& table : reading->tables)
      if (std::ranges::none_of(names_, [&](const std::string& name) {
            return governance::same_letters(name, table.name);
          }))
        return give_up(SliceReason::unknown_table,
                       where + " reads \"" + table.name + "\"; it may read " + names_.front());
    // The number goes into the log with the commit, where no value of a row belongs.
    pipeline::Masks open;
    for (const governance::ColumnMask& mask : work_.rejected_masks) pipeline::demand(open, mask);
    if (pipeline::tells(*reading, open))
      return give_up(SliceReason::bad_value,
                     where +
                         " gives a number made of values that must be masked; let it count rows: "
                         "SELECT count(*) FROM ... WHERE ...");
    const auto place = statements_of(text).front();
    return text.substr(place.begin, place.end - place.begin);
  }

  /// One number that is not negative, with at most nine decimals, as whole numbers.
  Outcome<Count> sql(const Rule& rule) {
    const auto query = checked_query(rule);
    if (!query) return std::unexpected(query.error());
    const auto rows =
        engine_.rows("SELECT CAST(CAST(x AS DECIMAL(38, " + std::to_string(kDecimals) +
                     ")) AS VARCHAR) FROM (\n" + *query + "\n) AS t(x)");
    if (!rows) return std::unexpected(rows.error());
    const std::string where = "the SQL of the contract's rule \"" + rule.name + "\"";
    if (rows->size() != 1 || !rows->front()[0])
      return give_up(SliceReason::bad_value, where + " must give one number, and no NULL");
    std::string text = *rows->front()[0];
    Count count{0, 1};
    const auto point = text.find('.');
    while (text.back() == '0') text.pop_back();
    for (std::size_t digits = text.size() - point - 1; digits > 0; --digits) count.of *= 10;
    text.erase(point, 1);
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), count.counted);
    if (error != std::errc{} || end != text.data() + text.size())
      return give_up(SliceReason::bad_value,
                     where + " gave a number that is negative or too large to be judged");
    return count;
  }

  Engine& engine_;
  const pipeline::ValidateWork& work_;
  const RowFilter& filter_;
  const InputTables& input_;
  const std::uint64_t read_, kept_;
  std::vector<std::string> names_;
};

}  // namespace

Outcome<std::vector<Count>> count_rules(Engine& engine, const pipeline::ValidateWork& work,
                                        const RowFilter& filter, const InputTables& input,
                                        const std::string& accepted, std::uint64_t read,
                                        std::uint64_t kept) {
  Counting counting{engine, work, filter, input, read, kept};
  if (auto done = counting.view(accepted); !done) return std::unexpected(done.error());
  std::vector<Count> counts;
  for (const Rule& rule : filter.pass.numbers.rules) {
    const auto count = counting.count(rule);
    if (!count) return std::unexpected(count.error());
    counts.push_back(*count);
  }
  return counts;
}

}  // namespace runink::steps
