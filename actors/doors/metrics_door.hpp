// /metrics for Prometheus, /health and /ready for whoever watches the node; on loopback until there is
// authentication.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "vocabulary/fault.hpp"

namespace prometheus {
class Registry;
}

namespace runink::actors {

/// One answer to /health or /ready: 200 when `good`, else 503; `body` is JSON.
struct HealthReport {
  bool good = false;
  std::string body;
};

/// What the door asks. Each is called on the door's own thread and may take a second or two.
struct MetricsSources {
  std::shared_ptr<prometheus::Registry> registry;
  std::function<void()> refresh = {};  ///< before /metrics: what is only looked up when asked
  std::function<HealthReport()> health = {};  ///< do its threads still turn?
  std::function<HealthReport()> ready = {};   ///< does it serve?
};

class MetricsDoor {
 public:
  /// Serves http://ADDRESS/metrics, and /health and /ready when there are sources for them. ADDRESS is
  /// "127.0.0.1:9464", "[::1]:9464" or "localhost:0" (a free port). Any address that is not loopback is
  /// refused.
  static Result<std::unique_ptr<MetricsDoor>> open(const std::string& address,
                                                   MetricsSources sources);
  virtual ~MetricsDoor() = default;
  virtual std::uint16_t port() const = 0;
  /// Ends its thread; after it nothing is served.
  virtual void stop() = 0;
};

}  // namespace runink::actors
