// What the daemon says about itself: one JSON object a line, to stderr, a rotating file or both.
#pragma once

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "vocabulary/fault.hpp"
#include "vocabulary/ids.hpp"
#include "vocabulary/units.hpp"

namespace spdlog {
class logger;
}

namespace runink::actors {

enum class LogLevel : std::uint8_t { debug = 1, info = 2, warning = 3, error = 4 };
/// "debug", "info", "warning" or "error".
Result<LogLevel> log_level_of(std::string_view name);

/// A key with a value that cannot be a row's: an id of ours, a number, or a fault (whose text never
/// quotes values). Texts made by programs have no way in.
class LogField {
 public:
  LogField(const HerdName& herd) : key_("herd"), value_(herd.value) {}
  LogField(const RunId& run) : key_("run"), value_(run.value) {}
  LogField(const StepName& stage) : key_("stage"), value_(stage.value) {}
  LogField(const NodeName& node) : key_("peer"), value_(node.value) {}
  LogField(const PipelineName& pipeline) : key_("pipeline"), value_(pipeline.value) {}
  LogField(const DatasetName& dataset) : key_("dataset"), value_(dataset.value) {}
  LogField(const VolumeName& volume) : key_("volume"), value_(volume.value) {}
  LogField(const RequestId& request) : key_("request"), value_(request.value) {}
  /// run, stage and slice: "<partition>.<attempt>".
  LogField(const AttemptKey& slice) : key_("slice"), value_(slice) {}
  LogField(Term term) : key_("term"), value_(number(term.value)) {}
  LogField(LogIndex index) : key_("index"), value_(number(index.value)) {}
  LogField(const Fault& fault) : key_("fault"), value_(fault) {}
  /// Units in the key, last: "took_us", "size_bytes", "exit_code".
  LogField(std::string_view key, std::int64_t value) : key_(key), value_(value) {}
  /// Words of our own code only: a kind, a state, a signal's name.
  LogField(std::string_view key, std::string_view word) : key_(key), value_(std::string(word)) {}

  void write(std::string& line) const;

 private:
  static std::int64_t number(std::uint64_t value) { return static_cast<std::int64_t>(value); }
  std::string_view key_;
  std::variant<std::int64_t, std::string, AttemptKey, Fault> value_;
};

struct LogOptions {
  LogLevel level = LogLevel::info;
  bool to_stderr = true;
  std::filesystem::path file;  ///< empty: none
  Bytes file_size = MiB(16);   ///< then it is rotated
  std::uint32_t files = 5;
};

/// {"ts": "2026-11-20T08:00:00.000Z", "level": "info", "node": "n1", "msg": ..., fields...}. May be
/// used from every thread. A log that cannot be written loses lines, never stops the node.
class Log {
 public:
  static Result<std::unique_ptr<Log>> open(const NodeName& node, const LogOptions& options);
  /// Writes nothing; for tests.
  static Log& silent();
  ~Log();

  using Fields = std::initializer_list<LogField>;
  void debug(std::string_view message, Fields fields = {}) {
    say(LogLevel::debug, message, fields);
  }
  void info(std::string_view message, Fields fields = {}) { say(LogLevel::info, message, fields); }
  void warn(std::string_view message, Fields fields = {}) {
    say(LogLevel::warning, message, fields);
  }
  void error(std::string_view message, Fields fields = {}) {
    say(LogLevel::error, message, fields);
  }
  void say(LogLevel level, std::string_view message, Fields fields);
  void flush();

 private:
  Log(const NodeName& node, LogLevel level, std::shared_ptr<spdlog::logger> sink);
  std::string prefix_;
  LogLevel level_;
  std::shared_ptr<spdlog::logger> sink_;
};

}  // namespace runink::actors
