// The real runi, against a node that says what each test needs.
#include <boost/test/unit_test.hpp>
#include <fstream>

#include "tests/runi_cli/scripted_node.hpp"
#include "vocabulary/clock.hpp"

namespace runink::runi {
namespace {

using boost::json::object;

object parsed(const std::string& text) { return boost::json::parse(text).get_object(); }

std::string run_json(const std::string& status) {
  return R"({"id":"4f0c12ab998877665544332211000000","herd":"finance","pipeline":"settlement",
    "status":")" +
         status + R"(","submitted_at":"2026-11-20T08:00:00.000Z","submitted_by":"alice",)" +
         (status == "running" ? "" : R"("ended_at":"2026-11-20T08:00:02.000Z",)") +
         (status == "failed" ? R"("failure":"The program of `netted` exited with code 3.",)" : "") +
         R"("stages":[{"name":"netted","kind":"sql","status":")" + status +
         R"(","partitions":1}]})";
}

object created(bool fresh) {
  object result;
  result["run"] = parsed(run_json("running"));
  result["created"] = fresh;
  return result;
}

bool follow_to(const std::string& status, const ScriptedNode::Say& say) {
  object first;
  first["kind"] = "run";
  first["run"] = parsed(run_json("running"));
  say("event", first);
  say("result", parsed(run_json(status)));
  return true;
}

BOOST_AUTO_TEST_SUITE(runi_cli)

BOOST_AUTO_TEST_CASE(data_goes_to_stdout_in_the_form_that_is_asked_for) {
  ScriptedNode node([](const object&, const ScriptedNode::Say& say) {
    say("result", parsed(R"({"kind":"nodes","items":[{"name":"n1","alive":true,"roles":["voter"]}],
                             "more":true})"));
    return true;
  });
  auto table = node.runi({"get", "nodes"});
  BOOST_TEST(table.code == 0);
  BOOST_TEST(table.out.starts_with("NODE  ALIVE  ROLES"));
  BOOST_TEST(table.err == "There are more; ask for them with --limit.\n");
  BOOST_TEST(node.runi({"get", "node", "-o", "name"}).out == "node/n1\n");
  auto json = node.runi({"get", "nodes", "n1", "-o", "json", "--herd", "finance", "--limit", "5"});
  BOOST_TEST(parsed(json.out).at("items").at(0).at("alive").as_bool());
  BOOST_TEST(json.err.empty());
  BOOST_TEST(node.runi({"get", "nodes", "-o", "yaml"}).out.starts_with("kind: nodes\nitems:\n"));
  const auto asked = node.requests().at(2);
  BOOST_TEST(boost::json::serialize(asked) ==
             R"({"verb":"get","herd":"finance","kind":"nodes","name":"n1","limit":5,"id":1})");
}

BOOST_AUTO_TEST_CASE(the_exit_code_is_the_one_that_the_node_names) {
  ScriptedNode node([](const object& request, const ScriptedNode::Say& say) {
    object error;
    error["kind"] = "some_kind";
    error["message"] = "No.";
    error["exit"] = std::stoi(std::string(request.at("run").as_string()));
    say("error", error);
    return true;
  });
  for (int code : {1, 3, 4, 5, 6, 7}) {
    auto ended = node.runi({"cancel", std::to_string(code)});
    BOOST_TEST(ended.code == code);
    BOOST_TEST(ended.err == "runi: No.\n");
    BOOST_TEST(ended.out.empty());
  }
  BOOST_TEST(node.runi({"cancel"}).code == 2);
  BOOST_TEST(node.runi({"get", "pods"}).code == 2);
  BOOST_TEST(node.runi({"--help"}).code == 0);
}

BOOST_AUTO_TEST_CASE(a_run_may_be_named_as_o_name_prints_it) {
  ScriptedNode node([](const object&, const ScriptedNode::Say& say) {
    say("result", parsed(R"({"run":{"id":"4f0c12"},"item":{},"status":"failed","attempts":[]})"));
    return true;
  });
  for (const char* verb : {"cancel", "wait", "explain", "logs"}) {
    BOOST_TEST(node.runi({verb, "run/4f0c12"}).code == 0, verb);
    BOOST_TEST(node.requests().back().at("run").as_string() == "4f0c12", verb);
  }
  node.runi({"describe", "run", "run/4f0c12"});
  BOOST_TEST(node.requests().back().at("name").as_string() == "4f0c12");
  node.runi({"describe", "dataset", "run/4f0c12"});
  BOOST_TEST(node.requests().back().at("name").as_string() == "run/4f0c12");
}

BOOST_AUTO_TEST_CASE(a_herd_that_would_change_nothing_is_a_mistake) {
  ScriptedNode node([](const object&, const ScriptedNode::Say& say) {
    say("result", parsed(R"({"items":[],"contracts":[]})"));
    return true;
  });
  for (const std::vector<std::string>& words : std::initializer_list<std::vector<std::string>>{
           {"wait", "4f0c12", "--herd", "shop"},
           {"apply", "-f", "shop.herd.toml", "--herd", "shop"},
           {"--herd", "shop", "doctor"},
           {"run", "/", "--herd", "shop"}}) {
    auto ended = node.runi(words);
    BOOST_TEST(ended.code == 2, words.front());
    BOOST_TEST(ended.err.find("no meaning for") != std::string::npos, ended.err);
  }
  BOOST_TEST(node.requests().empty());
  BOOST_TEST(node.runi({"get", "runs", "--herd", "shop"}).code == 0);
  BOOST_TEST(node.runi({"contract", "get", "--herd", "shop"}).code == 0);
  for (const auto& request : node.requests()) BOOST_TEST(request.at("herd").as_string() == "shop");
}

BOOST_AUTO_TEST_CASE(contracts_have_a_word_of_their_own_and_get_says_so) {
  ScriptedNode node([](const object&, const ScriptedNode::Say&) { return false; });
  auto ended = node.runi({"get", "contracts"});
  BOOST_TEST(ended.code == 2);
  BOOST_TEST(ended.err.find("`runi contract get` shows contracts.") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(help_is_there_without_a_node) {
  ScriptedNode node([](const object&, const ScriptedNode::Say&) { return false; });
  auto verb = node.runi({"run", "--help"});
  BOOST_TEST(verb.code == 0);
  BOOST_TEST(verb.out.find("Examples:\n  runi run") != std::string::npos);
  BOOST_TEST(node.runi({"help", "run"}).out == verb.out);
  auto topic = node.runi({"help", "sql"});
  BOOST_TEST(topic.code == 0);
  BOOST_TEST(topic.out.starts_with("sql: "));
  BOOST_TEST(topic.out.find("\n    runi run ") != std::string::npos);
  auto example = node.runi({"help", "sql", "--example"});
  BOOST_TEST(example.out.find("\nruni run ") != std::string::npos);
  auto list = node.runi({"help"});
  BOOST_TEST(list.code == 0);
  BOOST_TEST(list.out.find("\n  exit-codes ") != std::string::npos);
  BOOST_TEST(node.requests().empty());
}

BOOST_AUTO_TEST_CASE(a_slip_in_a_topic_or_a_verb_is_answered_with_what_was_meant) {
  ScriptedNode node([](const object&, const ScriptedNode::Say&) { return false; });
  auto topic = node.runi({"help", "tempaltes"});
  BOOST_TEST(topic.code == 2);
  BOOST_TEST(topic.out.empty());
  BOOST_TEST(topic.err.find("did you mean `runi help templates`?") != std::string::npos);
  auto verb = node.runi({"descibe", "run", "x"});
  BOOST_TEST(verb.code == 2);
  BOOST_TEST(verb.err.find("did you mean `describe`?") != std::string::npos);
  BOOST_TEST(node.runi({"help", "weather", "tomorrow"}).code == 2);
  BOOST_TEST(node.runi({}).code == 2);
  BOOST_TEST(node.runi({"completion", "tcsh"}).code == 2);
}

BOOST_AUTO_TEST_CASE(completion_asks_the_node_and_ends_soon_when_it_is_silent) {
  ScriptedNode node([](const object& request, const ScriptedNode::Say& say) {
    if (request.at("kind") == "herds") return true;  // no answer
    say("result",
        parsed(R"({"kind":"pipelines","items":[{"name":"settlement","herd":"finance"}]})"));
    return true;
  });
  const std::string socket = node.socket.string();
  auto named = node.complete({"--socket", socket, "describe", "pipeline", "f"});
  BOOST_TEST(named.code == 0);
  BOOST_TEST(named.out == "finance/settlement\n");
  auto silent = node.complete({"--socket", socket, "get", "--herd", ""});
  BOOST_TEST(silent.code == 0);
  BOOST_TEST(silent.out.empty());
  BOOST_TEST(silent.err.empty());
}

BOOST_AUTO_TEST_CASE(mistakes_are_shown_where_they_are) {
  ScriptedNode node([](const object& request, const ScriptedNode::Say& say) {
    if (request.at("verb") == "bundle.put")
      say("result", parsed(R"({"bundle":"d1"})"));
    else
      say("error", parsed(R"({"kind":"bad_input","message":"1 error\nand more","exit":1,
        "diagnostics":[{"rendered":"pipeline.toml:3:8: error: no such step\n  from = x\n         ^\n"}]})"));
    return true;
  });
  std::filesystem::create_directory(node.folder / "p");
  std::ofstream(node.folder / "p" / "pipeline.toml") << "pipeline = \"x\"\n";
  auto ended = node.runi({"compile", (node.folder / "p").string(), "-p", "a=b=c"});
  BOOST_TEST(ended.code == 1);
  BOOST_TEST(ended.err ==
             "pipeline.toml:3:8: error: no such step\n  from = x\n         ^\nruni: 1 error\n");
  const auto asked = node.requests();
  BOOST_TEST(asked.at(0).at("files").at(0).at("content").as_string() == "cGlwZWxpbmUgPSAieCIK");
  BOOST_TEST(asked.at(1).at("parameters").at("a").as_string() == "b=c");
}

BOOST_AUTO_TEST_CASE(a_lost_connection_is_tried_again_under_the_same_request_id) {
  int asked = 0;
  ScriptedNode node([&](const object& request, const ScriptedNode::Say& say) {
    if (request.at("verb") == "run") {
      if (++asked < 3) return false;  // the answer is lost; the run may have been made
      say("result", created(false));
      return true;
    }
    return follow_to("succeeded", say);
  });
  auto ended = node.runi({"run", "settlement"});
  BOOST_TEST(ended.code == 0);
  BOOST_TEST(ended.out == "run 4f0c12ab998877665544332211000000 was submitted before\n");
  BOOST_TEST(ended.err.find("--request-id") != std::string::npos);
  std::vector<std::string> ids;
  for (const auto& one : node.requests())
    if (one.at("verb") == "run") ids.push_back(boost::json::serialize(one.at("request_id")));
  BOOST_TEST(ids.size() == 3u);
  BOOST_TEST(ids.at(0) == ids.at(2));
  BOOST_TEST(ids.at(0).size() > 20u);
}

BOOST_AUTO_TEST_CASE(following_ends_with_the_result_of_the_run) {
  std::string status = "succeeded";
  ScriptedNode node([&](const object& request, const ScriptedNode::Say& say) {
    if (request.at("verb") == "run") {
      say("result", created(true));
      return true;
    }
    return follow_to(status, say);
  });
  auto good = node.runi({"run", "settlement", "--follow", "--request-id", "r1"});
  BOOST_TEST(good.code == 0);
  BOOST_TEST(good.err ==
             "run 4f0c12ab998877665544332211000000\nnetted: running\n"
             "netted: succeeded\n"
             "run 4f0c12ab998877665544332211000000: succeeded, 2.0 s\n");
  BOOST_TEST(good.out.find("STAGE") != std::string::npos);
  status = "failed";
  auto bad = node.runi({"run", "settlement", "--follow", "--request-id", "r1", "-o", "json"});
  BOOST_TEST(bad.code == 1);
  BOOST_TEST(parsed(bad.out).at("status").as_string() == "failed");
  BOOST_TEST(bad.out.find('\x1b') == std::string::npos);
}

BOOST_AUTO_TEST_CASE(ctrl_c_leaves_the_run_alone_and_says_so) {
  std::atomic<bool> following = false;
  ScriptedNode node([&](const object& request, const ScriptedNode::Say& say) {
    if (request.at("verb") == "run") {
      say("result", created(true));
    } else {
      object first;
      first["kind"] = "run";
      first["run"] = parsed(run_json("running"));
      say("event", first);
      following = true;
    }
    return true;
  });
  auto ended = node.runi({"run", "settlement", "--follow"}, [&](pid_t child) {
    for (int i = 0; i < 10'000 && !following; ++i) ::usleep(1000);
    ::kill(child, SIGINT);
  });
  BOOST_TEST(ended.code == 130);
  BOOST_TEST(ended.err.find("the run goes on") != std::string::npos);
  for (const auto& one : node.requests()) BOOST_TEST(one.at("verb").as_string() != "cancel");
}

// Ctrl-C was not heard between two connections, for a minute.
BOOST_AUTO_TEST_CASE(ctrl_c_is_heard_while_a_lost_connection_is_tried_again) {
  std::atomic<int> lost = 0;
  ScriptedNode node([&](const object&, const ScriptedNode::Say&) {
    ++lost;
    return false;
  });
  const Instant began = real_clock().now();
  const auto ended = node.runi({"follow", "4f0c12ab9988"}, [&](pid_t child) {
    for (int i = 0; i < 10'000 && lost < 2; ++i) ::usleep(1000);
    ::kill(child, SIGINT);
  });
  BOOST_TEST(lost >= 2);
  BOOST_TEST(ended.code == 130);
  BOOST_TEST(ended.err.find("stopped following; the run goes on") != std::string::npos);
  // Otherwise it is tried again for sixty seconds.
  BOOST_TEST((real_clock().now() - began < seconds(40)));
}

BOOST_AUTO_TEST_CASE(logs_are_written_as_they_are_and_their_slices_named_beside) {
  ScriptedNode node([](const object&, const ScriptedNode::Say& say) {
    for (const char* event :
         {R"({"kind":"log","step":"a","partition":0,"attempt":7,"text":"one\ntw"})",
          R"({"kind":"log","step":"a","partition":0,"attempt":7,"text":"o\n"})",
          R"({"kind":"log","step":"b","partition":1,"attempt":8,"text":"x\n"})"})
      say("event", parsed(event));
    say("result", parsed(R"({"attempts":[]})"));
    return true;
  });
  auto ended = node.runi({"logs", "4f0c12"});
  BOOST_TEST(ended.out == "one\ntwo\nx\n");
  BOOST_TEST(ended.err == "==> a partition 0 attempt 7 <==\n==> b partition 1 attempt 8 <==\n");
}

BOOST_AUTO_TEST_CASE(applying_goes_on_after_a_mistake_and_ends_with_it) {
  ScriptedNode node([](const object& request, const ScriptedNode::Say& say) {
    const auto& text = request.at("herd_file").at("text").as_string();
    if (text == "bad")
      say("error", parsed(R"({"kind":"bad_input","message":"Broken.","exit":1})"));
    else
      say("result", parsed(R"({"kind":"herd","name":"finance","herd":"finance","changed":true})"));
    return true;
  });
  std::ofstream(node.folder / "a.herd.toml") << "bad";
  std::ofstream(node.folder / "b.herd.toml") << "good";
  auto ended = node.runi({"apply", "-f", (node.folder / "a.herd.toml").string(), "-f",
                          (node.folder / "b.herd.toml").string()});
  BOOST_TEST(ended.code == 1);
  BOOST_TEST(ended.out == "herd/finance applied\n");
  BOOST_TEST(ended.err == "runi: Broken.\n");
  BOOST_TEST(node.runi({"apply", "-f", "/nowhere/x"}).code == 4);
}

// What was applied was not told when a later file could not be read, and what came after it was left out.
BOOST_AUTO_TEST_CASE(what_was_applied_is_told_though_another_file_cannot_be_read) {
  ScriptedNode node([](const object&, const ScriptedNode::Say& say) {
    say("result", parsed(R"({"kind":"herd","name":"finance","herd":"finance","changed":true})"));
    return true;
  });
  std::ofstream(node.folder / "a.herd.toml") << "good";
  std::filesystem::create_directory(node.folder / "empty");
  const auto ended = node.runi({"apply", "-f", (node.folder / "a.herd.toml").string(), "-f",
                                "/nowhere/x", "-f", (node.folder / "empty").string(), "-f",
                                (node.folder / "a.herd.toml").string(), "-o", "json"});
  BOOST_TEST(ended.code == 1);
  BOOST_TEST(ended.err.find("/nowhere/x") != std::string::npos);
  BOOST_TEST(ended.err.find("has no files") != std::string::npos);
  BOOST_TEST(parsed(ended.out).at("applied").as_array().size() == 2u);
  BOOST_TEST(node.requests().size() == 2u);
}

BOOST_AUTO_TEST_CASE(a_change_of_members_is_asked_for_and_told_in_one_line) {
  ScriptedNode node([](const object& request, const ScriptedNode::Say& say) {
    const std::string verb(request.at("verb").as_string());
    if (verb == "cluster.transfer")
      say("result", parsed(R"({"from":"n1","leader":"n2","changed":true,"took_ms":40})"));
    else
      say("result", parsed(R"({"name":"n4","id":281474976710663,"changed":)" +
                           std::string(verb == "cluster.remove" ? "false" : "true") +
                           (verb == "cluster.add" ? R"(,"membership":"joining"})" : "}")));
    return true;
  });
  BOOST_TEST(node.runi({"cluster", "add", "n4", "10.0.0.4:7201", "--wait"}).out ==
             "node/n4 added, votes once it has caught up\n");
  BOOST_TEST(boost::json::serialize(node.requests().back()) ==
             R"({"verb":"cluster.add","name":"n4","address":"10.0.0.4:7201","wait":true,"id":1})");
  BOOST_TEST(node.runi({"cluster", "remove", "n4", "--force"}).out ==
             "node/n4 was removed already\n");
  BOOST_TEST(node.requests().back().at("force").as_bool());
  BOOST_TEST(node.runi({"cluster", "promote", "n4", "-o", "name"}).out == "node/n4\n");
  BOOST_TEST(node.runi({"cluster", "transfer", "--to", "n2"}).out ==
             "node/n2 leads, in place of n1, after 40 ms\n");
  BOOST_TEST(node.requests().back().at("to").as_string() == "n2");
  BOOST_TEST(node.runi({"cluster", "add", "n4"}).code == 2);
}

BOOST_AUTO_TEST_CASE(the_status_of_a_cluster_shows_what_is_known_and_a_dash_for_what_is_not) {
  ScriptedNode node([](const object&, const ScriptedNode::Say& say) {
    say("result", parsed(R"({"cluster":"prod","node":"n1","role":"leader","term":7,"leader":"n1",
      "log":{"first":1,"last":90,"durable":90,"committed":90},"state":{"applied":90,"hash":"ab"},
      "nodes":[
        {"name":"n1","id":1,"address":"a:1","leads":true,"membership":"voter","reachable":true,
         "role":"leader","term":7,"committed":90,"applied":90,"version":"0.1.0",
         "disk":{"total_bytes":4096,"left_bytes":2048}},
        {"name":"n2","id":2,"address":"a:2","leads":false,"membership":"voter","reachable":false,
         "match":80,"contact_ms":9000},
        {"name":"n4","id":281474976710663,"address":"a:4","leads":false,"membership":"joining",
         "reachable":true,"role":"follower","term":7,"committed":60,"applied":60,"match":60,
         "contact_ms":20}]})"));
    return true;
  });
  const auto shown = node.runi({"cluster", "status"});
  BOOST_TEST(shown.code == 0);
  const auto table = shown.out.substr(shown.out.find("NODE"));
  BOOST_TEST(table ==
             "NODE  ROLE     TERM  COMMITTED  APPLIED  LAG  CONTACT      VERSION  DISK          "
             "ADDRESS\n"
             "n1    leader      7         90       90    0  itself       0.1.0    2.0 KiB free  "
             "a:1\n"
             "n2    voter       -          -        -   10  not reached  -        -             "
             "a:2\n"
             "n4    joining     7         60       60   30  20 ms        -        -             "
             "a:4\n");
  BOOST_TEST(node.runi({"cluster", "status", "-o", "name"}).out == "node/n1\nnode/n2\nnode/n4\n");
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace
}  // namespace runink::runi
