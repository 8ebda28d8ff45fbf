#include "tools/runi/command_line.hpp"

#include <CLI/CLI.hpp>
#include <functional>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "tools/runi/texts.hpp"
#include "tools/runi/verbs.hpp"

namespace runink::runi {
namespace {

constexpr const char* footer =
    "Data goes to stdout, messages to stderr. Exit codes:\n"
    "  0 ok   1 error, or a run that did not succeed   2 usage   3 not allowed   4 not found\n"
    "  5 conflict   6 refused by quota or placement   7 timeout   130 interrupted while following\n"
    "\n"
    "The node is found by --socket, else RUNINK_SOCKET, else the one living socket (*.sock) in\n"
    "/run/runink, /var/lib/runink, $XDG_RUNTIME_DIR/runink or ~/.local/share/runink.\n"
    "Its protocol is open: docs/PROTOCOL.md.\n";

/// What the options are read into.
struct Arguments {
  Common common;
  std::string form = "table";
  std::string drawing = "text";
  std::string timeout;
  RunOptions run;
  LogsOptions logs;
  std::vector<std::string> parameters;
  std::vector<std::string> paths;
  std::string kind, name, step, pipeline, what = "done";
  std::int64_t limit = 0;
};

using Verb = std::function<int(Arguments&)>;

/// "-p name=value"
std::map<std::string, std::string> parameters_of(const std::vector<std::string>& given) {
  std::map<std::string, std::string> all;
  for (const std::string& one : given) {
    const auto sign = one.find('=');
    if (sign == std::string::npos || sign == 0)
      throw CLI::ValidationError("--param", "\"" + printable(one) + "\" is not NAME=VALUE");
    if (!all.emplace(one.substr(0, sign), one.substr(sign + 1)).second)
      throw CLI::ValidationError("--param", one.substr(0, sign) + " is given twice");
  }
  return all;
}

CLI::App* add(CLI::App& app, std::string name, std::string what, std::string examples) {
  CLI::App* verb = app.add_subcommand(std::move(name), std::move(what));
  verb->footer("Examples:\n" + examples);
  verb->fallthrough();
  return verb;
}

void add_form(CLI::App* verb, Arguments& a) {
  verb->add_option("-o,--output", a.form, "table, json, yaml or name")
      ->check(CLI::IsMember({"table", "json", "yaml", "name"}));
}

void add_parameters(CLI::App* verb, Arguments& a) {
  verb->add_option("-p,--param", a.parameters,
                   "NAME=VALUE, a parameter of the pipeline; repeatable")
      ->take_all()
      ->allow_extra_args(false);
  verb->add_option("--date", a.run.logical_date,
                   "the logical date, YYYY-MM-DD or RFC 3339 (default: today, 00:00 UTC)");
}

void add_timeout(CLI::App* verb, Arguments& a) {
  verb->add_option("--timeout", a.timeout, "how long to wait: 90s, 5m, 2h");
}

void add_making(CLI::App& app, Arguments& a, std::map<CLI::App*, Verb>& verbs) {
  auto* compile =
      add(app, "compile", "Check a pipeline's folder and draw its steps",
          "  runi compile settlement/\n  runi compile settlement/ -o dot | dot -Tsvg\n");
  compile->add_option("folder", a.run.target, "the pipeline's folder")->required();
  compile->add_option("-o,--output", a.drawing, "text, json, dot or mermaid")
      ->check(CLI::IsMember({"text", "json", "dot", "mermaid"}));
  add_parameters(compile, a);
  verbs[compile] = [](Arguments& x) {
    return do_compile(x.common, x.run.target, x.drawing, parameters_of(x.parameters),
                      x.run.logical_date);
  };

  auto* apply = add(app, "apply", "Make a herd as its file says, or a pipeline as its folder says",
                    "  runi apply -f finance.herd.toml\n  runi apply -f finance.herd.toml -f "
                    "settlement/\n");
  apply->add_option("-f,--file", a.paths, "a herd's file or a pipeline's folder; repeatable")
      ->required()
      ->take_all()
      ->allow_extra_args(false);
  add_form(apply, a);
  verbs[apply] = [](Arguments& x) { return do_apply(x.common, x.paths); };

  auto* run = add(app, "run", "Run a pipeline: a folder, or one that was applied",
                  "  runi run settlement/ --follow -p trades=1000\n"
                  "  runi run finance/settlement --date 2026-11-20\n"
                  "  id=$(runi run settlement/ -o name); runi wait ${id#run/}\n");
  run->add_option("target", a.run.target, "a folder, or the name of a pipeline")->required();
  add_parameters(run, a);
  run->add_flag("--follow", a.run.follow, "show the run until it ends, and end with its result");
  run->add_option("--request-id", a.run.request_id,
                  "repeat an earlier request: the same id is the same run");
  add_form(run, a);
  verbs[run] = [](Arguments& x) {
    x.run.parameters = parameters_of(x.parameters);
    return do_run(x.common, x.run);
  };
}

void add_looking(CLI::App& app, Arguments& a, std::map<CLI::App*, Verb>& verbs) {
  auto* get = add(app, "get", "List runs, pipelines, herds, nodes, volumes or datasets",
                  "  runi get runs\n  runi get pipelines --herd finance -o json\n  runi get nodes "
                  "n1 -o yaml\n");
  get->add_option("kind", a.kind, "runs, pipelines, herds, nodes, volumes or datasets")->required();
  get->add_option("name", a.name, "only this one");
  get->add_option("--limit", a.limit, "at most so many (default 100)")->check(CLI::Range(1, 1000));
  add_form(get, a);
  verbs[get] = [](Arguments& x) { return do_get(x.common, x.kind, x.name, x.limit); };

  auto* describe = add(app, "describe", "Show all that is known of one thing",
                       "  runi describe run 4f0c12ab\n  runi describe pipeline settlement\n");
  describe->add_option("kind", a.kind, "run, pipeline, herd, node, volume or dataset")->required();
  describe->add_option("name", a.name, "its name, or the beginning of a run's id")->required();
  add_form(describe, a);
  verbs[describe] = [](Arguments& x) { return do_describe(x.common, x.kind, x.name); };

  auto* explain = add(app, "explain", "Say why a run, or one step of it, is where it is",
                      "  runi explain 4f0c12ab\n  runi explain 4f0c12ab netted\n");
  explain->add_option("run", a.run.target, "the run")->required();
  explain->add_option("step", a.step, "only this step");
  add_form(explain, a);
  verbs[explain] = [](Arguments& x) { return do_explain(x.common, x.run.target, x.step); };

  auto* lineage = add(app, "lineage", "Show what a dataset or a published file was made from",
                      "  runi lineage netted --herd finance\n  runi lineage "
                      "finance/settlement/netted@1240\n  runi lineage reports:/net.parquet\n");
  lineage->add_option("dataset", a.name, "a dataset, or volume:/path of a published file")
      ->required();
  lineage->add_option("--pipeline", a.pipeline, "of this pipeline");
  add_form(lineage, a);
  verbs[lineage] = [](Arguments& x) { return do_lineage(x.common, x.name, x.pipeline); };

  auto* doctor = add(app, "doctor", "Say what the node can promise on its machine, and what not",
                     "  runi doctor\n  runi doctor -o json\n");
  add_form(doctor, a);
  verbs[doctor] = [](Arguments& x) { return do_doctor(x.common); };

  auto* version =
      add(app, "version", "Print the versions of runi and of the node", "  runi version\n");
  add_form(version, a);
  verbs[version] = [](Arguments& x) { return do_version(x.common); };
}

void add_running(CLI::App& app, Arguments& a, std::map<CLI::App*, Verb>& verbs) {
  auto* follow = add(app, "follow", "Show a run until it ends, and end with its result",
                     "  runi follow 4f0c12ab\n");
  follow->add_option("run", a.run.target, "the run")->required();
  add_form(follow, a);
  verbs[follow] = [](Arguments& x) { return do_follow(x.common, x.run.target); };

  auto* logs = add(app, "logs", "Print what the programs of a run wrote",
                   "  runi logs 4f0c12ab\n  runi logs 4f0c12ab confirmed -f\n");
  logs->add_option("run", a.logs.run, "the run")->required();
  logs->add_option("step", a.logs.step, "only this step");
  logs->add_option("--partition", a.logs.partition, "only this partition");
  logs->add_option("--attempt", a.logs.attempt, "this attempt (default: the newest)");
  logs->add_flag("-f,--follow", a.logs.follow, "go on until the run has ended");
  add_form(logs, a);
  verbs[logs] = [](Arguments& x) { return do_logs(x.common, x.logs); };

  auto* cancel = add(app, "cancel", "End a run: its slices are killed, nothing new is started",
                     "  runi cancel 4f0c12ab\n");
  cancel->add_option("run", a.run.target, "the run")->required();
  add_form(cancel, a);
  verbs[cancel] = [](Arguments& x) { return do_cancel(x.common, x.run.target); };

  auto* wait = add(app, "wait", "Wait for a run",
                   "  runi wait 4f0c12ab --timeout 10m\n  runi wait 4f0c12ab --for succeeded\n");
  wait->add_option("run", a.run.target, "the run")->required();
  wait->add_option("--for", a.what, "done (ended in any way; default) or succeeded")
      ->check(CLI::IsMember({"done", "succeeded"}));
  add_timeout(wait, a);
  add_form(wait, a);
  verbs[wait] = [](Arguments& x) { return do_wait(x.common, x.run.target, x.what); };
}

}  // namespace

int run_command_line(int count, char** arguments) {
  CLI::App app("runi: the operator's tool of Runink", "runi");
  app.footer(footer);
  app.require_subcommand(1);
  app.set_help_all_flag("--help-all", "help for every verb");
  Arguments a;
  app.add_option("--socket", a.common.socket, "the node's admin socket");
  app.add_option("--herd", a.common.herd, "only what belongs to this herd");
  std::map<CLI::App*, Verb> verbs;
  add_making(app, a, verbs);
  add_looking(app, a, verbs);
  add_running(app, a, verbs);
  auto* help = app.add_subcommand("help", "Print help, of a verb if one is named");
  std::string about;
  help->add_option("verb", about, "the verb");

  try {
    app.parse(count, arguments);
    if (app.got_subcommand(help)) {
      CLI::App* asked = &app;
      for (const auto& [verb, unused] : verbs)
        if (verb->get_name() == about) asked = verb;
      if (asked == &app && !about.empty())
        throw CLI::ValidationError("help", "there is no verb " + printable(about));
      std::cout << (asked == &app ? app.help() : asked->help("runi"));
      return exit_ok;
    }
    static const std::map<std::string, Form> forms{
        {"table", Form::table}, {"json", Form::json}, {"yaml", Form::yaml}, {"name", Form::name}};
    a.common.form = forms.at(a.form);
    if (!a.timeout.empty()) {
      a.common.timeout_ms = milliseconds_of(a.timeout);
      if (!a.common.timeout_ms)
        throw CLI::ValidationError("--timeout", "\"" + printable(a.timeout) +
                                                    "\" is no length of time such as 90s, 5m or "
                                                    "2h, at most 7d");
    }
    return verbs.at(app.get_subcommands().front())(a);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? exit_ok : exit_usage;
  }
}

}  // namespace runink::runi
