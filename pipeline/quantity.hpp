// Quantities and moments as people write them.
#pragma once

#include <string>
#include <string_view>

#include "vocabulary/fault.hpp"
#include "vocabulary/units.hpp"

namespace runink::pipeline {

/// Kubernetes: "500m", "2", "0.5" (at most three decimals).
Result<MilliCpu> parse_cpu(std::string_view text);
/// Kubernetes: "1048576", "512Ki", "512Mi", "2Gi", "1Ti", decimal "k", "M", "G", "T".
Result<Bytes> parse_bytes(std::string_view text);
/// "500ms", "5m", "1h30m", "7d": whole numbers with ms, s, m, h, d, larger units first.
Result<Duration> parse_duration(std::string_view text);

/// "2" or "500m"; "512Mi" or bytes; "1h30m".
std::string to_text(MilliCpu cpu);
std::string to_text(Bytes bytes);
std::string to_text(Duration duration);

/// "2026-11-20" (midnight UTC) or RFC 3339 with an offset, "2026-11-20T08:00:00.5+01:00"; years
/// 0001 to 9999.
Result<WallTime> parse_moment(std::string_view text);
/// Airflow's `ds`: "2026-11-20".
std::string date_text(WallTime time);
/// Airflow's `ts`: ISO 8601 in UTC, "2026-11-20T08:00:00+00:00", with microseconds if there are
/// any.
std::string moment_text(WallTime time);

}  // namespace runink::pipeline
