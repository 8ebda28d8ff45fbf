// runi test: the tests of a pipeline's folder, one after the other.
#include "tools/runi/verbs.hpp"

#include <unistd.h>

#include <algorithm>

#include "tools/runi/golden_files.hpp"
#include "tools/runi/members.hpp"
#include "tools/runi/shown.hpp"
#include "tools/runi/terminal.hpp"
#include "tools/runi/texts.hpp"

namespace runink::runi {
namespace {

constexpr std::size_t short_id = 12;

using boost::json::object;

/// Sends the folder and gives the names of the tests that are meant; every mistake in their files is
/// told before one of them runs.
struct Listed {
  std::string bundle;
  std::vector<std::string> tests;
};
Answer<Listed> list_tests(const Common& common, const TestOptions& options) {
  auto socket = find_socket(common.socket);
  if (!socket) return std::unexpected(socket.error());
  auto client = AdminClient::connect(*socket);
  if (!client) return std::unexpected(client.error());
  auto bundle = put_bundle(*client, options.folder);
  if (!bundle) return std::unexpected(bundle.error());
  object request;
  request["verb"] = "test.list";
  request["bundle"] = *bundle;
  if (!options.tests.empty()) {
    boost::json::array names;
    for (const std::string& name : options.tests) names.emplace_back(name);
    request["tests"] = std::move(names);
  }
  auto answer = client->ask(std::move(request));
  if (!answer) return std::unexpected(answer.error());
  Listed listed{*bundle, {}};
  for (const auto& one : array_at(as_object(*answer), "tests"))
    listed.tests.push_back(text_at(as_object(one), "name"));
  return listed;
}

class Tester {
 public:
  Tester(const Common& common, const TestOptions& options)
      : common_(common),
        options_(options),
        shown_(common.form == Form::table),
        style_(style_of(STDOUT_FILENO)) {}

  int run(const Listed& listed) {
    const InterruptGuard guard;
    for (const std::string& test : listed.tests) {
      if (InterruptGuard::raised()) {
        leave_out(test);
        continue;
      }
      auto result = run_one(listed.bundle, test);
      if (result)
        take(std::move(*result));
      else if (result.error().kind == "interrupted")
        stop(test, result.error());
      else
        give_up(test, result.error());
    }
    finish();
    return code_;
  }

 private:
  Answer<object> run_one(const std::string& bundle, const std::string& test) {
    object request;
    request["verb"] = "test.run";
    request["bundle"] = bundle;
    request["test"] = test;
    auto request_id = fresh_request_id();
    if (!request_id) return std::unexpected(request_id.error());
    request["request_id"] = *request_id;
    auto submitted = ask(common_, std::move(request));
    if (!submitted) return std::unexpected(submitted.error());
    const std::string run = text_at(object_at(*submitted, "run"), "id");
    object waiting_for;
    waiting_for["verb"] = "wait";
    waiting_for["run"] = run;
    if (common_.timeout_ms) waiting_for["timeout_ms"] = *common_.timeout_ms;
    AdminClient::Waiting waiting;
    waiting.silence_ms = 0;
    waiting.go_on = [] { return !InterruptGuard::raised(); };
    auto ended = ask(common_, std::move(waiting_for), waiting);
    if (!ended) {
      AdminError why = ended.error();
      why.message += (why.message.empty() ? "" : " ") + end_run(run);
      return std::unexpected(std::move(why));
    }
    object wanted;
    wanted["verb"] = "test.result";
    wanted["run"] = run;
    if (options_.update) wanted["actual"] = true;
    return ask(common_, std::move(wanted));
  }

  /// Ends a run for which nobody waits any more, and says what became of it.
  std::string end_run(const std::string& run) {
    const std::string which = "The test's run " + printable(run).substr(0, short_id) + " ";
    object cancel;
    cancel["verb"] = "cancel";
    cancel["run"] = run;
    const auto done = ask(common_, std::move(cancel));
    if (!done && done.error().kind != "conflict")
      return which + "could not be cancelled and may go on: " + done.error().message +
             " End it with `runi cancel " + printable(run) + "`.";
    if (done && text_at(object_at(*done, "run"), "status") == "cancelled")
      return which + "was cancelled.";
    return which + "had ended already.";
  }

  /// A test whose rows nobody saw.
  void add_unseen(const std::string& test, const std::string& why) {
    object told;
    told["test"] = test;
    told["passed"] = false;
    told["error"] = why;
    results_.push_back(std::move(told));
  }

  void give_up(const std::string& test, const AdminError& error) {
    ++broken_;
    if (code_ == exit_ok || code_ == exit_checks_failed) code_ = error.exit;
    write_err("test " + printable(test) + " could not be run:\n");
    report(error);
    add_unseen(test, error.message);
  }

  void stop(const std::string& test, const AdminError& error) {
    ++left_out_;
    code_ = exit_interrupted;
    write_err("\nruni: interrupted at test " + printable(test) + ". " + error.message + "\n");
    add_unseen(test, "interrupted. " + error.message);
  }

  void leave_out(const std::string& test) {
    ++left_out_;
    code_ = exit_interrupted;
    add_unseen(test, "not begun, since runi was interrupted");
  }

  void take(object result) {
    bool passed = flag_at(result, "passed");
    std::string lines;
    if (const std::string failure = text_at(result, "failure"); !failure.empty()) {
      const std::string run = text_at(result, "run").substr(0, short_id);
      lines += "  the run " + text_at(result, "status") + ": " + printable(failure) + "\n";
      lines += "  see `runi describe run " + run + "` and `runi logs " + run + "`\n";
    }
    if (boost::json::value* all = result.if_contains("expectations"); all && all->is_array()) {
      bool good = true;
      for (auto& one : all->get_array()) {
        if (!one.is_object()) continue;
        object& expectation = one.get_object();
        if (options_.update) lines += update(expectation);
        if (!flag_at(expectation, "passed")) lines += difference_text(expectation);
        good = good && flag_at(expectation, "passed");
        for (const char* inner : {"actual", "actual_left_out", "golden_known", "updatable"})
          expectation.erase(inner);
      }
      if (!all->get_array().empty()) passed = good;
    }
    result["passed"] = passed;
    ++(passed ? passed_ : failed_);
    if (!passed && code_ == exit_ok) code_ = exit_checks_failed;
    if (shown_)
      write_out(colored(passed ? "ok    " : "FAILED", passed ? "32" : "31") + "  " +
                printable(text_at(result, "test")) + "  (run " +
                text_at(result, "run").substr(0, short_id) + ")\n" + lines);
    results_.push_back(std::move(result));
  }

  /// Writes the golden file of an expectation that is not met, and then it is.
  std::string update(object& expectation) {
    if (flag_at(expectation, "passed")) return {};
    const std::string golden = text_at(expectation, "golden");
    if (flag_at(expectation, "actual_left_out"))
      return "  " + printable(golden) + ": too much to send at once; run --update again\n";
    if (!expectation.contains("actual") || golden.empty())
      return "  " + printable(text_at(expectation, "dataset")) +
             ": --update cannot mend this; see below\n";
    const bool known = flag_at(expectation, "golden_known");
    const auto done = write_golden(options_.folder, golden, text_at(expectation, "actual"),
                                   known ? GoldenFile::known : GoldenFile::fresh);
    if (!done) {
      code_ = exit_error;
      report(error_of(done.error()));
      return {};
    }
    expectation["passed"] = true;
    expectation["updated"] = true;
    std::string line = "  " + printable(golden) + " " + (known ? "updated: " : "written: ") +
                       counted(number_at(expectation, "rows"), "row");
    for (const char* what : {"missing", "unexpected", "different"})
      if (const auto n = number_at(expectation, what); n > 0)
        line += ", " + count_text(n) + " " +
                (std::string(what) == "missing"      ? "gone"
                 : std::string(what) == "unexpected" ? "new"
                                                     : "changed");
    return line + "\n";
  }

  std::string difference_text(const object& expectation) const {
    std::string head = "  " + printable(text_at(expectation, "dataset"));
    const std::string golden = text_at(expectation, "golden");
    if (!golden.empty()) head += " against " + printable(golden);
    std::string sums;
    for (const char* what : {"missing", "unexpected", "different"})
      if (const auto n = number_at(expectation, what); n > 0)
        sums += (sums.empty() ? ": " : ", ") + count_text(n) + " " + what;
    std::string all = head + sums + "\n";
    std::string text = text_at(expectation, "text");
    while (!text.empty()) {
      const auto end = std::min(text.find('\n'), text.size());
      const std::string line = printable(text.substr(0, end));
      text.erase(0, std::min(end + 1, text.size()));
      const char mark = line.empty() ? ' ' : line.front();
      all += "    " +
             (mark == '-'   ? colored(line, "31")
              : mark == '+' ? colored(line, "32")
              : mark == '~' ? colored(line, "33")
                            : line) +
             "\n";
    }
    return all;
  }

  std::string colored(const std::string& text, const char* color) const {
    return style_.color ? std::string("\x1b[") + color + "m" + text + "\x1b[0m" : text;
  }

  void finish() {
    object all;
    all["passed"] = passed_;
    all["failed"] = failed_;
    all["not_run"] = broken_ + left_out_;
    all["tests"] = std::move(results_);
    if (write_document(common_, all)) return;
    write_out(counted(passed_ + failed_ + broken_ + left_out_, "test") + ": " +
              count_text(passed_) + " passed, " + count_text(failed_) + " failed" +
              (broken_ > 0 ? ", " + count_text(broken_) + " could not be run" : "") +
              (left_out_ > 0 ? ", " + count_text(left_out_) + " interrupted or not begun" : "") +
              "\n");
  }

  const Common& common_;
  const TestOptions& options_;
  bool shown_;
  Style style_;
  boost::json::array results_;
  std::int64_t passed_ = 0;
  std::int64_t failed_ = 0;
  std::int64_t broken_ = 0;
  std::int64_t left_out_ = 0;  ///< interrupted, or not begun because of it
  int code_ = exit_ok;
};

}  // namespace

int do_test(const Common& common, const TestOptions& options) {
  auto listed = list_tests(common, options);
  if (!listed) return report(listed.error());
  return Tester(common, options).run(*listed);
}

}  // namespace runink::runi
