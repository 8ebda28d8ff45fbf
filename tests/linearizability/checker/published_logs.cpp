#include "checker/published_logs.hpp"

#include <charconv>
#include <fstream>
#include <istream>
#include <map>
#include <optional>
#include <sstream>
#include <string_view>
#include <utility>

namespace runink::linearizability {
namespace {

std::unexpected<Fault> mistake(const std::string& name, std::int64_t line,
                               const std::string& what) {
  return fail(FaultKind::bad_input, name + ":" + std::to_string(line) + ": " + what + ".");
}

std::optional<std::uint64_t> number_in(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// Operations that were called and have no answer yet, by process; each line is a moment.
class Calls {
 public:
  explicit Calls(std::string name) : name_(std::move(name)) {}

  Result<void> call(std::int64_t line, Operation operation) {
    operation.call = line;
    const auto client = operation.client;
    if (!pending_.emplace(client, std::move(operation)).second)
      return mistake(name_, line, "this process is called again before it answered");
    return {};
  }
  /// The operation that ends here.
  Result<Operation> end(std::int64_t line, std::uint64_t client) {
    const auto found = pending_.find(client);
    if (found == pending_.end()) return mistake(name_, line, "this process was not called");
    Operation operation = std::move(found->second);
    pending_.erase(found);
    ended_ = true;
    operation.done = line;
    return operation;
  }
  bool nobody_called() const { return pending_.empty() && history_.empty() && !ended_; }
  void add(Operation operation) { history_.push_back(std::move(operation)); }
  History all() && {
    for (auto& [client, operation] : pending_) history_.push_back(std::move(operation));
    return std::move(history_);
  }

 private:
  std::string name_;
  std::map<std::uint64_t, Operation> pending_;
  History history_;
  bool ended_ = false;
};

Value register_value(const std::string& text) { return text == "nil" ? Value{} : Value{text}; }

std::optional<Act> register_act(const std::string& f) {
  if (f == ":read") return Act::read;
  if (f == ":write") return Act::write;
  if (f == ":cas") return Act::compare_and_set;
  return std::nullopt;
}

/// What is written: `3`, or of a cas `[3 0]`.
bool take_register_input(Operation& operation, const std::string& text) {
  if (operation.act == Act::write) operation.argument = register_value(text);
  if (operation.act != Act::compare_and_set) return true;
  const auto space = text.find(' ');
  if (text.size() < 5 || text.front() != '[' || text.back() != ']' || space == std::string::npos)
    return false;
  operation.expected = register_value(text.substr(1, space - 1));
  operation.argument = register_value(text.substr(space + 1, text.size() - space - 2));
  return true;
}

Result<void> take_jepsen_event(Calls& calls, const std::string& name, std::int64_t number,
                               const std::string& event) {
  std::istringstream words(event);
  std::string process, type, f, value;
  words >> process >> type >> f;
  if (process == ":nemesis") return {};  // what was done to the cluster
  std::getline(words >> std::ws, value);
  const auto client = number_in(process);
  const auto act = register_act(f);
  if (!client || !act) return mistake(name, number, "this is no event of a register");
  if (type == ":invoke") {
    Operation operation;
    operation.client = *client;
    operation.act = *act;
    if (!take_register_input(operation, value)) return mistake(name, number, "no such value");
    return calls.call(number, std::move(operation));
  }
  if (type != ":ok" && type != ":fail" && type != ":info")
    return mistake(name, number, "no such type of event: " + type);
  auto ended = calls.end(number, *client);
  if (!ended) return std::unexpected(ended.error());
  if (type == ":info") {
    ended->done.reset();
    calls.add(std::move(*ended));
  } else if (type == ":ok") {
    if (ended->act == Act::read) ended->told = register_value(value);
    calls.add(std::move(*ended));
  } else if (ended->act == Act::compare_and_set) {
    ended->swapped = false;
    calls.add(std::move(*ended));
  }
  return {};
}

/// The value behind `:name ` in `{:process 9, :type :invoke, ...}`: a word, or a text in quotes.
std::optional<std::string> field(const std::string& line, const std::string& name) {
  const auto at = line.find(":" + name + " ");
  if (at == std::string::npos) return std::nullopt;
  const auto from = at + name.size() + 2;
  if (from >= line.size()) return std::nullopt;
  if (line[from] != '"') return line.substr(from, line.find_first_of(",}", from) - from);
  const auto end = line.find('"', from + 1);
  if (end == std::string::npos) return std::nullopt;
  return line.substr(from, end - from);  // keeps its first quote: "nil" is no nil
}

std::optional<Act> table_act(const std::string& f) {
  if (f == ":get") return Act::read;
  if (f == ":put") return Act::write;
  if (f == ":append") return Act::append;
  return std::nullopt;
}

Result<void> take_table_event(Calls& calls, const std::string& name, std::int64_t number,
                              const std::string& line) {
  const auto process = field(line, "process");
  const auto type = field(line, "type");
  const auto f = field(line, "f");
  const auto key = field(line, "key");
  const auto value = field(line, "value");
  if (!process || !type || !f || !key || !value) return mistake(name, number, "a field is missing");
  const auto client = number_in(*process);
  const auto act = table_act(*f);
  if (!client || !act) return mistake(name, number, "this is no event of a table");
  const Value text = value->front() == '"' ? Value{value->substr(1)} : Value{};
  if (*type == ":invoke") {
    Operation operation;
    operation.client = *client;
    operation.act = *act;
    operation.key = key->substr(1);
    if (*act != Act::read) operation.argument = text;
    if (*act == Act::append && !text) return mistake(name, number, "nil cannot be appended");
    return calls.call(number, std::move(operation));
  }
  if (*type != ":ok") return mistake(name, number, "no such type of event: " + *type);
  auto ended = calls.end(number, *client);
  if (!ended) return std::unexpected(ended.error());
  if (ended->act == Act::read) ended->told = text;
  calls.add(std::move(*ended));
  return {};
}

}  // namespace

Result<History> read_jepsen_log(std::istream& in, const std::string& name) {
  constexpr std::string_view mark = "jepsen.util - ";
  Calls calls(name);
  std::string line;
  for (std::int64_t number = 1; std::getline(in, line); ++number) {
    const auto at = line.find(mark);
    if (at == std::string::npos) continue;  // of another part of Jepsen
    if (auto taken = take_jepsen_event(calls, name, number, line.substr(at + mark.size())); !taken)
      return std::unexpected(taken.error());
  }
  if (calls.nobody_called()) return mistake(name, 1, "nothing is called in this log");
  return std::move(calls).all();
}

Result<History> read_key_value_log(std::istream& in, const std::string& name) {
  Calls calls(name);
  std::string line;
  for (std::int64_t number = 1; std::getline(in, line); ++number) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    if (auto taken = take_table_event(calls, name, number, line); !taken)
      return std::unexpected(taken.error());
  }
  if (calls.nobody_called()) return mistake(name, 1, "nothing is called in this log");
  return std::move(calls).all();
}

Result<std::vector<Labelled>> read_verdicts(const std::filesystem::path& folder) {
  const auto path = folder / "verdicts.txt";
  std::ifstream in(path);
  if (!in) return fail(FaultKind::no_such_thing, path.string() + " cannot be read.");
  std::vector<Labelled> all;
  std::string line;
  for (std::int64_t number = 1; std::getline(in, line); ++number) {
    std::istringstream words(line);
    std::string file, verdict, more;
    if (!(words >> file) || file.front() == '#') continue;
    words >> verdict;
    if ((verdict != "linearizable" && verdict != "not-linearizable") || words >> more)
      return mistake(path.string(), number, "a line is FILE linearizable|not-linearizable");
    all.push_back(
        {file, verdict == "linearizable" ? Verdict::linearizable : Verdict::not_linearizable});
  }
  return all;
}

Result<Judgement> judge(const std::filesystem::path& folder, const Labelled& one) {
  const bool is_register = one.file.starts_with("jepsen/");
  if (!is_register && !one.file.starts_with("kv/"))
    return fail(FaultKind::bad_input, one.file + " is neither in jepsen/ nor in kv/.");
  std::ifstream in(folder / one.file);
  if (!in) return fail(FaultKind::no_such_thing, one.file + " cannot be read.");
  const auto history =
      is_register ? read_jepsen_log(in, one.file) : read_key_value_log(in, one.file);
  if (!history) return std::unexpected(history.error());
  return check(*history, is_register ? Value{} : Value{""});
}

}  // namespace runink::linearizability
