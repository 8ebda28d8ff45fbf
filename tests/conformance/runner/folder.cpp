#include "runner/folder.hpp"

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include "checker/published_logs.hpp"
#include "runner/directives.hpp"
#include "runner/interaction.hpp"
#include "runner/tables.hpp"

namespace runink::conformance {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t files_most = 10'000;

/// The files with this ending below `part`, by name; nothing when there is no such part.
Result<std::vector<fs::path>> files_of(const fs::path& part, std::string_view ending) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::recursive_directory_iterator it(part, error), end; !error && it != end;
       it.increment(error)) {
    std::error_code unknown;  // a link to nowhere is no file
    if (!it->is_regular_file(unknown) || it->path().extension() != ending) continue;
    files.push_back(it->path());
    if (files.size() > files_most)
      return fail(FaultKind::exhausted, part.string() + " has more than 10000 files.");
  }
  if (error && error != std::errc::no_such_file_or_directory)
    return fail(FaultKind::outside_failed, part.string() + ": " + error.message() + ".");
  std::ranges::sort(files);
  return files;
}

using Run = FileReport (*)(std::istream&, const std::string&);

FileReport run_whole_script(std::istream& in, const std::string& file) {
  return run_script(in, file);
}

FileReport run_file(const fs::path& folder, const fs::path& file, Run run) {
  const std::string name = file.lexically_relative(folder).string();
  std::error_code error;
  if (fs::file_size(file, error) > file_bytes_most && !error)
    return {name, {}, {name + " is larger than 4 MiB."}, {}};
  std::ifstream in(file);
  if (!in) return {name, {}, {name + " cannot be read."}, {}};
  return run(in, name);
}

FileReport judge_history(const fs::path& folder, const linearizability::Labelled& one) {
  FileReport report{"linearizability/" + one.file, {}, {}, {}};
  std::error_code error;
  constexpr std::uintmax_t bytes_most = 64u << 20;
  const fs::path path(one.file);
  const bool outside = std::ranges::find(path, fs::path("..")) != path.end();
  if (outside || !fs::is_regular_file(folder / path, error) ||
      fs::file_size(folder / path, error) > bytes_most) {
    report.failures.push_back(report.file + " is no file of this folder of at most 64 MiB.");
    return report;
  }
  const auto judgement = judge(folder, one);
  report.what = to_string(one.verdict);
  if (!judgement)
    report.failures.push_back(judgement.error().what);
  else if (judgement->verdict != one.verdict)
    report.failures.push_back(report.file + ":1: it is " +
                              std::string(to_string(judgement->verdict)) + ", not " +
                              std::string(to_string(one.verdict)) + ". " + judgement->why);
  return report;
}

/// Every history that has a verdict, and every one that has none: that is a failure.
Result<std::size_t> run_histories(const fs::path& folder,
                                  const std::function<void(const FileReport&)>& report) {
  std::vector<fs::path> logs;
  for (const auto& [part, ending] : {std::pair{"jepsen", ".log"}, std::pair{"kv", ".txt"}}) {
    const auto found = files_of(folder / part, ending);
    if (!found) return std::unexpected(found.error());
    logs.insert(logs.end(), found->begin(), found->end());
  }
  std::error_code error;
  if (logs.empty() && !fs::exists(folder / "verdicts.txt", error)) return 0;
  const auto labelled = linearizability::read_verdicts(folder);
  if (!labelled) {
    report({"linearizability/verdicts.txt", {}, {labelled.error().what}, {}});
    return logs.size() + 1;
  }
  std::size_t count = labelled->size();
  for (const auto& one : *labelled) report(judge_history(folder, one));
  for (const fs::path& log : logs) {
    const std::string name = log.lexically_relative(folder).string();
    if (std::ranges::any_of(*labelled, [&](const auto& one) { return one.file == name; })) continue;
    report({"linearizability/" + name, {}, {name + " has no verdict in verdicts.txt."}, {}});
    ++count;
  }
  return count;
}

}  // namespace

Result<void> run_folder(const fs::path& folder,
                        const std::function<void(const FileReport&)>& report) {
  struct Part {
    const char* name;
    Run run;
  };
  constexpr Part parts[] = {{"raft/quorum", run_quorum_table},
                            {"raft/confchange", run_change_table},
                            {"raft/interaction", run_whole_script}};
  std::size_t count = 0;
  for (const Part& part : parts) {
    const auto files = files_of(folder / part.name, ".txt");
    if (!files) return std::unexpected(files.error());
    for (const fs::path& file : *files) report(run_file(folder, file, part.run));
    count += files->size();
  }
  const auto histories = run_histories(folder / "linearizability", report);
  if (!histories) return std::unexpected(histories.error());
  if (count + *histories == 0)
    return fail(FaultKind::no_such_thing,
                folder.string() +
                    " has no file in raft/quorum, raft/confchange, raft/interaction or "
                    "linearizability. Name the folder that holds these.");
  return {};
}

}  // namespace runink::conformance
