// What a node costs that has nothing to do.
#include <unistd.h>

#include <string>

#include "bench/floor.hpp"
#include "bench/support/node.hpp"
#include "bench/support/process.hpp"
#include "bench/support/table.hpp"

namespace runink::bench {
namespace {

struct Watched {
  std::string name;
  pid_t pid;
  std::int64_t cpu_before = 0;
};

}  // namespace
}  // namespace runink::bench

int main(int argc, char** argv) {
  using namespace runink::bench;
  const Options options = read_options(argc, argv, 20);  // seconds
  Node node(options.folder);
  AdminConnection admin(node.socket());
  const std::string bundle = node.apply_chain(admin, 1);
  const auto made =
      admin.ask({{"verb", "run"}, {"bundle", bundle}, {"request_id", "before-the-quiet"}});
  admin.ask({{"verb", "wait"}, {"run", made.at("run").as_object().at("id")}});
  ::sleep(options.rounds < 3 ? 0 : 2);
  Watched all[] = {{"runinkd", node.pid()}, {"runink-spawner", node.spawner_pid()}};
  const std::int64_t before = now_ns();
  for (Watched& one : all) one.cpu_before = cpu_ns(one.pid);
  ::sleep(static_cast<unsigned>(options.rounds));
  const double wall_ns = static_cast<double>(now_ns() - before);
  std::vector<Row> rows;
  for (const Watched& one : all) {
    const double percent = 100 * static_cast<double>(cpu_ns(one.pid) - one.cpu_before) / wall_ns;
    rows.push_back({one.name,
                    {},
                    {},
                    {{"rss_mib", status_mib(one.pid, "VmRSS")},
                     {"rss_anonymous_mib", status_mib(one.pid, "RssAnon")},
                     {"cpu_percent", percent}}});
  }
  print("idle", options, rows,
        {"A node after one run, " + std::to_string(options.rounds) +
             " s without a request: VmRSS, and CPU time of all threads by schedstat.",
         "Goals for runinkd: 60 MiB, 0.5 % of a core."});
}
