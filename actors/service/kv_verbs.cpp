// kv.get, .list, .put, .append, .delete, .cas, .txn: the keys of a herd; .session: a client of them.
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "actors/service/contract_versions.hpp"
#include "actors/service/kv_request.hpp"
#include "actors/service/parts.hpp"
#include "vocabulary/limits.hpp"
#include "vocabulary/text.hpp"

namespace runink::actors {
namespace {

constexpr std::uint64_t keys_shown = 100;
constexpr std::uint64_t keys_shown_most = 1'000;
/// Values in one answer of kv.list; what is beyond it comes with the next one.
constexpr Bytes list_bytes = MiB(1);

/// What every change may say beside `own`.
Result<void> check_change(const AdminRequest& request,
                          std::initializer_list<std::string_view> own) {
  std::vector<std::string_view> known(own);
  known.insert(known.end(), {"herd", "request_id", "session", "seq", "first_unacked"});
  return check_members(request, known);
}

/// What a transaction did.
struct Done {
  HerdName herd;
  bool repeated = false;
  state::KvResult result;
};

/// The herd that a request names, else the only one.
Async<Result<HerdName>> herd_asked(ServiceParts& parts, const json::object& body) {
  auto named = text_member(body, "herd", false);
  if (!named) co_return std::unexpected(named.error());
  if (!named->empty()) co_return HerdName{*named};  // the state knows whether it is there
  std::function<Result<HerdName>(const state::ClusterState&)> only =
      [](const state::ClusterState& cluster) { return herd_of(cluster, HerdName{}, nullptr); };
  co_return co_await parts.look<HerdName>(std::move(only));
}

state::Body body_of(state::KvTransaction asked, const std::optional<KvInSessionMembers>& within) {
  if (!within) return asked;
  return state::KvInSession{within->session, within->seq, within->first_unacked, std::move(asked)};
}

Async<Result<Done>> perform(ServiceParts& parts, const AdminRequest& request,
                            state::KvTransaction asked) {
  auto within = session_members(request.body);
  if (!within) co_return std::unexpected(within.error());
  auto herd = co_await herd_asked(parts, request.body);
  if (!herd) co_return std::unexpected(herd.error());
  asked.herd = *herd;
  state::Body body = body_of(std::move(asked), *within);
  auto submitted = co_await parts.submit(caller_of(request), std::move(body));
  if (!submitted) co_return std::unexpected(submitted.error());
  Done done;
  done.herd = std::move(*herd);
  done.repeated = submitted->outcome.verdict == state::Verdict::repeated;
  done.result = std::move(*submitted->outcome.kv);
  co_return done;
}

/// What the verbs of one key answer.
json::object changed_json(const Done& done, const std::string& key) {
  json::object to{{"herd", done.herd.value}, {"key", key}, {"repeated", done.repeated}};
  const state::KvAnswer& answer = done.result.answers.front();
  to["revision"] = done.result.revision.value;
  to["created"] = answer.created.value;
  to["version"] = answer.version;
  return to;
}

/// put and append: `operation_of` makes one of key and value.
template <class Operation>
Async<Result<json::value>> bring(ServiceParts& parts, AdminRequest request) {
  if (auto good = check_change(request, {"key", "value", "value_base64"}); !good)
    co_return std::unexpected(good.error());
  auto key = text_member(request.body, "key", true);
  if (!key) co_return std::unexpected(key.error());
  auto value = bytes_member(request.body, "value");
  if (!value) co_return std::unexpected(value.error());
  auto id = request_member(request.body);
  if (!id) co_return std::unexpected(id.error());
  state::KvTransaction asked;
  asked.request = std::move(*id);
  asked.then.push_back(Operation{*key, std::move(*value)});
  auto done = co_await perform(parts, request, std::move(asked));
  if (!done) co_return std::unexpected(done.error());
  co_return changed_json(*done, *key);
}

/// What a compare-and-set compares with: a revision (0: it does not exist), or a value.
Result<state::KvCompare> expectation_of(const json::object& body, const std::string& key) {
  const bool by_value = body.contains("expected") || body.contains("expected_base64");
  if (by_value == body.contains("revision"))
    return fail(FaultKind::bad_input,
                "Give one of the members 'revision' (0: the key must not exist) and 'expected' "
                "(the value that must be there).");
  state::KvCompare compare;
  compare.key = key;
  if (by_value) {
    auto expected = bytes_member(body, "expected");
    if (!expected) return std::unexpected(expected.error());
    compare.aspect = state::KvAspect::value;
    compare.text = std::move(*expected);
    return compare;
  }
  auto revision = number_member(body, "revision", 0);
  if (!revision) return std::unexpected(revision.error());
  compare.number = *revision;
  return compare;
}

std::string found_instead(const std::string& key, const state::KvAnswer& found) {
  const std::string name = "The key '" + printable(key, 80) + "' ";
  return (found.exists ? name + "is not as expected: its revision is " +
                             std::to_string(found.revision.value) + "."
                       : name + "does not exist.") +
         " Nothing was changed. Read it again and decide anew.";
}

struct ListAsk {
  HerdName herd;
  std::string prefix;
  std::string after;
  std::uint64_t limit = 0;
  bool values = false;
};
struct ListPage {
  HerdName herd;
  LogIndex revision;
  std::vector<state::KvEntry> entries;
  bool more = false;
};

Result<ListPage> list_keys(const state::ClusterState& cluster, const ListAsk& ask) {
  auto herd = herd_of(cluster, ask.herd, nullptr);
  if (!herd) return std::unexpected(herd.error());
  ListPage page{*herd, cluster.applied, {}, false};
  std::uint64_t bytes = 0;
  auto at = cluster.kv.entries.lower_bound({*herd, std::max(ask.prefix, ask.after)});
  for (; at != cluster.kv.entries.end() && at->first.first == *herd; ++at) {
    const std::string& key = at->first.second;
    if (!key.starts_with(ask.prefix)) break;
    if (!ask.after.empty() && key <= ask.after) continue;
    bytes += state::bytes_of(at->second);
    page.more = page.entries.size() == ask.limit ||
                (ask.values && bytes > list_bytes.value && !page.entries.empty());
    if (page.more) break;
    page.entries.push_back(at->second);
  }
  return page;
}

Result<ListAsk> list_ask(const json::object& body) {
  ListAsk ask;
  auto herd = text_member(body, "herd", false);
  auto prefix = text_member(body, "prefix", false);
  auto after = text_member(body, "after", false);
  auto limit = number_member(body, "limit", keys_shown);
  auto values = flag_member(body, "values");
  if (!herd) return std::unexpected(herd.error());
  if (!prefix) return std::unexpected(prefix.error());
  if (!after) return std::unexpected(after.error());
  if (!limit) return std::unexpected(limit.error());
  if (!values) return std::unexpected(values.error());
  if (*limit == 0 || *limit > keys_shown_most)
    return fail(FaultKind::bad_input,
                "The member 'limit' must be from 1 to " + std::to_string(keys_shown_most) + ".");
  return ListAsk{HerdName{*herd}, std::move(*prefix), std::move(*after), *limit, *values};
}

}  // namespace

Async<Result<json::value>> verb_kv_get(ServiceParts& parts, AdminRequest request, AdminStream&) {
  if (auto good = check_members(request, {"herd", "key"}); !good)
    co_return std::unexpected(good.error());
  auto named = text_member(request.body, "herd", false);
  auto key = text_member(request.body, "key", true);
  if (!named || !key) co_return std::unexpected(!named ? named.error() : key.error());
  if (auto why = state::why_no_key(*key)) co_return fail(FaultKind::bad_input, *why);
  struct Found {
    state::KvEntry entry;
    LogIndex revision;
  };
  std::function<Result<Found>(const state::ClusterState&)> find =
      [wanted = HerdName{*named}, key = *key](const state::ClusterState& cluster) -> Result<Found> {
    auto herd = herd_of(cluster, wanted, nullptr);
    if (!herd) return std::unexpected(herd.error());
    if (const state::KvEntry* entry = cluster.kv.find(*herd, key))
      return Found{*entry, cluster.applied};
    return fail(FaultKind::no_such_thing, "The herd '" + herd->value + "' has no key '" +
                                              printable(key, 80) +
                                              "'. `runi kv list` lists its keys.");
  };
  auto found = co_await parts.look<Found>(std::move(find));
  if (!found) co_return std::unexpected(found.error());
  json::object entry = to_json(found->entry, true);
  json::object answer{{"herd", found->entry.key.first.value}, {"revision", found->revision.value}};
  answer["entry"] = std::move(entry);
  co_return answer;
}

Async<Result<json::value>> verb_kv_list(ServiceParts& parts, AdminRequest request, AdminStream&) {
  if (auto good = check_members(request, {"herd", "prefix", "after", "limit", "values"}); !good)
    co_return std::unexpected(good.error());
  auto ask = list_ask(request.body);
  if (!ask) co_return std::unexpected(ask.error());
  const bool values = ask->values;
  std::function<Result<ListPage>(const state::ClusterState&)> list =
      [ask = std::move(*ask)](const state::ClusterState& cluster) {
        return list_keys(cluster, ask);
      };
  auto page = co_await parts.look<ListPage>(std::move(list));
  if (!page) co_return std::unexpected(page.error());
  json::array keys;
  for (const state::KvEntry& one : page->entries) keys.push_back(to_json(one, values));
  json::object answer{{"herd", page->herd.value}, {"revision", page->revision.value}};
  answer["keys"] = std::move(keys);
  answer["more"] = page->more;
  co_return answer;
}

Async<Result<json::value>> verb_kv_put(ServiceParts& parts, AdminRequest request, AdminStream&) {
  return bring<state::KvPut>(parts, std::move(request));
}

Async<Result<json::value>> verb_kv_append(ServiceParts& parts, AdminRequest request, AdminStream&) {
  return bring<state::KvAppend>(parts, std::move(request));
}

Async<Result<json::value>> verb_kv_delete(ServiceParts& parts, AdminRequest request, AdminStream&) {
  if (auto good = check_change(request, {"key"}); !good) co_return std::unexpected(good.error());
  auto key = text_member(request.body, "key", true);
  auto id = request_member(request.body);
  if (!key) co_return std::unexpected(key.error());
  if (!id) co_return std::unexpected(id.error());
  state::KvTransaction asked;
  asked.request = std::move(*id);
  asked.then.push_back(state::KvDelete{*key});
  auto done = co_await perform(parts, request, std::move(asked));
  if (!done) co_return std::unexpected(done.error());
  json::object answer{{"herd", done->herd.value}, {"key", *key}, {"repeated", done->repeated}};
  answer["deleted"] = done->result.answers.front().exists;
  answer["revision"] = done->result.revision.value;
  co_return answer;
}

Async<Result<json::value>> verb_kv_cas(ServiceParts& parts, AdminRequest request, AdminStream&) {
  if (auto good = check_change(
          request, {"key", "value", "value_base64", "revision", "expected", "expected_base64"});
      !good)
    co_return std::unexpected(good.error());
  auto key = text_member(request.body, "key", true);
  if (!key) co_return std::unexpected(key.error());
  auto value = bytes_member(request.body, "value");
  auto compare = expectation_of(request.body, *key);
  auto id = request_member(request.body);
  if (!value) co_return std::unexpected(value.error());
  if (!compare) co_return std::unexpected(compare.error());
  if (!id) co_return std::unexpected(id.error());
  state::KvTransaction asked;
  asked.request = std::move(*id);
  asked.compare.push_back(std::move(*compare));
  asked.then.push_back(state::KvPut{*key, std::move(*value)});
  asked.otherwise.push_back(state::KvGet{*key});
  auto done = co_await perform(parts, request, std::move(asked));
  if (!done) co_return std::unexpected(done.error());
  if (!done->result.succeeded)
    co_return fail(FaultKind::conflict, found_instead(*key, done->result.answers.front()));
  co_return changed_json(*done, *key);
}

Async<Result<json::value>> verb_kv_txn(ServiceParts& parts, AdminRequest request, AdminStream&) {
  if (auto good = check_change(request, {"compare", "then", "else"}); !good)
    co_return std::unexpected(good.error());
  auto asked = transaction_of(request.body);
  if (!asked) co_return std::unexpected(asked.error());
  auto done = co_await perform(parts, request, std::move(*asked));
  if (!done) co_return std::unexpected(done.error());
  json::array answers;
  for (const state::KvAnswer& one : done->result.answers) answers.push_back(to_json(one));
  json::object answer{{"herd", done->herd.value},
                      {"succeeded", done->result.succeeded},
                      {"revision", done->result.revision.value},
                      {"repeated", done->repeated}};
  answer["answers"] = std::move(answers);
  co_return answer;
}

Async<Result<json::value>> verb_kv_session(ServiceParts& parts, AdminRequest request,
                                           AdminStream&) {
  if (auto good = check_members(request, std::span<const std::string_view>()); !good)
    co_return std::unexpected(good.error());
  state::Body body{state::KvSessionOpened{}};
  auto submitted = co_await parts.submit(caller_of(request), std::move(body));
  if (!submitted) co_return std::unexpected(submitted.error());
  co_return json::object{{"session", submitted->index.value},
                         {"idle_ms", limits::kv_session_idle.ns / milliseconds(1).ns},
                         {"results", limits::kv_session_results}};
}

}  // namespace runink::actors
