// The catalogue of what can be wrong in a cluster file. In each text a '@' stands where the mistake
// is to be reported; it is taken out before the file is read.
#include <boost/test/unit_test.hpp>
#include <fstream>
#include <vector>

#include "config/cluster_file.hpp"
#include "tests/config/scratch_folder.hpp"
#include "vocabulary/limits.hpp"

using namespace runink;
using namespace runink::config;

namespace {

struct Case {
  std::string text;  ///< "..." at the front stands for a good beginning
  std::string says;  ///< a part of what must be said
};

const std::string beginning = "cluster = \"prod\"\n[node]\nname = \"n1\"\ndata = \"data\"\n";

const std::vector<Case> catalogue = {
    // not TOML
    {"cluster = @prod\n", "This is not TOML"},
    {"...@[node]\n", "This is not TOML"},
    {"cluster = \"prod\" @x\n", "This is not TOML"},
    // the top
    {"@[node]\nname = \"n1\"\ndata = \"d\"\n", "'cluster' is missing in the cluster file"},
    {"cluster = @7\n[node]\nname = \"n1\"\ndata = \"d\"\n",
     "'cluster' in the cluster file is a whole number"},
    {"cluster = @\"Prod\"\n[node]\nname = \"n1\"\ndata = \"d\"\n", "must start with a letter"},
    {"cluster = @\"\"\n[node]\nname = \"n1\"\ndata = \"d\"\n", "The cluster name is empty"},
    {"...[@volume.lake]\npath = \"lake\"\n", "Did you mean 'volumes'?"},
    {"...[@secrets]\n",
     "There is no key 'secrets' in the cluster file. Known here: cluster, node,"},
    // [node]
    {"cluster = \"prod\"\nnode = @3\n", "write [node] and its keys below it"},
    {"cluster = \"prod\"\n@[node]\ndata = \"d\"\n", "'name' is missing in [node]"},
    {"cluster = \"prod\"\n@[node]\nname = \"n1\"\n", "'data' is missing in [node]"},
    {"cluster = \"prod\"\n[node]\nname = @\"n 1\"\ndata = \"d\"\n", "may only have the characters"},
    {"cluster = \"prod\"\n[node]\nname = \"n1\"\ndata = @\"\"\n",
     "The path of the data folder is empty"},
    {"cluster = \"prod\"\n[node]\nname = \"n1\"\ndata = @\"a_file\"\n", "is not a folder"},
    {"...@dta = \"x\"\n", "Did you mean 'data'?"},
    {"...roles = @\"voter\"\n", "it must be a list of texts"},
    {"...roles = [\"voter\", @3]\n", "it must be a list of texts"},
    {"...roles = [\"voter\", @\"wroker\"]\n", "Did you mean 'worker'?"},
    {"...roles = [\"voter\", @\"voter\"]\n", "stands here twice"},
    {"...roles = @[]\n", "A node without a role does nothing"},
    {"...roles = @[\"worker\"]\n", "is a voter in this version"},
    {"...labels = @\"fast\"\n", "must be a table"},
    {"...labels = { @\"a b\" = \"x\" }\n", "The label 'a b'"},
    {"...labels = { disk = @3 }\n", "The value of the label 'disk'"},
    {"...user = @\"no-such-account-here\"\n", "There is no account 'no-such-account-here'"},
    {"...capacity = { cpu = @\"4 cores\" }\n", "is not a number of cores"},
    {"...capacity = { cpu = @0 }\n", "A node with no cpu can run nothing"},
    {"...capacity = { cpu = @1000000 }\n", "No machine has more than"},
    {"...capacity = { memory = @\"16GB\" }\n", "is not a number of bytes"},
    {"...capacity = { memory = @\"99999999999Ti\" }\n", "is not a number of bytes"},
    {"...capacity = { memory = @-1 }\n", "is not a number of bytes"},
    {"...capacity = { disk = @true }\n", "it must be a quantity"},
    {"...capacity = { @memroy = \"1Gi\" }\n", "Did you mean 'memory'?"},
    // [[nodes]]
    {"...@[nodes]\nname = \"n1\"\n", "write [[nodes]]"},
    {"nodes = @[]\n...", "write [[nodes]]"},
    {"...@[[nodes]]\naddress = \"10.0.0.1:1\"\n", "'name' is missing in [[nodes]]"},
    {"...@[[nodes]]\nname = \"n1\"\n", "'address' is missing in [[nodes]]"},
    {"...[[nodes]]\nname = \"n1\"\naddress = @\"10.0.0.1\"\n", "it has no port"},
    {"...[[nodes]]\nname = \"n1\"\naddress = @\"10.0.0.1:0\"\n", "a number from 1 to 65535"},
    {"...[[nodes]]\nname = \"n1\"\naddress = @\"10.0.0.1:70000\"\n", "a number from 1 to 65535"},
    {"...[[nodes]]\nname = \"n1\"\naddress = @\"10.0.0.256:1\"\n", "that is no IPv4 address"},
    {"...[[nodes]]\nname = \"n1\"\naddress = @\"::1:7201\"\n", "stands in brackets"},
    {"...[[nodes]]\nname = \"n1\"\naddress = @\"[::x]:7201\"\n", "no IPv6 address"},
    {"...[[nodes]]\nname = \"n1\"\naddress = @\"my host:7201\"\n", "letters, digits"},
    {"...[[nodes]]\nname = \"n1\"\naddress = \"h:1\"\nid = @0\n", "must be from 1 to"},
    {"...[[nodes]]\nname = \"n1\"\naddress = \"h:1\"\n@adress = \"h:1\"\n",
     "Did you mean 'address'?"},
    {"cluster = \"p\"\n[node]\nname = @\"n2\"\ndata = \"d\"\n[[nodes]]\nname = \"n1\"\naddress = "
     "\"h:1\"\n",
     "This node, 'n2', is not among [[nodes]], which has: n1."},
    {"...[[nodes]]\nname = \"n1\"\naddress = \"h:1\"\n@[[nodes]]\nname = \"n2\"\naddress = "
     "\"h:2\"\n",
     "[[nodes]] names 2 nodes, and they must know each other: write [tls]"},
    {"...[[nodes]]\nname = \"n1\"\naddress = \"h:1\"\n[[nodes]]\nname = @\"n1\"\naddress = "
     "\"h:2\"\n",
     "is listed twice"},
    {"...[[nodes]]\nname = \"n1\"\naddress = \"h:1\"\n[[nodes]]\nname = \"n2\"\naddress = "
     "@\"h:1\"\n",
     "has the address h:1 too"},
    {"...[[nodes]]\nname = \"n1\"\naddress = \"h:1\"\n[[nodes]]\nname = \"n2\"\naddress = "
     "\"h:2\"\nid = @1\n",
     "is also that of node 'n1'"},
    // [tls]
    {"...@[tls]\ncert = \"a\"\nkey = \"b\"\n", "'ca' is missing in [tls]"},
    {"...[tls]\nca = \"a\"\ncert = @\"\"\nkey = \"b\"\n",
     "path of the node's certificate is empty"},
    {"...[tls]\nca = \"a\"\ncert = \"b\"\nkey = \"c\"\n@crt = \"d\"\n", "Did you mean 'cert'?"},
    {"...[tls]\ninsecure = @\"yes\"\n", "it must be true or false"},
    {"...[[nodes]]\nname = \"n1\"\naddress = \"10.0.0.1:1\"\n[tls]\ninsecure = @true\n",
     "for tests on loopback addresses only"},
    // [volumes.X]
    {"volumes = @3\n...", "write [volumes.lake]"},
    {"...[volumes]\nlake = @\"/srv\"\n", "The volume 'lake' must be a table"},
    {"...[volumes.@Lake]\npath = \"lake\"\n", "must start with a letter"},
    {"...@[volumes.lake]\ngrant = { a = \"read\" }\n", "'path' is missing in [volumes.lake]"},
    {"...[volumes.lake]\npath = @\"\"\n", "The path of the volume 'lake' is empty"},
    {"...[volumes.lake]\npath = @\"not-there\"\n", "which does not exist"},
    {"...[volumes.lake]\npath = @\"a_file\"\n", "which is not a folder"},
    {"...[volumes.lake]\npath = @\".\"\n", "lie one in the other"},
    {"...[volumes.lake]\npath = @\"/\"\n", "lie one in the other"},
    {"...[volumes.lake]\npath = \"lake\"\ngrant = @\"read\"\n", "must say who may do what"},
    {"...[volumes.lake]\npath = \"lake\"\ngrant = { finance = @\"raed\" }\n", "not \"raed\""},
    {"...[volumes.lake]\npath = \"lake\"\ngrant = { finance = @true }\n", "A herd is granted"},
    {"...[volumes.lake]\npath = \"lake\"\ngrant = { @Finance = \"read\" }\n", "The herd name"},
    {"...[volumes.lake]\npath = \"lake\"\n@grants = { finance = \"read\" }\n",
     "Did you mean 'grant'?"},
    // [admin], [metrics]
    {"...[admin]\nsocket = @\"/run/" + std::string(120, 'x') + "\"\n",
     "a unix socket may have 107"},
    {"...[admin]\ngroup = @\"no-such-group-here\"\n", "There is no group 'no-such-group-here'"},
    {"...[admin]\n@port = 80\n", "There is no key 'port' in [admin]. Known here: socket, group."},
    {"...[metrics]\nlisten = @\"0.0.0.0:9464\"\n", "on loopback only"},
    {"...[metrics]\nlisten = @\"localhost:9464\"\n", "on loopback only"},
    {"...[metrics]\nlisten = @\":9464\"\n", "the host is empty"},
    {"...[metrics]\nlisten = @false\n", "it must be a text in quotes"},
    // [slices], [log], [lease]
    {"...[slices]\nuid_base = @0\n", "must be from 65536 to"},
    {"...[slices]\nuid_base = @\"1000000\"\n", "it must be a whole number"},
    {"...[slices]\nuid_count = @3\n", "must be from 512 to"},
    {"...[slices]\nuid_base = @4294967000\n", "the last one that exists"},
    {"...[slices]\ncgroup = @\"/runink\"\n", "must be a path below"},
    {"...[slices]\ncgroup = @\"a/../b\"\n", "must be a path below"},
    {"...[slices]\nberths = @0\n", "must be from 1 to"},
    {"...[log]\nlevel = @\"warning\"\n", "Known here: trace, debug, info, warn, error."},
    {"...[lease]\nduration = @\"60\"\n", "is not a length of time"},
    {"...[lease]\nduration = @\"1ms\"\n", "A lease lasts from"},
    {"...[lease]\nduration = @\"2h\"\n", "A lease lasts from"},
};

/// The text of a case, the good beginning put in, and where its '@' stood.
struct Marked {
  std::string text;
  std::uint32_t line = 1;
  std::uint32_t column = 1;
};

Marked marked(const Case& one) {
  Marked result{one.text};
  if (const auto dots = result.text.find("..."); dots != std::string::npos)
    result.text.replace(dots, 3, beginning);
  const std::size_t at = result.text.find('@');
  result.text.erase(at, 1);
  for (std::size_t i = 0; i < at; ++i) {
    ++result.column;
    if (result.text[i] == '\n') {
      ++result.line;
      result.column = 1;
    }
  }
  return result;
}

bool tells(const Mistakes& mistakes, const Marked& where, const std::string& what) {
  for (const Mistake& one : mistakes.list)
    if (one.line == where.line && one.column == where.column &&
        one.what.find(what) != std::string::npos)
      return true;
  return false;
}

}  // namespace

BOOST_AUTO_TEST_CASE(each_mistake_of_the_catalogue_is_told_at_its_place) {
  const ScratchFolder scratch;
  std::ofstream(scratch / "a_file") << "x";
  const Machine machine{{8000}, GiB(32), GiB(500)};
  BOOST_TEST(catalogue.size() >= 80u);
  for (const Case& one : catalogue) {
    const Marked where = marked(one);
    const auto file = parse_cluster_file(where.text, scratch / "cluster.toml", machine);
    if (file) {
      BOOST_ERROR("accepted:\n" + where.text);
      continue;
    }
    BOOST_CHECK_MESSAGE(tells(file.error(), where, one.says),
                        "expected at " << where.line << ":" << where.column << " \"" << one.says
                                       << "\", but was told:\n"
                                       << to_text(file.error()));
  }
}

BOOST_AUTO_TEST_CASE(the_good_beginning_of_the_catalogue_is_good) {
  const ScratchFolder scratch;
  const auto file = parse_cluster_file(beginning, scratch / "cluster.toml", {});
  BOOST_TEST(file.has_value());
}

BOOST_AUTO_TEST_CASE(a_file_of_nothing_but_mistakes_stops_at_the_limit) {
  std::string text = beginning;
  for (int i = 0; i < 500; ++i) text += "wrong" + std::to_string(i) + " = 1\n";
  const auto file = parse_cluster_file(text, "/etc/cluster.toml", {});
  BOOST_REQUIRE(!file.has_value());
  BOOST_TEST(file.error().list.size() == limits::diagnostics);
}

BOOST_AUTO_TEST_CASE(more_nodes_or_volumes_than_can_be_are_refused) {
  std::string nodes = beginning;
  for (std::uint32_t i = 0; i <= limits::cluster_nodes; ++i)
    nodes += "[[nodes]]\nname = \"n" + std::to_string(i) + "\"\naddress = \"h" + std::to_string(i) +
             ":1\"\n";
  const auto too_many_nodes = parse_cluster_file(nodes, "/etc/cluster.toml", {});
  BOOST_REQUIRE(!too_many_nodes.has_value());
  BOOST_TEST(to_text(too_many_nodes.error()).find("At most 64 nodes") != std::string::npos);
  std::string volumes = beginning;
  for (std::uint32_t i = 0; i <= limits::cluster_volumes; ++i)
    volumes += "[volumes.v" + std::to_string(i) + "]\npath = \"/srv\"\n";
  const auto too_many_volumes = parse_cluster_file(volumes, "/etc/cluster.toml", {});
  BOOST_REQUIRE(!too_many_volumes.has_value());
  BOOST_TEST(to_text(too_many_volumes.error()).find("at most 256 volumes") != std::string::npos);
}
