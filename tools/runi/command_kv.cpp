// The words of `runi kv`.
#include <CLI/CLI.hpp>
#include <string>
#include <utility>

#include "tools/runi/command_parts.hpp"

namespace runink::runi {
namespace {

constexpr std::int64_t number_largest = 9'000'000'000'000'000'000;

void add_key(CLI::App* verb, Arguments& a) {
  verb->add_option("key", a.kv.key, "the key")->required()->type_name("KEY");
}

/// The verb's value as an argument or a file; what is done checks that one of them is given: a value may be
/// empty.
Verb with_value(CLI::App* verb, Arguments& a, Verb what) {
  auto* value = verb->add_option("value", a.kv.value, "the value; or -f")->type_name("VALUE");
  auto* file = verb->add_option("-f,--file", a.kv.file, "the bytes of this file are the value")
                   ->type_name("FILE");
  return [value, file, what = std::move(what)](Arguments& x) {
    if ((value->count() > 0) == (file->count() > 0))
      throw CLI::ValidationError("value", "give the value behind the key, or a file with -f");
    return what(x);
  };
}

void add_request(CLI::App* verb, Arguments& a) {
  auto* id = verb->add_option("--request-id", a.kv.request_id,
                              "repeat an earlier request: the same id is done once");
  auto* session = verb->add_option("--session", a.kv.session, "of `runi kv session`, with --seq")
                      ->check(CLI::Range(std::int64_t{1}, number_largest))
                      ->excludes(id);
  auto* seq = verb->add_option("--seq", a.kv.seq,
                               "its number in the session, from 1: the same one is done once")
                  ->check(CLI::Range(std::int64_t{1}, number_largest))
                  ->needs(session);
  session->needs(seq);
  verb->add_option("--first-unacked", a.kv.first_unacked,
                   "the answers to all numbers of the session below may be forgotten")
      ->check(CLI::Range(std::int64_t{1}, number_largest))
      ->needs(session);
  add_timeout(verb, a);
  add_form(verb, a);
}

void add_reading(CLI::App& kv, Arguments& a, Verbs& verbs) {
  auto* get = add(kv, "get", "Print the value of a key",
                  "  runi kv get jobs/leader\n  runi kv get jobs/leader -o json\n");
  add_key(get, a);
  add_form(get, a);
  verbs[get] = [](Arguments& x) { return do_kv_get(x.common, x.kv); };

  auto* list = add(kv, "list", "List the keys of a herd, in their order",
                   "  runi kv list --herd finance\n  runi kv list jobs/ --values\n"
                   "  runi kv list jobs/ --after jobs/0099\n");
  list->add_option("prefix", a.kv.prefix, "only keys that begin so")->type_name("KEY");
  list->add_flag("--values", a.kv.values, "show the values too");
  list->add_option("--after", a.kv.key, "only keys behind this one")->type_name("KEY");
  list->add_option("--limit", a.kv.limit, "at most so many (default 100)")
      ->check(CLI::Range(1, 1000));
  add_form(list, a);
  verbs[list] = [](Arguments& x) { return do_kv_list(x.common, x.kv); };

  auto* watch = add(kv, "watch", "Print what changes among the keys of a herd, until Ctrl-C",
                    "  runi kv watch jobs/\n  runi kv watch --key jobs/leader -o json\n"
                    "  runi kv watch jobs/ --after 1240 --count 1\n");
  watch->add_option("prefix", a.kv.prefix, "only keys that begin so")->type_name("KEY");
  watch->add_option("--key", a.kv.key, "only this key")->type_name("KEY");
  watch->add_option("--after", a.kv.after, "all that changed after this revision (default: now)")
      ->check(CLI::Range(std::int64_t{0}, number_largest));
  watch->add_option("--count", a.kv.count, "end after so many revisions")
      ->check(CLI::Range(std::int64_t{1}, number_largest));
  add_timeout(watch, a);
  add_form(watch, a);
  verbs[watch] = [](Arguments& x) {
    if (!x.kv.key.empty() && !x.kv.prefix.empty())
      throw CLI::ValidationError("--key", "give a prefix or one key, not both");
    return do_kv_watch(x.common, x.kv);
  };
}

void add_changing(CLI::App& kv, Arguments& a, Verbs& verbs) {
  auto* put = add(kv, "put", "Give a key a value",
                  "  runi kv put jobs/leader n1 --herd finance\n"
                  "  runi kv put jobs/settings -f settings.json\n"
                  "  runi kv put jobs/leader n1 --session 1240 --seq 1\n");
  add_key(put, a);
  verbs[put] = with_value(put, a, [](Arguments& x) { return do_kv_bring(x.common, x.kv, "put"); });
  add_request(put, a);

  auto* append = add(kv, "append", "Add to the end of a key's value, or make the key",
                     "  runi kv append jobs/done run-17,\n"
                     "  runi kv append jobs/done run-18, --session 1240 --seq 2 "
                     "--first-unacked 2\n");
  add_key(append, a);
  verbs[append] =
      with_value(append, a, [](Arguments& x) { return do_kv_bring(x.common, x.kv, "append"); });
  add_request(append, a);

  auto* gone = add(kv, "delete", "Delete a key", "  runi kv delete jobs/leader\n");
  add_key(gone, a);
  add_request(gone, a);
  verbs[gone] = [](Arguments& x) { return do_kv_delete(x.common, x.kv); };

  auto* cas = add(kv, "cas", "Give a key a value if it is as expected (compare and set)",
                  "  runi kv cas jobs/leader n1 --absent\n"
                  "  runi kv cas jobs/leader n2 --revision 1240\n"
                  "  runi kv cas jobs/leader n2 --expect n1\n");
  add_key(cas, a);
  auto set = with_value(cas, a, [](Arguments& x) { return do_kv_cas(x.common, x.kv); });
  cas->add_option("--revision", a.kv.revision, "if this entry of the log changed it last")
      ->check(CLI::Range(std::int64_t{0}, number_largest));
  auto* expect =
      cas->add_option("--expect", a.kv.expected, "if this is its value")->type_name("VALUE");
  cas->add_flag("--absent", a.kv.absent, "if it does not exist");
  add_request(cas, a);
  verbs[cas] = [expect, set = std::move(set)](Arguments& x) {
    if ((x.kv.revision ? 1 : 0) + (expect->count() > 0 ? 1 : 0) + (x.kv.absent ? 1 : 0) != 1)
      throw CLI::ValidationError("cas", "give one of --revision, --expect and --absent");
    return set(x);
  };

  auto* txn = add(kv, "txn", "Do one of two lists of operations, all of it or nothing",
                  "  runi kv txn -f move.json\n  runi kv txn -f move.json -o json\n");
  txn->add_option("-f,--file", a.kv.file, "the transaction, JSON; `runi help keys` shows one")
      ->required()
      ->type_name("FILE");
  add_request(txn, a);
  verbs[txn] = [](Arguments& x) { return do_kv_txn(x.common, x.kv); };

  auto* session =
      add(kv, "session", "Open a session and print its number: what is sent twice is done once",
          "  runi kv session\n"
          "  runi kv session -o json\n");
  add_timeout(session, a);
  add_form(session, a);
  verbs[session] = [](Arguments& x) { return do_kv_session(x.common); };
}

}  // namespace

void add_kv(CLI::App& app, Arguments& a, Verbs& verbs) {
  auto* kv = add(app, "kv", "Work with the keys and values of a herd",
                 "  runi kv put jobs/leader n1 --herd finance\n  runi kv get jobs/leader\n"
                 "  runi kv watch jobs/\n");
  kv->require_subcommand(1);
  add_reading(*kv, a, verbs);
  add_changing(*kv, a, verbs);
}

}  // namespace runink::runi
