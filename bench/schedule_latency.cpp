// From a submitted run to the first instruction of its program, and a launch alone, each beside its
// floor, in turns.
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "bench/floor.hpp"
#include "bench/support/node.hpp"
#include "bench/support/process.hpp"
#include "bench/support/table.hpp"
#include "isolation/isolation.hpp"

namespace runink::bench {
namespace {
namespace fs = std::filesystem;
namespace json = boost::json;

constexpr int warm_up = 5;

/// What a deed left to clean up is not the next one's time; the same for the product and the floor.
void rest(const Options& options) { ::usleep(static_cast<unsigned>(options.rest_us)); }

std::int64_t checked(std::int64_t ns, const char* what) {
  if (ns < 0) give_up(std::string(what) + " failed");
  return ns;
}

/// What a submitted run costs without us: one durable append, one program in new namespaces.
std::int64_t floor_of_both(int fd, const std::string& program) {
  return checked(floor_sync(fd), "fdatasync") +
         checked(floor_launch(program.c_str()), "clone with seven namespaces");
}

json::object run_once(AdminConnection& admin, const std::string& bundle, const std::string& id) {
  const json::object made = admin.ask({{"verb", "run"}, {"bundle", bundle}, {"request_id", id}});
  return made.at("run").as_object();
}

Row submit_to_exec(const Options& options) {
  Node node(options.folder);
  AdminConnection admin(node.socket());
  const std::string bundle = node.apply_chain(admin, 1);
  const std::string tiny = (programs() / "bench_tiny").string();
  const OwnedFd file(floor_file((node.dir() / "floor").c_str()));
  Row row{"submit -> exec'd", {}, {}, {}};
  std::vector<std::int64_t> answered;
  for (int i = -warm_up; i < options.rounds; ++i) {
    const std::string id = "round-" + std::to_string(i);
    rest(options);
    const std::int64_t floor = floor_of_both(file.get(), tiny);
    rest(options);
    const json::object run = run_once(admin, bundle, id);
    const std::int64_t sent = admin.sent_ns();
    const std::int64_t answer = now_ns() - sent;
    const json::object ended = admin.ask({{"verb", "wait"}, {"run", run.at("id")}});
    const std::int64_t took = node.program_began(ended, 0) - sent;
    if (i < 0) continue;
    row.ns.push_back(took);
    row.floor_ns.push_back(floor);
    answered.push_back(answer);
  }
  row.more.emplace_back("answered_p50_us", static_cast<double>(permille_of(answered, 500)) / 1e3);
  return row;
}

/// A spawner without a node.
class Spawner {
 public:
  explicit Spawner(const std::string& folder) {
    std::string name = folder + "/runink-bench-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) give_up("no folder can be made in " + folder);
    dir_ = name;
    config_.data = (dir_ / "data").string();
    config_.daemon_uid = ::geteuid();
    config_.daemon_gid = ::getegid();
    config_.mount_prefixes = {programs().string()};
    fs::create_directories(dir_ / "data/slices");
    const auto started =
        isolation::start_spawner(config_, (programs() / "runink-spawner").string());
    if (!started) give_up(started.error().what);
    auto client = isolation::SpawnerClient::connect(config_.socket_path());
    if (!client) give_up(client.error().what);
    client_.emplace(std::move(*client));
  }
  ~Spawner() {
    const pid_t pid = spawner_at(config_.data);
    (void)client_->send(isolation::Shutdown{true});
    wait_until_gone(pid);
    std::error_code ignored;
    fs::remove_all(dir_, ignored);
  }

  /// Asked until exec'd: by the spawner's reading of the same clock, and until Launched was read here.
  std::pair<std::int64_t, std::int64_t> launch(const std::string& id) {
    const fs::path at = dir_ / "data/slices" / id;
    for (const char* name : {"in", "out"}) fs::create_directories(at / name);
    isolation::SandboxSpec spec;
    spec.slice = isolation::SliceId{id};
    spec.argv = {"/runink/bin/tiny"};
    spec.mounts = {{(at / "in").string(), "/in", true, isolation::MountKind::input},
                   {(programs() / "bench_tiny").string(), "/runink/bin/tiny", true,
                    isolation::MountKind::tool}};
    spec.output = (at / "out").string();
    spec.limits.memory = MiB(32);
    const OwnedFd log(::open((at / "log").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    const OwnedFd report(::open((at / "report").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    const int fds[] = {log.get(), report.get()};
    isolation::Launch message;
    message.spec = std::move(spec);
    const std::int64_t before = now_ns();
    if (auto sent = client_->send(message, fds); !sent) give_up(sent.error().what);
    std::pair<std::int64_t, std::int64_t> took{0, 0};
    for (;;) {
      const isolation::Received got = next();
      if (const auto* launched = std::get_if<isolation::Launched>(&got.message))
        took = {launched->exec_boot_ns - before, now_ns() - before};
      if (const auto* no = std::get_if<isolation::Refused>(&got.message)) give_up(no->what);
      if (const auto* exited = std::get_if<isolation::Exited>(&got.message)) {
        if (!exited->report.succeeded()) give_up(isolation::to_sentence(exited->report));
        break;
      }
    }
    (void)client_->send(isolation::Ack{isolation::SliceId{id}});
    return took;
  }

 private:
  void wait() {
    pollfd one{client_->fd(), POLLIN, 0};
    if (::poll(&one, 1, 20'000) != 1) give_up("the spawner says nothing");
  }
  isolation::Received next() {
    for (;;) {
      auto got = client_->receive();
      if (!got) give_up(got.error().what);
      if (*got) return std::move(**got);
      wait();
    }
  }
  fs::path dir_;
  isolation::SpawnerConfig config_;
  std::optional<isolation::SpawnerClient> client_;
};

std::vector<Row> launch_alone(const Options& options) {
  Spawner spawner(options.folder);
  const std::string tiny = (programs() / "bench_tiny").string();
  Row exec{"launch alone -> exec'd", {}, {}, {}};
  Row told{"launch alone -> Launched is read", {}, {}, {}};
  Row plain{"clone without namespaces (no bar)", {}, {}, {}};
  for (int i = -warm_up; i < options.rounds; ++i) {
    rest(options);
    const std::int64_t floor = checked(floor_launch(tiny.c_str()), "clone with seven namespaces");
    rest(options);
    const auto [until_exec, until_told] = spawner.launch("round" + std::to_string(i + warm_up));
    rest(options);
    const std::int64_t bare = checked(floor_launch(tiny.c_str(), false), "clone");
    if (i < 0) continue;
    exec.ns.push_back(until_exec);
    told.ns.push_back(until_told);
    exec.floor_ns.push_back(floor);
    told.floor_ns.push_back(floor);
    plain.ns.push_back(bare);
  }
  return {exec, told, plain};
}

}  // namespace
}  // namespace runink::bench

int main(int argc, char** argv) {
  using namespace runink::bench;
  const Options options = read_options(argc, argv, 300);
  std::vector<Row> rows{submit_to_exec(options)};
  for (Row& row : launch_alone(options)) rows.push_back(std::move(row));
  print(
      "schedule_latency", options, rows,
      {"submit -> exec'd: request written to the admin socket of runinkd until the slice's program "
       "reads CLOCK_BOOTTIME as its first deed.",
       "Its floor: one append of 512 B with fdatasync in the same folder, then clone with seven "
       "namespaces and exec of the same program until exec.",
       "launch alone: Launch sent to runink-spawner until exec (its clock), floor: clone and exec.",
       "Product and floor take turns, with a rest in between (rest_us); the log's disk is the "
       "floor's disk."});
}
