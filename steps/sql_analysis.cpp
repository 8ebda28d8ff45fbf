#include "steps/sql_analysis.hpp"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <charconv>
#include <set>
#include <string_view>

#include "steps/sql_columns.hpp"
#include "steps/sql_text.hpp"
#include "vocabulary/names.hpp"

namespace runink::steps {
namespace json = boost::json;
using pipeline::SqlFault;
using pipeline::SqlReading;
using pipeline::SqlTable;

namespace {

/// Deeper than any text a person writes, and shallow enough for the walk's stack.
constexpr std::size_t kDepthMax = 2'000;

/// Table functions that make rows out of their arguments alone; all others read the outside.
constexpr std::array<std::string_view, 3> kTableFunctions = {"generate_series", "range", "unnest"};
/// Words of SQL that read the clock; the parser gives them as columns.
constexpr std::array<std::string_view, 5> kClockWords = {
    "current_date", "current_time", "current_timestamp", "localtime", "localtimestamp"};

std::string_view text_of(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value && value->is_string() ? std::string_view(value->as_string()) : std::string_view();
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

/// `skip_default` leaves a place of 0 out.
std::uint32_t place_of(const json::object& object) {
  const auto* value = object.if_contains("query_location");
  return value && value->is_int64() ? static_cast<std::uint32_t>(value->as_int64()) : 0;
}

/// Walks the parsed statement. CTE names hide datasets from their own end onward (later CTEs and
/// the body) and inside nested queries; only a recursive CTE sees itself.
class Walk {
 public:
  Walk(const std::string& text, SqlReading& reading) : text_(text), reading_(reading) {}

  void value(const json::value& value) {
    if (value.is_array()) {
      for (const auto& one : value.as_array()) this->value(one);
    } else if (value.is_object()) {
      object(value.as_object());
    }
  }

 private:
  void object(const json::object& object) {
    const std::string_view type = text_of(object, "type");
    if (type == "BASE_TABLE") table(object);
    if (type == "TABLE_FUNCTION") return table_function(object);
    if (type == "SHOW_REF")
      refuse(object,
             "DESCRIBE, SHOW and SUMMARIZE are not allowed: they read the catalog, not a dataset");
    if (type == "COLUMN_REF") clock_word(object);
    if (text_of(object, "class") == "PARAMETER")
      refuse(object, "the parameter $" + std::string(text_of(object, "identifier")) +
                         " would have no value; write a template instead, as {{ ds }}");
    if (object.contains("function_name")) function(object);
    if (object.contains("sample_size")) sample(object);
    if (type == "SELECT_NODE" || type == "SET_OPERATION_NODE" || type == "RECURSIVE_CTE_NODE")
      return query(object);
    children(object);
  }

  void children(const json::object& object) {
    if (const auto* at = object.if_contains("query_location"); at && at->is_int64())
      near_ = place_of(object);
    for (const auto& member : object)
      if (member.key() != "cte_map") value(member.value());
  }

  void query(const json::object& node) {
    const std::size_t depth = scope_.size();
    if (const auto* map = node.if_contains("cte_map"); map && map->is_object())
      if (const auto* ctes = map->as_object().if_contains("map"); ctes && ctes->is_array())
        for (const auto& cte : ctes->as_array())
          if (cte.is_object()) common_table(cte.as_object());
    children(node);
    scope_.resize(depth);
  }

  void common_table(const json::object& cte) {
    const std::string name = lower(text_of(cte, "key"));
    const auto* body = cte.if_contains("value");
    bool recursive = false;
    if (body && body->is_object()) {
      if (const auto* query = body->as_object().if_contains("query"); query && query->is_object())
        if (const auto* node = query->as_object().if_contains("node"); node && node->is_object())
          recursive = text_of(node->as_object(), "type") == "RECURSIVE_CTE_NODE";
      if (recursive) scope_.push_back(name);
      value(*body);
    }
    if (!recursive) scope_.push_back(name);
  }

  void table(const json::object& object) {
    const std::string name(text_of(object, "table_name"));
    std::string qualifier;
    for (const char* part : {"catalog_name", "schema_name"})
      if (const auto text = text_of(object, part); !text.empty())
        qualifier += std::string(text) + ".";
    const std::uint32_t at = place_of(object);
    // The rows that a validate step set apart: `checked.rejected` is its name and a dot and this.
    if (text_of(object, "catalog_name").empty() && !qualifier.empty() &&
        "." + lower(name) == rejected_ending && !object.contains("at_clause")) {
      reading_.tables.push_back({qualifier + name, at});
      return;
    }
    if (!qualifier.empty())
      return refuse(object, "\"" + qualifier + name +
                                "\" names a schema; a dataset is named alone, as \"" + name + "\"");
    if (object.contains("at_clause"))
      return refuse(object, "AT (...) is not allowed: a run reads one version of each dataset");
    if (std::ranges::find(scope_, lower(name)) != scope_.end()) return;
    reading_.tables.push_back({name, at});
  }

  void table_function(const json::object& object) {
    const auto* body = object.if_contains("function");
    if (!body || !body->is_object()) return children(object);
    const std::string name = lower(text_of(body->as_object(), "function_name"));
    if (std::ranges::find(kTableFunctions, name) == kTableFunctions.end())
      refuse(object, "the table function " + name +
                         " is not allowed: a step reads only datasets that it names; files come in "
                         "through a [source]");
    children(body->as_object());
    for (const auto& member : object)
      if (member.key() != "function") value(member.value());
  }

  void function(const json::object& object) {
    const std::string name = lower(text_of(object, "function_name"));
    if (name.starts_with("runink_"))
      refuse(object, "the function " + name +
                         " is Runink's own: with it a text could test which value "
                         "has which token");
    if (std::ranges::binary_search(volatile_functions(), name))
      refuse(object, "the function " + name +
                         " does not give the same answer twice, so the step could not be repeated; "
                         "use a template, as {{ ds }}, or a column");
  }

  void clock_word(const json::object& object) {
    const auto* names = object.if_contains("column_names");
    if (!names || !names->is_array() || names->as_array().size() != 1) return;
    const auto& one = names->as_array().front();
    if (!one.is_string()) return;
    const std::string name = lower(std::string_view(one.as_string()));
    if (std::ranges::find(kClockWords, name) != kClockWords.end())
      refuse(object,
             name +
                 " does not give the same answer twice, so the step could not be repeated; use a "
                 "template, as {{ ds }} (a column of that name is written with its table, as t." +
                 name + ")");
  }

  void sample(const json::object& object) {
    const auto* seed = object.if_contains("seed");
    if (!seed || !seed->is_int64() || seed->as_int64() < 0)
      refuse(object,
             "a sample without a seed does not give the same rows twice; write one, as in USING "
             "SAMPLE 10% (bernoulli, 42)");
  }

  void refuse(const json::object& object, std::string what) {
    const std::uint32_t at = object.contains("query_location") ? place_of(object) : near_;
    reading_.faults.push_back({std::move(what), at, word_length(at)});
  }

  /// The bytes of the word or quoted name at `at`, to underline.
  std::uint32_t word_length(std::size_t at) const {
    std::size_t end = at;
    const auto part = [&](char c) {
      return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.' || (c & 0x80);
    };
    while (end < text_.size() && part(text_[end])) ++end;
    return static_cast<std::uint32_t>(std::max<std::size_t>(1, end - at));
  }

  const std::string& text_;
  SqlReading& reading_;
  std::vector<std::string> scope_;
  std::uint32_t near_ = 0;
};

/// The parser counts characters where the binder counts bytes.
std::uint32_t byte_of_character(std::string_view text, std::uint32_t character) {
  std::size_t at = 0;
  for (; at < text.size(); ++at) {
    const bool begins = (static_cast<unsigned char>(text[at]) & 0xc0) != 0x80;
    if (begins && character-- == 0) break;
  }
  return static_cast<std::uint32_t>(at);
}

SqlFault fault_of(const json::object& answer, const std::string& text) {
  const std::string type(text_of(answer, "error_type"));
  const std::string message(text_of(answer, "error_message"));
  const auto places = statements_of(text);
  const auto first = static_cast<std::uint32_t>(places.empty() ? 0 : places.front().begin);
  if (type == "not implemented" || type == "notimplemented") {
    std::size_t end = first;
    while (end < text.size() && std::isalpha(static_cast<unsigned char>(text[end]))) ++end;
    const std::string verb = text.substr(first, end - first);
    return {
        "a step is one SELECT; " + (verb.empty() ? std::string("this") : verb) + " is not allowed",
        first, std::max<std::uint32_t>(1, static_cast<std::uint32_t>(end - first))};
  }
  SqlFault fault{message, {}, 1};
  const std::string_view position = text_of(answer, "position");
  std::uint32_t at = 0;
  if (!position.empty() &&
      std::from_chars(position.data(), position.data() + position.size(), at).ec == std::errc())
    fault.at = type == "parser" ? byte_of_character(text, at) : at;
  return fault;
}

}  // namespace

const std::vector<std::string>& volatile_functions() {
  // duckdb_functions() where stability is not CONSISTENT, without error(), which only ends a step.
  // The tests compare it with the library's own list.
  static const std::vector<std::string> names = {"current_connection_id",
                                                 "current_database",
                                                 "current_date",
                                                 "current_query",
                                                 "current_query_id",
                                                 "current_schema",
                                                 "current_schemas",
                                                 "current_transaction_id",
                                                 "currval",
                                                 "gen_random_uuid",
                                                 "get_current_time",
                                                 "get_current_timestamp",
                                                 "in_search_path",
                                                 "nextval",
                                                 "now",
                                                 "random",
                                                 "setseed",
                                                 "sleep_ms",
                                                 "stats",
                                                 "today",
                                                 "transaction_timestamp",
                                                 "txid_current",
                                                 "uuid",
                                                 "uuidv4",
                                                 "uuidv7",
                                                 "write_log"};
  return names;
}

Outcome<Engine> open_for_analysis() { return Engine::open({.memory = MiB(256)}); }

Outcome<SqlReading> analyse(Engine& engine, const std::string& text) {
  SqlReading reading;
  // The parser would stop there, and what follows would be neither seen nor checked.
  if (const auto nul = text.find('\0'); nul != std::string::npos) {
    reading.faults.push_back(
        {"the text holds a NUL byte; remove it", static_cast<std::uint32_t>(nul), 1});
    return reading;
  }
  const auto answered = engine.rows(
      "SELECT json_serialize_sql($1::VARCHAR, skip_null := true, skip_empty := true, "
      "skip_default := true)::VARCHAR",
      text);
  if (!answered) {
    // What the serializer cannot even take (a NUL byte, broken UTF-8) is the text's mistake.
    reading.faults.push_back({answered.error().text, {}, 1});
    return reading;
  }
  if (answered->empty() || !answered->front().front())
    return give_up(SliceReason::internal, "DuckDB's parser gives no answer");
  boost::system::error_code error;
  const auto value = json::parse(*answered->front().front(), error, {},
                                 json::parse_options{.max_depth = kDepthMax});
  if (error || !value.is_object()) {
    reading.faults.push_back(
        {"the text is nested too deep to be checked; split it into steps", {}, 1});
    return reading;
  }
  const auto& answer = value.as_object();
  if (const auto* bad = answer.if_contains("error"); bad && bad->is_bool() && bad->as_bool()) {
    reading.faults.push_back(fault_of(answer, text));
    return reading;
  }
  const auto* statements = answer.if_contains("statements");
  const std::size_t count =
      statements && statements->is_array() ? statements->as_array().size() : 0;
  const auto places = statements_of(text);
  if (count == 0) {
    reading.faults.push_back({"a step is one SELECT; this text holds no statement", {}, 1});
  } else if (count > 1) {
    reading.faults.push_back({"a step is one SELECT; another statement begins here",
                              places.size() > 1
                                  ? std::optional(static_cast<std::uint32_t>(places[1].begin))
                                  : std::nullopt,
                              1});
  } else if (places.size() != 1) {
    reading.faults.push_back({"the end of the statement cannot be told; remove semicolons", {}, 1});
  } else {
    Walk{text, reading}.value(statements->as_array().front());
    read_columns(statements->as_array().front(), reading);
  }
  return reading;
}

}  // namespace runink::steps
