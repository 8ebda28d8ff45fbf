// The spawner's own life: who may speak with it, what it refuses, what survives what.
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <thread>

#include "tests/isolation/spawner_house.hpp"

using namespace runink;
using namespace runink::isolation;
namespace fs = std::filesystem;
using boost::unit_test::precondition;

namespace {

/// This test process becomes an ordinary user, and root again at the end.
struct OrdinaryUser {
  static constexpr uid_t id = 12345;
  OrdinaryUser() {
    BOOST_REQUIRE(::setgroups(0, nullptr) == 0);
    BOOST_REQUIRE(::setresgid(id, id, 0) == 0);
    BOOST_REQUIRE(::setresuid(id, id, 0) == 0);
  }
  ~OrdinaryUser() {
    if (::setresuid(0, 0, 0) != 0 || ::setresgid(0, 0, 0) != 0) std::abort();
  }
};

/// This test process has mounts of its own, which it shares as an ordinary machine does; at the end it
/// is back where it was.
class SharedMounts {
 public:
  SharedMounts()
      : before_(::open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC)),
        folder_(::open(".", O_PATH | O_CLOEXEC)) {
    BOOST_REQUIRE(::unshare(CLONE_NEWNS) == 0);
    BOOST_REQUIRE(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0);
    BOOST_REQUIRE(::mount(nullptr, "/", nullptr, MS_REC | MS_SHARED, nullptr) == 0);
  }
  ~SharedMounts() {
    if (::setns(before_.get(), CLONE_NEWNS) != 0 || ::fchdir(folder_.get()) != 0) std::abort();
  }
  SharedMounts(const SharedMounts&) = delete;
  SharedMounts& operator=(const SharedMounts&) = delete;

 private:
  OwnedFd before_;
  OwnedFd folder_;
};

}  // namespace

BOOST_TEST_DECORATOR(*precondition(as_root))
BOOST_AUTO_TEST_CASE(what_the_machine_mounts_and_unmounts_later_reaches_the_spawner_and_no_slice) {
  const SharedMounts mounts;
  House house;
  const std::string lake = (house.dir / "lake").string();
  const std::string seen = "/proc/" + std::to_string(house.spawner_pid()) + "/mountinfo";
  auto waits = house.shell("a", "while [ ! -e /in/go ]; do sleep 0.02; done; ls /volumes/lake");
  waits.mounts.push_back({lake, "/volumes/lake", true, MountKind::volume});
  house.launch(waits);
  house.launched(waits);
  BOOST_REQUIRE(::mount("lake", lake.c_str(), "tmpfs", 0, "mode=755") == 0);
  write_file(house.dir / "lake" / "late.csv", "a\n1\n");
  BOOST_TEST(read_file(seen).find(lake) != std::string::npos);

  auto reads = house.shell("b", "cat /volumes/lake/late.csv");
  reads.mounts.push_back({lake, "/volumes/lake", true, MountKind::volume});
  BOOST_TEST(house.run(reads).exit_code == 0);
  BOOST_TEST(house.log(reads) == "a\n1\n");
  write_file(house.folder(waits) / "in" / "go", "");
  BOOST_TEST(house.exited(waits).exit_code == 0);
  BOOST_TEST(house.log(waits) == "");  // its view was made before

  BOOST_TEST(::umount2(lake.c_str(), 0) == 0);
  BOOST_TEST(read_file(seen).find(lake) == std::string::npos);
  // What the spawner mounts does not reach the machine.
  BOOST_TEST(read_file("/proc/self/mountinfo").find(house.config.data) == std::string::npos);
}

BOOST_TEST_DECORATOR(*precondition(as_root))
BOOST_AUTO_TEST_CASE(a_daemon_that_comes_back_finds_what_runs_and_what_ended_until_it_says_so) {
  House house;
  const auto runs =
      house.shell("a", "while [ ! -e /in/go ]; do sleep 0.02; done; echo later; exit 5");
  house.launch(runs);
  const Launched launched = house.launched(runs);
  house.client.reset();  // the daemon dies
  house.connect();
  Slices list = house.list();
  BOOST_REQUIRE(list.slices.size() == 1u);
  BOOST_TEST((list.slices[0] ==
              SliceEntry{runs.slice, SliceState::running, launched.pid, launched.exec_boot_ns}));
  house.client.reset();
  const OwnedFd gone(static_cast<int>(::syscall(SYS_pidfd_open, launched.pid, 0)));
  write_file(house.folder(runs) / "in" / "go", "");
  BOOST_TEST(readable(gone.get(), seconds(10)));
  for (int round = 0; round < 2; ++round) {  // it may die again before it has taken note
    house.connect();
    // The program is gone; that its whole slice is takes a moment longer.
    for (list = house.list(); list.slices.at(0).state != SliceState::exited; list = house.list())
      ::usleep(10'000);
    BOOST_TEST(list.slices.size() == 1u);
    const ExitReport report = house.exited(runs);
    BOOST_TEST(report.exit_code == 5);
    BOOST_TEST(house.log(runs) == "later\n");
    if (round == 1) house.say(Ack{runs.slice});
    if (round == 0) house.client.reset();
  }
  BOOST_TEST(house.list().slices.empty());
}

BOOST_TEST_DECORATOR(*precondition(as_root))
BOOST_AUTO_TEST_CASE(a_lease_that_is_not_renewed_kills_whatever_the_daemon_does) {
  House house;
  const std::string asks = "trap 'echo asked' TERM; echo listens; while :; do sleep 0.05; done";
  const auto spec = house.shell("s1", asks);
  house.launch(spec);
  const Launched launched = house.launched(spec);
  BOOST_REQUIRE(house.logs(spec, "listens"));
  const OwnedFd program(static_cast<int>(::syscall(SYS_pidfd_open, launched.pid, 0)));
  const Instant asked = real_clock().now();
  house.say(RenewLeases{milliseconds(300)});
  house.client.reset();  // the daemon dies
  BOOST_TEST(readable(program.get(), seconds(20)));
  house.connect();
  house.list();
  const ExitReport report = house.exited(spec);
  BOOST_TEST(to_string(report.end) == "lease_expired");
  BOOST_TEST((report.ended_boot_ns - asked.ns) >= milliseconds(300).ns);
  // At once: it was not asked to end, nor given time to.
  BOOST_TEST(report.signal == SIGKILL);
  BOOST_TEST(house.log(spec) == "listens\n");
  // The first lease is that of the launch.
  auto born = house.shell("s0", asks);
  born.lease = milliseconds(300);
  const ExitReport first = house.run(born);
  BOOST_TEST(to_string(first.end) == "lease_expired");
  BOOST_TEST((first.ended_boot_ns - first.started_boot_ns) >= milliseconds(300).ns);
  BOOST_TEST(house.log(born).find("asked") == std::string::npos);
  // The control: renewed in time, it lives on.
  auto renewed = house.shell("s2", "sleep 1; exit 4");
  renewed.lease = milliseconds(500);
  house.launch(renewed);
  house.say(RenewLeases{seconds(20)});
  BOOST_TEST(house.exited(renewed).exit_code == 4);
}

BOOST_TEST_DECORATOR(*precondition(as_root))
BOOST_AUTO_TEST_CASE(when_the_spawner_is_killed_its_slices_die_and_the_next_one_cleans_up) {
  House house;
  const auto spec = house.shell("s1", "trap '' TERM; (sleep 1000 &) ; exec sleep 1000");
  house.launch(spec);
  const Launched launched = house.launched(spec);
  const OwnedFd program(static_cast<int>(::syscall(SYS_pidfd_open, launched.pid, 0)));
  BOOST_REQUIRE(static_cast<bool>(program));
  ::kill(house.spawner_pid(), SIGKILL);
  BOOST_TEST(readable(program.get(), seconds(20)));
  BOOST_TEST(readable(house.spawner_pidfd.get(), seconds(20)));
  const std::size_t left = house.groups();
  BOOST_TEST(left > 0u);  // the control: there was something to clean up
  house.config.berths = 1;
  house.start();
  house.connect();
  BOOST_TEST(house.list().slices.empty());
  BOOST_TEST(house.groups() <= 3u);
  BOOST_TEST(house.run(house.shell("s1", "exit 0")).succeeded());  // the name is free again
}

// A spawner was killed, and on a busy machine what it left behind still held its socket when the next one was to start:
// whoever started it took that for a spawner and was told a moment later that it is gone.
BOOST_TEST_DECORATOR(*precondition(as_root))
BOOST_AUTO_TEST_CASE(who_takes_connections_and_says_nothing_is_no_spawner) {
  House house;
  ::kill(house.spawner_pid(), SIGKILL);
  BOOST_TEST(readable(house.spawner_pidfd.get(), seconds(20)));
  const std::string path = house.config.socket_path();
  ::unlink(path.c_str());
  const OwnedFd listener(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  BOOST_REQUIRE(path.size() < sizeof address.sun_path);
  path.copy(address.sun_path, path.size());
  BOOST_REQUIRE(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  BOOST_REQUIRE(::listen(listener.get(), 1) == 0);
  int taken = 0;
  std::thread left_behind([&] {
    for (;;) {
      const OwnedFd one(::accept(listener.get(), nullptr, nullptr));
      if (!one) return;  // shut down
      ++taken;
    }
  });
  house.start();
  house.connect();
  BOOST_TEST(house.list().slices.empty());
  ::shutdown(listener.get(), SHUT_RDWR);
  left_behind.join();
  BOOST_TEST(taken == 1);
}

// Whoever wanted to start one was told that it does not listen, or that the new one said nothing.
BOOST_TEST_DECORATOR(*precondition(as_root))
BOOST_AUTO_TEST_CASE(a_spawner_that_ends_our_connections_is_told_from_one_that_does_not_listen) {
  House house;
  std::vector<SpawnerClient> others;  // more than it takes
  for (int i = 0; i < 16; ++i) {
    auto one = SpawnerClient::connect(house.config.socket_path());
    BOOST_REQUIRE_MESSAGE(one.has_value(), (one ? "" : one.error().what));
    others.push_back(*std::move(one));
  }
  const auto started = start_spawner(house.config, RUNINK_BIN_DIR "/runink-spawner", seconds(12));
  BOOST_REQUIRE(!started.has_value());
  BOOST_TEST((started.error().kind == FaultKind::out_of_time));
  BOOST_TEST(
      started.error().what.find("listens and ends our connections; it may serve another account") !=
          std::string::npos,
      started.error().what);
  others.clear();
  house.start();  // the control: with room for one more it is found
}

BOOST_TEST_DECORATOR(*precondition(as_root))
BOOST_AUTO_TEST_CASE(nothing_is_left_after_the_end) {
  House house;
  for (int i = 0; i < 6; ++i)
    house.run(house.shell("s" + std::to_string(i), "(sleep 1000 &); exit 0"));
  const auto running = house.shell("r", "trap '' TERM; while :; do sleep 0.05; done");
  house.launch(running);
  house.launched(running);
  BOOST_TEST(house.leftovers().find("cgroup") != std::string::npos);  // the control
  house.say(Shutdown{false});
  BOOST_TEST((house.refused().kind == FaultKind::conflict));
  house.say(Shutdown{true});
  BOOST_TEST(readable(house.spawner_pidfd.get(), seconds(10)));
  BOOST_TEST(house.leftovers() == "");
  house.client.reset();
}

BOOST_TEST_DECORATOR(*precondition(as_root))
BOOST_AUTO_TEST_CASE(a_spawner_that_cannot_start_leaves_nothing) {
  House house;
  house.shut_down();
  fs::create_directory(house.config.socket_path());  // nobody can listen there
  const auto started = start_spawner(house.config, RUNINK_BIN_DIR "/runink-spawner", seconds(20));
  BOOST_REQUIRE(!started);
  BOOST_TEST(started.error().what.find("spawner.sock") != std::string::npos, started.error().what);
  fs::remove(house.config.socket_path());
  std::string left = house.leftovers();  // it said so while it ended
  for (int i = 0; i < 1'000 && !left.empty(); ++i) {
    ::usleep(10'000);
    left = house.leftovers();
  }
  BOOST_TEST(left == "");
}

BOOST_TEST_DECORATOR(*precondition(as_root))
BOOST_AUTO_TEST_CASE(what_lies_outside_of_the_start_up_file_is_refused) {
  House house;
  fs::create_directories(house.dir / "elsewhere");
  fs::create_directories(house.dir / "lake" / "inner");
  fs::create_directory_symlink(house.dir / "elsewhere", house.dir / "lake" / "out-link");
  fs::create_directory_symlink("inner", house.dir / "lake" / "in-link");
  fs::create_directory_symlink("../../elsewhere", house.dir / "data" / "up-link");
  int number = 0;
  const auto asked = [&](const std::string& source) {
    auto spec = house.shell("s" + std::to_string(number++), "true");
    spec.mounts.push_back({source, "/volumes/v", true, MountKind::volume});
    return spec;
  };
  const auto kind_of = [&](const SandboxSpec& spec) {
    house.launch(spec);
    const Refused refused = house.refused();
    BOOST_TEST((refused.slice == spec.slice));
    return to_string(refused.kind);
  };
  const std::string dir = house.dir.string();
  BOOST_TEST(house.run(asked(dir + "/lake/inner")).succeeded());    // the control
  BOOST_TEST(house.run(asked(dir + "/lake/in-link")).succeeded());  // a link that stays inside
  BOOST_TEST(kind_of(asked("/etc")) == "not_allowed");
  BOOST_TEST(kind_of(asked(dir + "/elsewhere")) == "not_allowed");
  BOOST_TEST(kind_of(asked(dir + "/lakeside")) == "not_allowed");
  BOOST_TEST(kind_of(asked(dir + "/lake/out-link")) == "not_allowed");
  BOOST_TEST(kind_of(asked(dir + "/data/up-link")) == "not_allowed");
  BOOST_TEST(kind_of(asked(dir + "/lake/../elsewhere")) == "bad_input");
  BOOST_TEST(kind_of(asked(dir + "/lake/absent")) == "no_such_thing");
  auto root_output = house.shell("o1", "true");
  root_output.output = "/root";
  BOOST_TEST(kind_of(root_output) == "not_allowed");
  auto foreign = house.shell("o2", "true");
  BOOST_REQUIRE(::chown(foreign.output.c_str(), 4242, 4242) == 0);
  BOOST_TEST(kind_of(foreign) == "not_allowed");
  auto file = house.shell("o3", "true");
  write_file(house.folder(file) / "file", "");
  file.output = (house.folder(file) / "file").string();
  BOOST_TEST(kind_of(file) == "not_allowed");

  const auto without_fds = house.shell("f1", "true");
  house.say(Launch{without_fds});
  BOOST_TEST((house.refused().kind == FaultKind::bad_input));
  int pipe[2];
  BOOST_REQUIRE(::pipe(pipe) == 0);
  BOOST_REQUIRE(house.client->send(Launch{without_fds}, std::vector{pipe[1], pipe[1]}).has_value());
  BOOST_TEST((house.refused().kind == FaultKind::bad_input));  // a pipe could make it wait
  ::close(pipe[0]);
  ::close(pipe[1]);
  const auto twice = house.shell("f2", "true");
  house.launch(twice);
  house.exited(twice);
  BOOST_TEST(kind_of(twice) == "conflict");
  house.say(Kill{SliceId{"nobody"}, KillReason::cancelled, false});
  BOOST_TEST((house.refused().kind == FaultKind::no_such_thing));
}

BOOST_TEST_DECORATOR(*precondition(as_root))
BOOST_AUTO_TEST_CASE(a_stranger_and_a_liar_are_not_heard) {
  House house;
  BOOST_REQUIRE(::chmod(house.config.socket_path().c_str(), 0666) == 0);
  fs::permissions(house.dir, fs::perms::owner_all | fs::perms::others_exec);
  {
    const OrdinaryUser stranger;
    auto client = SpawnerClient::connect(house.config.socket_path());
    if (client) {
      BOOST_TEST(readable(client->fd(), seconds(10)));
      BOOST_TEST(!client->receive().has_value());  // closed without a word
    }
  }
  // Another version is told so, and what is no message ends the connection; others go on.
  auto old = SpawnerClient::connect(house.config.socket_path());
  BOOST_REQUIRE(old.has_value());
  BOOST_REQUIRE(old->send(Hello{999}).has_value());
  std::vector<FromSpawner> heard;
  for (;;) {
    BOOST_REQUIRE(readable(old->fd(), seconds(10)));
    auto got = old->receive();
    if (!got) break;
    if (*got) heard.push_back((*got)->message);
  }
  BOOST_REQUIRE(heard.size() == 2u);
  BOOST_TEST(std::holds_alternative<Refused>(heard[1]));
  BOOST_TEST(house.run(house.shell("s1", "exit 0")).succeeded());
}

BOOST_TEST_DECORATOR(*precondition(as_root))
BOOST_AUTO_TEST_CASE(one_data_folder_has_one_spawner_and_it_learns_of_new_volumes) {
  House house;
  const pid_t first = house.spawner_pid();
  fs::create_directories(house.dir / "second");
  auto spec = house.shell("s1", "true");
  spec.mounts.push_back({(house.dir / "second").string(), "/volumes/v", true, MountKind::volume});
  house.launch(spec);
  BOOST_TEST((house.refused().kind == FaultKind::not_allowed));
  house.config.mount_prefixes.push_back((house.dir / "second").string());
  house.start();
  house.connect();
  BOOST_TEST(house.spawner_pid() == first);
  BOOST_TEST(house.run(spec).succeeded());
}

BOOST_TEST_DECORATOR(*precondition(as_root))
BOOST_AUTO_TEST_CASE(a_start_up_file_that_others_may_write_is_refused) {
  House house;
  const std::string path = house.config.file_path();
  BOOST_TEST(load_spawner_config(path).has_value());
  BOOST_REQUIRE(::chmod(path.c_str(), 0660) == 0);
  BOOST_TEST((load_spawner_config(path).error().kind == FaultKind::not_allowed));
  BOOST_REQUIRE(::chmod(path.c_str(), 0600) == 0);
  BOOST_REQUIRE(::chown(path.c_str(), 4242, 0) == 0);
  BOOST_TEST((load_spawner_config(path).error().kind == FaultKind::not_allowed));
}

BOOST_TEST_DECORATOR(*precondition(as_root))
BOOST_AUTO_TEST_CASE(more_slices_than_berths_all_run_once) {
  House house;
  std::vector<SandboxSpec> specs;
  for (int i = 0; i < 40; ++i) specs.push_back(house.shell("s" + std::to_string(i), "echo ran"));
  for (const auto& spec : specs) house.launch(spec);
  std::size_t good = 0;
  while (good < specs.size())
    if (const Received got = house.next(); const auto* one = std::get_if<Exited>(&got.message)) {
      BOOST_REQUIRE(one->report.succeeded());
      house.say(Ack{one->report.slice});
      ++good;
    }
  for (const auto& spec : specs) BOOST_TEST(house.log(spec) == "ran\n");
}

BOOST_TEST_DECORATOR(*precondition(as_root))
BOOST_AUTO_TEST_CASE(an_ordinary_user_has_slices_too_and_is_told_what_is_missing) {
  SpawnerConfig config;
  config.daemon_uid = OrdinaryUser::id;
  config.daemon_gid = OrdinaryUser::id;
  const OrdinaryUser user;
  House house(config);
  const auto spec =
      house.shell("s1",
                  "id -u; ls /proc | grep -cE '^[0-9]+$'; touch /usr/x 2>/dev/null || "
                  "echo sealed; kill -9 1 2>/dev/null; echo x > /out/f; echo r >&3; exit 6");
  const ExitReport report = house.run(spec);
  BOOST_TEST(report.exit_code == 6, to_sentence(report));
  BOOST_TEST(house.report(spec) == "r\n");
  struct stat info {};
  BOOST_TEST(::stat((house.folder(spec) / "out" / "f").c_str(), &info) == 0);
  BOOST_TEST(info.st_uid == OrdinaryUser::id);
  BOOST_TEST(house.log(spec).find("sealed") != std::string::npos);
  auto many =
      house.program("s2", {"/bin/bash", "-c", "for i in $(seq 60); do sleep 100 & done; exit 0"});
  many.limits.pids = 20;
  house.launch(many);
  BOOST_TEST(house.logs(many, "fork"));
  house.say(Kill{many.slice, KillReason::cancelled, true});
  house.exited(many);
  auto late = house.shell("s3", "exec sleep 1000");
  late.timeout = milliseconds(200);
  BOOST_TEST(to_string(house.run(late).end) == "timed_out");
  house.say(Doctor{});
  const Received got = house.next();
  const auto* answer = std::get_if<Guarantees>(&got.message);
  BOOST_REQUIRE(answer != nullptr);
  std::string missing;
  for (const Guarantee& one : answer->guarantees)
    if (!one.enforced) missing += one.name + " ";
  BOOST_TEST(missing == "own_user cpu_limit memory_limit swap_limit system_call_filter ");
  house.shut_down();
  BOOST_TEST(house.leftovers() == "");
}

BOOST_TEST_DECORATOR(*precondition(as_root))
BOOST_AUTO_TEST_CASE(the_time_from_launch_to_exec_is_printed) {
  House house;
  std::vector<std::int64_t> exec_us;
  std::vector<std::int64_t> end_us;
  for (int i = 0; i < 200; ++i) {
    const auto spec = house.program("s" + std::to_string(i), {"/bin/true"});
    const std::int64_t sent = real_clock().now().ns;
    house.launch(spec);
    const Launched launched = house.launched(spec);
    const ExitReport report = house.exited(spec);
    house.say(Ack{spec.slice});
    BOOST_REQUIRE(report.succeeded());
    exec_us.push_back((launched.exec_boot_ns - sent) / 1'000);
    end_us.push_back((report.ended_boot_ns - sent) / 1'000);
    ::usleep(10'000);  // a berth is made meanwhile
  }
  std::sort(exec_us.begin(), exec_us.end());
  std::sort(end_us.begin(), end_us.end());
  BOOST_TEST_MESSAGE("launch -> exec'd p10 " << exec_us[20] << " p50 " << exec_us[100] << " p90 "
                                             << exec_us[180] << " us; launch -> ended p10 "
                                             << end_us[20] << " p50 " << end_us[100] << " p90 "
                                             << end_us[180] << " us (200 launches)");
}
