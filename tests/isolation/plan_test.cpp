#include "isolation/plan.hpp"

#include <boost/test/unit_test.hpp>

#include "isolation/refill.hpp"
#include "isolation/slice_end.hpp"
#include "isolation/spawner_config.hpp"
#include "isolation/uid_ranges.hpp"

using namespace runink;
using namespace runink::isolation;

namespace {

SandboxSpec sample() {
  SandboxSpec spec;
  spec.slice = SliceId{"r1.netted.0.17"};
  spec.argv = {"/runink/bin/runink-step", "sql"};
  spec.env = {{"PATH", "/usr/bin"}, {"TOKEN", "hidden"}};
  spec.cwd = "/bundle";
  spec.mounts = {{"/d/in", "/in", true, MountKind::input},
                 {"/d/bundle", "/bundle", true, MountKind::bundle},
                 {"/srv/lake", "/volumes/lake", true, MountKind::volume},
                 {"/opt/runink-step", "/runink/bin/runink-step", true, MountKind::tool}};
  spec.output = "/d/out";
  spec.scratch = "/d/scratch";
  spec.limits.cpu = MilliCpu{500};
  spec.limits.memory = MiB(512);
  spec.limits.pids = 64;
  return spec;
}

CgroupLayout hybrid() {
  return {{{Controller::cpu, 1, "/sys/fs/cgroup/cpu"},
           {Controller::memory, 1, "/sys/fs/cgroup/memory"},
           {Controller::pids, 1, "/sys/fs/cgroup/pids"}},
          true};
}
CgroupLayout unified() {
  return {{{Controller::cpu, 2, "/sys/fs/cgroup"},
           {Controller::memory, 2, "/sys/fs/cgroup"},
           {Controller::pids, 2, "/sys/fs/cgroup"}},
          true};
}

std::string printed(const std::vector<SandboxStep>& steps) {
  std::string text;
  for (const SandboxStep& step : steps) text += to_string(step) + "\n";
  return text;
}

/// The place of a step in the plan; the test fails if it is not there.
std::size_t place(const std::vector<SandboxStep>& steps, StepCode code) {
  for (std::size_t i = 0; i < steps.size(); ++i)
    if (steps[i].code == code) return i;
  BOOST_FAIL("the plan has no step " + std::string(to_string(code)));
  return 0;
}
bool has(const std::vector<SandboxStep>& steps, StepCode code) {
  for (const SandboxStep& step : steps)
    if (step.code == code) return true;
  return false;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_spec_becomes_this_list_of_steps) {
  BOOST_TEST(printed(plan(sample(), {false, hybrid(), "/usr"})) ==
             "1 make_cgroups\n"
             "2 clone_namespaces user pid mnt net ipc uts cgroup\n"
             "3 write_id_maps\n"
             "4 join_cgroups\n"
             "10 new_session\n"
             "11 become_inner_root\n"
             "12 unshare_cgroup_namespace\n"
             "13 set_host_name slice\n"
             "14 make_mounts_private\n"
             "15 attach_root /usr\n"
             "16 mount_proc\n"
             "17 pivot_root\n"
             "18 detach_old_root\n"
             "19 mount_tmp\n"
             "20 seal_root\n"
             "21 drop_bounding_set\n"
             "22 drop_groups\n"
             "23 limit_core\n"
             "24 forbid_new_privileges\n"
             "25 start_reaper\n"
             "26 become_slice_user\n"
             "27 die_with_spawner\n"
             "28 hold_tools /runink\n"
             "29 default_handlers\n"
             "40 open_mount /d/in read_only noexec\n"
             "40 open_mount /d/bundle read_only exec\n"
             "40 open_mount /srv/lake read_only noexec\n"
             "40 open_mount /opt/runink-step read_only exec\n"
             "40 open_mount /d/out writable noexec\n"
             "40 open_mount /d/scratch writable noexec\n"
             "41 set_cgroup_limits cpu.cfs_period_us=100000 cpu.cfs_quota_us=50000 "
             "memory.limit_in_bytes=536870912 memory.memsw.limit_in_bytes=536870912 pids.max=65\n"
             "42 hand_over r1.netted.0.17\n"
             "50 hold_mounts /volumes\n"
             "51 attach_mount /in 0\n"
             "51 attach_mount /bundle 1\n"
             "51 attach_mount /volumes/lake 2\n"
             "51 attach_mount /runink/bin/runink-step 3\n"
             "51 attach_mount /out 4\n"
             "51 attach_mount /scratch 5\n"
             "52 seal_mounts /runink\n"
             "52 seal_mounts /volumes\n"
             "53 limit_open_files 1024\n"
             "56 set_streams\n"
             "58 drop_capabilities\n"
             "57 enter_working_folder /bundle\n"
             "59 close_descriptors\n"
             "60 reset_signals\n"
             "61 execute /runink/bin/runink-step sql PATH= TOKEN=\n");
}

BOOST_AUTO_TEST_CASE(a_rootless_plan_changes_no_user_and_limits_processes_without_a_cgroup) {
  const auto steps = plan(sample(), {true, {}, "/usr"});
  for (const StepCode absent :
       {StepCode::make_cgroups, StepCode::join_cgroups, StepCode::become_inner_root,
        StepCode::drop_groups, StepCode::become_slice_user, StepCode::set_cgroup_limits})
    BOOST_TEST(!has(steps, absent), to_string(absent));
  BOOST_TEST(to_string(steps[place(steps, StepCode::limit_processes)]) == "55 limit_processes 65");
}

BOOST_AUTO_TEST_CASE(on_pure_v2_a_berth_is_born_in_its_group_and_sees_it_as_the_root) {
  const auto steps = plan(sample(), {false, unified(), "/usr"});
  BOOST_TEST(!has(steps, StepCode::join_cgroups));
  BOOST_TEST(!has(steps, StepCode::unshare_cgroup_namespace));
  BOOST_TEST(unified().v2_mount_point().value_or("-") == "/sys/fs/cgroup");
  BOOST_TEST(!hybrid().any_v2());
}

BOOST_AUTO_TEST_CASE(the_order_of_steps_is_the_one_that_the_kernel_accepts) {
  const auto s = plan(sample(), {false, hybrid(), "/usr"});
  const auto before = [&](StepCode a, StepCode b) {
    BOOST_TEST(place(s, a) < place(s, b), to_string(a) << " must come before " << to_string(b));
  };
  before(StepCode::join_cgroups, StepCode::unshare_cgroup_namespace);  // or the group shows
  before(StepCode::mount_proc, StepCode::detach_old_root);             // EPERM afterwards
  before(StepCode::drop_bounding_set, StepCode::become_slice_user);    // EPERM afterwards
  before(StepCode::become_slice_user, StepCode::die_with_spawner);     // which would clear it
  before(StepCode::become_slice_user, StepCode::hold_tools);  // or it could make nothing in it
  before(StepCode::hold_tools, StepCode::attach_mount);
  before(StepCode::attach_mount, StepCode::seal_mounts);
  before(StepCode::set_cgroup_limits, StepCode::execute);
  before(StepCode::attach_mount, StepCode::drop_capabilities);
  before(StepCode::drop_capabilities,
         StepCode::enter_working_folder);  // as the slice, not above it
}

BOOST_AUTO_TEST_CASE(limits_are_written_in_the_names_and_order_of_each_version) {
  const auto text = [](const std::vector<CgroupValue>& values) {
    std::string all;
    for (const CgroupValue& v : values) all += v.file + "=" + v.value + ";";
    return all;
  };
  SliceLimits limits;
  limits.cpu = MilliCpu{1500};
  limits.memory = MiB(64);
  limits.pids = 10;
  BOOST_TEST(text(cgroup_values(limits, unified())) ==
             "cpu.max=150000 100000;memory.max=67108864;memory.swap.max=0;memory.oom.group=1;"
             "pids.max=11;");
  // One machine with both: each controller by its own version.
  CgroupLayout mixed = hybrid();
  mixed.places[2] = {Controller::pids, 2, "/sys/fs/cgroup/unified"};
  mixed.swap_accounting = false;
  BOOST_TEST(text(cgroup_values(limits, mixed)) ==
             "cpu.cfs_period_us=100000;cpu.cfs_quota_us=150000;memory.limit_in_bytes=67108864;"
             "pids.max=11;");
  limits.cpu = MilliCpu{1};
  BOOST_TEST(cgroup_values(limits, unified())[0].value == "1000 100000");  // the kernel's least
  BOOST_TEST(cgroup_values(limits, {}).empty());
}

BOOST_AUTO_TEST_CASE(the_count_of_kills_is_found_by_its_key) {
  BOOST_TEST(keyed_number("oom_kill_disable 0\nunder_oom 0\noom_kill 3\n", "oom_kill") == 3u);
  BOOST_TEST(keyed_number("low 0\noom 2\noom_kill 1\noom_group_kill 1", "oom_kill") == 1u);
  BOOST_TEST(keyed_number("oom_group_kill 7", "oom_kill") == 0u);
  BOOST_TEST(keyed_number("", "oom_kill") == 0u);
}

BOOST_AUTO_TEST_CASE(numbers_and_names_of_steps_are_unique_and_known) {
  std::set<std::string_view> names;
  for (std::uint16_t n = 0; n < 100; ++n) {
    const auto code = static_cast<StepCode>(n);
    BOOST_TEST(known(code) == (to_string(code) != "unknown"));
    if (known(code)) BOOST_TEST(names.insert(to_string(code)).second);
  }
  BOOST_TEST(names.size() == 40u);
}

BOOST_AUTO_TEST_CASE(a_spec_that_asks_for_too_much_is_refused_with_a_reason) {
  BOOST_TEST(check(sample()).has_value());
  const auto refused = [](auto change) {
    SandboxSpec spec = sample();
    change(spec);
    const auto result = check(spec);
    BOOST_TEST(!result.has_value());
    if (!result) BOOST_TEST((result.error().kind == FaultKind::bad_input));
  };
  for (const char* id : {"", "a/b", "../x", ".x", "A", "a b"})
    refused([&](auto& s) { s.slice = SliceId{id}; });
  refused([](auto& s) { s.slice = SliceId{std::string(201, 'a')}; });
  refused([](auto& s) { s.argv.clear(); });
  refused([](auto& s) { s.argv.assign(limits::arguments + 1, "x"); });
  refused([](auto& s) { s.argv = {"/bin/x", std::string("a\0b", 3)}; });
  refused([](auto& s) { s.env["A=B"] = "c"; });
  refused([](auto& s) { s.cwd = "bundle"; });
  for (const char* path : {"", "/", "d/in", "/d/../etc", "/d//in", "/d/./in", "/d/in/"})
    refused([&](auto& s) { s.mounts[0].host_path = path; });
  for (const char* path : {"/", "/etc", "/usr", "/proc", "/in/../etc", "/out", "/scratch", "/tmp/x",
                           "/volumes", "/bundle/x", "/in/a/b/c/d"})
    refused([&](auto& s) { s.mounts[0].inside_path = path; });
  refused([](auto& s) { s.mounts[0].read_only = false; });
  refused([](auto& s) { s.mounts[1].inside_path = "/in/x"; });  // beneath /in, which is taken
  refused([](auto& s) { s.output = "out"; });
  refused([](auto& s) { s.scratch = "/a/../b"; });
  refused([](auto& s) { s.limits.cpu = MilliCpu{0}; });
  refused([](auto& s) { s.limits.memory = KiB(1); });
  refused([](auto& s) { s.limits.pids = 0; });
  refused([](auto& s) { s.limits.open_files = 1; });
  refused([](auto& s) { s.timeout = Duration{0}; });
  refused([](auto& s) { s.lease = Duration{-1}; });
  refused([](auto& s) {
    s.argv.push_back(std::string(60'000, 'x')), s.argv.push_back(std::string(60'000, 'x')),
        s.argv.push_back(std::string(60'000, 'x'));
  });
}

BOOST_AUTO_TEST_CASE(ends_are_told_apart_by_their_facts) {
  const auto judged = [](const EndFacts& facts) {
    ExitReport report;
    judge_end(facts, report);
    return report;
  };
  const int exit_3 = 3 << 8;
  const int exit_0 = 0;
  const int by_kill = 9;
  const StepFailure missing{StepCode::execute, 2};
  const BegunKill late{SliceEnd::timed_out, KillReason::none};
  BOOST_TEST((judged({{}, {}, exit_3, 0}).end == SliceEnd::exited));
  BOOST_TEST(judged({{}, {}, exit_3, 0}).exit_code == 3);
  BOOST_TEST((judged({{}, {}, by_kill, 0}).end == SliceEnd::signalled));
  BOOST_TEST(judged({{}, {}, by_kill, 0}).signal == 9);
  BOOST_TEST((judged({{}, {}, by_kill, 1}).end == SliceEnd::out_of_memory));
  BOOST_TEST((judged({{}, {}, exit_3, 1}).end == SliceEnd::out_of_memory));
  // It survived the death of a child and says that all is well.
  BOOST_TEST((judged({{}, {}, exit_0, 1}).end == SliceEnd::exited));
  BOOST_TEST((judged({{}, late, exit_0, 0}).end == SliceEnd::timed_out));
  BOOST_TEST((judged({{}, late, {}, 0}).signal == 9));
  BOOST_TEST((judged({missing, {}, {}, 0}).end == SliceEnd::setup_failed));
  BOOST_TEST(to_sentence(judged({missing, {}, {}, 0})) ==
             "The sandbox could not be set up: step 61 execute failed: No such file or directory.");
}

BOOST_AUTO_TEST_CASE(a_berth_is_made_when_nobody_waits_for_the_spawner_and_at_last_all_the_same) {
  BOOST_TEST(refill_pause_ms(4, 4, 0) == -1);
  BOOST_TEST(refill_pause_ms(5, 4, 3) == -1);
  BOOST_TEST(refill_pause_ms(3, 4, 0) == refill_after_quiet_ms);
  BOOST_TEST(refill_pause_ms(0, 4, 0) == 0);
  // A slice between hand-over and exec has the machine, also when its berth was the last.
  BOOST_TEST(refill_pause_ms(3, 4, 1) == refill_beside_launch_ms);
  BOOST_TEST(refill_pause_ms(0, 4, 1) == refill_beside_launch_ms);
  // A slice that waits for a berth has one made at once (give_out_work); this is for the next one.
  static_assert(refill_beside_launch_ms > refill_after_quiet_ms && refill_beside_launch_ms <= 50);
}

BOOST_AUTO_TEST_CASE(ids_are_not_given_twice_at_a_time) {
  UidRanges ranges(1'000'000, 3 * ids_per_slice);
  const auto a = ranges.take();
  const auto b = ranges.take();
  const auto c = ranges.take();
  BOOST_REQUIRE((a && b && c));
  BOOST_TEST(*b - *a == ids_per_slice);
  BOOST_TEST(!ranges.take().has_value());
  ranges.give_back(*b);
  BOOST_TEST(ranges.take().value_or(0) == *b);
}

BOOST_AUTO_TEST_CASE(the_start_up_file_is_read_as_it_was_written) {
  SpawnerConfig config;
  config.data = "/var/lib/run \"ink\\";
  config.daemon_uid = 900;
  config.daemon_gid = 901;
  config.mount_prefixes = {"/srv/lake", "/srv/a b"};
  config.cgroup_prefix = "house/runink";
  config.idmap = false;
  const auto back = parse_spawner_config(to_text(config));
  BOOST_REQUIRE(back.has_value());
  BOOST_TEST((*back == config));
  BOOST_TEST(effective_cgroup_prefix(config) == "house/runink");
  config.cgroup_prefix.clear();
  BOOST_TEST(effective_cgroup_prefix(config).starts_with("runink-"));
}

BOOST_AUTO_TEST_CASE(a_start_up_file_with_a_mistake_is_refused) {
  const std::string good = to_text({.data = "/d"});
  BOOST_TEST(parse_spawner_config(good).has_value());
  for (const char* line :
       {"uid_base = 0\n", "uid_base = x\n", "berths = 0\n", "data = \"d\"\n",
        "data = \"/d/../e\"\n", "mount_prefixes = [\"srv\"]\n", "mount_prefixes = [\"/srv\"\n",
        "cgroup_prefix = \"../x\"\n", "cgroup_prefix = \"/x\"\n", "unknown = 1\n",
        "idmap = maybe\n", "uid_count = 4294967295\n", "nonsense\n"})
    BOOST_TEST(!parse_spawner_config(good + line).has_value(), line);
}
