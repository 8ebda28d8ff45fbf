#include "tests/contracts/reference_verdicts.hpp"

#include <boost/json.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "governance/odcs_check.hpp"
#include "tests/support/folder.hpp"
#include "vocabulary/text.hpp"

namespace runink::governance::test {
namespace {

const std::string modules = RUNINK_SOURCE_DIR "/.data/odcs-reference";
const std::string script = RUNINK_SOURCE_DIR "/tests/contracts/reference/verdicts.mjs";
const std::string schema = RUNINK_SOURCE_DIR "/tests/data/odcs/odcs-json-schema-v3.1.0.json";

}  // namespace

std::string why_no_reference() {
  if (std::system("node --version >/dev/null 2>&1") != 0)
    return "there is no node to run ajv with (Debian package nodejs)";
  if (!std::filesystem::exists(modules + "/node_modules/ajv/package.json"))
    return "ajv is not in .data/odcs-reference; tools/setup fetches it";
  return {};
}

std::vector<std::optional<std::string>> reference_verdicts(const std::vector<std::string>& texts) {
  const runink::test::Folder folder;
  {
    std::ofstream in{folder / "texts.json", std::ios::binary};
    for (std::size_t i = 0; i < texts.size(); ++i)
      in << (i == 0 ? "[" : ",\n") << json_string(texts[i]);
    in << (texts.empty() ? "[]" : "]");
  }
  const std::string command = "node '" + script + "' '" + modules + "' '" + schema + "' <'" +
                              folder / "texts.json" + "' >'" + folder / "verdicts.json" + "'";
  const int status = std::system(command.c_str());
  const std::string answer = runink::test::content(folder / "verdicts.json");
  if (status != 0) throw std::runtime_error("node failed with status " + std::to_string(status));
  std::vector<std::optional<std::string>> verdicts;
  const boost::json::value all = boost::json::parse(answer);
  for (const auto& one : all.as_array())
    verdicts.push_back(one.is_null() ? std::nullopt : std::optional(std::string(one.as_string())));
  return verdicts;
}

std::vector<std::optional<std::string>> own_verdicts(const std::vector<std::string>& texts) {
  std::vector<std::optional<std::string>> verdicts;
  for (const std::string& text : texts) {
    const SourceText source{"contract.odcs.yaml", text};
    Mistakes mistakes{source};
    if (const auto tree = read_yaml(source, mistakes)) check_odcs(*tree, mistakes);
    const Diagnostics all = mistakes.diagnostics();
    if (mistakes.failed())
      verdicts.emplace_back(std::to_string(all.list.front().line) + ": " +
                            all.list.front().message);
    else
      verdicts.emplace_back(std::nullopt);
  }
  return verdicts;
}

}  // namespace runink::governance::test
