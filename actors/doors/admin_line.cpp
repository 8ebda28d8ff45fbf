#include "actors/doors/admin_line.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "actors/doors/admin_handler.hpp"
#include "vocabulary/limits.hpp"

namespace runink::actors {
namespace {

constexpr std::size_t depth = 32;
constexpr std::size_t id_bytes = 64;

std::string line_of(const boost::json::value& id, std::string_view member,
                    boost::json::value value) {
  boost::json::object whole;
  whole["id"] = id;
  whole[member] = std::move(value);
  std::string line = boost::json::serialize(whole);
  line += '\n';
  return line;
}

Fault mistake(std::string what) { return {FaultKind::bad_input, std::move(what)}; }

bool usable_id(const boost::json::value& id) {
  return id.is_int64() || id.is_uint64() || (id.is_string() && id.get_string().size() <= id_bytes);
}

std::optional<Fault> read_timeout(AdminLine& line) {
  const auto* given = line.body.if_contains("timeout_ms");
  if (!given) return {};
  boost::json::error_code error;
  const auto value = given->to_number<std::int64_t>(error);
  if (error || value < 1 || milliseconds(value) > limits::timeout_longest)
    return mistake("`timeout_ms` must be a whole number from 1 to " +
                   std::to_string(limits::timeout_longest.ns / 1'000'000) + ".");
  line.timeout = milliseconds(value);
  return {};
}

}  // namespace

AdminReading read_admin_line(std::string_view text) {
  AdminReading reading;
  boost::json::parse_options options;
  options.max_depth = depth;
  boost::json::error_code error;
  auto parsed = boost::json::parse(text, error, {}, options);
  if (error) {
    reading.mistake = mistake("The line is not a JSON object: " + error.message() +
                              ". Send one JSON object a line (docs/PROTOCOL.md).");
    return reading;
  }
  if (!parsed.is_object()) {
    reading.mistake = mistake(
        "The line is JSON, but no object. A request looks like "
        "{\"id\":1,\"verb\":\"version\"}.");
    return reading;
  }
  AdminLine& line = reading.line;
  line.body = std::move(parsed.get_object());
  if (const auto* id = line.body.if_contains("id"); id && usable_id(*id)) {
    line.id = *id;
  } else {
    reading.mistake = mistake(
        "A request needs an `id`: a whole number, or a text of at most 64 "
        "bytes.");
    return reading;
  }
  const auto* verb = line.body.if_contains("verb");
  if (!verb || !verb->is_string() || verb->get_string().empty() ||
      verb->get_string().size() > limits::name_bytes) {
    reading.mistake = mistake("A request needs a `verb`, as {\"id\":1,\"verb\":\"version\"}.");
    return reading;
  }
  line.verb = std::string(verb->get_string());
  reading.mistake = read_timeout(line);
  return reading;
}

bool follows(const AdminLine& line) {
  if (line.verb == "follow" || line.verb == "wait" || line.verb == "kv.watch") return true;
  const auto* flag = line.body.if_contains("follow");
  return line.verb == "logs" && flag && flag->is_bool() && flag->get_bool();
}

std::string result_line(const boost::json::value& id, boost::json::value result) {
  return line_of(id, "result", std::move(result));
}

std::string event_line(const boost::json::value& id, boost::json::value event) {
  return line_of(id, "event", std::move(event));
}

std::string error_line(const boost::json::value& id, const Fault& fault,
                       boost::json::array diagnostics) {
  boost::json::object error;
  error["kind"] = to_string(fault.kind);
  error["message"] = fault.what;
  error["exit"] = exit_code_of(fault.kind);
  if (!diagnostics.empty()) error["diagnostics"] = std::move(diagnostics);
  return line_of(id, "error", std::move(error));
}

int exit_code_of(FaultKind kind) {
  switch (kind) {
    case FaultKind::not_allowed: return 3;
    case FaultKind::no_such_thing: return 4;
    case FaultKind::conflict:
    case FaultKind::out_of_date:
    case FaultKind::session_expired: return 5;
    case FaultKind::refused:
    case FaultKind::exhausted: return 6;
    case FaultKind::out_of_time: return 7;
    case FaultKind::bad_input:
    case FaultKind::not_leader:
    case FaultKind::corrupt:
    case FaultKind::outside_failed:
    case FaultKind::unknown_outcome: return 1;
  }
  return 1;
}

}  // namespace runink::actors
