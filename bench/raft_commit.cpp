// Durable commands through the admin door: from the line that asks to the line that says it is agreed.
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "bench/floor.hpp"
#include "bench/raft_commit_three.hpp"
#include "bench/support/node.hpp"
#include "bench/support/table.hpp"

namespace runink::bench {
namespace {
namespace json = boost::json;

json::object herd(int client, int number) {
  // Another description each time, or nothing would have to be agreed on.
  const std::string name = "client" + std::to_string(client);
  const std::string text = "herd = \"" + name + "\"\ndescription = \"" + std::string(160, 'x') +
                           std::to_string(number) + "\"\n";
  return {{"verb", "apply"}, {"herd_file", json::object{{"path", name + ".toml"}, {"text", text}}}};
}

/// Each client is a connection and a thread of this process, one command at a time.
Row with_clients(const std::string& socket, int clients, int rounds) {
  std::vector<std::vector<std::int64_t>> took(static_cast<std::size_t>(clients));
  std::atomic<bool> go = false;
  std::vector<std::thread> threads;
  for (int client = 0; client < clients; ++client) {
    threads.emplace_back([&, client] {
      AdminConnection admin(socket);
      admin.ask(herd(client, -clients));
      go.wait(false);
      for (int i = 0; i < rounds; ++i) {
        const json::object done = admin.ask(herd(client, i + clients * rounds));
        const std::int64_t end = now_ns();
        if (!done.at("changed").as_bool()) give_up("a command changed nothing: nothing was agreed");
        took[static_cast<std::size_t>(client)].push_back(end - admin.sent_ns());
      }
    });
  }
  const std::int64_t before = now_ns();
  go = true;
  go.notify_all();
  for (std::thread& thread : threads) thread.join();
  const double seconds = static_cast<double>(now_ns() - before) / 1e9;
  Row row{std::to_string(clients) + (clients == 1 ? " client" : " clients"), {}, {}, {}};
  for (const auto& one : took) row.ns.insert(row.ns.end(), one.begin(), one.end());
  row.more.emplace_back("per_second", static_cast<double>(row.ns.size()) / seconds);
  return row;
}

}  // namespace
}  // namespace runink::bench

int main(int argc, char** argv) {
  using namespace runink::bench;
  Options options = read_options(argc, argv, 3000);
  if (options.mode == "tls" || options.mode == "plain") {
    if (!options.rounds_given) options.rounds = 3;
    raft_commit_of_three(options);
    return 0;
  }
  if (options.mode != "one") give_up("-m is one (the default), tls or plain");
  Node node(options.folder);
  const runink::OwnedFd file(floor_file((node.dir() / "floor").c_str()));
  std::vector<Row> rows;
  for (const int clients : {1, 16, 64, 256}) {
    std::vector<std::int64_t> floor;
    for (int i = 0; i < std::min(options.rounds, 500); ++i) {
      floor.push_back(floor_sync(file.get()));
      if (floor.back() < 0) give_up("the floor failed");
    }
    // One client waits for the disk each time: a quarter of the rounds says the same.
    const int each = std::max(1, clients == 1 ? options.rounds / 4 : options.rounds / clients);
    Row row = with_clients(node.socket(), clients, each);
    row.floor_ns = std::move(floor);
    rows.push_back(std::move(row));
  }
  print(
      "raft_commit", options, rows,
      {"`apply` of a herd file (about 256 B) over the admin socket until its result is read; the "
       "command is in the log on disk, applied, answered.",
       "The JSON door is in it, on both sides: this process makes and parses lines on the same "
       "cores. One voter.",
       "The floor is one writer that appends 512 B with fdatasync, one after the other. Connection "
       "and first command of each client are not measured, but clients connect while others "
       "wait."});
}
