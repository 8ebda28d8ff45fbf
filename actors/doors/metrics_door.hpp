// /metrics for Prometheus, on loopback until there is authentication.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "vocabulary/fault.hpp"

namespace prometheus {
class Registry;
}

namespace runink::actors {

class MetricsDoor {
 public:
  /// Serves `registry` at http://ADDRESS/metrics, ADDRESS being "127.0.0.1:9464", "[::1]:9464" or
  /// "localhost:0" (a free port). Any address that is not loopback is refused.
  static Result<std::unique_ptr<MetricsDoor>> open(const std::string& address,
                                                   std::shared_ptr<prometheus::Registry> registry);
  virtual ~MetricsDoor() = default;
  virtual std::uint16_t port() const = 0;
  /// Ends its threads; after it nothing is served.
  virtual void stop() = 0;
};

}  // namespace runink::actors
