#include "actors/doors/metrics_door.hpp"

#include <arpa/inet.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <thread>
#include <tuple>
#include <utility>

namespace runink::actors {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

/// Of a request: only its first line is read; more than this is no request of a scraper.
constexpr std::size_t request_most = 8 * 1024;
/// From the connection to the last byte of the answer.
constexpr auto request_patience = std::chrono::seconds(10);
constexpr int connections_most = 16;
/// How long the door rests when the process has no descriptor left.
constexpr auto door_rest = std::chrono::milliseconds(50);

struct Endpoint {
  std::string host;
  std::uint16_t port = 0;
};

/// Every way to say loopback that is served; nothing for anything else.
std::optional<Endpoint> loopback(const std::string& address) {
  const auto colon = address.rfind(':');
  if (colon == std::string::npos) return {};
  const std::string host = address.substr(0, colon);
  const std::string_view digits = std::string_view(address).substr(colon + 1);
  std::uint16_t port = 0;
  const auto read = std::from_chars(digits.begin(), digits.end(), port);
  if (read.ec != std::errc{} || read.ptr != digits.end()) return {};
  if (host == "[::1]" || host == "::1") return Endpoint{"::1", port};
  if (host == "localhost") return Endpoint{"127.0.0.1", port};
  in_addr number{};
  if (::inet_pton(AF_INET, host.c_str(), &number) == 1 && (ntohl(number.s_addr) >> 24) == 127)
    return Endpoint{host, port};
  return {};
}

std::string http_answer(std::string_view status, std::string_view type, std::string_view body) {
  return "HTTP/1.1 " + std::string(status) + "\r\nContent-Type: " + std::string(type) +
         "\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n" + std::string(body);
}

/// A door with a thread of its own: it answers also when the rest of the node does not.
class HttpDoor final : public MetricsDoor {
 public:
  explicit HttpDoor(MetricsSources sources) : sources_(std::move(sources)), acceptor_(io_) {}
  ~HttpDoor() override { stop(); }

  error_code listen(const Endpoint& at) {
    error_code error;
    const tcp::endpoint endpoint(asio::ip::make_address(at.host, error), at.port);
    if (!error) acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) return error;
    port_ = acceptor_.local_endpoint(error).port();
    asio::co_spawn(io_, accept(), asio::detached);
    thread_ = std::thread([this] { io_.run(); });
    return error;
  }
  std::uint16_t port() const override { return port_; }
  void stop() override {
    io_.stop();
    if (thread_.joinable()) thread_.join();
    error_code ignored;
    acceptor_.close(ignored);
  }

 private:
  asio::awaitable<void> accept();
  asio::awaitable<void> serve(tcp::socket accepted);
  std::string answer_to(std::string_view request) const;

  MetricsSources sources_;
  asio::io_context io_{1};
  tcp::acceptor acceptor_;
  int connections_ = 0;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

asio::awaitable<void> HttpDoor::accept() {
  asio::steady_timer pause(io_);
  for (;;) {
    auto [error, socket] = co_await acceptor_.async_accept(asio::as_tuple(asio::use_awaitable));
    if (error) {
      pause.expires_after(door_rest);
      co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
    } else if (connections_ < connections_most) {
      ++connections_;
      asio::co_spawn(io_, serve(std::move(socket)), [this](std::exception_ptr) { --connections_; });
    }
  }
}

asio::awaitable<void> HttpDoor::serve(tcp::socket accepted) {
  const auto shared = std::make_shared<tcp::socket>(std::move(accepted));
  tcp::socket& socket = *shared;
  asio::steady_timer deadline(io_, request_patience);
  // It may run when this has ended: cancelling does not take back what is due in the same turn.
  deadline.async_wait([late = std::weak_ptr(shared)](error_code cancelled) {
    error_code ignored;
    if (const auto still = late.lock(); still && !cancelled) still->close(ignored);
  });
  std::string request;
  char part[2048];
  while (request.find("\r\n\r\n") == std::string::npos && request.size() < request_most) {
    auto [error, size] =
        co_await socket.async_read_some(asio::buffer(part), asio::as_tuple(asio::use_awaitable));
    if (error) co_return;
    request.append(part, size);
  }
  const std::string answer = answer_to(request);
  co_await asio::async_write(socket, asio::buffer(answer), asio::as_tuple(asio::use_awaitable));
  error_code ignored;
  socket.shutdown(tcp::socket::shutdown_send, ignored);
  // Until the other side has read it and closes: closed at once, what it sent besides would reset it.
  while (!std::get<0>(
      co_await socket.async_read_some(asio::buffer(part), asio::as_tuple(asio::use_awaitable)))) {
  }
}

std::string HttpDoor::answer_to(std::string_view request) const {
  constexpr std::string_view plain = "text/plain; charset=utf-8";
  const auto first = request.substr(0, request.find("\r\n"));
  const auto method = first.substr(0, first.find(' '));
  if (method != "GET" && method != "HEAD")
    return http_answer("405 Method Not Allowed", plain, "Only GET is served here.\n");
  auto path = first.substr(std::min(first.size(), method.size() + 1));
  path = path.substr(0, path.find_first_of(" ?"));
  const auto report = [&](const std::function<HealthReport()>& source) {
    const HealthReport one = source();
    return http_answer(one.good ? "200 OK" : "503 Service Unavailable", "application/json",
                       one.body + "\n");
  };
  if (path == "/metrics") {
    if (sources_.refresh) sources_.refresh();
    return http_answer("200 OK", "text/plain; version=0.0.4; charset=utf-8",
                       prometheus::TextSerializer().Serialize(sources_.registry->Collect()));
  }
  if (path == "/health" && sources_.health) return report(sources_.health);
  if (path == "/ready" && sources_.ready) return report(sources_.ready);
  return http_answer("404 Not Found", plain, "Here are /metrics, /health and /ready.\n");
}

}  // namespace

Result<std::unique_ptr<MetricsDoor>> MetricsDoor::open(const std::string& address,
                                                       MetricsSources sources) {
  const auto local = loopback(address);
  if (!local)
    return fail(FaultKind::bad_input,
                "Metrics cannot be served on \"" + address +
                    "\": only loopback has no need of authentication. Use 127.0.0.1:PORT.");
  auto door = std::make_unique<HttpDoor>(std::move(sources));
  if (const error_code error = door->listen(*local))
    return fail(FaultKind::outside_failed,
                "Metrics cannot be served on " + address + ": " + error.message() +
                    ". Choose another port with `metrics` in the cluster file.");
  return door;
}

}  // namespace runink::actors
