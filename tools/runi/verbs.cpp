#include "tools/runi/verbs.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>

#include "tools/runi/bundle_folder.hpp"
#include "tools/runi/documents.hpp"
#include "tools/runi/members.hpp"
#include "tools/runi/shown.hpp"
#include "tools/runi/terminal.hpp"
#include "tools/runi/text_file.hpp"
#include "tools/runi/texts.hpp"
#include "vocabulary/clock.hpp"
#include "vocabulary/limits.hpp"
#include "vocabulary/names.hpp"
#include "vocabulary/text.hpp"

namespace runink::runi {
namespace {

constexpr std::string_view client_version = "0.1.0";
constexpr std::string_view kinds[] = {"runs", "pipelines", "herds", "nodes", "volumes", "datasets"};

std::size_t width_out() { return style_of(STDOUT_FILENO).width; }

/// `-o name` where there is nothing to name.
AdminError no_names(std::string_view verb) {
  return {"bad_input",
          "`runi " + std::string(verb) +
              "` has no names to print; use -o table, json "
              "or yaml.",
          exit_usage,
          {}};
}

int write_text_result(const Common& common, const boost::json::object& result,
                      std::string_view verb) {
  if (write_document(common, result)) return exit_ok;
  if (common.form == Form::name) return report(no_names(verb));
  std::string text = text_at(result, "text");
  if (!text.empty() && !text.ends_with('\n')) text += '\n';
  write_out(text);
  return exit_ok;
}

int write_run(const Common& common, const boost::json::object& result,
              const boost::json::object& run, std::string_view what) {
  if (write_document(common, result)) return exit_ok;
  if (common.form == Form::name)
    write_out("run/" + printable(text_at(run, "id")) + "\n");
  else
    write_out("run " + printable(text_at(run, "id")) + " " + std::string(what) + "\n");
  return exit_ok;
}

}  // namespace

std::int64_t now_us() { return real_clock().wall().us; }

int report(const AdminError& error) {
  if (error.kind == "interrupted") return error.exit;
  std::string text = diagnostics_text(error.diagnostics);
  // With diagnostics the message may hold them again, rendered: its first line says enough then.
  std::string message = error.message;
  if (!text.empty()) message = message.substr(0, message.find('\n'));
  if (text.find(message) == std::string::npos || text.empty()) text += "runi: " + message + "\n";
  write_err(text);
  return error.exit;
}

boost::json::object request_of(const Common& common, std::string_view verb) {
  boost::json::object request;
  request["verb"] = verb;
  if (!common.herd.empty()) request["herd"] = common.herd;
  if (common.timeout_ms) request["timeout_ms"] = *common.timeout_ms;
  return request;
}

Answer<boost::json::object> ask(const Common& common, boost::json::object request,
                                const AdminClient::Waiting& waiting) {
  auto socket = find_socket(common.socket);
  if (!socket) return std::unexpected(socket.error());
  auto client = AdminClient::connect(*socket);
  if (!client) return std::unexpected(client.error());
  AdminClient::Waiting patient = waiting;
  if (common.timeout_ms && patient.silence_ms > 0) patient.silence_ms = *common.timeout_ms + 15'000;
  auto result = client->ask(std::move(request), patient);
  if (!result) return std::unexpected(result.error());
  return as_object(*result);
}

Answer<std::string> put_bundle(AdminClient& client, const std::string& folder) {
  auto files = read_folder(folder);
  if (!files)
    return std::unexpected(error_of(files.error(), files.error().kind == FaultKind::no_such_thing
                                                       ? exit_not_found
                                                       : exit_error));
  if (files->empty())
    return std::unexpected(AdminError{"bad_input",
                                      "The folder " + printable(folder) +
                                          " has no files. A pipeline's folder holds "
                                          "at least its pipeline.toml.",
                                      exit_error,
                                      {}});
  boost::json::object request;
  request["verb"] = "bundle.put";
  request["files"] = files_json(*files);
  auto stored = client.ask(std::move(request));
  if (!stored) return std::unexpected(stored.error());
  return text_at(as_object(*stored), "bundle");
}

bool write_document(const Common& common, const boost::json::object& result) {
  if (common.form == Form::json) write_out(to_json_text(result));
  if (common.form == Form::yaml) write_out(to_yaml_text(result));
  return common.form == Form::json || common.form == Form::yaml;
}

std::span<const std::string_view> all_kinds() { return kinds; }

Answer<std::string> kind_of(const std::string& word) {
  std::string lower;
  for (const char c : word) lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  for (const std::string_view kind : kinds)
    if (lower == kind || lower == kind.substr(0, kind.size() - 1)) return std::string(kind);
  return std::unexpected(
      AdminError{"bad_input",
                 "There is no kind \"" + printable(word) +
                     "\"; there are runs, pipelines, herds, nodes, volumes and datasets." +
                     (lower.starts_with("contract") ? " `runi contract get` shows contracts." : ""),
                 exit_usage,
                 {}});
}

int do_version(const Common& common) {
  auto server = ask(common, request_of(common, "version"));
  boost::json::object all;
  all["client"] = client_version;
  if (server) all["server"] = *server;
  if (!write_document(common, all)) {
    std::string text = "runi " + std::string(client_version) + "\n";
    if (server)
      text += "node " + printable(text_at(*server, "node")) + " of " +
              printable(text_at(*server, "cluster")) + ": runinkd " +
              printable(text_at(*server, "version")) + ", protocol " +
              std::to_string(number_at(*server, "protocol")) + "\n";
    write_out(text);
  }
  // Without a node the client's own version still is an answer, unless a node was named.
  if (!server && !common.socket.empty()) return report(server.error());
  return exit_ok;
}

int do_doctor(const Common& common) {
  auto result = ask(common, request_of(common, "doctor"));
  if (!result) return report(result.error());
  if (!write_document(common, *result)) {
    if (common.form == Form::name) return report(no_names("doctor"));
    write_out(checks_text(*result, 0));
  }
  return flag_at(*result, "ok") ? exit_ok : exit_error;
}

int do_compile(const Common& common, const std::string& folder, const std::string& form,
               const std::map<std::string, std::string>& parameters, const std::string& date) {
  auto socket = find_socket(common.socket);
  if (!socket) return report(socket.error());
  auto client = AdminClient::connect(*socket);
  if (!client) return report(client.error());
  auto bundle = put_bundle(*client, folder);
  if (!bundle) return report(bundle.error());
  auto request = request_of(common, "compile");
  request["bundle"] = *bundle;
  request["form"] = form;
  if (!date.empty()) request["logical_date"] = date;
  boost::json::object given;
  for (const auto& [name, value] : parameters) given[name] = value;
  request["parameters"] = std::move(given);
  auto answer = client->ask(std::move(request));
  if (!answer) return report(answer.error());
  const auto& result = as_object(*answer);
  write_err(diagnostics_text(array_at(result, "warnings")));
  write_out(text_at(result, "text"));
  return exit_ok;
}

int do_apply(const Common& common, const std::vector<std::string>& paths, bool accept_breaking) {
  auto socket = find_socket(common.socket);
  if (!socket) return report(socket.error());
  auto client = AdminClient::connect(*socket);
  if (!client) return report(client.error());
  boost::json::array results;
  int exit = exit_ok;
  for (const std::string& path : paths) {
    auto request = request_of(common, "apply");
    std::error_code ignored;
    if (std::filesystem::is_directory(path, ignored)) {
      auto bundle = put_bundle(*client, path);
      if (!bundle) {
        exit = report(bundle.error());
        if (bundle.error().kind == "lost") break;
        continue;
      }
      request["bundle"] = *bundle;
      if (accept_breaking) request["accept_breaking"] = true;
    } else {
      auto text = read_document(path, limits::pipeline_file, "a herd file",
                                "A herd file holds one herd and its policy.");
      if (!text) {
        exit = report(text.error());
        continue;
      }
      boost::json::object file;
      file["path"] = path;
      file["text"] = *text;
      request["herd_file"] = std::move(file);
    }
    auto answer = client->ask(std::move(request));
    if (!answer) {
      exit = report(answer.error());
      if (answer.error().kind == "lost") break;
      continue;  // one mistake does not keep the others from being told
    }
    const auto& result = as_object(*answer);
    write_err(diagnostics_text(array_at(result, "warnings")));
    if (common.form == Form::table) write_out(new_contracts_text(text_at(result, "herd"), result));
    std::string name = text_at(result, "kind") + "/";
    if (text_at(result, "kind") == "pipeline") name += text_at(result, "herd") + "/";
    name = printable(name + text_at(result, "name"));
    if (common.form == Form::name) write_out(name + "\n");
    if (common.form == Form::table)
      write_out(name + (flag_at(result, "changed") ? " applied\n" : " unchanged\n"));
    results.push_back(result);
  }
  boost::json::object all;
  all["applied"] = std::move(results);
  write_document(common, all);
  return exit;
}

int do_get(const Common& common, const std::string& word, const std::string& name,
           std::int64_t limit) {
  auto kind = kind_of(word);
  if (!kind) return report(kind.error());
  auto request = request_of(common, "get");
  request["kind"] = *kind;
  if (!name.empty()) request["name"] = name;
  if (limit > 0) request["limit"] = limit;
  auto result = ask(common, std::move(request));
  if (!result) return report(result.error());
  if (write_document(common, *result)) return exit_ok;
  const auto& items = array_at(*result, "items");
  if (common.form == Form::name)
    write_out(items_names(*kind, items));
  else if (items.empty())
    write_err("No " + *kind + " found.\n");
  else
    write_out(items_table(*kind, items, width_out(), now_us()));
  if (flag_at(*result, "more")) write_err("There are more; ask for them with --limit.\n");
  return exit_ok;
}

int do_describe(const Common& common, const std::string& word, const std::string& name) {
  auto kind = kind_of(word);
  if (!kind) return report(kind.error());
  auto request = request_of(common, "describe");
  request["kind"] = kind->substr(0, kind->size() - 1);
  request["name"] = name;
  auto result = ask(common, std::move(request));
  if (!result) return report(result.error());
  if (write_document(common, *result)) return exit_ok;
  const auto& item = object_at(*result, "item");
  boost::json::array one;
  one.push_back(item);
  if (common.form == Form::name)
    write_out(items_names(*kind, one));
  else
    write_out(*kind == "runs" ? run_text(item, width_out(), now_us()) : item_text(item));
  return exit_ok;
}

int do_explain(const Common& common, const std::string& run, const std::string& step) {
  auto request = request_of(common, "explain");
  request["run"] = run;
  if (!step.empty()) request["step"] = step;
  auto result = ask(common, std::move(request));
  if (!result) return report(result.error());
  return write_text_result(common, *result, "explain");
}

int do_lineage(const Common& common, const std::string& dataset, const std::string& pipeline) {
  auto request = request_of(common, "lineage");
  // A published file is named as the pipeline names it: "reports:/net.parquet".
  request[dataset.find(":/") == std::string::npos ? "dataset" : "target"] = dataset;
  if (!pipeline.empty()) request["pipeline"] = pipeline;
  auto result = ask(common, std::move(request));
  if (!result) return report(result.error());
  if (common.form != Form::name) return write_text_result(common, *result, "lineage");
  for (const auto& one : array_at(*result, "versions"))
    write_out("dataset/" + printable(text_at(as_object(one), "version")) + "\n");
  return exit_ok;
}

int do_cancel(const Common& common, const std::string& run) {
  auto request = request_of(common, "cancel");
  request["run"] = run;
  auto result = ask(common, std::move(request));
  if (!result) return report(result.error());
  return write_run(common, *result, object_at(*result, "run"),
                   flag_at(*result, "changed") ? "cancelled" : "was cancelled already");
}

int do_wait(const Common& common, const std::string& run, const std::string& what) {
  auto request = request_of(common, "wait");
  request["run"] = run;
  request["for"] = what;
  AdminClient::Waiting waiting;
  if (!common.timeout_ms) waiting.silence_ms = 0;
  auto result = ask(common, std::move(request), waiting);
  if (!result) return report(result.error());
  return write_run(common, *result, *result, text_at(*result, "status"));
}

}  // namespace runink::runi
