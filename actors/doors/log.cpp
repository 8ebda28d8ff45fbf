#include "actors/doors/log.hpp"

#include <spdlog/logger.h>
#include <spdlog/sinks/null_sink.h>
#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>
#include <boost/json/value.hpp>
#include <vector>

#include "vocabulary/clock.hpp"

namespace runink::actors {
namespace {

constexpr std::string_view names[] = {"debug", "info", "warning", "error"};

std::string_view name_of(LogLevel level) { return names[static_cast<int>(level) - 1]; }

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::debug: return spdlog::level::debug;
    case LogLevel::info: return spdlog::level::info;
    case LogLevel::warning: return spdlog::level::warn;
    case LogLevel::error: return spdlog::level::err;
  }
  return spdlog::level::err;
}

std::string as_json(std::string_view text) {
  return boost::json::serialize(boost::json::value(boost::json::string(text)));
}

void member(std::string& line, std::string_view key, std::string_view text) {
  line.append(",").append(as_json(key)).append(":").append(as_json(text));
}

void member(std::string& line, std::string_view key, std::int64_t number) {
  line.append(",").append(as_json(key)).append(":").append(std::to_string(number));
}

void member(std::string& line, std::string_view, const AttemptKey& slice) {
  member(line, "run", slice.partition.run.value);
  member(line, "stage", slice.partition.step.value);
  member(
      line, "slice",
      std::to_string(slice.partition.partition.value) + "." + std::to_string(slice.attempt.value));
}

void member(std::string& line, std::string_view key, const Fault& fault) {
  member(line, key, to_string(fault.kind));
  member(line, "what", fault.what);
}

}  // namespace

Result<LogLevel> log_level_of(std::string_view name) {
  for (int i = 0; i < 4; ++i)
    if (names[i] == name) return static_cast<LogLevel>(i + 1);
  return fail(FaultKind::bad_input, "There is no log level \"" + std::string(name) +
                                        "\". Use debug, info, warning or error.");
}

void LogField::write(std::string& line) const {
  std::visit([&](const auto& value) { member(line, key_, value); }, value_);
}

Log::Log(const NodeName& node, LogLevel level, std::shared_ptr<spdlog::logger> sink)
    : level_(level), sink_(std::move(sink)) {
  if (!node.value.empty()) member(prefix_, "node", node.value);
}

Log::~Log() { flush(); }

Result<std::unique_ptr<Log>> Log::open(const NodeName& node, const LogOptions& options) {
  std::vector<spdlog::sink_ptr> sinks;
  if (options.to_stderr) sinks.push_back(std::make_shared<spdlog::sinks::stderr_sink_mt>());
  try {
    if (!options.file.empty())
      sinks.push_back(std::make_shared<spdlog::sinks::rotating_file_sink_mt>(
          options.file.string(), options.file_size.value, options.files));
  } catch (const spdlog::spdlog_ex& error) {
    return fail(FaultKind::outside_failed, "The log file " + options.file.string() +
                                               " cannot be opened: " + error.what() + ".");
  }
  auto sink = std::make_shared<spdlog::logger>("runink", sinks.begin(), sinks.end());
  sink->set_pattern("%v");
  sink->set_level(spdlog_level(options.level));
  sink->flush_on(spdlog::level::info);
  sink->set_error_handler([](const std::string&) {});  // a full disk must not fill stderr as well
  return std::unique_ptr<Log>(new Log(node, options.level, std::move(sink)));
}

Log& Log::silent() {
  static Log none(
      NodeName{}, LogLevel::error,
      std::make_shared<spdlog::logger>("silent", std::make_shared<spdlog::sinks::null_sink_mt>()));
  return none;
}

void Log::say(LogLevel level, std::string_view message, Fields fields) {
  if (level < level_) return;
  std::string line = "{\"ts\":" + as_json(to_rfc3339(real_clock().wall()));
  member(line, "level", name_of(level));
  line += prefix_;
  member(line, "msg", message);
  for (const LogField& one : fields) one.write(line);
  line += "}";
  sink_->log(spdlog_level(level), line);
}

void Log::flush() { sink_->flush(); }

}  // namespace runink::actors
