// runi kv: keys and values of a herd.
#include <unistd.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <string>
#include <utility>

#include "tools/runi/bundle_folder.hpp"
#include "tools/runi/documents.hpp"
#include "tools/runi/members.hpp"
#include "tools/runi/patience.hpp"
#include "tools/runi/shown.hpp"
#include "tools/runi/table.hpp"
#include "tools/runi/terminal.hpp"
#include "tools/runi/text_file.hpp"
#include "tools/runi/texts.hpp"
#include "tools/runi/verbs.hpp"
#include "vocabulary/limits.hpp"
#include "vocabulary/text.hpp"

namespace runink::runi {
namespace {

/// The server says something every ten seconds while nothing changes.
constexpr std::int64_t watch_silence_ms = 60'000;

void add_bytes(boost::json::object& to, std::string_view name, const std::string& bytes) {
  if (is_utf8(bytes))
    to[name] = bytes;
  else
    to[std::string(name) + "_base64"] = base64(bytes);
}

/// Adds the value that is to be sent: the argument, or the bytes of the file.
Answer<void> add_value(boost::json::object& request, const KvOptions& options) {
  if (options.file.empty()) {
    add_bytes(request, "value", options.value);
    return {};
  }
  auto bytes = read_text_file(options.file, limits::kv_value, "a value",
                              "Keep larger things in files, and their names in keys.");
  if (!bytes) return std::unexpected(bytes.error());
  add_bytes(request, "value", *bytes);
  return {};
}

/// Adds what makes the request the same one when it is sent again; how to do so by hand.
Answer<std::string> add_identity(boost::json::object& request, const KvOptions& options) {
  if (options.session) {
    request["session"] = *options.session;
    request["seq"] = options.seq;
    if (options.first_unacked) request["first_unacked"] = *options.first_unacked;
    return "--session " + std::to_string(*options.session) + " --seq " +
           std::to_string(options.seq);
  }
  auto id =
      options.request_id.empty() ? fresh_request_id() : Answer<std::string>(options.request_id);
  if (!id) return id;
  request["request_id"] = *id;
  return "--request-id " + *id;
}

/// Asks for a change, again when the answer was lost: under its identity it is done once.
Answer<boost::json::object> ask_once(const Common& common, boost::json::object request,
                                     const KvOptions& options) {
  auto identity = add_identity(request, options);
  if (!identity) return std::unexpected(identity.error());
  auto socket = find_socket(common.socket);
  if (!socket) return std::unexpected(socket.error());
  bool asked = false;
  auto answer = with_patience(
      *socket,
      [&] {
        asked = true;
        return ask(common, request);
      },
      common.timeout_ms);
  if (asked && !answer && (may_repeat(answer.error()) || answer.error().exit == exit_timeout))
    answer.error().message +=
        " It may have been done; repeated with " + *identity + " it is done once.";
  return answer;
}

std::string name_of(const boost::json::object& of, std::string_view key) {
  return "kv/" + printable(text_at(of, "herd")) + "/" + printable(key);
}

int write_changed(const Common& common, const boost::json::object& result,
                  const std::string& what) {
  if (write_document(common, result)) return exit_ok;
  const std::string name = name_of(result, text_at(result, "key"));
  if (common.form == Form::name)
    write_out(name + "\n");
  else
    write_out(name + "@" + std::to_string(number_at(result, "revision")) + " " + what +
              (flag_at(result, "repeated") ? " (before)\n" : "\n"));
  return exit_ok;
}

/// What a terminal may show of a value; bytes that are no text are told by their number.
std::string shown_value(const boost::json::object& of) {
  if (of.contains("value")) return printable(text_at(of, "value"));
  if (!of.contains("value_base64")) return "";
  const std::string encoded = text_at(of, "value_base64");
  const std::size_t padding = encoded.size() - std::min(encoded.find('='), encoded.size());
  return "(" + size_text(encoded.size() / 4 * 3 - padding) + ", no text)";
}

std::string keys_table(const boost::json::array& keys, bool values, std::size_t width,
                       std::int64_t now) {
  std::vector<std::string> columns{"KEY", "REVISION>", "VERSION>", "BYTES>", "CHANGED", "BY"};
  if (values) columns.push_back("VALUE");
  Table table(std::move(columns));
  for (const auto& value : keys) {
    const auto& one = as_object(value);
    const auto changed = moment_of(text_at(one, "changed_at"));
    std::vector<std::string> cells{printable(text_at(one, "key")),
                                   std::to_string(number_at(one, "revision")),
                                   std::to_string(number_at(one, "version")),
                                   std::to_string(number_at(one, "bytes")),
                                   changed ? time_text((now - *changed) / 1'000) + " ago" : "",
                                   printable(text_at(one, "changed_by"))};
    if (values) cells.push_back(shown_value(one));
    table.add(std::move(cells));
  }
  return table.text(width);
}

/// The answers to the operations of a transaction, a line each.
std::string answers_text(const boost::json::object& result) {
  std::string text = std::string(flag_at(result, "succeeded") ? "then" : "else") + " was done at " +
                     "revision " + std::to_string(number_at(result, "revision")) +
                     (flag_at(result, "repeated") ? " (before)\n" : "\n");
  std::size_t number = 0;
  for (const auto& value : array_at(result, "answers")) {
    const auto& one = as_object(value);
    text += "  " + std::to_string(++number) + "  ";
    text += flag_at(one, "exists") ? "revision " + std::to_string(number_at(one, "revision"))
                                   : std::string("no such key");
    if (const std::string shown = shown_value(one); !shown.empty()) text += "  " + shown;
    text += "\n";
  }
  return text;
}

/// Prints what a watch tells, and knows how far it came.
class Watcher {
 public:
  explicit Watcher(const Common& common) : common_(common) {}

  void take(const boost::json::object& event) {
    const std::string kind = text_at(event, "kind");
    if (kind == "watching") herd_ = text_at(event, "herd");
    if (kind != "compacted") seen_ = number_at(event, "revision", seen_);
    if (kind == "watching") write_err("watching from revision " + std::to_string(seen_) + "\n");
    if (kind == "changed") show(event);
  }
  /// "", or how to go on.
  std::string go_on() const {
    return seen_ < 0 ? "" : " Go on with --after " + std::to_string(seen_) + ".";
  }

 private:
  void show(const boost::json::object& event) {
    if (common_.form == Form::json) return write_out(boost::json::serialize(event) + "\n");
    if (common_.form == Form::yaml) return write_out("---\n" + to_yaml_text(event));
    std::string lines;
    for (const auto& value : array_at(event, "changes")) {
      const auto& one = as_object(value);
      const std::string key = printable(text_at(one, "key"));
      if (common_.form == Form::name)
        lines += "kv/" + printable(herd_) + "/" + key + "\n";
      else
        lines += std::to_string(number_at(event, "revision")) + "  " + key +
                 (flag_at(one, "deleted") ? "  deleted" : "  = " + shown_value(one)) + "\n";
    }
    write_out(lines);
  }

  const Common& common_;
  std::string herd_;
  std::int64_t seen_ = -1;
};

}  // namespace

int do_kv_get(const Common& common, const KvOptions& options) {
  auto request = request_of(common, "kv.get");
  request["key"] = options.key;
  auto result = ask(common, std::move(request));
  if (!result) return report(result.error());
  if (write_document(common, *result)) return exit_ok;
  const auto& entry = object_at(*result, "entry");
  if (common.form == Form::name) {
    write_out(name_of(*result, text_at(entry, "key")) + "\n");
    return exit_ok;
  }
  if (entry.contains("value_base64"))
    return report({"bad_input",
                   "The value is no UTF-8 text; `-o json` shows it as base64, in "
                   "entry.value_base64.",
                   exit_error,
                   {}});
  // The value alone, byte for byte, as it was put.
  const std::string value = text_at(entry, "value");
  write_out(value);
  if (!value.ends_with('\n') && ::isatty(STDOUT_FILENO)) write_out("\n");
  return exit_ok;
}

int do_kv_list(const Common& common, const KvOptions& options) {
  auto request = request_of(common, "kv.list");
  if (!options.prefix.empty()) request["prefix"] = options.prefix;
  if (!options.key.empty()) request["after"] = options.key;
  if (options.limit > 0) request["limit"] = options.limit;
  if (options.values) request["values"] = true;
  auto result = ask(common, std::move(request));
  if (!result) return report(result.error());
  if (write_document(common, *result)) return exit_ok;
  const auto& keys = array_at(*result, "keys");
  if (common.form == Form::name) {
    for (const auto& one : keys) write_out(name_of(*result, text_at(as_object(one), "key")) + "\n");
  } else if (keys.empty()) {
    write_err("No keys found.\n");
  } else {
    write_out(keys_table(keys, options.values, style_of(STDOUT_FILENO).width, now_us()));
  }
  if (flag_at(*result, "more") && !keys.empty())
    write_err("There are more; the next ones come with --after '" +
              printable(text_at(as_object(keys.back()), "key")) + "'.\n");
  return exit_ok;
}

int do_kv_bring(const Common& common, const KvOptions& options, std::string_view verb) {
  auto request = request_of(common, "kv." + std::string(verb));
  request["key"] = options.key;
  if (auto added = add_value(request, options); !added) return report(added.error());
  auto result = ask_once(common, std::move(request), options);
  if (!result) return report(result.error());
  return write_changed(common, *result, verb == "put" ? "put" : "appended");
}

int do_kv_delete(const Common& common, const KvOptions& options) {
  auto request = request_of(common, "kv.delete");
  request["key"] = options.key;
  auto result = ask_once(common, std::move(request), options);
  if (!result) return report(result.error());
  return write_changed(common, *result, flag_at(*result, "deleted") ? "deleted" : "was not there");
}

int do_kv_cas(const Common& common, const KvOptions& options) {
  auto request = request_of(common, "kv.cas");
  request["key"] = options.key;
  if (auto added = add_value(request, options); !added) return report(added.error());
  if (options.revision || options.absent)
    request["revision"] = options.revision.value_or(0);
  else
    add_bytes(request, "expected", options.expected);
  auto result = ask_once(common, std::move(request), options);
  if (!result) return report(result.error());
  return write_changed(common, *result, "put");
}

int do_kv_txn(const Common& common, const KvOptions& options) {
  // In base64 and with names around them, keys and values take twice their bytes at most.
  constexpr Bytes most{2 * limits::kv_transaction.value};
  auto text = read_document(options.file, most, "a transaction", "Make several of it.");
  if (!text) return report(text.error());
  boost::json::error_code error;
  const auto parsed = boost::json::parse(*text, error);
  if (error || !parsed.is_object())
    return report({"bad_input",
                   printable(options.file) +
                       " is no JSON object with compare, then and else. `runi help keys` shows "
                       "one.",
                   exit_error,
                   {}});
  auto request = request_of(common, "kv.txn");
  for (const auto& member : parsed.get_object()) {
    if (request.contains(member.key()))
      return report({"bad_input",
                     "The transaction has a member '" + printable(std::string(member.key())) +
                         "', which is given on the command line.",
                     exit_error,
                     {}});
    request[member.key()] = member.value();
  }
  auto result = ask_once(common, std::move(request), options);
  if (!result) return report(result.error());
  if (!write_document(common, *result)) {
    if (common.form == Form::name)
      return report({"bad_input",
                     "A transaction has no names to print; use -o table, json or yaml.",
                     exit_usage,
                     {}});
    write_out(answers_text(*result));
  }
  return flag_at(*result, "succeeded") ? exit_ok : exit_conflict;
}

int do_kv_session(const Common& common) {
  auto request = request_of(common, "kv.session");
  request.erase("herd");  // it is for the keys of all herds
  auto socket = find_socket(common.socket);
  if (!socket) return report(socket.error());
  // A session that is opened twice is one that nobody uses, and ends by itself.
  auto result = with_patience(
      *socket, [&] { return ask(common, request); }, common.timeout_ms);
  if (!result) return report(result.error());
  if (!write_document(common, *result))
    write_out(std::to_string(number_at(*result, "session")) + "\n");
  return exit_ok;
}

int do_kv_watch(const Common& common, const KvOptions& options) {
  auto request = request_of(common, "kv.watch");
  if (!options.key.empty()) request["key"] = options.key;
  if (!options.prefix.empty()) request["prefix"] = options.prefix;
  if (options.after) request["after"] = *options.after;
  if (options.count > 0) request["count"] = options.count;
  Watcher watcher(common);
  InterruptGuard guard;
  AdminClient::Waiting waiting;
  waiting.silence_ms = watch_silence_ms;
  waiting.on_event = [&](const boost::json::object& event) { watcher.take(event); };
  waiting.go_on = [] { return !InterruptGuard::raised(); };
  auto result = ask(common, std::move(request), waiting);
  if (result) return exit_ok;
  AdminError failed = result.error();
  if (failed.kind == "interrupted") {
    write_err("\nruni: stopped watching." + watcher.go_on() + "\n");
    return exit_interrupted;
  }
  if (failed.kind != "out_of_date") failed.message += watcher.go_on();
  return report(failed);
}

}  // namespace runink::runi
