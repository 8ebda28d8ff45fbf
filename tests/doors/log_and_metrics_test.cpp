#include <arpa/inet.h>
#include <prometheus/counter.h>
#include <prometheus/registry.h>

#include <boost/test/unit_test.hpp>
#include <fstream>

#include "actors/doors/log.hpp"
#include "actors/doors/metrics_door.hpp"
#include "tests/doors/client.hpp"

namespace runink::actors {
namespace {

std::vector<std::string> lines_of(const std::filesystem::path& file) {
  std::vector<std::string> lines;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

struct Written : Folder {
  std::unique_ptr<Log> open(LogOptions options) {
    options.to_stderr = false;
    options.file = path / "node.log";
    auto log = Log::open(NodeName{"n1"}, options);
    BOOST_REQUIRE(log);
    return std::move(*log);
  }
};

BOOST_FIXTURE_TEST_SUITE(log_door, Written)

BOOST_AUTO_TEST_CASE(a_line_is_an_object_with_time_level_node_message_and_ids) {
  auto log = open({});
  AttemptKey slice{{RunId{"4f0c"}, StepName{"netted"}, Partition{2}}, Attempt{1240}};
  log->info("slice ended", {slice, HerdName{"finance"}, LogField("exit_code", 3)});
  log->warn("odd \"quotes\" and\nlines", {Fault{FaultKind::corrupt, "Bytes changed."}});
  log->debug("not at this level");
  auto lines = lines_of(path / "node.log");
  BOOST_REQUIRE(lines.size() == 2u);
  auto first = boost::json::parse(lines[0]).as_object();
  BOOST_TEST(text(first["level"]) == "\"info\"");
  BOOST_TEST(text(first["node"]) == "\"n1\"");
  BOOST_TEST(text(first["msg"]) == "\"slice ended\"");
  BOOST_TEST(text(first["run"]) == "\"4f0c\"");
  BOOST_TEST(text(first["stage"]) == "\"netted\"");
  BOOST_TEST(text(first["slice"]) == "\"2.1240\"");
  BOOST_TEST(text(first["herd"]) == "\"finance\"");
  BOOST_TEST(first["exit_code"].as_int64() == 3);
  BOOST_TEST(first["ts"].as_string().size() == 24u);
  auto second = boost::json::parse(lines[1]).as_object();
  BOOST_TEST(text(second["fault"]) == "\"corrupt\"");
  BOOST_TEST(text(second["what"]) == "\"Bytes changed.\"");
}

BOOST_AUTO_TEST_CASE(a_log_file_is_rotated_at_its_size) {
  LogOptions options;
  options.file_size = KiB(4);
  options.files = 2;
  auto log = open(options);
  for (int i = 0; i < 200; ++i) log->info("a line to fill the file", {LogField("number", i)});
  log->flush();
  std::uintmax_t all = 0;
  int files = 0;
  for (const auto& one : std::filesystem::directory_iterator(path)) {
    all += one.file_size();
    ++files;
  }
  BOOST_TEST(files == 3);
  BOOST_TEST(all <= 3 * 4096u);
}

BOOST_AUTO_TEST_CASE(levels_have_names_and_an_unknown_one_is_told) {
  BOOST_TEST((log_level_of("warning") == LogLevel::warning));
  BOOST_TEST((log_level_of("loud").error().kind == FaultKind::bad_input));
  LogOptions options;
  options.file = "/proc/none/x.log";
  BOOST_TEST(!Log::open(NodeName{"n1"}, options).has_value());
}

BOOST_AUTO_TEST_SUITE_END()

std::string fetched(std::uint16_t port, const std::string& request = "GET /metrics") {
  OwnedFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
    return "no connection";
  const std::string ask = request + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  BOOST_REQUIRE(::send(fd.get(), ask.data(), ask.size(), 0) == static_cast<ssize_t>(ask.size()));
  std::string all;
  char chunk[4096];
  for (ssize_t size = 0; (size = ::recv(fd.get(), chunk, sizeof(chunk), 0)) > 0;)
    all.append(chunk, static_cast<std::size_t>(size));
  return all;
}

BOOST_AUTO_TEST_SUITE(metrics_door)

BOOST_AUTO_TEST_CASE(metrics_are_served_on_a_free_loopback_port_until_they_are_stopped) {
  auto registry = std::make_shared<prometheus::Registry>();
  auto& counter = prometheus::BuildCounter()
                      .Name("runink_test_total")
                      .Help("Counts.")
                      .Register(*registry)
                      .Add({});
  counter.Increment(5);
  auto door = MetricsDoor::open("127.0.0.1:0", {registry});
  BOOST_REQUIRE(door);
  const auto port = (*door)->port();
  BOOST_TEST(fetched(port).find("runink_test_total 5") != std::string::npos);
  auto taken = MetricsDoor::open("127.0.0.1:" + std::to_string(port), {registry});
  BOOST_REQUIRE(!taken);
  BOOST_TEST((taken.error().kind == FaultKind::outside_failed));
  (*door)->stop();
  BOOST_TEST(fetched(port) == "no connection");
}

BOOST_AUTO_TEST_CASE(health_and_readiness_are_told_by_the_status_of_the_answer) {
  bool lives = true;
  int refreshed = 0;
  MetricsSources sources{std::make_shared<prometheus::Registry>()};
  sources.refresh = [&] { ++refreshed; };
  sources.health = [&] { return HealthReport{lives, R"({"status":"ok"})"}; };
  auto door = MetricsDoor::open("127.0.0.1:0", std::move(sources));
  BOOST_REQUIRE(door);
  const auto port = (*door)->port();
  BOOST_TEST(fetched(port, "GET /health").starts_with("HTTP/1.1 200 OK\r\n"));
  BOOST_TEST(fetched(port, "GET /health?full=1").ends_with("{\"status\":\"ok\"}\n"));
  lives = false;
  BOOST_TEST(fetched(port, "GET /health").starts_with("HTTP/1.1 503 "));
  BOOST_TEST(fetched(port, "GET /ready").starts_with("HTTP/1.1 404 "));  // without a source
  BOOST_TEST(fetched(port, "GET /").starts_with("HTTP/1.1 404 "));
  BOOST_TEST(fetched(port, "POST /metrics").starts_with("HTTP/1.1 405 "));
  BOOST_TEST(refreshed == 0);
  BOOST_TEST(fetched(port).starts_with("HTTP/1.1 200 OK\r\n"));
  BOOST_TEST(refreshed == 1);
  const std::string endless(64 * 1024, 'x');  // without an end of its head
  BOOST_TEST(fetched(port, endless).starts_with("HTTP/1.1 405 "));
}

BOOST_AUTO_TEST_CASE(nothing_but_loopback_is_served) {
  auto registry = std::make_shared<prometheus::Registry>();
  for (const char* address : {"0.0.0.0:9464", "10.0.0.1:1", "127.0.0.1", "127.evil.example:80",
                              "[::]:9464", ":9464", "localhost:99999", "localhost:x"}) {
    auto refused = MetricsDoor::open(address, {registry});
    BOOST_REQUIRE_MESSAGE(!refused, address);
    BOOST_TEST((refused.error().kind == FaultKind::bad_input));
  }
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace
}  // namespace runink::actors
