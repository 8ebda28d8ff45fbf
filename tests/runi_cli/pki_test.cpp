// The real `runi pki`: what it makes is what a node takes.
#include <sys/stat.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <string>

#include "security/security.hpp"
#include "tests/runi_cli/scripted_node.hpp"
#include "tests/support/folder.hpp"
#include "vocabulary/clock.hpp"

namespace runink::runi {
namespace {

using test::content;
using test::mode_of;

bool says(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// A place for the files, and a node that must never be asked.
struct Place {
  ScriptedNode node{[](const boost::json::object&, const ScriptedNode::Say&) { return false; }};
  std::string folder = (node.folder / "keys").string();
  Ended pki(std::vector<std::string> words) {
    words.insert(words.begin(), "pki");
    words.insert(words.end(), {"--dir", folder});
    return node.runi(words);
  }
  std::string operator/(const std::string& name) const { return folder + "/" + name; }
  ~Place() { BOOST_TEST(node.requests().empty()); }
};

std::string load_fault(const Place& place, const std::string& cluster, const std::string& node) {
  const auto context = security::TlsContext::load(
      {place / "ca.crt", place / (node + ".crt"), place / (node + ".key")},
      {cluster, NodeName(node)}, real_clock().wall());
  return context ? "" : context.error().what;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(runi_pki)

BOOST_AUTO_TEST_CASE(an_authority_and_its_nodes_are_made_as_a_node_takes_them) {
  Place place;
  const auto init = place.pki({"init", "--cluster", "prod"});
  BOOST_TEST(init.code == 0, init.err);
  BOOST_TEST(says(init.out, "The authority of cluster prod was made."));
  BOOST_TEST(says(init.out, place / "ca.key"));
  BOOST_TEST(mode_of(place / "ca.key") == 0600u);
  BOOST_TEST(mode_of(place / "ca.crt") == 0644u);
  const auto facts = security::read_certificate(content(place / "ca.crt"));
  BOOST_REQUIRE(facts.has_value());
  BOOST_TEST(says(init.out, facts->fingerprint));
  for (const std::string node : {"n1", "n2"}) {
    const auto made = place.pki({"node", node});
    BOOST_TEST(made.code == 0, made.err);
    BOOST_TEST(says(made.out, "raft://prod/" + node));
    BOOST_TEST(says(made.out, "cert = \"" + (place / (node + ".crt")) + "\""));
    BOOST_TEST(mode_of(place / (node + ".key")) == 0600u);
    BOOST_TEST(load_fault(place, "prod", node) == "");
  }
  BOOST_TEST(says(load_fault(place, "test", "n1"), "is that of node 'n1' of cluster 'prod'"));
}

BOOST_AUTO_TEST_CASE(nothing_is_replaced_without_force) {
  Place place;
  BOOST_TEST(place.pki({"init", "--cluster", "prod"}).code == 0);
  BOOST_TEST(place.pki({"node", "n1"}).code == 0);
  const std::string authority = content(place / "ca.key"), node = content(place / "n1.key");
  const auto again = place.pki({"init", "--cluster", "prod"});
  BOOST_TEST(again.code == 5);
  BOOST_TEST(
      says(again.err, "exists already, and nothing was changed. --force replaces an authority"));
  BOOST_TEST(again.out.empty());
  BOOST_TEST(place.pki({"node", "n1"}).code == 5);
  BOOST_TEST(content(place / "ca.key") == authority);
  BOOST_TEST(content(place / "n1.key") == node);
  // One of the two files is enough to be careful.
  std::filesystem::remove(place / "n1.key");
  BOOST_TEST(place.pki({"node", "n1"}).code == 5);
  BOOST_TEST(place.pki({"node", "n1", "--force"}).code == 0);
  BOOST_TEST(content(place / "n1.key") != node);
  BOOST_TEST(load_fault(place, "prod", "n1") == "");
  BOOST_TEST(place.pki({"init", "--cluster", "prod", "--force"}).code == 0);
  BOOST_TEST(content(place / "ca.key") != authority);
  BOOST_TEST(says(load_fault(place, "prod", "n1"), "was not signed by the authority"));
}

BOOST_AUTO_TEST_CASE(the_days_are_those_that_were_asked_for_and_no_more_than_the_authority_has) {
  Place place;
  BOOST_TEST(place.pki({"init", "--cluster", "prod", "--days", "100"}).code == 0);
  const auto long_one = place.pki({"node", "n1"});
  BOOST_TEST(long_one.code == 1);
  BOOST_TEST(says(long_one.err, "would outlive its authority"));
  BOOST_TEST(!std::filesystem::exists(place / "n1.key"));
  BOOST_TEST(place.pki({"node", "n1", "--days", "30"}).code == 0);
  const auto facts = security::read_certificate(content(place / "n1.crt"));
  BOOST_REQUIRE(facts.has_value());
  const WallTime in_30_days = real_clock().wall() + seconds(30LL * 24 * 3'600);
  BOOST_TEST((facts->validity.until <= in_30_days));
  BOOST_TEST((facts->validity.until > in_30_days + seconds(-600)));
  for (const char* days : {"0", "-1", "36501", "many"})
    BOOST_TEST(place.pki({"node", "n2", "--days", days}).code == 2, days);
}

BOOST_AUTO_TEST_CASE(what_is_missing_or_wrong_is_told_with_what_to_do) {
  Place place;
  const auto none = place.pki({"node", "n1"});
  BOOST_TEST(none.code == 4);
  BOOST_TEST(says(none.err, "`runi pki init`"), none.err);
  BOOST_TEST(place.pki({"init"}).code == 2);
  const auto bad = place.pki({"init", "--cluster", "Prod"});
  BOOST_TEST(bad.code == 1);
  BOOST_TEST(says(bad.err, "The cluster name 'Prod'"), bad.err);
  BOOST_TEST(place.pki({"init", "--cluster", "prod"}).code == 0);
  for (const char* name : {"../n1", "N1", "", "a b", "ca"})
    BOOST_TEST(place.pki({"node", name}).code != 0, name);
  BOOST_REQUIRE(::chmod((place / "ca.key").c_str(), 0644) == 0);
  const auto open = place.pki({"node", "n1"});
  BOOST_TEST(open.code == 3);
  BOOST_TEST(says(open.err, "chmod 0600"), open.err);
  std::size_t files = 0;
  for (const auto& one : std::filesystem::directory_iterator(place.folder)) files += one.exists();
  BOOST_TEST(files == 2u);
}

BOOST_AUTO_TEST_CASE(programs_read_the_result_as_json) {
  Place place;
  BOOST_TEST(place.pki({"init", "--cluster", "prod", "-o", "name"}).out ==
             (place / "ca.crt") + "\n" + (place / "ca.key") + "\n");
  const auto made = place.pki({"node", "n1", "-o", "json"});
  const auto result = boost::json::parse(made.out).as_object();
  BOOST_TEST(result.at("uri").as_string() == "raft://prod/n1");
  BOOST_TEST(result.at("ca").as_string() == place / "ca.crt");
  BOOST_TEST(result.at("key").as_string() == place / "n1.key");
  BOOST_TEST(result.at("counts_until").as_string().starts_with("20"));
  BOOST_TEST(result.at("fingerprint").as_string().size() == 95u);
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace runink::runi
