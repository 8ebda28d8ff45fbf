#include "actors/service/kv_request.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "actors/service/parts.hpp"
#include "actors/service/run_json.hpp"
#include "vocabulary/limits.hpp"
#include "vocabulary/text.hpp"

namespace runink::actors {
namespace {

using state::KvAspect;
using state::KvRelation;

template <class T>
struct Named {
  std::string_view name;
  T value;
};
constexpr std::array<Named<KvAspect>, 3> numbers{{{"revision", KvAspect::revision},
                                                  {"created", KvAspect::created},
                                                  {"version", KvAspect::version}}};
constexpr std::array<Named<KvRelation>, 4> relations{{{"equal", KvRelation::equal},
                                                      {"not_equal", KvRelation::not_equal},
                                                      {"less", KvRelation::less},
                                                      {"greater", KvRelation::greater}}};

Result<KvRelation> relation_of(const json::object& one) {
  auto word = text_member(one, "is", false);
  if (!word) return std::unexpected(word.error());
  if (word->empty()) return KvRelation::equal;
  for (const auto& known : relations)
    if (known.name == *word) return known.value;
  return fail(FaultKind::bad_input, "'" + printable(*word, 40) +
                                        "' is no relation. Known are equal, not_equal, less, "
                                        "greater.");
}

Result<void> only_members(const json::object& one, std::string_view where,
                          std::initializer_list<std::string_view> known) {
  for (const auto& member : one) {
    const std::string name(member.key());
    if (std::ranges::find(known, name) == known.end())
      return fail(FaultKind::bad_input, "One of '" + std::string(where) + "' has a member '" +
                                            printable(name, 80) + "', which means nothing there.");
  }
  return {};
}

Result<state::KvCompare> compare_of(const json::object& one) {
  if (auto good = only_members(
          one, "compare", {"key", "is", "value", "value_base64", "revision", "created", "version"});
      !good)
    return std::unexpected(good.error());
  auto key = text_member(one, "key", true);
  auto relation = relation_of(one);
  if (!key || !relation) return std::unexpected(!key ? key.error() : relation.error());
  state::KvCompare compare{std::move(*key), KvAspect::value, *relation, 0, {}};
  int aspects = 0;
  for (const auto& number : numbers) {
    if (!one.contains(number.name)) continue;
    auto value = number_member(one, number.name, 0);
    if (!value) return std::unexpected(value.error());
    compare.aspect = number.value;
    compare.number = *value;
    ++aspects;
  }
  if (one.contains("value") || one.contains("value_base64")) {
    auto text = bytes_member(one, "value");
    if (!text) return std::unexpected(text.error());
    compare.text = std::move(*text);
    ++aspects;
  }
  if (aspects != 1)
    return fail(FaultKind::bad_input, "The comparison of '" + printable(compare.key, 80) +
                                          "' must have exactly one of revision, created, version "
                                          "and value.");
  return compare;
}

Result<state::KvOperation> operation_of(const json::object& one, std::string_view branch) {
  static constexpr std::array<std::string_view, 4> verbs{"put", "append", "delete", "get"};
  std::optional<std::string_view> verb;
  for (const std::string_view known : verbs) {
    if (!one.contains(known)) continue;
    if (verb)
      return fail(FaultKind::bad_input, "One of '" + std::string(branch) +
                                            "' does two things; make two operations of it.");
    verb = known;
  }
  if (!verb)
    return fail(FaultKind::bad_input, "Each of '" + std::string(branch) +
                                          "' must have one of put, append, delete and get, with "
                                          "a key.");
  const bool brings = *verb == "put" || *verb == "append";
  auto good = brings ? only_members(one, branch, {*verb, "value", "value_base64"})
                     : only_members(one, branch, {*verb});
  if (!good) return std::unexpected(good.error());
  auto key = text_member(one, *verb, true);
  if (!key) return std::unexpected(key.error());
  if (*verb == "delete") return state::KvDelete{std::move(*key)};
  if (*verb == "get") return state::KvGet{std::move(*key)};
  auto value = bytes_member(one, "value");
  if (!value) return std::unexpected(value.error());
  if (*verb == "put") return state::KvPut{std::move(*key), std::move(*value)};
  return state::KvAppend{std::move(*key), std::move(*value)};
}

/// The list `name`, each an object that `read` understands.
template <class T, class Read>
Result<std::vector<T>> list_member(const json::object& body, std::string_view name, Read read) {
  std::vector<T> list;
  const json::value* given = body.if_contains(name);
  if (given == nullptr) return list;
  if (!given->is_array() || given->get_array().size() > limits::kv_operations)
    return fail(FaultKind::bad_input, "The member '" + std::string(name) +
                                          "' must be a list of at most " +
                                          std::to_string(limits::kv_operations) + " objects.");
  for (const json::value& one : given->get_array()) {
    if (!one.is_object())
      return fail(FaultKind::bad_input, "Each of '" + std::string(name) + "' must be an object.");
    auto read_one = read(one.get_object());
    if (!read_one) return std::unexpected(read_one.error());
    list.push_back(std::move(*read_one));
  }
  return list;
}

void add_revisions(json::object& to, std::uint64_t created, std::uint64_t version) {
  to["created"] = created;
  to["version"] = version;
}

}  // namespace

Result<std::string> bytes_member(const json::object& of, std::string_view name) {
  const std::string encoded = std::string(name) + "_base64";
  if (of.contains(name) == of.contains(encoded))
    return fail(FaultKind::bad_input,
                "Give one of the members '" + std::string(name) + "' and '" + encoded + "'.");
  if (of.contains(name)) return text_member(of, name, true);
  auto text = text_member(of, encoded, true);
  if (!text) return text;
  auto bytes = from_base64(*text);
  if (!bytes) return fail(FaultKind::bad_input, "The member '" + encoded + "' is not base64.");
  return bytes;
}

Result<std::optional<RequestId>> request_member(const json::object& body) {
  if (!body.contains("request_id")) return std::optional<RequestId>{};
  auto id = text_member(body, "request_id", true);
  if (!id) return std::unexpected(id.error());
  return RequestId{std::move(*id)};
}

Result<std::optional<KvInSessionMembers>> session_members(const json::object& body) {
  if (!body.contains("session")) {
    for (const char* name : {"seq", "first_unacked"})
      if (body.contains(name))
        return fail(FaultKind::bad_input, "The member '" + std::string(name) +
                                              "' is about a session; name it with 'session'. "
                                              "kv.session opens one.");
    return std::optional<KvInSessionMembers>{};
  }
  if (body.contains("request_id"))
    return fail(FaultKind::bad_input,
                "Give 'request_id' or 'session' with 'seq', not both: each says by itself what "
                "is the same request.");
  if (!body.contains("seq"))
    return fail(FaultKind::bad_input,
                "In a session the member 'seq' must say which request it is: a number from 1 "
                "on, a new one for each intention, the same one when it is sent again.");
  auto session = number_member(body, "session", 0);
  auto seq = number_member(body, "seq", 0);
  auto first_unacked = number_member(body, "first_unacked", 0);
  if (!session) return std::unexpected(session.error());
  if (!seq) return std::unexpected(seq.error());
  if (!first_unacked) return std::unexpected(first_unacked.error());
  return KvInSessionMembers{SessionId{*session}, *seq, *first_unacked};
}

Result<state::KvTransaction> transaction_of(const json::object& body) {
  state::KvTransaction asked;
  auto request = request_member(body);
  if (!request) return std::unexpected(request.error());
  asked.request = std::move(*request);
  auto compare = list_member<state::KvCompare>(body, "compare", compare_of);
  if (!compare) return std::unexpected(compare.error());
  asked.compare = std::move(*compare);
  for (const auto& [name, branch] :
       {std::pair("then", &asked.then), std::pair("else", &asked.otherwise)}) {
    auto operations = list_member<state::KvOperation>(
        body, name, [name = name](const json::object& one) { return operation_of(one, name); });
    if (!operations) return std::unexpected(operations.error());
    *branch = std::move(*operations);
  }
  return asked;
}

void add_bytes(json::object& to, std::string_view name, std::string_view bytes) {
  if (is_utf8(bytes))
    to[name] = std::string(bytes);
  else
    to[std::string(name) + "_base64"] = to_base64(bytes);
}

json::object to_json(const state::KvEntry& entry, bool with_value) {
  json::object to{{"key", entry.key.second}, {"revision", entry.revision.value}};
  add_revisions(to, entry.created.value, entry.version);
  to["bytes"] = entry.value.size();
  to["changed_by"] = entry.changed_by.name;
  add_time(to, "changed_at", entry.changed_at);
  if (with_value) add_bytes(to, "value", entry.value);
  return to;
}

json::object to_json(const state::KvAnswer& answer) {
  json::object to{{"exists", answer.exists}};
  if (!answer.exists) return to;
  to["revision"] = answer.revision.value;
  add_revisions(to, answer.created.value, answer.version);
  if (answer.value) add_bytes(to, "value", *answer.value);
  return to;
}

json::object to_json(const state::KvChanges& changes) {
  json::object to{{"kind", "changed"}, {"revision", changes.index.value}};
  to["by"] = changes.caller.name;
  add_time(to, "at", changes.at);
  json::array list;
  for (const state::KvChange& one : changes.changes) {
    json::object change{{"key", one.key}};
    if (one.value) {
      add_revisions(change, one.created.value, one.version);
      add_bytes(change, "value", *one.value);
    } else {
      change["deleted"] = true;
    }
    list.push_back(std::move(change));
  }
  to["changes"] = std::move(list);
  return to;
}

}  // namespace runink::actors
