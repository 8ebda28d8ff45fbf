#include "actors/doors/metrics_door.hpp"

#include <arpa/inet.h>
#include <prometheus/exposer.h>
#include <prometheus/registry.h>

#include <charconv>
#include <exception>

namespace runink::actors {
namespace {

class ExposedMetrics final : public MetricsDoor {
 public:
  ExposedMetrics(const std::string& address, std::shared_ptr<prometheus::Registry> registry)
      : registry_(std::move(registry)),
        exposer_(std::make_unique<prometheus::Exposer>(address, 1)) {
    exposer_->RegisterCollectable(registry_, "/metrics");
    port_ = static_cast<std::uint16_t>(exposer_->GetListeningPorts().at(0));
  }
  std::uint16_t port() const override { return port_; }
  void stop() override { exposer_.reset(); }

 private:
  std::shared_ptr<prometheus::Registry> registry_;
  std::unique_ptr<prometheus::Exposer> exposer_;
  std::uint16_t port_ = 0;
};

/// "127.0.0.1:PORT" for every way to say loopback that is served; empty for anything else.
std::string loopback(const std::string& address) {
  const auto colon = address.rfind(':');
  if (colon == std::string::npos) return {};
  const std::string host = address.substr(0, colon);
  const std::string_view digits = std::string_view(address).substr(colon + 1);
  std::uint16_t port = 0;
  const auto read = std::from_chars(digits.begin(), digits.end(), port);
  if (read.ec != std::errc{} || read.ptr != digits.end()) return {};
  if (host == "[::1]" || host == "::1") return "[::1]:" + std::to_string(port);
  if (host == "localhost") return "127.0.0.1:" + std::to_string(port);
  in_addr number{};
  if (::inet_pton(AF_INET, host.c_str(), &number) == 1 && (ntohl(number.s_addr) >> 24) == 127)
    return host + ":" + std::to_string(port);
  return {};
}

}  // namespace

Result<std::unique_ptr<MetricsDoor>> MetricsDoor::open(
    const std::string& address, std::shared_ptr<prometheus::Registry> registry) {
  const std::string local = loopback(address);
  if (local.empty())
    return fail(FaultKind::bad_input,
                "Metrics cannot be served on \"" + address +
                    "\": only loopback has no need of authentication. Use 127.0.0.1:PORT.");
  try {
    return std::make_unique<ExposedMetrics>(local, std::move(registry));
  } catch (const std::exception&) {
    return fail(FaultKind::outside_failed,
                "Metrics cannot be served on " + local +
                    ": the address is in use or not on this machine. Choose another port with "
                    "`metrics` in the cluster file.");
  }
}

}  // namespace runink::actors
