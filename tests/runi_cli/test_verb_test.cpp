// runi test, against a node that says how the tests end.
#include <boost/test/unit_test.hpp>
#include <fstream>
#include <iterator>

#include "tests/runi_cli/scripted_node.hpp"

namespace runink::runi {
namespace {

using boost::json::object;

object json_of(const std::string& text) { return boost::json::parse(text).get_object(); }

/// A node whose bundle has the tests `one`, `two` and `three`, each with a run of its name.
class TestedNode {
 public:
  using Say = ScriptedNode::Say;

  TestedNode()
      : node([this](const object& request, const Say& say) { return answer(request, say); }) {
    std::filesystem::create_directories(folder / "tests");
    std::ofstream(folder / "pipeline.toml") << "pipeline = \"x\"\n";
  }

  Ended test(std::vector<std::string> words = {}, const std::function<void(pid_t)>& beside = {}) {
    words.insert(words.begin(), {"test", folder.string()});
    return node.runi(std::move(words), beside);
  }
  std::vector<object> asked(const std::string& verb) const {
    std::vector<object> found;
    for (const object& one : node.requests())
      if (std::string_view(one.at("verb").as_string()) == verb) found.push_back(one);
    return found;
  }
  std::string text_of(const std::string& file) const {
    std::ifstream in(folder / file);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  /// Presses Ctrl-C as soon as runi waits for the run of a test.
  std::function<void(pid_t)> press_ctrl_c() {
    return [this](pid_t child) {
      for (int i = 0; i < 30'000 && !waited_for; ++i) ::usleep(1000);
      ::kill(child, SIGINT);
    };
  }

  std::string waits_for;  ///< the test whose run does not end
  std::function<void(const Say&)> cancelled = [](const Say& say) {
    say("result",
        json_of(R"({"run":{"id":"two000000000ffff","status":"cancelled"},"changed":true})"));
  };
  std::string result = R"({"passed":true,"expectations":[]})";
  std::atomic<bool> waited_for = false;

 private:
  std::filesystem::path root_ = [] {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "runink-tested-XXXXXX").string();
    BOOST_REQUIRE(::mkdtemp(pattern.data()));
    return std::filesystem::path(pattern);
  }();

 public:
  std::filesystem::path folder = root_ / "x";
  ScriptedNode node;
  ~TestedNode() { std::filesystem::remove_all(root_); }

 private:
  bool answer(const object& request, const Say& say) {
    const std::string verb(request.at("verb").as_string());
    if (verb == "bundle.put") say("result", json_of(R"({"bundle":"b"})"));
    if (verb == "test.list")
      say("result", json_of(request.contains("tests")
                                ? R"({"tests":[{"name":"one"}]})"
                                : R"({"tests":[{"name":"one"},{"name":"two"},{"name":"three"}]})"));
    if (verb == "test.run") {
      object run;
      run["run"] =
          json_of(R"({"id":")" + std::string(request.at("test").as_string()) + "000000000ffff\"}");
      say("result", run);
    }
    if (verb == "wait") {
      if (!waits_for.empty() && request.at("run").as_string().starts_with(waits_for))
        waited_for = true;
      else
        say("result", json_of(R"({"status":"succeeded"})"));
    }
    if (verb == "cancel") cancelled(say);
    if (verb == "test.result") {
      object all = json_of(result);
      all["run"] = request.at("run");
      all["test"] = "t";
      say("result", all);
    }
    return true;
  }
};

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

BOOST_AUTO_TEST_SUITE(runi_test)

BOOST_AUTO_TEST_CASE(says_that_the_run_was_cancelled_when_it_was_and_tells_what_it_knows) {
  TestedNode tested;
  tested.waits_for = "two";
  const auto ended = tested.test({}, tested.press_ctrl_c());
  BOOST_TEST(ended.code == 130);
  BOOST_TEST(
      has(ended.err, "interrupted at test two. The test's run two000000000 was cancelled.\n"),
      ended.err);
  BOOST_TEST(has(ended.out, "3 tests: 1 passed, 0 failed, 2 interrupted or not begun\n"),
             ended.out);
  BOOST_TEST(tested.asked("test.run").size() == 2u);
  BOOST_REQUIRE(tested.asked("cancel").size() == 1u);
  BOOST_TEST(tested.asked("cancel").front().at("run").as_string() == "two000000000ffff");
}

BOOST_AUTO_TEST_CASE(writes_its_document_when_it_is_interrupted) {
  TestedNode tested;
  tested.waits_for = "one";
  const auto ended = tested.test({"-o", "json"}, tested.press_ctrl_c());
  BOOST_TEST(ended.code == 130);
  const object all = json_of(ended.out);
  BOOST_TEST(all.at("passed").as_int64() == 0);
  BOOST_TEST(all.at("not_run").as_int64() == 3);
  BOOST_TEST(all.at("tests").as_array().size() == 3u);
  BOOST_TEST(
      all.at("tests").at(0).at("error").as_string().starts_with("interrupted. The test's run"));
  BOOST_TEST(has(std::string(all.at("tests").at(2).at("error").as_string()), "not begun"));
}

// It said so whatever the node answered.
BOOST_AUTO_TEST_CASE(does_not_say_that_a_run_was_cancelled_when_it_was_not) {
  TestedNode tested;
  tested.waits_for = "one";
  tested.cancelled = [](const TestedNode::Say& say) {
    say("error", json_of(R"({"kind":"not_leader","message":"There is no leader.","exit":1})"));
  };
  const auto ended = tested.test({}, tested.press_ctrl_c());
  BOOST_TEST(ended.code == 130);
  BOOST_TEST(has(ended.err,
                 "could not be cancelled and may go on: There is no leader. End it with "
                 "`runi cancel one000000000ffff`."),
             ended.err);
  BOOST_TEST(!has(ended.err, "was cancelled"), ended.err);
}

BOOST_AUTO_TEST_CASE(says_that_a_run_had_ended_before_it_could_be_cancelled) {
  TestedNode tested;
  tested.waits_for = "one";
  tested.cancelled = [](const TestedNode::Say& say) {
    say("error", json_of(R"({"kind":"conflict","message":"Run one has ended already.","exit":5})"));
  };
  const auto ended = tested.test({}, tested.press_ctrl_c());
  BOOST_TEST(has(ended.err, "The test's run one000000000 had ended already."), ended.err);
}

BOOST_AUTO_TEST_CASE(asks_for_the_rows_only_to_write_them) {
  TestedNode tested;
  BOOST_TEST(tested.test().code == 0);
  for (const object& one : tested.asked("test.result")) BOOST_TEST(!one.contains("actual"));
  TestedNode updated;
  updated.result =
      R"({"passed":false,"expectations":[{"dataset":"d","golden":"tests/d.csv","passed":false,
    "rows":1,"golden_known":false,"updatable":true,"actual":"a\n1\n"}]})";
  const auto ended = updated.test({"--update", "-t", "one"});
  BOOST_TEST(ended.code == 0);
  BOOST_TEST(updated.asked("test.result").front().at("actual").as_bool());
  BOOST_TEST(has(ended.out, "tests/d.csv written: 1 row"), ended.out);
  BOOST_TEST(updated.text_of("tests/d.csv") == "a\n1\n");
}

BOOST_AUTO_TEST_CASE(says_what_to_do_when_there_was_too_much_to_send) {
  TestedNode tested;
  tested.result =
      R"({"passed":false,"expectations":[{"dataset":"d","golden":"tests/d.csv","passed":false,
    "rows":1,"golden_known":true,"updatable":true,"actual_left_out":true,"text":"~ row 1 is different\n"}]})";
  const auto ended = tested.test({"--update", "-t", "one"});
  BOOST_TEST(ended.code == 8);
  BOOST_TEST(has(ended.out, "tests/d.csv: too much to send at once; run --update again"),
             ended.out);
  BOOST_TEST(!has(ended.out, "cannot mend"), ended.out);
}

// A file that .runinkignore keeps from the node looked like none, and was written over.
BOOST_AUTO_TEST_CASE(does_not_write_over_a_file_that_was_not_sent) {
  TestedNode tested;
  std::ofstream(tested.folder / ".runinkignore") << "tests/d.csv\n";
  std::ofstream(tested.folder / "tests/d.csv") << "mine\n";
  tested.result =
      R"({"passed":false,"expectations":[{"dataset":"d","golden":"tests/d.csv","passed":false,
    "rows":1,"golden_known":false,"updatable":true,"actual":"a\n1\n"}]})";
  const auto ended = tested.test({"--update", "-t", "one"});
  BOOST_TEST(ended.code == 1);
  BOOST_TEST(has(ended.err, "The file tests/d.csv is there and was not sent with the folder"),
             ended.err);
  BOOST_TEST(tested.text_of("tests/d.csv") == "mine\n");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace runink::runi
