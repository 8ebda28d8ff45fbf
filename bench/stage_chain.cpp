// Forty stages one after the other, each a program that does next to nothing: what a stage costs.
#include <unistd.h>

#include "bench/floor.hpp"
#include "bench/support/node.hpp"
#include "bench/support/table.hpp"

int main(int argc, char** argv) {
  using namespace runink::bench;
  namespace json = boost::json;
  const Options options = read_options(argc, argv, 20);
  constexpr int stages = 40;
  constexpr int warm_up = 1;
  Node node(options.folder);
  AdminConnection admin(node.socket());
  const std::string bundle = node.apply_chain(admin, stages);
  const std::string tiny = (programs() / "bench_tiny").string();
  const runink::OwnedFd file(floor_file((node.dir() / "floor").c_str()));
  Row whole{"40 stages, submit -> succeeded", {}, {}, {}};
  Row each{"one stage, start -> next start", {}, {}, {}};
  for (int i = -warm_up; i < options.rounds; ++i) {
    ::usleep(static_cast<unsigned>(options.rest_us));
    std::int64_t floor = 0;
    for (int stage = 0; stage < stages; ++stage) {
      // A commit of the stage, and the next one's program.
      const std::int64_t sync = floor_sync(file.get());
      const std::int64_t launch = floor_launch(tiny.c_str());
      if (sync < 0 || launch < 0) give_up("the floor failed");
      floor += sync + launch;
    }
    ::usleep(static_cast<unsigned>(options.rest_us));
    const json::object made = admin.ask(
        {{"verb", "run"}, {"bundle", bundle}, {"request_id", "round-" + std::to_string(i)}});
    const std::int64_t sent = admin.sent_ns();
    const json::object ended =
        admin.ask({{"verb", "wait"}, {"run", made.at("run").as_object().at("id")}});
    const std::int64_t took = now_ns() - sent;
    std::int64_t before = node.program_began(ended, 0);
    for (std::size_t stage = 1; stage < stages; ++stage) {
      const std::int64_t began = node.program_began(ended, stage);
      if (i >= 0) each.ns.push_back(began - before);
      before = began;
    }
    if (i < 0) continue;
    whole.ns.push_back(took);
    whole.floor_ns.push_back(floor);
  }
  print(
      "stage_chain", options, {whole, each},
      {"40 exec steps, each reading the one before: request written until `wait` answers that the "
       "run succeeded. Goal: 400,000 us.",
       "Its floor: 40 times one append of 512 B with fdatasync and one clone with seven namespaces "
       "and exec.",
       "Each stage also commits its output (file and folder synced, hard-linked) before the "
       "next."});
}
