// One line of the admin protocol, read and written: docs/PROTOCOL.md. Knows nothing of sockets.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "vocabulary/fault.hpp"
#include "vocabulary/units.hpp"

namespace runink::actors {

struct AdminLine {
  boost::json::value id;  ///< null when the line has none that can be used
  std::string verb;
  boost::json::object body;
  std::optional<Duration> timeout;  ///< what `timeout_ms` says
};

/// What one can read of a line, and why it is no request, if it is none: then `id` still is what
/// the answer should bear.
struct AdminReading {
  AdminLine line;
  std::optional<Fault> mistake;
};
AdminReading read_admin_line(std::string_view text);

/// True when the request follows something, and so has no deadline of its own.
bool follows(const AdminLine& line);

/// The answers, each a whole line.
std::string result_line(const boost::json::value& id, boost::json::value result);
std::string event_line(const boost::json::value& id, boost::json::value event);
std::string error_line(const boost::json::value& id, const Fault& fault,
                       boost::json::array diagnostics = {});

}  // namespace runink::actors
