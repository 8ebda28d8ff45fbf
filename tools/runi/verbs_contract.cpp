// runi contract: the contracts of a herd and their versions.
#include <unistd.h>

#include <filesystem>

#include "tools/runi/bundle_folder.hpp"
#include "tools/runi/members.hpp"
#include "tools/runi/shown.hpp"
#include "tools/runi/terminal.hpp"
#include "tools/runi/text_file.hpp"
#include "tools/runi/texts.hpp"
#include "tools/runi/verbs.hpp"
#include "vocabulary/limits.hpp"

namespace runink::runi {
namespace {

Answer<std::string> read_contract(const std::string& path) {
  return read_document(path, limits::contract_document, "a contract",
                       "Split it into several contracts.");
}

/// Versions older than `before`; 0 = the newest.
Answer<boost::json::object> ask_history(const Common& common, const std::string& name,
                                        std::int64_t before) {
  auto request = request_of(common, "contract.history");
  request["name"] = name;
  request["limit"] = 1000;
  if (before > 0) request["before"] = before;
  return ask(common, std::move(request));
}

std::string full_name(const boost::json::object& of) {
  return printable(text_at(of, "herd") + "/" + text_at(of, "name"));
}

/// What a new version changes: every change on its line, then whom it breaks.
std::string changes_text(const boost::json::object& result) {
  std::string all;
  for (const auto& one : array_at(result, "changes")) {
    const auto& change = as_object(one);
    all +=
        (flag_at(change, "breaking") ? "  ! " : "    ") + printable(text_at(change, "text")) + "\n";
  }
  for (const auto& one : array_at(result, "broken"))
    all += "  breaks " + printable(text_at(as_object(one), "pipeline")) + "\n";
  return all;
}

int write_registered(const Common& common, const boost::json::object& result) {
  write_err(diagnostics_text(array_at(result, "warnings")));
  if (write_document(common, result)) return exit_ok;
  const std::string name = full_name(result) + "@" + std::to_string(number_at(result, "version"));
  if (common.form == Form::name)
    write_out("contract/" + name + "\n");
  else if (!flag_at(result, "changed"))
    write_out("contract/" + name + " unchanged\n");
  else
    write_out("contract/" + name + " applied\n" + changes_text(result));
  return exit_ok;
}

}  // namespace

int do_contract_apply(const Common& common, const ContractOptions& options) {
  auto text = read_contract(options.file);
  if (!text) return report(text.error());
  auto request = request_of(common, "contract.apply");
  if (!options.name.empty()) request["name"] = options.name;
  request["path"] = options.file;
  request["text"] = *text;
  if (options.accept_breaking) request["accept_breaking"] = true;
  auto result = ask(common, std::move(request));
  if (!result) return report(result.error());
  return write_registered(common, *result);
}

int do_contract_restore(const Common& common, const ContractOptions& options) {
  auto request = request_of(common, "contract.restore");
  request["name"] = options.name;
  if (options.accept_breaking) request["accept_breaking"] = true;
  auto result = ask(common, std::move(request));
  if (!result) return report(result.error());
  return write_registered(common, *result);
}

int do_contract_get(const Common& common, const std::string& name) {
  auto request = request_of(common, "contract.get");
  if (!name.empty()) request["name"] = name;
  auto result = ask(common, std::move(request));
  if (!result) return report(result.error());
  if (write_document(common, *result)) return exit_ok;
  if (!name.empty()) {
    // The document alone, byte for byte: it can be edited and applied again.
    const auto& contract = object_at(*result, "contract");
    if (common.form == Form::name)
      write_out("contract/" + full_name(contract) + "@" +
                std::to_string(number_at(contract, "version")) + "\n");
    else
      write_out(text_at(*result, "text"));
    return exit_ok;
  }
  const auto& items = array_at(*result, "contracts");
  if (common.form == Form::name) {
    for (const auto& one : items) write_out("contract/" + full_name(as_object(one)) + "\n");
  } else if (items.empty()) {
    write_err("No contracts found.\n");
  } else {
    write_out(contracts_table(items, style_of(STDOUT_FILENO).width, now_us()));
  }
  return exit_ok;
}

int do_contract_history(const Common& common, const std::string& name) {
  auto result = ask_history(common, name, 0);
  while (result && flag_at(*result, "more") && !array_at(*result, "versions").empty()) {
    const auto before = number_at(as_object(array_at(*result, "versions").back()), "version");
    auto older = ask_history(common, name, before);
    if (!older) return report(older.error());
    boost::json::array& all = result->at("versions").get_array();
    for (const auto& one : array_at(*older, "versions")) all.push_back(one);
    (*result)["more"] = flag_at(*older, "more") && !array_at(*older, "versions").empty();
  }
  if (!result) return report(result.error());
  if (write_document(common, *result)) return exit_ok;
  const auto& versions = array_at(*result, "versions");
  if (common.form == Form::name) {
    for (const auto& one : versions)
      write_out("contract/" + full_name(*result) + "@" +
                std::to_string(number_at(as_object(one), "version")) + "\n");
  } else {
    write_out(contract_versions_table(versions, style_of(STDOUT_FILENO).width, now_us()));
  }
  return exit_ok;
}

int do_contract_diff(const Common& common, const ContractOptions& options) {
  auto request = request_of(common, "contract.diff");
  request["name"] = options.name;
  if (options.from > 0) request["from"] = options.from;
  if (!options.file.empty()) {
    auto text = read_contract(options.file);
    if (!text) return report(text.error());
    request["path"] = options.file;
    request["text"] = *text;
  }
  auto result = ask(common, std::move(request));
  if (!result) return report(result.error());
  if (write_document(common, *result)) return exit_ok;
  write_out(text_at(*result, "text"));
  return exit_ok;
}

int do_contract_test(const Common& common, const ContractOptions& options,
                     const std::string& data) {
  constexpr Bytes most = MiB(16);
  auto request = request_of(common, "contract.test");
  if (!options.name.empty()) request["name"] = options.name;
  if (!options.object.empty()) request["object"] = options.object;
  if (!options.file.empty()) {
    auto text = read_contract(options.file);
    if (!text) return report(text.error());
    request["path"] = options.file;
    request["text"] = *text;
  }
  auto bytes =
      read_text_file(data, most, "a test", "Test a part of it, or run a pipeline over it.");
  if (!bytes) return report(bytes.error());
  boost::json::object file;
  file["name"] = std::filesystem::path(data).filename().string();
  file["content"] = base64(*bytes);
  request["file"] = std::move(file);
  auto result = ask(common, std::move(request));
  if (!result) return report(result.error());
  const bool good = flag_at(*result, "good");
  if (!write_document(common, *result)) {
    if (const std::string what = text_at(*result, "what"); !what.empty()) {
      write_err(printable(what) + "\n" + text_at(*result, "log") + "\n");
    } else {
      write_out(quality_text(array_at(*result, "quality"), *result, style_of(STDOUT_FILENO).width));
      if (result->contains("references_checked"))
        write_err("References to other objects of the contract were not checked.\n");
    }
  }
  return good ? exit_ok : exit_checks_failed;
}

}  // namespace runink::runi
