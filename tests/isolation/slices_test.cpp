// What a slice sees, uses and leaves behind. Every escape first succeeds unconfined.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "tests/isolation/spawner_house.hpp"

using namespace runink;
using namespace runink::isolation;
namespace fs = std::filesystem;
using boost::unit_test::precondition;

BOOST_TEST_DECORATOR(*precondition(as_root))
BOOST_AUTO_TEST_CASE(a_program_runs_and_its_exit_code_log_and_report_arrive) {
  House house;
  const auto spec = house.shell("s1",
                                "echo out; echo err >&2; echo one >&3; echo two > /dev/fd/3; "
                                "echo three > /dev/stdout; exit 7");
  house.launch(spec);
  const Launched launched = house.launched(spec);
  BOOST_TEST(launched.pid > 1);
  const ExitReport report = house.exited(spec);
  BOOST_TEST(to_string(report.end) == "exited");
  BOOST_TEST(report.exit_code == 7);
  BOOST_TEST(house.log(spec) == "out\nerr\nthree\n");
  BOOST_TEST(house.report(spec) == "one\ntwo\n");
  BOOST_TEST(report.log.value == 14u);
  BOOST_TEST(report.report.value == 8u);
  BOOST_TEST(report.started_boot_ns > 0);
  BOOST_TEST(report.exec_boot_ns >= report.started_boot_ns);
  BOOST_TEST(report.ended_boot_ns >= report.exec_boot_ns);
  BOOST_TEST(report.memory_peak.value > 0u);
  BOOST_TEST((report.cpu_user.ns + report.cpu_system.ns) > 0);
}

BOOST_TEST_DECORATOR(*precondition(as_root))
BOOST_AUTO_TEST_CASE(a_signal_is_told_from_an_exit_code_that_looks_like_it) {
  House house;
  const ExitReport signalled = house.run(house.shell("s1", "kill -SEGV $$"));
  BOOST_TEST(to_string(signalled.end) == "signalled");
  BOOST_TEST(signalled.signal == 11);
  const ExitReport exited = house.run(house.shell("s2", "exit 139"));
  BOOST_TEST(to_string(exited.end) == "exited");
  BOOST_TEST(exited.exit_code == 139);
}

BOOST_TEST_DECORATOR(*precondition(as_root))
BOOST_AUTO_TEST_CASE(too_much_memory_is_told_apart) {
  House house;
  auto spec = house.shell("s1", "head -c 200m /dev/zero | tail > /dev/null; exit $?");
  spec.limits.memory = MiB(48);
  const ExitReport report = house.run(spec);
  BOOST_TEST(to_string(report.end) == "out_of_memory");
  BOOST_TEST(report.oom_kills >= 1u);
  BOOST_TEST(report.memory_peak.value > MiB(40).value);
  BOOST_TEST(report.memory_peak.value <= MiB(48).value);
  // The control: with enough memory the same program ends well.
  auto control = house.shell("s2", "head -c 200m /dev/zero | tail > /dev/null; exit $?");
  control.limits.memory = MiB(600);
  BOOST_TEST(house.run(control).succeeded());
}

BOOST_TEST_DECORATOR(*precondition(as_root))
BOOST_AUTO_TEST_CASE(a_program_past_its_time_is_asked_to_end_and_told_apart) {
  House house;
  // On a busy machine its time may be over before it listens; then it gets twice the time.
  for (Duration timeout = milliseconds(300);; timeout = timeout * 2) {
    auto spec =
        house.shell("s" + std::to_string(timeout.ns),
                    "trap 'echo asked; exit 0' TERM; echo listens; while :; do sleep 0.05; done");
    spec.timeout = timeout;
    const ExitReport report = house.run(spec);
    BOOST_TEST(to_string(report.end) == "timed_out");
    BOOST_TEST((report.ended_boot_ns - report.started_boot_ns) >= timeout.ns);
    if (!house.log(spec).starts_with("listens")) {
      BOOST_REQUIRE((timeout < seconds(10)));
      continue;
    }
    BOOST_TEST(house.log(spec) == "listens\nasked\n");
    break;
  }
}

BOOST_TEST_DECORATOR(*precondition(as_root))
BOOST_AUTO_TEST_CASE(a_kill_is_answered_with_its_reason_and_a_deaf_program_dies_after_the_grace) {
  House house;
  const auto polite = house.shell("s1", "exec sleep 1000");
  const auto deaf = house.shell("s2", "trap '' TERM; echo deaf; while :; do sleep 0.05; done");
  house.launch(polite);
  house.launched(polite);
  house.say(Kill{polite.slice, KillReason::cancelled, false});
  const ExitReport first = house.exited(polite);
  BOOST_TEST(to_string(first.end) == "killed");
  BOOST_TEST(to_string(first.reason) == "cancelled");
  BOOST_TEST(first.signal == 15);
  house.launch(deaf);
  house.launched(deaf);
  BOOST_REQUIRE(house.logs(deaf, "deaf\n"));
  const Instant asked = real_clock().now();
  house.say(Kill{deaf.slice, KillReason::superseded, false});
  const ExitReport second = house.exited(deaf);
  BOOST_TEST(to_string(second.reason) == "superseded");
  BOOST_TEST(second.signal == 9);
  BOOST_TEST((real_clock().now() - asked).ns >= limits::kill_grace.ns);
  const auto at_once = house.shell("s3", "trap '' TERM; while :; do sleep 0.05; done");
  house.launch(at_once);
  house.launched(at_once);
  house.say(Kill{at_once.slice, KillReason::draining, true});
  BOOST_TEST(house.exited(at_once).signal == 9);
}

BOOST_TEST_DECORATOR(*precondition(as_root))
BOOST_AUTO_TEST_CASE(a_set_up_that_fails_names_its_step) {
  House house;
  const auto judged = [&](const SandboxSpec& spec) {
    const ExitReport report = house.run(spec);
    BOOST_TEST(to_string(report.end) == "setup_failed");
    return std::string(to_string(report.setup_step)) + " " + std::to_string(report.setup_errno);
  };
  BOOST_TEST(judged(house.program("s1", {"/no/such/program"})) == "execute 2");
  BOOST_TEST(judged(house.program("s2", {"no-such-program"})) == "execute 2");
  BOOST_TEST(judged(house.program("s3", {"/etc/passwd"})) == "execute 13");
  auto nowhere = house.program("s4", {"/bin/true"});
  nowhere.cwd = "/nowhere";
  BOOST_TEST(judged(nowhere) == "enter_working_folder 2");
  auto files = house.program("s5", {"/bin/true"});
  files.limits.open_files = 1u << 20;
  BOOST_TEST(judged(files) == "limit_open_files 1");
  // The control: nothing of that is in the way of a good one, found through PATH.
  BOOST_TEST(house.run(house.program("s6", {"true"})).succeeded());
}

BOOST_TEST_DECORATOR(*precondition(as_root))
BOOST_AUTO_TEST_CASE(environment_folder_user_descriptors_and_mounts_are_exactly_what_was_given) {
  House house;
  auto env = house.program("s1", {"/usr/bin/env"});
  env.env = {{"A", "1"}, {"B", "x y"}};
  house.run(env);
  BOOST_TEST(house.log(env) == "A=1\nB=x y\n");

  auto view =
      house.shell("s2",
                  "pwd; id -u; id -g; id -G; hostname; umask; ls /; ls /dev; ls /runink/bin "
                  "/volumes; cut -d' ' -f5 /proc/self/mountinfo | sort; cat /proc/self/cgroup | "
                  "cut -d: -f3 | sort -u | head -1");
  write_file(house.dir / "lake" / "tool", "#!/bin/sh\necho tool\n", 0755);
  view.mounts.push_back(
      {(house.dir / "lake" / "tool").string(), "/runink/bin/tool", true, MountKind::tool});
  view.mounts.push_back({(house.dir / "lake").string(), "/volumes/lake", true, MountKind::volume});
  view.cwd = "/in";
  BOOST_TEST(house.run(view).succeeded());
  std::string expected = "/in\n1\n1\n1\nslice\n0022\n";
  expected += "bin\nbundle\ndev\netc\nin\n";
  for (const char* name : {"lib", "lib64"})
    if (fs::exists(fs::path("/") / name)) expected += std::string(name) + "\n";
  expected += "out\nproc\nrunink\nsbin\nscratch\ntmp\nusr\nvolumes\n";
  expected += "fd\nfull\nnull\nrandom\nshm\nstderr\nstdin\nstdout\nurandom\nzero\n";
  expected += "/runink/bin:\ntool\n\n/volumes:\nlake\n";
  expected +=
      "/\n/dev/full\n/dev/null\n/dev/random\n/dev/urandom\n/dev/zero\n"
      "/etc/alternatives\n/etc/ld.so.cache\n/etc/localtime\n/in\n/out\n/proc\n/runink\n"
      "/runink/bin/tool\n/scratch\n/tmp\n/usr\n/volumes\n/volumes/lake\n/\n";
  if (!fs::exists("/etc/localtime")) expected.erase(expected.find("/etc/localtime\n"), 15);
  if (!fs::exists("/etc/alternatives")) expected.erase(expected.find("/etc/alternatives\n"), 18);
  BOOST_TEST(house.log(view) == expected);

  const auto fds = house.program("s3", {"/bin/ls", "/proc/self/fd"});
  house.run(fds);
  BOOST_TEST(house.log(fds) == "0\n1\n2\n3\n4\n");  // 4 is the folder that ls reads
  const auto rights = house.shell("s4", "grep -E '^(Cap|NoNewPrivs)' /proc/self/status");
  house.run(rights);
  BOOST_TEST(house.log(rights) ==
             "CapInh:\t0000000000000000\nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000\n"
             "CapBnd:\t0000000000000000\nCapAmb:\t0000000000000000\nNoNewPrivs:\t1\n");
}

BOOST_TEST_DECORATOR(*precondition(as_root))
BOOST_AUTO_TEST_CASE(what_is_given_read_only_cannot_be_written_and_what_is_private_can_be_read) {
  House house;
  const std::string tries =
      "w=0; for d in /in /volumes/lake /bundle /usr /etc / /dev /volumes; do "
      "touch $d/new 2>/dev/null && w=1 && echo wrote $d; done; "
      "echo x >> /in/data && echo appended; exit $w";
  auto spec = house.shell("s1", tries + "");
  fs::create_directories(house.dir / "lake" / "bundle");
  spec.mounts.push_back({(house.dir / "lake").string(), "/volumes/lake", true, MountKind::volume});
  spec.mounts.push_back(
      {(house.dir / "lake" / "bundle").string(), "/bundle", true, MountKind::bundle});
  write_file(house.folder(spec) / "in" / "data", "secret of the daemon\n", 0600);
  // The control: without the sandbox the folder can be written.
  BOOST_TEST(std::system(("touch " + (house.folder(spec) / "in" / "new").string()).c_str()) == 0);
  BOOST_TEST(house.run(spec).exit_code == 0);
  BOOST_TEST(house.log(spec).find("wrote") == std::string::npos);
  BOOST_TEST(house.log(spec).find("appended") == std::string::npos);
  BOOST_TEST(house.log(spec).find("Read-only file system") != std::string::npos);
  auto reads = house.shell("s2", "cat /in/data");
  write_file(house.folder(reads) / "in" / "data", "for the slice\n", 0600);
  house.run(reads);
  BOOST_TEST(house.log(reads) == "for the slice\n");
  auto exec_in = house.program("s3", {"/in/run"});
  write_file(house.folder(exec_in) / "in" / "run", "#!/bin/sh\n", 0755);
  BOOST_TEST(house.run(exec_in).setup_errno == EACCES);  // data is not executed
}

BOOST_TEST_DECORATOR(*precondition(as_root))
BOOST_AUTO_TEST_CASE(there_is_no_network) {
  House house;
  const OwnedFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  BOOST_REQUIRE(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
  BOOST_REQUIRE(::listen(listener.get(), 4) == 0);
  ::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size);
  const std::string script =
      "exec 5<>/dev/tcp/127.0.0.1/" + std::to_string(ntohs(address.sin_port)) + " && echo reached";
  BOOST_TEST(std::system(("bash -c '" + script + "' > /dev/null").c_str()) == 0);  // the control
  const auto spec = house.program("s1", {"/bin/bash", "-c", script});
  BOOST_TEST(house.run(spec).exit_code != 0);
  BOOST_TEST(house.log(spec).find("unreachable") != std::string::npos);
}

BOOST_TEST_DECORATOR(*precondition(as_root))
BOOST_AUTO_TEST_CASE(the_host_its_processes_and_other_slices_cannot_be_seen) {
  House house;
  write_file(house.dir / "secret", "x", 0644);
  const std::string script =
      "cat " + (house.dir / "secret").string() + " && kill -0 " + std::to_string(::getpid());
  BOOST_TEST(std::system((script + " > /dev/null").c_str()) == 0);  // the control
  const auto other = house.shell("s0", "echo mine > /tmp/mine; exec sleep 1000");
  house.launch(other);
  house.launched(other);
  const auto spec =
      house.shell("s1", "cat " + (house.dir / "secret").string() + " && echo saw-file; kill -0 " +
                            std::to_string(::getpid()) +
                            " && echo saw-process; kill -9 1 && echo saw-init; "
                            "test $(ls /proc | grep -cE '^[0-9]+$') -le 4 && echo few; ls /tmp; ls "
                            "/proc/1 /proc/sys; ls /home /root");
  house.run(spec);
  const std::string log = house.log(spec);
  for (const char* sign : {"saw-file", "saw-process", "saw-init", "mine\n"})
    BOOST_TEST(log.find(sign) == std::string::npos, log);
  // The shell and its pipe, at most; nobody of the host.
  BOOST_TEST(log.find("few\n") != std::string::npos, log);
  house.say(Kill{other.slice, KillReason::cancelled, true});
  house.exited(other);
}

BOOST_TEST_DECORATOR(*precondition(as_root))
BOOST_AUTO_TEST_CASE(outputs_belong_to_the_daemon_on_disk_mapped_or_lent) {
  for (const bool idmap : {true, false}) {
    SpawnerConfig config;
    config.daemon_uid = 900;
    config.daemon_gid = 901;
    config.idmap = idmap;
    House house(config);
    const auto spec =
        house.shell("s1",
                    "mkdir -p /out/d/e && echo x > /out/d/e/f && ln -s /etc/shadow /out/d/l && "
                    "echo y > /scratch/g && id -u && stat -c %u /out/d/e/f");
    BOOST_TEST(house.run(spec).succeeded(), house.log(spec));
    BOOST_TEST(house.log(spec) == "1\n1\n");
    for (const char* path :
         {"out", "out/d", "out/d/e", "out/d/e/f", "out/d/l", "scratch", "scratch/g"}) {
      struct stat info {};
      BOOST_REQUIRE(::lstat((house.folder(spec) / path).c_str(), &info) == 0);
      BOOST_TEST(info.st_uid == 900u, path << " with idmap " << idmap);
      BOOST_TEST(info.st_gid == 901u, path << " with idmap " << idmap);
    }
    struct stat shadow {};
    ::stat("/etc/shadow", &shadow);
    BOOST_TEST(shadow.st_uid == 0u);
  }
}

BOOST_TEST_DECORATOR(*precondition(as_root))
BOOST_AUTO_TEST_CASE(children_left_behind_are_gone_before_the_report) {
  House house;
  const auto spec = house.shell("s1",
                                "(setsid sleep 1000 &); (trap '' TERM HUP; sleep 1000) & "
                                "echo started; exit 0");
  const ExitReport report = house.run(spec);
  BOOST_TEST(report.succeeded());
  BOOST_TEST(house.log(spec) == "started\n");
  BOOST_TEST((report.ended_boot_ns - report.started_boot_ns) < seconds(5).ns);
  // A group can be removed only when its last process is gone: what is left are waiting berths.
  for (int i = 0; i < 200 && house.groups() > 3 * house.config.berths; ++i) ::usleep(10'000);
  BOOST_TEST(house.groups() <= 3 * house.config.berths);
}

BOOST_TEST_DECORATOR(*precondition(as_root))
BOOST_AUTO_TEST_CASE(a_fork_bomb_is_bounded_and_dies_with_its_slice) {
  House house;
  auto count = house.program("s1", {"/bin/bash", "-c",
                                    "n=0; while [ $n -lt 200 ] && { sleep 100 & }; do "
                                    "n=$((n+1)); echo $n; done"});
  count.limits.pids = 20;
  house.launch(count);
  BOOST_TEST(house.logs(count, "fork"));  // it was refused one more
  house.say(Kill{count.slice, KillReason::cancelled, true});
  house.exited(count);
  BOOST_TEST(house.log(count).find("\n19\n") != std::string::npos);
  BOOST_TEST(house.log(count).find("\n20\n") == std::string::npos);
  auto bomb =
      house.program("s2", {"/bin/bash", "-c", "trap '' TERM; f() { f | f & }; f; sleep 100"});
  bomb.limits.pids = 30;
  house.launch(bomb);
  house.launched(bomb);
  BOOST_TEST(house.logs(bomb, "fork"));  // it has spread as far as it may
  house.say(Kill{bomb.slice, KillReason::cancelled, true});
  BOOST_TEST(to_string(house.exited(bomb).end) == "killed");
}

BOOST_TEST_DECORATOR(*precondition(as_root))
BOOST_AUTO_TEST_CASE(a_log_past_its_limit_is_cut_counted_and_stops_nobody) {
  House house;
  const auto spec = house.shell("s1", "head -c 20m /dev/zero; head -c 2m /dev/zero >&3; exit 0");
  const ExitReport report = house.run(spec);
  BOOST_TEST(report.succeeded());
  BOOST_TEST(report.log.value == limits::slice_log.value);
  BOOST_TEST(report.log_dropped.value == MiB(20).value - limits::slice_log.value);
  BOOST_TEST(fs::file_size(house.folder(spec) / "log") == limits::slice_log.value);
  BOOST_TEST(report.report.value == limits::slice_report.value);
  BOOST_TEST(report.report_dropped.value == MiB(1).value);
}

BOOST_TEST_DECORATOR(*precondition(as_root))
BOOST_AUTO_TEST_CASE(limits_of_files_hold) {
  House house;
  auto size = house.shell("s1", "head -c 2m /dev/zero > /out/big");
  size.limits.file_size = MiB(1);
  BOOST_TEST(house.run(size).exit_code != 0);
  BOOST_TEST(fs::file_size(house.folder(size) / "out" / "big") == MiB(1).value);
  auto open = house.shell("s2", "ulimit -n; ulimit -c");
  open.limits.open_files = 77;
  house.run(open);
  BOOST_TEST(house.log(open) == "77\n0\n");
}
