// The verbs that stay with a run: run, follow, logs.
#include <sys/random.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>

#include "tools/runi/members.hpp"
#include "tools/runi/patience.hpp"
#include "tools/runi/progress.hpp"
#include "tools/runi/shown.hpp"
#include "tools/runi/terminal.hpp"
#include "tools/runi/texts.hpp"
#include "tools/runi/verbs.hpp"
#include "vocabulary/clock.hpp"

namespace runink::runi {
namespace {

/// The server says something every ten seconds while nothing happens.
constexpr std::int64_t follow_silence_ms = 60'000;

/// Asks to run once, over a connection of its own.
Answer<boost::json::object> submit_once(const Common& common, const RunOptions& options,
                                        const std::string& socket) {
  auto client = AdminClient::connect(socket);
  if (!client) return std::unexpected(client.error());
  auto request = request_of(common, "run");
  std::error_code ignored;
  if (std::filesystem::is_directory(options.target, ignored)) {
    auto bundle = put_bundle(*client, options.target);
    if (!bundle) return std::unexpected(bundle.error());
    request["bundle"] = *bundle;
  } else {
    request["pipeline"] = options.target;
  }
  request["request_id"] = options.request_id;
  if (options.accept_breaking) request["accept_breaking"] = true;
  if (!options.logical_date.empty()) request["logical_date"] = options.logical_date;
  boost::json::object parameters;
  for (const auto& [name, value] : options.parameters) parameters[name] = value;
  request["parameters"] = std::move(parameters);
  auto result = client->ask(std::move(request));
  if (!result) return std::unexpected(result.error());
  return as_object(*result);
}

/// Shows a run until it has ended, and gives it: drawn over again where stderr can do that, else a
/// line for each change.
class Follower {
 public:
  Follower(std::string socket, std::string run)
      : socket_(std::move(socket)), run_(std::move(run)), style_(style_of(STDERR_FILENO)) {}

  Answer<boost::json::object> follow() {
    InterruptGuard guard;
    auto answer = with_patience(socket_, [this] { return follow_once(); });
    if (answer) progress_.take_run(*answer);
    if (style_.redraws)
      lines_.clear();
    else
      tell();
    if (InterruptGuard::raised() && !answer) answer.error().kind = "interrupted";
    return answer;
  }

 private:
  Answer<boost::json::object> follow_once() {
    auto client = AdminClient::connect(socket_);
    if (!client) return std::unexpected(client.error());
    boost::json::object request;
    request["verb"] = "follow";
    request["run"] = run_;
    AdminClient::Waiting waiting;
    waiting.silence_ms = follow_silence_ms;
    waiting.on_event = [this](const boost::json::object& event) {
      progress_.take(event);
      show();
    };
    waiting.go_on = [this] {
      show();
      return !InterruptGuard::raised();
    };
    auto result = client->ask(std::move(request), waiting);
    if (!result && InterruptGuard::raised())
      return std::unexpected(AdminError{"interrupted", "", exit_interrupted, {}});
    if (!result) return std::unexpected(result.error());
    return as_object(*result);
  }

  void show() {
    if (!style_.redraws) return tell();
    const std::int64_t now = now_us();
    if (now - drawn_at_ < 90'000) return;  // ten pictures a second are enough
    drawn_at_ = now;
    style_ = style_of(STDERR_FILENO);  // terminals change their width
    if (style_.width > 0) lines_.draw(progress_.picture(now, style_), style_.width);
  }
  void tell() {
    for (const std::string& line : progress_.news()) write_err(line + "\n");
  }

  std::string socket_;
  std::string run_;
  Style style_;
  RunProgress progress_;
  LiveLines lines_;
  std::int64_t drawn_at_ = 0;
};

int follow_and_report(const Common& common, const std::string& socket, const std::string& run) {
  auto ended = Follower(socket, run).follow();
  if (!ended) {
    if (ended.error().kind != "interrupted") return report(ended.error());
    write_err("\nruni: stopped following; the run goes on. See it again with `runi follow " + run +
              "`, end it with `runi cancel " + run + "`.\n");
    return exit_interrupted;
  }
  if (!write_document(common, *ended)) {
    if (common.form == Form::name)
      write_out("run/" + printable(text_at(*ended, "id")) + "\n");
    else
      write_out(run_text(*ended, style_of(STDOUT_FILENO).width, now_us()));
  }
  return text_at(*ended, "status") == "succeeded" ? exit_ok : exit_error;
}

}  // namespace

Answer<std::string> fresh_request_id() {
  unsigned char chance[12];
  if (::getrandom(chance, sizeof(chance), 0) != sizeof(chance))
    return std::unexpected(AdminError{"outside_failed",
                                      "The kernel gave no random numbers for a request id. Try "
                                      "again, or name one with --request-id.",
                                      exit_error,
                                      {}});
  std::string id = "runi-";
  for (const unsigned char byte : chance) {
    char digits[3];
    std::snprintf(digits, sizeof(digits), "%02x", byte);
    id += digits;
  }
  return id;
}

int do_run(const Common& common, RunOptions options) {
  std::error_code ignored;
  if (!common.herd.empty() && std::filesystem::is_directory(options.target, ignored))
    return report({"bad_input",
                   "--herd has no meaning for a folder: its pipeline file names the herd.",
                   exit_usage,
                   {}});
  auto socket = find_socket(common.socket);
  if (!socket) return report(socket.error());
  if (options.request_id.empty()) {
    auto fresh = fresh_request_id();
    if (!fresh) return report(fresh.error());
    options.request_id = *fresh;
    write_err("request id " + options.request_id +
              "; if this is cut short, repeat it with --request-id " + options.request_id +
              " and it stays one run\n");
  }
  auto submitted = with_patience(*socket, [&] { return submit_once(common, options, *socket); });
  if (!submitted) return report(submitted.error());
  const std::string run = text_at(object_at(*submitted, "run"), "id");
  const bool created = flag_at(*submitted, "created");
  write_err(diagnostics_text(array_at(*submitted, "warnings")) +
            new_contracts_text(text_at(object_at(*submitted, "run"), "herd"), *submitted));
  if (options.follow) {
    write_err("run " + printable(run) + (created ? "\n" : " (submitted before)\n"));
    return follow_and_report(common, *socket, run);
  }
  if (write_document(common, *submitted)) return exit_ok;
  if (common.form == Form::name)
    write_out("run/" + printable(run) + "\n");
  else
    write_out("run " + printable(run) + (created ? " submitted\n" : " was submitted before\n"));
  return exit_ok;
}

int do_follow(const Common& common, const std::string& run) {
  auto socket = find_socket(common.socket);
  if (!socket) return report(socket.error());
  return follow_and_report(common, *socket, run);
}

int do_logs(const Common& common, const LogsOptions& options) {
  auto request = request_of(common, "logs");
  request["run"] = options.run;
  if (!options.step.empty()) request["step"] = options.step;
  if (options.partition) request["partition"] = *options.partition;
  if (options.attempt) request["attempt"] = *options.attempt;
  request["follow"] = options.follow;

  std::string shown;  // whose text was written last
  bool line_open = false;
  AdminClient::Waiting waiting;
  if (options.follow) waiting.silence_ms = 0;
  waiting.on_event = [&](const boost::json::object& event) {
    if (text_at(event, "kind") != "log") return;
    if (common.form == Form::json || common.form == Form::yaml) {
      write_document(common, event);
      return;
    }
    const std::string text = text_at(event, "text");
    if (text.empty()) return;
    const std::string whose = text_at(event, "step") + " partition " +
                              std::to_string(number_at(event, "partition")) + " attempt " +
                              std::to_string(number_at(event, "attempt"));
    if (whose != shown) {
      if (line_open) write_out("\n");
      // Between the texts of several slices it must be clear whose they are; on stderr, so that the
      // text itself stays as the program wrote it.
      write_err("==> " + printable(whose) + " <==\n");
      shown = whose;
    }
    write_out(text);
    line_open = !text.ends_with('\n');
  };
  auto result = ask(common, std::move(request), waiting);
  if (!result) return report(result.error());
  if (line_open && ::isatty(STDOUT_FILENO)) write_out("\n");
  return exit_ok;
}

}  // namespace runink::runi
