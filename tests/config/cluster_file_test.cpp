#include "config/cluster_file.hpp"

#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>

#include "tests/config/scratch_folder.hpp"

using namespace runink;
using namespace runink::config;

namespace {

const Machine machine{{8000}, GiB(32), GiB(500)};

ClusterFile good(const std::string& text, const std::string& path = "/etc/runink/cluster.toml") {
  auto file = parse_cluster_file(text, path, machine);
  if (!file) BOOST_FAIL(to_text(file.error()));
  return std::move(*file);
}

constexpr std::string_view smallest = R"(cluster = "prod"
[node]
name = "n1"
data = "/var/lib/runink-test"
)";

}  // namespace

BOOST_AUTO_TEST_CASE(three_keys_are_enough_for_a_node_of_its_own) {
  const ClusterFile file = good(std::string(smallest));
  BOOST_TEST(file.cluster == "prod");
  BOOST_TEST(file.node.name.value == "n1");
  BOOST_TEST(file.node.voter);
  BOOST_TEST(file.node.worker);
  BOOST_TEST((file.node.capacity == machine));
  BOOST_TEST(file.nodes.size() == 1u);
  BOOST_TEST(to_string(file.self().address) == "127.0.0.1:7201");
  BOOST_TEST(file.self().id.value == 1u);
  BOOST_TEST(file.admin.socket == "/var/lib/runink-test/admin.sock");
  BOOST_TEST(!file.admin.group.has_value());
  BOOST_REQUIRE(file.metrics.has_value());
  BOOST_TEST(to_string(*file.metrics) == "127.0.0.1:9464");
  BOOST_TEST(file.slices.uid_base == 1'000'000u);
  BOOST_TEST(file.slices.cgroup == "");
  BOOST_TEST(file.slices.berths == 4u);
  BOOST_TEST((file.lease == seconds(60)));
}

BOOST_AUTO_TEST_CASE(every_key_that_is_given_is_taken) {
  const ScratchFolder scratch;
  const ClusterFile file = good(
      "cluster = \"prod\"\n"
      "[node]\nname = \"a\"\ndata = \"data\"\nroles = [\"voter\"]\n"
      "labels = { disk = \"fast\", \"zone/row\" = \"B.2\" }\n"
      "user = \"root\"\n"
      "capacity = { cpu = \"2500m\", memory = \"4Gi\", disk = \"2T\" }\n"
      "[[nodes]]\nname = \"a\"\naddress = \"[::1]:9000\"\nid = 7\n"
      "[volumes.lake]\npath = \"lake\"\n"
      "grant = { finance = \"read\", risk = \"write\" }\n"
      "[admin]\nsocket = \"run/a.sock\"\ngroup = \"root\"\n"
      "[metrics]\nlisten = \"\"\n"
      "[slices]\nuid_base = 200000\nuid_count = 1000\n"
      "cgroup = \"platform/runink\"\nberths = 1\n"
      "[log]\nlevel = \"warn\"\n"
      "[lease]\nduration = \"1500ms\"\n",
      scratch / "cluster.toml");
  BOOST_TEST(file.node.data == scratch / "data");
  BOOST_TEST(!file.node.worker);
  BOOST_TEST(file.node.labels.at("zone/row") == "B.2");
  BOOST_TEST(file.node.user.value() == "root");
  BOOST_TEST((file.node.capacity == Machine{{2500}, GiB(4), {2'000'000'000'000}}));
  BOOST_TEST(file.node.id.value == 7u);
  BOOST_TEST(to_string(file.self().address) == "[::1]:9000");
  const Volume& lake = file.volumes.at(VolumeName("lake"));
  BOOST_TEST(lake.path == scratch / "lake");
  BOOST_TEST((lake.grants.at(HerdName("finance")) == Access::read));
  BOOST_TEST((lake.grants.at(HerdName("risk")) == Access::write));
  BOOST_TEST(file.admin.socket == scratch / "run/a.sock");
  BOOST_TEST(file.admin.group.value() == "root");
  BOOST_TEST(!file.metrics.has_value());
  BOOST_TEST(file.slices.uid_base == 200'000u);
  BOOST_TEST(file.slices.uid_count == 1'000u);
  BOOST_TEST(file.slices.cgroup == "platform/runink");
  BOOST_TEST(file.slices.berths == 1u);
  BOOST_TEST((file.log_level == LogLevel::warn));
  BOOST_TEST((file.lease == milliseconds(1500)));
}

BOOST_AUTO_TEST_CASE(three_nodes_know_each_other_by_certificates_and_have_a_short_lease) {
  const ScratchFolder scratch;
  const std::string nodes =
      "[[nodes]]\nname = \"n1\"\naddress = \"127.0.0.1:7201\"\n"
      "[[nodes]]\nname = \"n2\"\naddress = \"127.0.0.1:7202\"\n"
      "[[nodes]]\nname = \"n3\"\naddress = \"127.0.0.1:7203\"\nid = 9\n";
  const ClusterFile file =
      good(std::string(smallest) + nodes +
               "[tls]\nca = \"ca.crt\"\ncert = \"n1.crt\"\nkey = \"/k/n1.key\"\n",
           scratch / "cluster.toml");
  BOOST_REQUIRE(file.nodes.size() == 3u);
  BOOST_TEST(file.nodes[1].id.value == 2u);
  BOOST_TEST(file.nodes[2].id.value == 9u);
  const Tls expected{scratch / "ca.crt", scratch / "n1.crt", "/k/n1.key"};
  BOOST_TEST((file.tls == expected));
  BOOST_TEST(!file.insecure_peers);
  BOOST_TEST((file.lease == milliseconds(1500)));
  BOOST_TEST(describe(file).find("tls key         /k/n1.key\n") != std::string::npos);

  const ClusterFile open =
      good(std::string(smallest) + nodes + "[tls]\ninsecure = true\n", scratch / "cluster.toml");
  BOOST_TEST(open.insecure_peers);
  BOOST_TEST(!open.tls.has_value());
}

BOOST_AUTO_TEST_CASE(all_mistakes_of_a_file_are_told_in_the_order_of_its_text) {
  const auto file = parse_cluster_file(R"(clutser = "prod"
[node]
name = "N1"
data = "/var/lib/runink-test"
role = ["voter"]
[log]
level = "verbos"
[lease]
duration = 60
)",
                                       "cluster.toml", machine);
  BOOST_REQUIRE(!file.has_value());
  BOOST_TEST(
      to_text(file.error()) ==
      R"(cluster.toml:1:1: error: 'cluster' is missing in the cluster file. Write cluster = "prod".
  clutser = "prod"
  ^
cluster.toml:1:1: error: There is no key 'clutser' in the cluster file. Did you mean 'cluster'?
  clutser = "prod"
  ^^^^^^^
cluster.toml:3:8: error: The node name 'N1' must start with a letter from a to z.
  name = "N1"
         ^^^^
cluster.toml:5:1: error: There is no key 'role' in [node]. Did you mean 'roles'?
  role = ["voter"]
  ^^^^
cluster.toml:7:9: error: There is no log level 'verbos'. Known here: trace, debug, info, warn, error.
  level = "verbos"
          ^^^^^^^^
cluster.toml:9:12: error: 'duration' in [lease] is a whole number; it must be a text in quotes.
  duration = 60
             ^^
6 mistakes in cluster.toml
)");
}

BOOST_AUTO_TEST_CASE(a_caret_stands_under_its_character_behind_tabs_and_letters_of_two_bytes) {
  const auto file = parse_cluster_file(
      "cluster = \"prod\"\n[node]\nname = \"n1\"\ndata = \"/d\"\n"
      "labels = { \"ä\" = \"x\",\t\"ö\" = 3 }\n",
      "c.toml", machine);
  BOOST_REQUIRE(!file.has_value());
  const std::string text = to_text(file.error());
  BOOST_TEST_CONTEXT(text) {
    BOOST_TEST(text.find("\n             ^^^\n") != std::string::npos);
    BOOST_TEST(text.find("\n                       \t^^^\n") != std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(the_description_says_every_value_that_holds) {
  const ScratchFolder scratch;
  const ClusterFile file = good(
      std::string(smallest) + "[volumes.lake]\npath = \"lake\"\ngrant = { finance = \"read\" }\n",
      scratch / "cluster.toml");
  BOOST_TEST(describe(file) ==
             "cluster         prod\n"
             "file            " +
                 scratch / "cluster.toml" +
                 "\n"
                 "node            n1 (id 1)\n"
                 "roles           voter, worker\n"
                 "data            /var/lib/runink-test\n"
                 "capacity        8000m cpu, 32Gi memory, 500Gi disk\n"
                 "voter           n1 (id 1) at 127.0.0.1:7201\n"
                 "volume          lake = " +
                 scratch / "lake" +
                 "\n"
                 "                read for herd finance\n"
                 "admin socket    /var/lib/runink-test/admin.sock\n"
                 "admin group     (owner only)\n"
                 "metrics         127.0.0.1:9464\n"
                 "slice uids      1000000 to 1065535\n"
                 "slice cgroup    (derived from the data folder)\n"
                 "berths          4\n"
                 "log level       info\n"
                 "lease           60s\n"
                 "log             a snapshot for each 64Mi, 4Mi kept behind it\n"
                 "log archive     4Gi\n"
                 "snapshots       sent at up to 64Mi a second\n");
}

BOOST_AUTO_TEST_CASE(the_history_says_how_long_the_log_gets_and_what_stays_of_it) {
  const ScratchFolder scratch;
  const ClusterFile file = good(std::string(smallest) +
                                    "[history]\nlog = \"64Ki\"\ntransfer = \"1Mi\"\narchive = 0\n"
                                    "archive_for = \"2h\"\n",
                                scratch / "cluster.toml");
  const History expected{KiB(64), KiB(16), MiB(1), Bytes{0}, seconds(7200)};
  BOOST_TEST((file.history == expected));
  for (const char* wrong :
       {"log = \"1Ki\"", "log = \"2Ti\"", "log_kept = \"64Mi\"", "transfer = \"1Ki\"",
        "archive_for = \"0s\"", "archive = \"x\"", "logs = 1"}) {
    const auto refused = parse_cluster_file(std::string(smallest) + "[history]\n" + wrong + "\n",
                                            scratch / "cluster.toml", Machine{});
    BOOST_TEST(!refused.has_value(), wrong);
  }
}

BOOST_AUTO_TEST_CASE(a_file_is_loaded_with_the_capacity_of_this_machine) {
  const ScratchFolder scratch;
  std::ofstream(scratch / "cluster.toml") << smallest;
  const auto file = load_cluster_file(scratch / "cluster.toml");
  BOOST_REQUIRE(file.has_value());
  BOOST_TEST(file->node.capacity.cpu.value >= 1000u);
  BOOST_TEST(file->node.capacity.memory.value > MiB(64).value);
  BOOST_TEST(file->node.capacity.disk.value > 0u);
}

BOOST_AUTO_TEST_CASE(a_file_that_is_not_there_or_not_a_file_or_too_large_says_so) {
  const ScratchFolder scratch;
  const auto missing = load_cluster_file(scratch / "none.toml");
  BOOST_REQUIRE(!missing.has_value());
  BOOST_TEST((missing.error().kind == FaultKind::no_such_thing));
  const auto folder = load_cluster_file(scratch / "lake");
  BOOST_REQUIRE(!folder.has_value());
  BOOST_TEST((folder.error().kind == FaultKind::bad_input));
  std::ofstream(scratch / "large.toml") << std::string(MiB(1).value + 1, '#');
  const auto large = load_cluster_file(scratch / "large.toml");
  BOOST_REQUIRE(!large.has_value());
  BOOST_TEST(large.error().what.find("larger than") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_node_that_joins_has_its_address_in_node_and_the_founders_in_nodes) {
  const std::string founders =
      "[[nodes]]\nname = \"n1\"\naddress = \"127.0.0.1:1\"\n"
      "[[nodes]]\nname = \"n2\"\naddress = \"127.0.0.1:2\"\n"
      "[tls]\ninsecure = true\n";
  const std::string head = "cluster = \"prod\"\n[node]\ndata = \"/var/lib/runink-test\"\n";
  const ClusterFile file = good(head + "name = \"n4\"\naddress = \"127.0.0.1:4\"\n" + founders);
  BOOST_TEST(file.joins());
  BOOST_TEST(!file.alone);
  BOOST_TEST(file.nodes.size() == 2u);
  BOOST_TEST(to_string(file.self().address) == "127.0.0.1:4");
  BOOST_TEST((file.lease == milliseconds(1'500)));
  BOOST_TEST(describe(file).find("n4 (joins, at 127.0.0.1:4)") != std::string::npos);
  // A founder that was removed joins again from where it was.
  BOOST_TEST(good(head + "name = \"n2\"\naddress = \"127.0.0.1:2\"\n" + founders).joins());
  const auto says = [&](const std::string& text, const std::string& words) {
    const auto bad = parse_cluster_file(text, "c.toml", machine);
    BOOST_REQUIRE(!bad.has_value());
    BOOST_TEST(to_text(bad.error()).find(words) != std::string::npos, to_text(bad.error()));
  };
  says(head + "name = \"n4\"\naddress = \"127.0.0.1:4\"\n", "name the nodes that founded it");
  says(head + "name = \"n4\"\naddress = \"127.0.0.1:1\"\n" + founders, "has the address");
  says(head + "name = \"n4\"\naddress = \"127.0.0.1\"\n" + founders, "it has no port");
  says(head + "name = \"n4\"\naddress = \"10.0.0.4:4\"\n" + founders, "on loopback addresses");
  says(head + "name = \"n4\"\n" + founders, "give it an 'address' in [node]");
}

BOOST_AUTO_TEST_CASE(a_node_is_alone_unless_others_may_join_it) {
  BOOST_TEST(good(std::string(smallest)).alone);
  const std::string line = "[[nodes]]\nname = \"n1\"\naddress = \"127.0.0.1:1\"\n";
  BOOST_TEST(good(std::string(smallest) + line).alone);
  const ClusterFile open = good(std::string(smallest) + line + "[tls]\ninsecure = true\n");
  BOOST_TEST(!open.alone);
  BOOST_TEST((open.lease == milliseconds(1'500)));
}
