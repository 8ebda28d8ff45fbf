#include "tools/runi/command_line.hpp"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tools/runi/command_parts.hpp"
#include "tools/runi/completion.hpp"
#include "tools/runi/terminal.hpp"
#include "tools/runi/texts.hpp"
#include "tools/runi/topics.hpp"
#include "tools/runi/typed_line.hpp"
#include "vocabulary/names.hpp"

namespace runink::runi {

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

void add_timeout(CLI::App* verb, Arguments& a) {
  verb->add_option("--timeout", a.timeout, "how long to wait: 90s, 5m, 2h");
}

namespace {

constexpr const char* footer =
    "Data goes to stdout, messages to stderr. Exit codes:\n"
    "  0 ok   1 error, or a run that did not succeed   2 usage   3 not allowed   4 not found\n"
    "  5 conflict, or a change of a contract that breaks others   6 refused by quota or placement\n"
    "  7 timeout   8 checks failed: rows break a contract, or a test did not pass   130 "
    "interrupted while following\n"
    "\n"
    "The node is found by --socket, else RUNINK_SOCKET, else the one living socket (*.sock) in\n"
    "/run/runink, /var/lib/runink, $XDG_RUNTIME_DIR/runink or ~/.local/share/runink.\n"
    "Its protocol is open: docs/PROTOCOL.md. `runi help` lists topics: pipelines, templates, exit "
    "codes ...\n";

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

/// A run as `-o name` prints it, "run/4f0c...", or its id alone.
std::string run_id_of(const std::string& given) {
  return given.starts_with("run/") ? given.substr(4) : given;
}

void add_accept_breaking(CLI::App* verb, bool& to) {
  verb->add_flag("--accept-breaking", to,
                 "a new version of a contract may break those who read the data");
}

void add_parameters(CLI::App* verb, Arguments& a) {
  verb->add_option("-p,--param", a.parameters,
                   "NAME=VALUE, a parameter of the pipeline; repeatable")
      ->take_all()
      ->allow_extra_args(false);
  verb->add_option("--date", a.run.logical_date,
                   "the logical date, YYYY-MM-DD or RFC 3339 (default: today, 00:00 UTC)");
}

void add_making(CLI::App& app, Arguments& a, Verbs& verbs) {
  auto* compile =
      add(app, "compile", "Check a pipeline's folder and draw its steps",
          "  runi compile settlement/\n  runi compile settlement/ -o dot | dot -Tsvg\n");
  compile->add_option("folder", a.run.target, "the pipeline's folder")
      ->required()
      ->type_name("FOLDER");
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
      ->type_name("FILE")
      ->take_all()
      ->allow_extra_args(false);
  add_accept_breaking(apply, a.run.accept_breaking);
  add_form(apply, a);
  verbs[apply] = [](Arguments& x) { return do_apply(x.common, x.paths, x.run.accept_breaking); };

  auto* run = add(app, "run", "Run a pipeline: a folder, or one that was applied",
                  "  runi run settlement/ --follow -p trades=1000\n"
                  "  runi run finance/settlement --date 2026-11-20\n"
                  "  runi run finance/settlement -o name\n");
  run->add_option("target", a.run.target, "a folder, or the name of a pipeline")
      ->required()
      ->type_name("PIPELINE");
  add_parameters(run, a);
  run->add_flag("--follow", a.run.follow, "show the run until it ends, and end with its result");
  run->add_option("--request-id", a.run.request_id,
                  "repeat an earlier request: the same id is the same run");
  add_accept_breaking(run, a.run.accept_breaking);
  add_form(run, a);
  verbs[run] = [](Arguments& x) {
    x.run.parameters = parameters_of(x.parameters);
    return do_run(x.common, x.run);
  };
}

void add_testing(CLI::App& app, Arguments& a, Verbs& verbs) {
  auto* test = add(app, "test", "Run a pipeline on fixtures and compare with golden files",
                   "  runi test settlement/\n  runi test settlement/ -t netting -t masking\n"
                   "  runi test settlement/ --update\n");
  test->add_option("folder", a.test.folder, "the pipeline's folder, with tests/NAME.toml")
      ->required()
      ->type_name("FOLDER");
  test->add_option("-t,--test", a.test.tests, "only this test; repeatable")
      ->type_name("TEST")
      ->take_all()
      ->allow_extra_args(false);
  test->add_flag("--update", a.test.update, "write what came out into the golden files");
  add_timeout(test, a);
  test->add_option("-o,--output", a.form, "table, json or yaml")
      ->check(CLI::IsMember({"table", "json", "yaml"}));
  verbs[test] = [](Arguments& x) { return do_test(x.common, x.test); };
}

void add_looking(CLI::App& app, Arguments& a, Verbs& verbs) {
  auto* get = add(app, "get", "List runs, pipelines, herds, nodes, volumes or datasets",
                  "  runi get runs\n  runi get pipelines --herd finance -o json\n  runi get nodes "
                  "n1 -o yaml\n");
  get->add_option("kind", a.kind, "runs, pipelines, herds, nodes, volumes or datasets")
      ->required()
      ->type_name("KIND");
  get->add_option("name", a.name, "only this one")->type_name("NAME");
  get->add_option("--limit", a.limit, "at most so many (default 100)")->check(CLI::Range(1, 1000));
  add_form(get, a);
  verbs[get] = [](Arguments& x) { return do_get(x.common, x.kind, x.name, x.limit); };

  auto* describe = add(app, "describe", "Show all that is known of one thing",
                       "  runi describe run 4f0c12ab\n  runi describe pipeline settlement\n");
  describe->add_option("kind", a.kind, "run, pipeline, herd, node, volume or dataset")
      ->required()
      ->type_name("KIND");
  describe->add_option("name", a.name, "its name, or the beginning of a run's id")
      ->required()
      ->type_name("NAME");
  add_form(describe, a);
  verbs[describe] = [](Arguments& x) {
    return do_describe(x.common, x.kind, x.kind.starts_with("run") ? run_id_of(x.name) : x.name);
  };

  auto* explain = add(app, "explain", "Say why a run, or one step of it, is where it is",
                      "  runi explain 4f0c12ab\n  runi explain 4f0c12ab netted\n");
  explain->add_option("run", a.run.target, "the run")->required()->type_name("RUN");
  explain->add_option("step", a.step, "only this step")->type_name("STEP");
  add_form(explain, a);
  verbs[explain] = [](Arguments& x) {
    return do_explain(x.common, run_id_of(x.run.target), x.step);
  };

  auto* lineage = add(app, "lineage", "Show what a dataset or a published file was made from",
                      "  runi lineage netted --herd finance\n  runi lineage "
                      "finance/settlement/netted@1240\n  runi lineage reports:/net.parquet\n");
  lineage->add_option("dataset", a.name, "a dataset, or volume:/path of a published file")
      ->required()
      ->type_name("DATASET");
  lineage->add_option("--pipeline", a.pipeline, "of this pipeline")->type_name("PIPELINE");
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

void add_running(CLI::App& app, Arguments& a, Verbs& verbs) {
  auto* follow = add(app, "follow", "Show a run until it ends, and end with its result",
                     "  runi follow 4f0c12ab\n");
  follow->add_option("run", a.run.target, "the run")->required()->type_name("RUN");
  add_form(follow, a);
  verbs[follow] = [](Arguments& x) { return do_follow(x.common, run_id_of(x.run.target)); };

  auto* logs = add(app, "logs", "Print what the programs of a run wrote",
                   "  runi logs 4f0c12ab\n  runi logs 4f0c12ab confirmed -f\n");
  logs->add_option("run", a.logs.run, "the run")->required()->type_name("RUN");
  logs->add_option("step", a.logs.step, "only this step")->type_name("STEP");
  logs->add_option("--partition", a.logs.partition, "only this partition");
  logs->add_option("--attempt", a.logs.attempt, "this attempt (default: the newest)");
  logs->add_flag("-f,--follow", a.logs.follow, "go on until the run has ended");
  add_form(logs, a);
  verbs[logs] = [](Arguments& x) {
    x.logs.run = run_id_of(x.logs.run);
    return do_logs(x.common, x.logs);
  };

  auto* cancel = add(app, "cancel", "End a run: its slices are killed, nothing new is started",
                     "  runi cancel 4f0c12ab\n");
  cancel->add_option("run", a.run.target, "the run")->required()->type_name("RUN");
  add_form(cancel, a);
  verbs[cancel] = [](Arguments& x) { return do_cancel(x.common, run_id_of(x.run.target)); };

  auto* wait = add(app, "wait", "Wait for a run",
                   "  runi wait 4f0c12ab --timeout 10m\n  runi wait 4f0c12ab --for succeeded\n");
  wait->add_option("run", a.run.target, "the run")->required()->type_name("RUN");
  wait->add_option("--for", a.what, "done (ended in any way; default) or succeeded")
      ->check(CLI::IsMember({"done", "succeeded"}));
  add_timeout(wait, a);
  add_form(wait, a);
  verbs[wait] = [](Arguments& x) { return do_wait(x.common, run_id_of(x.run.target), x.what); };
}

void add_contract_versions(CLI::App& all, Arguments& a, Verbs& verbs) {
  auto* diff = add(all, "diff", "Say what changed, and whom it breaks",
                   "  runi contract diff trades\n  runi contract diff trades@3 --from 1\n"
                   "  runi contract diff trades -f trades.odcs.yaml\n");
  diff->add_option("name", a.contract.name, "NAME, or NAME@N: what changed up to that version")
      ->required()
      ->type_name("CONTRACT");
  diff->add_option("--from", a.contract.from, "since this version (default: the one before)")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1'000'000'000}));
  diff->add_option("-f,--file", a.contract.file, "compare the latest version with this document")
      ->type_name("FILE");
  add_form(diff, a);
  verbs[diff] = [](Arguments& x) { return do_contract_diff(x.common, x.contract); };

  auto* history =
      add(all, "history", "List the versions of a contract", "  runi contract history trades\n");
  history->add_option("name", a.contract.name, "NAME or HERD/NAME")
      ->required()
      ->type_name("CONTRACT");
  add_form(history, a);
  verbs[history] = [](Arguments& x) { return do_contract_history(x.common, x.contract.name); };

  auto* restore = add(all, "restore", "Make an old version the latest one again",
                      "  runi contract restore trades@2\n");
  restore->add_option("name", a.contract.name, "NAME@N: the version whose content comes back")
      ->required()
      ->type_name("CONTRACT");
  add_accept_breaking(restore, a.contract.accept_breaking);
  add_form(restore, a);
  verbs[restore] = [](Arguments& x) { return do_contract_restore(x.common, x.contract); };
}

void add_contracts(CLI::App& app, Arguments& a, Verbs& verbs) {
  auto* all = add(app, "contract", "Work with the contracts of a herd",
                  "  runi contract apply -f contracts/trades.odcs.yaml --herd finance\n"
                  "  runi contract get trades > trades.odcs.yaml\n"
                  "  runi contract diff trades -f trades.odcs.yaml\n");
  all->require_subcommand(1);

  auto* apply = add(*all, "apply", "Make a document the latest version of a contract",
                    "  runi contract apply -f contracts/trades.odcs.yaml --herd finance\n"
                    "  runi contract apply -f trades.odcs.yaml --name trades --accept-breaking\n");
  apply->add_option("-f,--file", a.contract.file, "the ODCS document")
      ->required()
      ->type_name("FILE");
  apply->add_option("--name", a.contract.name, "of the contract (default: made from the document)")
      ->type_name("CONTRACT");
  add_accept_breaking(apply, a.contract.accept_breaking);
  add_form(apply, a);
  verbs[apply] = [](Arguments& x) { return do_contract_apply(x.common, x.contract); };

  auto* get = add(*all, "get", "List contracts, or print the document of one",
                  "  runi contract get\n  runi contract get finance/trades@3\n");
  get->add_option("name", a.contract.name, "NAME, HERD/NAME, with @N for one version")
      ->type_name("CONTRACT");
  add_form(get, a);
  verbs[get] = [](Arguments& x) { return do_contract_get(x.common, x.contract.name); };

  auto* test = add(*all, "test", "Check a file against a contract, without a run",
                   "  runi contract test trades trades.csv\n"
                   "  runi contract test -f contracts/trades.odcs.yaml trades.csv\n");
  test->add_option(
          "data", a.paths,
          "a contract and a file, or a file alone with -f; it ends in .csv, .jsonl or .parquet")
      ->required()
      ->type_name("[CONTRACT] FILE")
      ->expected(1, 2);
  test->add_option("-f,--file", a.contract.file, "the ODCS document to check by")
      ->type_name("FILE");
  test->add_option("--object", a.contract.object, "the schema object (default: the only one)")
      ->type_name("NAME");
  add_form(test, a);
  verbs[test] = [](Arguments& x) {
    if ((x.paths.size() == 1) == x.contract.file.empty())
      throw CLI::ValidationError("data",
                                 "give the name of a contract and a file, or -f and a file");
    if (x.paths.size() == 2) x.contract.name = x.paths.front();
    return do_contract_test(x.common, x.contract, x.paths.back());
  };
  add_contract_versions(*all, a, verbs);
}

void add_pki_options(CLI::App* verb, Arguments& a) {
  verb->add_option("--dir", a.pki.folder, "the folder of the files (default: pki)")
      ->type_name("FOLDER");
  verb->add_flag("--force", a.pki.force, "replace files that are there");
  add_form(verb, a);
}

void add_pki(CLI::App& app, Arguments& a, Verbs& verbs) {
  auto* all = add(app, "pki", "Make the certificates by which nodes know each other",
                  "  runi pki init --cluster prod\n  runi pki node n1\n");
  all->require_subcommand(1);

  auto* init =
      add(*all, "init", "Make the authority of a cluster: ca.crt and ca.key",
          "  runi pki init --cluster prod\n  runi pki init --cluster prod --dir /root/prod-pki\n");
  init->add_option("--cluster", a.pki.cluster, "the cluster's name, as in its cluster files")
      ->required()
      ->type_name("CLUSTER");
  init->add_option("--days", a.pki.days, "how long it counts (default 3650)")
      ->check(CLI::Range(std::int64_t{1}, days_most));
  add_pki_options(init, a);
  verbs[init] = [](Arguments& x) { return do_pki_init(x.common, x.pki); };

  auto* node = add(*all, "node", "Make the certificate and key of a node: NODE.crt and NODE.key",
                   "  runi pki node n1\n  runi pki node n1 --dir /root/prod-pki --days 90\n"
                   "  runi pki node n1 --force\n");
  node->add_option("node", a.pki.node, "the node's name, as in its cluster file")
      ->required()
      ->type_name("NODE");
  node->add_option("--days", a.pki.days, "how long it counts (default 365)")
      ->check(CLI::Range(std::int64_t{1}, days_most));
  add_pki_options(node, a);
  verbs[node] = [](Arguments& x) { return do_pki_node(x.common, x.pki); };
}

/// Help for a topic, else for a verb, else the list of topics.
int do_help(const CommandTree& tree) {
  const Arguments& a = tree.arguments;
  if (a.about.empty()) {
    write_out(topic_list(style_of(STDOUT_FILENO).width));
    return exit_ok;
  }
  if (a.about.size() == 1) {
    if (const Topic* topic = find_topic(a.about.front())) {
      write_out(a.only_example ? std::string(topic->example)
                               : topic_text(*topic, style_of(STDOUT_FILENO).width));
      return exit_ok;
    }
  }
  const CLI::App* verb = a.only_example ? nullptr : tree.find(a.about);
  if (verb == nullptr) return report(no_such_topic(a.about, verb_names(*tree.app)));
  write_out(verb->help(
      verb->get_parent() == tree.app.get() ? "runi" : "runi " + verb->get_parent()->get_name()));
  return exit_ok;
}

void add_help(CommandTree& tree) {
  CLI::App& app = *tree.app;
  Arguments& a = tree.arguments;
  auto* help = add(app, "help", "Explain a topic, or show a verb's help; alone: list the topics",
                   "  runi help\n  runi help sql\n  runi help run\n"
                   "  runi help sql --example | sh\n");
  help->add_option("about", a.about, "a topic, or a verb")->type_name("TOPIC");
  help->add_flag("--example", a.only_example, "print only the topic's example, a script for sh");
  tree.verbs[help] = [&tree](Arguments&) { return do_help(tree); };

  auto* completion = add(app, "completion", "Print the completion of runi for a shell",
                         "  source <(runi completion bash)\n"
                         "  runi completion zsh > ~/.zfunc/_runi\n"
                         "  runi completion fish > ~/.config/fish/completions/runi.fish\n");
  completion->add_option("shell", a.shell, "the shell")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  tree.verbs[completion] = [](Arguments& x) {
    write_out(completion_script(x.shell));
    return static_cast<int>(exit_ok);
  };
}

void read_common(Arguments& a) {
  static const std::map<std::string, Form> forms{
      {"table", Form::table}, {"json", Form::json}, {"yaml", Form::yaml}, {"name", Form::name}};
  a.common.form = forms.at(a.form);
  if (a.timeout.empty()) return;
  a.common.timeout_ms = milliseconds_of(a.timeout);
  if (!a.common.timeout_ms)
    throw CLI::ValidationError("--timeout", "\"" + printable(a.timeout) +
                                                "\" is no length of time such as 90s, 5m or "
                                                "2h, at most 7d");
}

/// --herd where it would change nothing is a mistake, not a filter that was obeyed.
void check_herd(const CommandTree& tree) {
  if (tree.arguments.common.herd.empty()) return;
  const CLI::App* verb = &tree.chosen();
  while (verb->get_parent() != tree.app.get()) verb = verb->get_parent();
  const std::string name = verb->get_name();
  const bool by_file = name == "compile" || name == "apply" || name == "test";
  for (const char* one :
       {"run", "get", "describe", "lineage", "contract", "kv", "help", "completion"})
    if (name == one) return;
  throw CLI::ValidationError("--herd", "has no meaning for `runi " + name + "`" +
                                           (by_file ? ": the file or folder names its herd" : ""));
}

/// "runi contract", or "runi": what stands before the verb that is missing or unknown.
std::string before_verb(const CommandTree& tree, const CLI::App& app) {
  return &app == tree.app.get() ? "runi" : "runi " + app.get_name();
}

int report_mistake(const CommandTree& tree, const std::vector<std::string>& words,
                   const CLI::ParseError& error) {
  const TypedLine line(tree, words);
  const std::string wrong = line.unknown_verb(), before = before_verb(tree, line.app());
  if (error.get_exit_code() != 0 && wrong.empty() && !line.app().get_subcommands({}).empty() &&
      dynamic_cast<const CLI::RequiredError*>(&error) != nullptr) {
    std::string verbs;
    for (const std::string& one : verb_names(line.app()))
      verbs += (verbs.empty() ? "" : ", ") + one;
    write_err("runi: `" + before + "` needs a verb: " + verbs + ". `" + before +
              " --help` says more.\n");
    return exit_usage;
  }
  if (error.get_exit_code() == 0 || wrong.empty()) {
    const int code = tree.app->exit(error);
    return code == 0 ? exit_ok : exit_usage;
  }
  const auto meant = nearest_name(wrong, verb_names(line.app()));
  write_err("runi: There is no verb \"" + printable(wrong) + "\"" +
            (meant ? "; did you mean `" + *meant + "`?" : ".") + " `" + before +
            " --help` lists the verbs.\n");
  return exit_usage;
}

}  // namespace

CommandTree::CommandTree()
    : app(std::make_unique<CLI::App>("runi: the operator's tool of Runink", "runi")) {
  app->footer(footer);
  app->require_subcommand(1);
  app->set_help_all_flag("--help-all", "help for every verb");
  app->add_option("--socket", arguments.common.socket, "the node's admin socket")
      ->type_name("FILE");
  app->add_option("--herd", arguments.common.herd, "what belongs to this herd")->type_name("HERD");
  add_making(*app, arguments, verbs);
  add_testing(*app, arguments, verbs);
  add_looking(*app, arguments, verbs);
  add_cluster(*app, arguments, verbs);
  add_running(*app, arguments, verbs);
  add_contracts(*app, arguments, verbs);
  add_kv(*app, arguments, verbs);
  add_pki(*app, arguments, verbs);
  add_help(*this);
}

CommandTree::~CommandTree() = default;

CLI::App& CommandTree::chosen() const {
  CLI::App* at = app.get();
  while (!at->get_subcommands().empty()) at = at->get_subcommands().front();
  return *at;
}

const CLI::App* CommandTree::find(const std::vector<std::string>& words) const {
  const CLI::App* at = app.get();
  for (const std::string& word : words) {
    const auto verbs_here = at->get_subcommands({});
    const auto found = std::ranges::find(verbs_here, word, &CLI::App::get_name);
    if (found == verbs_here.end()) return nullptr;
    at = *found;
  }
  return at;
}

int run_command_line(int count, char** arguments) {
  const std::vector<std::string> words(arguments + (count > 0 ? 1 : 0), arguments + count);
  if (!words.empty() && words.front() == complete_verb)
    return do_complete({words.begin() + 1, words.end()});
  CommandTree tree;
  try {
    tree.app->parse(count, arguments);
    read_common(tree.arguments);
    check_herd(tree);
    return tree.verbs.at(&tree.chosen())(tree.arguments);
  } catch (const CLI::ParseError& error) {
    return report_mistake(tree, words, error);
  }
}

}  // namespace runink::runi
