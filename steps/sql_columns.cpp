#include "steps/sql_columns.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <optional>
#include <set>
#include <string>

#include "governance/ascii.hpp"

namespace runink::steps {
namespace json = boost::json;
using governance::ascii_lower;
using pipeline::any_column;
using pipeline::SqlColumn;

namespace {

/// Values of the parsed text that are looked at, and names that are told, before it is given up.
constexpr std::size_t kLooksMax = 4'000'000, kNamesMax = 50'000;
/// Levels of the parsed text, for the stack of the walk.
constexpr int kDepthMax = 1'000;

std::string_view text_of(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value && value->is_string() ? std::string_view(value->as_string()) : std::string_view();
}

const json::array* list_in(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value ? value->if_array() : nullptr;
}

using Names = std::set<std::string>;

class ColumnReader {
 public:
  void read(const json::value& statement) {
    find_tables(statement);
    visit(statement);
    // `t.x` is the part x of a column t where no table t has a column x.
    for (const std::string& name : qualifiers_) add("", {name});
    const auto* object = statement.if_object();
    if (auto columns = columns_of(object ? object->if_contains("node") : nullptr))
      gives_ = std::move(*columns);
  }

  void tell(pipeline::SqlReading& reading) && {
    if (too_deep_ || looks_ > kLooksMax || names_ > kNamesMax) {
      reading.makes = {{"", {std::string(any_column)}}};
      return;
    }
    reading.makes = std::move(made_);
    reading.gives = std::move(gives_);
  }

 private:
  /// One level further down, as long as it lives.
  class Level {
   public:
    explicit Level(ColumnReader& of) : of_(of) { of_.too_deep_ |= ++of_.depth_ > kDepthMax; }
    ~Level() { --of_.depth_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    ColumnReader& of_;
  };

  /// Every name that a table goes by somewhere in the text.
  void find_tables(const json::value& value) {
    const Level level{*this};
    if (too_deep_) return;
    if (const auto* array = value.if_array())
      for (const auto& one : *array) find_tables(one);
    const auto* object = value.if_object();
    if (object == nullptr) return;
    if (!object->contains("class"))
      for (const char* key : {"alias", "table_name", "schema_name", "cte_name"})
        if (const auto name = text_of(*object, key); !name.empty())
          tables_.insert(ascii_lower(name));
    if (const auto* body = object->if_contains("value"))  // a common table
      if (const auto* table = body->if_object(); table && table->contains("query"))
        tables_.insert(ascii_lower(text_of(*object, "key")));
    for (const auto& member : *object) find_tables(member.value());
  }

  void add(std::string name, const Names& from) {
    names_ += from.size();
    if (from.empty() || names_ > kNamesMax) return;
    made_.push_back({std::move(name), {from.begin(), from.end()}});
  }

  void reference(const json::object& column, Names& out) {
    const auto* parts = list_in(column, "column_names");
    if (parts == nullptr) return;
    std::vector<std::string> names;
    for (const auto& part : *parts)
      if (part.is_string()) names.push_back(ascii_lower(std::string_view(part.as_string())));
    refer(names, out);
  }
  /// `t.email.upper()` is parsed as a function of the schema `email`. The parser's own functions are in
  /// `main`, which may be a column as well.
  void receiver(const json::object& function, Names& out) {
    std::vector<std::string> names;
    for (const char* key : {"catalog", "schema"})
      if (const auto name = text_of(function, key); !name.empty())
        names.push_back(ascii_lower(name));
    if (names == std::vector<std::string>{"main"})
      qualifiers_.insert("main");
    else
      refer(names, out);
  }
  void refer(const std::vector<std::string>& names, Names& out) {
    auto first = names.begin();
    while (names.end() - first > 1 && tables_.contains(*first)) qualifiers_.insert(*first++);
    // The name of a table alone is a row of it.
    if (names.size() == 1 && tables_.contains(*first)) out.insert(std::string(any_column));
    out.insert(first, names.end());
  }

  /// The columns whose values the values of `value` are made of. How many there are is no value.
  void mentions(const json::value& value, Names& out) {
    const Level level{*this};
    if (too_deep_ || ++looks_ > kLooksMax) return;
    if (const auto* array = value.if_array())
      for (const auto& one : *array) mentions(one, out);
    if (const auto* object = value.if_object()) mentions(*object, out);
  }
  void mentions(const json::object& object, Names& out) {
    const std::string_view kind = text_of(object, "class"),
                           function = text_of(object, "function_name");
    if (kind == "COLUMN_REF") return reference(object, out);
    if ((kind == "FUNCTION" || kind == "WINDOW") &&
        (function == "count" || function == "count_star"))
      return;
    if (kind == "FUNCTION" || kind == "WINDOW") receiver(object, out);
    if (kind == "STAR" || kind == "POSITIONAL_REFERENCE" || text_of(object, "type") == "PIVOT")
      out.insert(std::string(any_column));
    const bool constants = is_list_of_values(object);
    for (const auto& member : object)
      if (!constants || member.key() != "select_list") mentions(member.value(), out);
  }
  /// VALUES, which is parsed as SELECT * of the values.
  static bool is_list_of_values(const json::object& node) {
    const auto* from = node.if_contains("from_table");
    const auto* items = list_in(node, "select_list");
    return from && from->is_object() && text_of(from->as_object(), "type") == "EXPRESSION_LIST" &&
           items && items->size() == 1 && items->front().is_object() &&
           is_star(items->front().as_object()) && !items->front().as_object().contains("columns");
  }
  Names mentioned(const auto& value) {
    Names names;
    mentions(value, names);
    return names;
  }

  static bool is_star(const json::object& item) { return text_of(item, "class") == "STAR"; }
  static bool makes_columns(const json::object& item) {
    return ascii_lower(text_of(item, "function_name")) == "unnest";
  }

  SqlColumn item(const json::object& object) {
    std::string name = ascii_lower(text_of(object, "alias"));
    if (name.empty() && text_of(object, "class") == "COLUMN_REF")
      if (const auto* parts = list_in(object, "column_names"); parts && !parts->empty())
        if (const auto* last = parts->back().if_string())
          name = ascii_lower(std::string_view(*last));
    const Names from = mentioned(object);
    return {std::move(name), {from.begin(), from.end()}};
  }

  void star(const json::object& item) {
    if (const std::string of = ascii_lower(text_of(item, "relation_name")); !of.empty()) {
      if (tables_.contains(of))
        qualifiers_.insert(of);
      else
        add("", {of});  // the parts of a column
    }
    if (item.contains("columns") || item.contains("expr") || item.contains("unpacked"))
      add("", {std::string(any_column)});
    if (const auto* replaced = list_in(item, "replace_list"))
      for (const auto& one : *replaced)
        if (const auto* entry = one.if_object(); entry && entry->contains("value"))
          add(ascii_lower(text_of(*entry, "key")), mentioned(entry->at("value")));
    if (const auto* renamed = list_in(item, "rename_list"))
      for (const auto& one : *renamed)
        if (const auto* entry = one.if_object()) rename(*entry);
  }
  void rename(const json::object& entry) {
    const auto* key = entry.if_contains("key");
    const auto* column = key ? key->if_object() : nullptr;
    const std::string from = column ? ascii_lower(text_of(*column, "column")) : "";
    add(ascii_lower(text_of(entry, "value")), {from.empty() ? std::string(any_column) : from});
  }

  void select(const json::object& node) {
    const auto* items = list_in(node, "select_list");
    if (items == nullptr) return;
    for (const auto& one : *items) {
      if (!one.is_object()) continue;
      if (is_star(one.as_object())) {
        star(one.as_object());
        continue;
      }
      SqlColumn column = item(one.as_object());
      const Names from(column.from.begin(), column.from.end());
      if (makes_columns(one.as_object())) add("", from);
      if (from != Names{column.name}) add(std::move(column.name), from);
    }
  }

  /// The columns of a query by their places; nothing where a star or more hides them.
  std::optional<std::vector<SqlColumn>> columns_of(const json::value* query) {
    const Level level{*this};
    if (too_deep_) return {};
    const auto* node = query ? query->if_object() : nullptr;
    if (node == nullptr) return {};
    if (const auto* items = list_in(*node, "select_list")) {
      std::vector<SqlColumn> columns;
      for (const auto& one : *items) {
        if (!one.is_object() || is_star(one.as_object()) || makes_columns(one.as_object()))
          return {};
        columns.push_back(item(one.as_object()));
        if (std::ranges::binary_search(columns.back().from, any_column)) return {};
      }
      return columns;
    }
    auto left = columns_of(node->if_contains("left"));
    const auto right = columns_of(node->if_contains("right"));
    if (!left || !right || left->size() != right->size()) return {};
    for (std::size_t i = 0; i < left->size(); ++i) {
      Names from((*left)[i].from.begin(), (*left)[i].from.end());
      from.insert((*right)[i].from.begin(), (*right)[i].from.end());
      (*left)[i].from.assign(from.begin(), from.end());
    }
    return left;
  }

  /// Columns of the right side come under the names of the left one, place by place.
  void both(const json::object& node) {
    const std::string_view kind = text_of(node, "setop_type");
    if (kind == "UNION_BY_NAME" || kind == "EXCEPT" || kind == "INTERSECT") return;
    const auto left = columns_of(node.if_contains("left"));
    const auto right = columns_of(node.if_contains("right"));
    if (!left || !right || left->size() != right->size()) return add("", {std::string(any_column)});
    for (std::size_t i = 0; i < left->size(); ++i)
      add((*left)[i].name, {(*right)[i].from.begin(), (*right)[i].from.end()});
  }

  /// `t(a, b)` in FROM, and the same of a common table.
  void aliases(const json::object& object, std::string_view key, const Names& from) {
    if (const auto* names = list_in(object, key))
      for (const auto& name : *names)
        if (const auto* text = name.if_string()) add(ascii_lower(std::string_view(*text)), from);
  }

  void table(const json::object& object, std::string_view type) {
    Names from = mentioned(object);
    if (type == "BASE_TABLE") from.insert(std::string(any_column));
    aliases(object, "column_name_alias", from);
    if (type == "EXPRESSION_LIST") add("", from);
    if (type == "PIVOT") add("", {std::string(any_column)});
    if (type != "TABLE_FUNCTION") return;
    add(ascii_lower(text_of(object, "alias")), from);
    if (const auto* function = object.if_contains("function"); function && function->is_object())
      add(ascii_lower(text_of(function->as_object(), "function_name")), from);
  }

  /// The columns of a query inside an expression have no names outside; the expression mentions them.
  void hide(const json::object& object) {
    const auto hide_in = [&](const json::object& in, std::string_view key) {
      if (const auto* query = in.if_contains(key); query && query->is_object())
        hidden_.insert(&query->as_object());
    };
    if (text_of(object, "class") == "SUBQUERY") {
      if (const auto* query = object.if_contains("subquery"); query && query->is_object())
        hide_in(query->as_object(), "node");
    } else if (hidden_.contains(&object)) {
      hide_in(object, "left");
      hide_in(object, "right");
    }
  }

  void visit(const json::value& value) {
    const Level level{*this};
    if (too_deep_ || ++looks_ > kLooksMax) return;
    if (const auto* array = value.if_array())
      for (const auto& one : *array) visit(one);
    const auto* object = value.if_object();
    if (object == nullptr) return;
    hide(*object);
    for (const auto& member : *object) visit(member.value());  // what it reads comes first
    if (object->contains("class") || hidden_.contains(object)) return;
    const std::string_view type = text_of(*object, "type");
    if (type == "SELECT_NODE") return select(*object);
    if (type == "SET_OPERATION_NODE" || type == "RECURSIVE_CTE_NODE") return both(*object);
    if (type.ends_with("_NODE")) add("", {std::string(any_column)});
    if (object->contains("aliases") && object->contains("query"))
      aliases(*object, "aliases", mentioned(object->at("query")));
    if (object->contains("column_name_alias") || type == "EXPRESSION_LIST" || type == "PIVOT" ||
        type == "TABLE_FUNCTION")
      table(*object, type);
  }

  std::vector<SqlColumn> made_, gives_;
  Names tables_, qualifiers_;
  std::set<const json::object*> hidden_;
  std::size_t looks_ = 0, names_ = 0;
  int depth_ = 0;
  bool too_deep_ = false;
};

}  // namespace

void read_columns(const json::value& statement, pipeline::SqlReading& reading) {
  ColumnReader reader;
  reader.read(statement);
  std::move(reader).tell(reading);
}

}  // namespace runink::steps
