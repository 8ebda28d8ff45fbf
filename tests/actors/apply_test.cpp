// The verb `apply` where a node's disk threads have all they can do.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <latch>

#include "actors/service/admin_service.hpp"
#include "tests/actors/cluster_harness.hpp"
#include "vocabulary/limits.hpp"

namespace runink::actors::testing {
namespace {

struct NoStream final : AdminStream {
  boost::asio::awaitable<void> event(boost::json::value) override { co_return; }
  void diagnostics(boost::json::array) override {}
};

AdminRequest apply_of(const std::string& text) {
  AdminRequest request;
  request.caller.name = "ada";
  request.verb = "apply";
  request.body = {
      {"id", 1}, {"verb", "apply"}, {"herd_file", {{"path", "a.herd.toml"}, {"text", text}}}};
  return request;
}

BOOST_AUTO_TEST_SUITE(applying)

// Each small herd file waited for a disk thread, behind what others had to write.
BOOST_AUTO_TEST_CASE(a_small_herd_file_waits_for_no_disk_thread_and_a_large_one_does) {
  const TempFolder folder;
  Cluster cluster(folder.path / "data");
  cluster.look();  // it leads
  std::latch released(1);
  for (int job = 0; job < 16; ++job)  // more than there are threads
    BOOST_REQUIRE(cluster.ground.disk->submit([&] { released.wait(); }).has_value());

  boost::asio::io_context io{1};
  std::optional<Result<boost::json::value>> small, large;
  {
    co::AsioGate gate(*cluster.ground.system);
    AdminService service(*cluster.ground.services, gate, {.cluster = cluster.state}, nullptr,
                         Log::silent());
    NoStream stream;
    const auto apply = [&](const std::string& text,
                           std::optional<Result<boost::json::value>>& answer) {
      boost::asio::co_spawn(io, service.handle(apply_of(text), stream),
                            [&](std::exception_ptr thrown, Result<boost::json::value> value) {
                              BOOST_TEST(!thrown);
                              answer.emplace(std::move(value));
                              io.stop();
                            });
    };
    const auto comment = [](std::uint64_t bytes) { return std::string(bytes, '#') + "\n"; };
    apply("herd = \"risk\"\n" + comment(limits::herd_file_at_once.value), large);
    apply("herd = \"finance\"\n" + comment(limits::herd_file_at_once.value - 100), small);
    io.run_for(patience);
    BOOST_TEST(small.has_value());
    BOOST_TEST(!large.has_value());
    released.count_down();
    for (const auto* one : {&small, &large}) {
      io.restart();
      if (!*one) io.run_for(patience);
      BOOST_REQUIRE(one->has_value());
      BOOST_TEST((*one)->has_value());
    }
  }
  cluster.stop();
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace runink::actors::testing
