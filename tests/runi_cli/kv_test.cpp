// runi kv against a node that says what each test needs.
#include <boost/test/unit_test.hpp>
#include <fstream>

#include "tests/runi_cli/scripted_node.hpp"

namespace runink::runi {
namespace {

using boost::json::object;

object changed_key() {
  return boost::json::parse(
             R"({"herd":"shop","key":"k","repeated":true,"revision":12,"created":3,"version":2})")
      .get_object();
}

bool answer_changed(const object&, const ScriptedNode::Say& say) {
  say("result", changed_key());
  return true;
}

/// The last request without what is made anew each time.
std::string asked(const ScriptedNode& node) {
  object request = node.requests().back();
  request.erase("id");
  request.erase("request_id");
  return boost::json::serialize(request);
}

BOOST_AUTO_TEST_SUITE(runi_kv)

BOOST_AUTO_TEST_CASE(a_change_whose_answer_was_lost_is_asked_again_under_the_same_id) {
  int times = 0;
  ScriptedNode node([&](const object& request, const ScriptedNode::Say& say) {
    return ++times < 3 ? false : answer_changed(request, say);
  });
  auto ended = node.runi({"kv", "append", "k", "v"});
  BOOST_TEST(ended.code == 0);
  BOOST_TEST(ended.out == "kv/shop/k@12 appended (before)\n");
  const auto requests = node.requests();
  BOOST_REQUIRE(requests.size() == 3u);
  const std::string id(requests.at(0).at("request_id").as_string());
  BOOST_TEST(id.size() > 20u);
  for (const auto& one : requests) BOOST_TEST(one.at("request_id").as_string() == id);
  // Another intention is another id.
  node.runi({"kv", "append", "k", "v"});
  BOOST_TEST(node.requests().back().at("request_id").as_string() != id);
}

BOOST_AUTO_TEST_CASE(a_change_that_may_have_been_done_says_how_to_repeat_it) {
  ScriptedNode node([](const object&, const ScriptedNode::Say& say) {
    object error;
    error["kind"] = "out_of_time";
    error["message"] = "The deadline passed.";
    error["exit"] = 7;
    say("error", error);
    return true;
  });
  auto ended = node.runi({"kv", "put", "k", "v", "--request-id", "mine"});
  BOOST_TEST(ended.code == 7);
  BOOST_TEST(ended.err.find("repeated with --request-id mine it is done once") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_change_in_a_session_is_asked_again_under_its_number) {
  int times = 0;
  ScriptedNode node([&](const object& request, const ScriptedNode::Say& say) {
    return ++times < 3 ? false : answer_changed(request, say);
  });
  auto ended = node.runi({"kv", "append", "k", "v", "--session", "41", "--seq", "7"});
  BOOST_TEST(ended.code == 0);
  const auto requests = node.requests();
  BOOST_REQUIRE(requests.size() == 3u);
  for (const auto& one : requests) {
    BOOST_TEST(one.at("session").as_int64() == 41);
    BOOST_TEST(one.at("seq").as_int64() == 7);
  }
  ScriptedNode slow([](const object&, const ScriptedNode::Say& say) {
    say("error", object{{"kind", "out_of_time"}, {"message", "Late."}, {"exit", 7}});
    return true;
  });
  ended = slow.runi({"kv", "put", "k", "v", "--session", "41", "--seq", "8"});
  BOOST_TEST(ended.code == 7);
  BOOST_TEST(ended.err.find("repeated with --session 41 --seq 8 it is done once") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_session_that_was_opened_is_told_by_its_number) {
  ScriptedNode node([](const object&, const ScriptedNode::Say& say) {
    say("result", object{{"session", 1240}, {"idle_ms", 3'600'000}, {"results", 1'024}});
    return true;
  });
  auto ended = node.runi({"kv", "session"});
  BOOST_TEST(ended.code == 0);
  BOOST_TEST(ended.out == "1240\n");
}

BOOST_AUTO_TEST_CASE(what_is_typed_is_what_is_asked) {
  ScriptedNode node(answer_changed);
  node.runi({"kv", "put", "k", "", "--herd", "shop"});
  BOOST_TEST(asked(node) == R"({"verb":"kv.put","herd":"shop","key":"k","value":""})");
  const auto file = node.folder / "value";
  std::ofstream(file) << "\xff";
  node.runi({"kv", "append", "k", "-f", file.string()});
  BOOST_TEST(asked(node) == R"({"verb":"kv.append","key":"k","value_base64":"/w=="})");
  node.runi({"kv", "cas", "k", "v", "--absent"});
  BOOST_TEST(asked(node) == R"({"verb":"kv.cas","key":"k","value":"v","revision":0})");
  node.runi({"kv", "cas", "k", "v", "--revision", "12"});
  BOOST_TEST(asked(node) == R"({"verb":"kv.cas","key":"k","value":"v","revision":12})");
  node.runi({"kv", "cas", "k", "v", "--expect", ""});
  BOOST_TEST(asked(node) == R"({"verb":"kv.cas","key":"k","value":"v","expected":""})");
  node.runi({"kv", "delete", "k"});
  BOOST_TEST(asked(node) == R"({"verb":"kv.delete","key":"k"})");
  node.runi({"kv", "append", "k", "v", "--session", "41", "--seq", "7", "--first-unacked", "5"});
  BOOST_TEST(
      asked(node) ==
      R"({"verb":"kv.append","key":"k","value":"v","session":41,"seq":7,"first_unacked":5})");
  BOOST_TEST(!node.requests().back().contains("request_id"));
  node.runi({"kv", "session", "--herd", "shop"});
  BOOST_TEST(asked(node) == R"({"verb":"kv.session"})");
  node.runi({"kv", "list", "p", "--after", "pa", "--limit", "7", "--values"});
  BOOST_TEST(asked(node) ==
             R"({"verb":"kv.list","prefix":"p","after":"pa","limit":7,"values":true})");
  node.runi({"kv", "watch", "--key", "k", "--after", "0", "--count", "2"});
  BOOST_TEST(asked(node) == R"({"verb":"kv.watch","key":"k","after":0,"count":2})");
  const std::size_t requests = node.requests().size();
  for (const std::vector<std::string>& wrong : std::initializer_list<std::vector<std::string>>{
           {"kv", "put", "k"},
           {"kv", "put", "k", "v", "-f", file.string()},
           {"kv", "cas", "k", "v"},
           {"kv", "cas", "k", "v", "--absent", "--revision", "1"},
           {"kv", "watch", "p", "--key", "k"},
           {"kv", "put", "k", "v", "--session", "1"},
           {"kv", "put", "k", "v", "--seq", "1"},
           {"kv", "put", "k", "v", "--first-unacked", "1"},
           {"kv", "put", "k", "v", "--session", "1", "--seq", "1", "--request-id", "r"},
           {"kv", "put", "k", "v", "--session", "0", "--seq", "1"},
           {"kv"}})
    BOOST_TEST(node.runi(wrong).code == 2, wrong.back());
  BOOST_TEST(node.requests().size() == requests);
}

BOOST_AUTO_TEST_CASE(a_watch_that_ends_says_how_to_go_on) {
  std::string kind = "not_leader";
  ScriptedNode node([&](const object&, const ScriptedNode::Say& say) {
    say("event", boost::json::parse(R"({"kind":"watching","herd":"shop","revision":10})"));
    say("event", boost::json::parse(R"({"kind":"changed","revision":12,"changes":[
      {"key":"a\u001b","created":12,"version":1,"value":"x\ny"},{"key":"b","deleted":true},
      {"key":"c","created":12,"version":1,"value_base64":"/w=="}]})"));
    say("event", boost::json::parse(R"({"kind":"alive","revision":15})"));
    if (kind == "out_of_date")
      say("event", boost::json::parse(R"({"kind":"compacted","revision":15,"compacted":90})"));
    object error;
    error["kind"] = kind;
    error["message"] = "No.";
    error["exit"] = 5;
    say("error", error);
    return true;
  });
  auto ended = node.runi({"kv", "watch"});
  BOOST_TEST(ended.code == 5);
  BOOST_TEST(ended.err == "watching from revision 10\nruni: No. Go on with --after 15.\n");
  BOOST_TEST(ended.out == "12  a?  = x?y\n12  b  deleted\n12  c  = (1 B, no text)\n");
  BOOST_TEST(node.runi({"kv", "watch", "-o", "name"}).out == "kv/shop/a?\nkv/shop/b\nkv/shop/c\n");
  // What is not kept any more cannot be gone on with.
  kind = "out_of_date";
  BOOST_TEST(node.runi({"kv", "watch"}).err == "watching from revision 10\nruni: No.\n");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace runink::runi
