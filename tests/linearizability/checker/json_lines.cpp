#include "checker/json_lines.hpp"

#include <boost/json.hpp>
#include <istream>
#include <map>
#include <utility>

namespace runink::linearizability {
namespace {

namespace json = boost::json;

/// What is wrong with one line, thrown to where the line is known.
struct Mistake {
  std::string what;
};

const json::value& field(const json::object& in, std::string_view name) {
  const json::value* found = in.if_contains(name);
  if (found == nullptr) throw Mistake{"\"" + std::string(name) + "\" is missing"};
  return *found;
}

std::int64_t number(const json::value& value, std::string_view name) {
  if (!value.is_int64())
    throw Mistake{"\"" + std::string(name) + "\" must be a whole number of 64 bits"};
  return value.get_int64();
}

Value cell_value(const json::value& value, std::string_view name) {
  if (value.is_null()) return std::nullopt;
  if (value.is_int64()) return std::to_string(value.get_int64());
  if (value.is_uint64()) return std::to_string(value.get_uint64());
  if (value.is_string()) return std::string(value.get_string());
  throw Mistake{"\"" + std::string(name) + "\" must be a text, a whole number or null"};
}

Value cell_value_in(const json::object& in, std::string_view name) {
  return cell_value(field(in, name), name);
}

bool yes_or_no(const json::object& in, std::string_view name) {
  const json::value& value = field(in, name);
  if (!value.is_bool()) throw Mistake{"\"" + std::string(name) + "\" must be true or false"};
  return value.get_bool();
}

const json::object& object_in(const json::object& in, std::string_view name) {
  const json::value& value = field(in, name);
  if (!value.is_object()) throw Mistake{"\"" + std::string(name) + "\" must be an object"};
  return value.get_object();
}

Act act_of(const json::object& input) {
  static const std::map<std::string, Act, std::less<>> acts{
      {"read", Act::read},     {"get", Act::read},      {"write", Act::write},
      {"put", Act::write},     {"append", Act::append}, {"cas", Act::compare_and_set},
      {"remove", Act::remove}, {"delete", Act::remove}};
  const json::value& op = field(input, "op");
  const auto found = op.is_string() ? acts.find(std::string_view(op.get_string())) : acts.end();
  if (found == acts.end())
    throw Mistake{"\"op\" must be read, get, write, put, append, cas, remove or delete"};
  return found->second;
}

void take_input(Operation& operation, const json::object& input) {
  operation.act = act_of(input);
  if (const json::value* key = input.if_contains("key")) {
    if (!key->is_string()) throw Mistake{"\"key\" must be a text"};
    operation.key = key->get_string();
  }
  if (operation.act == Act::compare_and_set) {
    operation.expected = cell_value_in(input, "from");
    operation.argument = cell_value_in(input, "to");
  } else if (operation.act == Act::write || operation.act == Act::append) {
    operation.argument = cell_value_in(input, "value");
    if (operation.act == Act::append && !operation.argument)
      throw Mistake{"nil cannot be appended"};
  }
}

void take_output(Operation& operation, const json::object& output) {
  if (operation.act == Act::compare_and_set) operation.swapped = yes_or_no(output, "ok");
  if (operation.act == Act::read || (operation.act == Act::append && output.contains("value")))
    operation.told = cell_value_in(output, "value");
}

/// Nothing when the operation was refused.
std::optional<Operation> operation_in(const json::value& line) {
  if (!line.is_object()) throw Mistake{"it is no object"};
  const json::object& all = line.get_object();
  Operation operation;
  const std::int64_t client = number(field(all, "client"), "client");
  if (client < 0) throw Mistake{"\"client\" must not be negative"};
  operation.client = static_cast<std::uint64_t>(client);
  operation.call = number(field(all, "call"), "call");
  take_input(operation, object_in(all, "input"));
  const json::value* output = all.if_contains("output");
  const bool told = output != nullptr && output->is_object();
  if (told && output->get_object().contains("refused") &&
      yes_or_no(output->get_object(), "refused"))
    return std::nullopt;
  const json::value* done = all.if_contains("return");
  if (done == nullptr || done->is_null()) return operation;
  operation.done = number(*done, "return");
  if (*operation.done < operation.call) throw Mistake{"it returned before it was called"};
  take_output(operation, told ? output->get_object() : json::object{});
  return operation;
}

json::value to_json(const Value& value) {
  return value ? json::value(json::string(*value)) : json::value(nullptr);
}

}  // namespace

Result<History> read_json_lines(std::istream& in, const std::string& name) {
  History history;
  std::string line;
  for (std::size_t number = 1; std::getline(in, line); ++number) {
    const auto mistake = [&](std::string_view what) {
      return fail(FaultKind::bad_input,
                  name + ":" + std::to_string(number) + ": " + std::string(what) + ".");
    };
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    if (line.size() > json_line_bytes_most) return mistake("the line is longer than 1 MiB");
    if (history.size() == operations_most)
      return mistake("there are more than 4,000,000 operations");
    boost::system::error_code error;
    const json::value parsed = json::parse(line, error);
    if (error) return mistake("this is no JSON: " + error.message());
    try {
      if (auto operation = operation_in(parsed)) history.push_back(std::move(*operation));
    } catch (const Mistake& one) {
      return mistake(one.what);
    }
  }
  return history;
}

std::string to_json_line(const Operation& operation) {
  static const std::map<Act, const char*> names{{Act::read, "get"},
                                                {Act::write, "put"},
                                                {Act::compare_and_set, "cas"},
                                                {Act::append, "append"},
                                                {Act::remove, "delete"}};
  json::object input{{"op", names.at(operation.act)}, {"key", operation.key}};
  if (operation.act == Act::compare_and_set) {
    input["from"] = to_json(operation.expected);
    input["to"] = to_json(operation.argument);
  } else if (operation.act == Act::write || operation.act == Act::append) {
    input["value"] = to_json(operation.argument);
  }
  json::object line{{"client", static_cast<std::int64_t>(operation.client)},
                    {"call", operation.call},
                    {"return", nullptr},
                    {"input", std::move(input)},
                    {"output", nullptr}};
  if (operation.done) {
    json::object output;
    if (operation.act == Act::compare_and_set) output["ok"] = operation.swapped;
    if (operation.told) output["value"] = to_json(*operation.told);
    line["return"] = *operation.done;
    line["output"] = std::move(output);
  }
  return json::serialize(line);
}

}  // namespace runink::linearizability
