// Quantities as people write them: Kubernetes' for cpu and bytes, unit suffixes for time.
#pragma once

#include <string_view>

#include "vocabulary/fault.hpp"
#include "vocabulary/units.hpp"

namespace runink::config {

/// "4", "0.5" (at most three decimals) or "500m".
Result<MilliCpu> parse_cpu(std::string_view text);

/// "1048576", "512Ki", "512Mi", "16Gi", "1Ti", or decimal "k", "M", "G", "T".
Result<Bytes> parse_bytes(std::string_view text);

/// "250us", "1500ms", "60s", "5m", "2h".
Result<Duration> parse_duration(std::string_view text);

}  // namespace runink::config
