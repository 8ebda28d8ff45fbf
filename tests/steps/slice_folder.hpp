// The folders of a slice in a temporary place, and runink-step run on them as a process.
#pragma once

#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "pipeline/step_file.hpp"
#include "steps/engine.hpp"
#include "tests/support/folder.hpp"
#include "vocabulary/codec.hpp"
#include "vocabulary/ensure.hpp"

namespace runink::testing {
namespace fs = std::filesystem;

/// What a process of runink-step left behind.
struct Ended {
  int code = -1;  ///< exit code, or 1000 + signal
  /// Of its memory, and never less than what the test held when it started the process.
  std::int64_t peak_mib = 0;
  std::string log;
  std::vector<boost::json::object> lines;  ///< of the report

  /// The last line of that kind, or an empty object.
  boost::json::object last(std::string_view kind) const {
    boost::json::object found;
    for (const auto& line : lines)
      if (const auto* body = line.if_contains(kind)) found = body->as_object();
    return found;
  }
  std::size_t count(std::string_view kind) const {
    std::size_t n = 0;
    for (const auto& line : lines) n += line.contains(kind) ? 1 : 0;
    return n;
  }
  std::string reason() const {
    const auto failed = last("failed");
    return failed.empty() ? "" : std::string(failed.at("reason").as_string());
  }
  std::string content_hash() const {
    return std::string(last("output").at("content_hash").as_string());
  }
  std::int64_t rows() const { return last("output").at("rows").as_int64(); }
};

class SliceFolder {
 public:
  SliceFolder() {
    for (const char* name : {"in/.runink", "out", "scratch", "volumes/lake", "bundle"})
      fs::create_directories(root_ / name);
  }

  fs::path path(const std::string& below) const { return root_ / below; }
  void write(const std::string& below, const std::string& bytes) const {
    fs::create_directories(path(below).parent_path());
    std::ofstream(path(below), std::ios::binary) << bytes;
  }
  std::string read(const std::string& below) const {
    std::ifstream in(path(below), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  /// Starts `runink-step verb`; its report goes to the file "report".
  pid_t start(const std::string& verb) const {
    write("report", "");
    // The peak that wait4 tells is carried through exec (getrusage(2), ru_maxrss), and posix_spawn
    // execs in our own memory: without this a test that ever held much would be told of itself.
    ::malloc_trim(0);
    std::ofstream("/proc/self/clear_refs") << 5;  // proc(5): forgets our own peak
    std::vector<std::string> environment = {"RUNINK_IN=" + path("in").string(),
                                            "RUNINK_OUT=" + path("out").string(),
                                            "RUNINK_SCRATCH=" + path("scratch").string(),
                                            "RUNINK_VOLUMES=" + path("volumes").string(),
                                            "RUNINK_BUNDLE=" + path("bundle").string(),
                                            "RUNINK_REPORT=" + path("report").string(),
                                            "LANG=C.UTF-8"};
    std::vector<char*> pointers;
    for (std::string& one : environment) pointers.push_back(one.data());
    pointers.push_back(nullptr);
    std::string program = RUNINK_BIN_DIR "/runink-step", argument = verb;
    char* arguments[] = {program.data(), argument.data(), nullptr};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 2, path("log").c_str(), O_WRONLY | O_CREAT | O_TRUNC,
                                     0644);
    pid_t child = -1;
    ENSURE(::posix_spawn(&child, program.c_str(), &actions, nullptr, arguments, pointers.data()) ==
           0);
    posix_spawn_file_actions_destroy(&actions);
    return child;
  }

  /// Until `below` is there, or the process ended without it: then it says so and is false.
  bool appears(const std::string& below, pid_t child) const {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    siginfo_t ended{};
    while (std::chrono::steady_clock::now() < deadline && ended.si_pid == 0) {
      if (fs::exists(path(below))) return true;
      ENSURE(::waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOHANG | WNOWAIT) == 0);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return fs::exists(path(below));
  }

  Ended wait(pid_t child) const {
    int status = 0;
    rusage usage{};
    ENSURE(::wait4(child, &status, 0, &usage) == child);
    Ended ended;
    ended.peak_mib = usage.ru_maxrss / 1024;
    ended.code = WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
    ended.log = read("log");
    std::ifstream report(path("report"));
    for (std::string line; std::getline(report, line);)
      ended.lines.push_back(boost::json::parse(line).as_object());
    return ended;
  }

  Ended run(const pipeline::Step& step, Bytes memory = MiB(256)) const {
    give(step, memory);
    return wait(start("run"));
  }
  void give(const pipeline::Step& step, Bytes memory = MiB(256)) const {
    pipeline::StepFile file;
    file.step = step;
    file.memory_limit = memory;
    write("in/.runink/step", encode(file));
    fs::remove_all(path("out"));
    fs::create_directories(path("out"));
  }

  /// Rows of `sql` as texts; `{}` in it stands for this folder.
  std::string query(std::string sql) const {
    for (auto at = sql.find("{}"); at != std::string::npos; at = sql.find("{}"))
      sql.replace(at, 2, root_.string());
    auto engine = steps::Engine::open({.memory = MiB(256), .folders = {root_.string() + "/"}});
    ENSURE(engine.has_value());
    const auto rows = engine->rows("SELECT columns(*)::VARCHAR FROM (" + sql + ")");
    if (!rows) return "error: " + rows.error().text;
    std::string out;
    for (const auto& row : *rows) {
      if (!out.empty()) out += " / ";
      for (std::size_t c = 0; c < row.size(); ++c) out += (c ? "|" : "") + row[c].value_or("NULL");
    }
    return out;
  }
  /// A Parquet file made of `sql`.
  void make(const std::string& below, const std::string& sql) const {
    fs::create_directories(path(below).parent_path());
    auto engine = steps::Engine::open({.memory = MiB(256), .folders = {root_.string() + "/"}});
    ENSURE(engine.has_value());
    const auto done = engine->execute("COPY (" + sql + ") TO " +
                                      steps::literal(path(below).string()) + " (FORMAT parquet)");
    if (!done) throw std::runtime_error(done.error().text);
  }

 private:
  test::Folder folder_;
  const fs::path root_ = folder_.path;
};

inline pipeline::Step source(pipeline::Format format, const std::string& file,
                             bool from_volume = true) {
  pipeline::Step step;
  step.name = StepName{"trades"};
  pipeline::SourceWork work{format, {{}, file}};
  if (from_volume) work.location.volume = VolumeName{"lake"};
  step.work = work;
  step.outputs = {DatasetName{"trades"}};
  return step;
}
inline pipeline::Step sql(const std::string& text, std::vector<std::string> inputs = {}) {
  pipeline::Step step;
  step.name = StepName{"netted"};
  pipeline::SqlWork work;
  work.text = text;
  step.work = work;
  for (std::string& input : inputs) step.inputs.push_back(DatasetName{std::move(input)});
  step.outputs = {DatasetName{"netted"}};
  return step;
}
inline pipeline::Step sink(pipeline::Format format, const std::string& input) {
  pipeline::Step step;
  step.name = StepName{"report"};
  step.work = pipeline::SinkWork{format, {VolumeName{"lake"}, "report"}};
  step.inputs = {DatasetName{input}};
  return step;
}

}  // namespace runink::testing
