// Keys and values of herds: one transaction, all of it or nothing.
#include <algorithm>
#include <set>

#include "state/change.hpp"
#include "vocabulary/codec.hpp"
#include "vocabulary/limits.hpp"

namespace runink::state {
namespace {

using Operations = std::vector<KvOperation>;

const std::string& key_in(const KvOperation& operation) {
  return std::visit([](const auto& one) -> const std::string& { return one.key; }, operation);
}
bool changes_key(const KvOperation& operation) { return !std::holds_alternative<KvGet>(operation); }

/// Bytes that an operation brings.
std::uint64_t size_of(const KvOperation& operation) {
  std::uint64_t size = key_in(operation).size();
  if (const auto* put = std::get_if<KvPut>(&operation)) size += put->value.size();
  if (const auto* append = std::get_if<KvAppend>(&operation)) size += append->value.size();
  return size;
}

Problem bad_value(std::string what) { return {Refusal::bad_value, std::move(what)}; }

std::string bytes_text(std::uint64_t bytes) { return std::to_string(bytes) + " bytes"; }

std::optional<Problem> check_branch(const Operations& branch) {
  if (branch.size() > limits::kv_operations)
    return bad_value("A transaction has at most " + std::to_string(limits::kv_operations) +
                     " operations in each of its branches.");
  std::set<std::string_view> changed;
  for (const KvOperation& one : branch) {
    if (auto why = why_no_key(key_in(one))) return Problem{Refusal::bad_name, std::move(*why)};
    if (changes_key(one) && !changed.insert(key_in(one)).second)
      return bad_value("A transaction changes the key '" + key_in(one) +
                       "' twice in one branch; say once what it is to become.");
  }
  return {};
}

std::optional<Problem> check_transaction(const KvTransaction& asked) {
  if (asked.request &&
      (asked.request->value.empty() || asked.request->value.size() > limits::request_id_bytes))
    return bad_value("A request id has 1 to " + std::to_string(limits::request_id_bytes) +
                     " characters.");
  if (asked.then.empty() && asked.otherwise.empty())
    return bad_value("A transaction must have an operation to do.");
  if (asked.compare.size() > limits::kv_operations)
    return bad_value("A transaction has at most " + std::to_string(limits::kv_operations) +
                     " comparisons.");
  std::uint64_t bytes = 0;
  for (const KvCompare& one : asked.compare) {
    if (auto why = why_no_key(one.key)) return Problem{Refusal::bad_name, std::move(*why)};
    if (!known(one.aspect) || !known(one.relation))
      return bad_value("A comparison is of no kind that this build knows.");
    bytes += one.key.size() + one.text.size();
  }
  for (const Operations* branch : {&asked.then, &asked.otherwise}) {
    if (auto problem = check_branch(*branch)) return problem;
    for (const KvOperation& one : *branch) bytes += size_of(one);
  }
  if (bytes > limits::kv_transaction.value)
    return bad_value("The keys and values of the transaction have " + bytes_text(bytes) +
                     " together; at most " + bytes_text(limits::kv_transaction.value) +
                     " are possible. Keep larger things in files and their names here.");
  return {};
}

template <class T>
bool stands(const T& left, KvRelation relation, const T& right) {
  switch (relation) {
    case KvRelation::equal: return left == right;
    case KvRelation::not_equal: return left != right;
    case KvRelation::less: return left < right;
    case KvRelation::greater: return left > right;
  }
  return false;
}

bool holds(const KvTables& tables, const HerdName& herd, const KvCompare& compare) {
  const KvEntry* entry = tables.find(herd, compare.key);
  if (compare.aspect == KvAspect::value) {
    if (entry == nullptr) return compare.relation == KvRelation::not_equal;
    return stands(entry->value, compare.relation, compare.text);
  }
  std::uint64_t number = 0;
  if (entry != nullptr && compare.aspect == KvAspect::revision) number = entry->revision.value;
  if (entry != nullptr && compare.aspect == KvAspect::created) number = entry->created.value;
  if (entry != nullptr && compare.aspect == KvAspect::version) number = entry->version;
  return stands(number, compare.relation, compare.number);
}

KvAnswer answer_of(const KvEntry* entry) {
  if (entry == nullptr) return {};
  return {true, entry->revision, entry->created, entry->version, {}};
}

/// A branch as it is being done, beside the tables: a transaction that is refused leaves no trace.
struct Draft {
  const Change& change;
  const HerdName& herd;
  std::map<std::string, std::optional<KvEntry>> changed = {};  ///< nothing: deleted
  std::vector<KvAnswer> answers = {};
  std::uint64_t bytes = 0;  ///< of the values that were read and made

  const KvEntry* now(const std::string& key) const {
    const auto at = changed.find(key);
    if (at == changed.end()) return change.cluster.kv.find(herd, key);
    return at->second ? &*at->second : nullptr;
  }

  std::optional<Problem> write(const std::string& key, std::string value) {
    if (value.size() > limits::kv_value.value)
      return bad_value("The value of '" + key + "' would have " + bytes_text(value.size()) +
                       "; a value has at most " + bytes_text(limits::kv_value.value) + ".");
    const KvEntry* before = now(key);
    KvEntry entry{{herd, key}, std::move(value), change.index, change.index,
                  1,           change.now,       change.caller};
    if (before != nullptr) {
      entry.created = before->created;
      entry.version = before->version + 1;
    }
    bytes += entry.value.size();
    answers.push_back(answer_of(&entry));
    changed.insert_or_assign(key, std::move(entry));
    return {};
  }

  std::optional<Problem> perform(const KvPut& put) { return write(put.key, put.value); }
  std::optional<Problem> perform(const KvAppend& append) {
    const KvEntry* before = now(append.key);
    return write(append.key, (before == nullptr ? "" : before->value) + append.value);
  }
  std::optional<Problem> perform(const KvDelete& gone) {
    const KvEntry* before = now(gone.key);
    answers.push_back(answer_of(before));
    if (before != nullptr) changed.insert_or_assign(gone.key, std::nullopt);
    return {};
  }
  std::optional<Problem> perform(const KvGet& get) {
    const KvEntry* found = now(get.key);
    answers.push_back(answer_of(found));
    if (found == nullptr) return {};
    bytes += found->value.size();
    answers.back().value = found->value;
    return {};
  }

  std::optional<Problem> perform_all(const Operations& branch) {
    for (const KvOperation& operation : branch)
      if (auto problem = std::visit([&](const auto& one) { return perform(one); }, operation))
        return problem;
    if (bytes > limits::kv_transaction.value)
      return bad_value("The values that the transaction reads and leaves have " +
                       bytes_text(bytes) + " together; at most " +
                       bytes_text(limits::kv_transaction.value) +
                       " are possible. Make several transactions of it.");
    return {};
  }
};

/// What there would be once the draft is done; it may only pass a limit that it comes nearer to.
KvShare share_after(const Draft& draft, KvShare share) {
  for (const auto& [key, entry] : draft.changed) {
    if (const KvEntry* before = draft.change.cluster.kv.find(draft.herd, key))
      share.take(bytes_of(*before));
    if (entry) share.add(bytes_of(*entry));
  }
  return share;
}

std::optional<Problem> check_room(const Draft& draft) {
  const KvTables& tables = draft.change.cluster.kv;
  const KvShare before = tables.share_of(draft.herd);
  const KvShare after = share_after(draft, before);
  const std::string who = "The herd '" + draft.herd.value + "' ";
  if (after.count > before.count && after.count > limits::kv_herd_keys)
    return Problem{Refusal::quota_keys, who + "may have at most " +
                                            std::to_string(limits::kv_herd_keys) +
                                            " keys. Delete some with `runi kv delete`."};
  if (after.bytes > before.bytes && after.bytes > limits::kv_herd.value)
    return Problem{Refusal::quota_keys,
                   who + "may have at most " + bytes_text(limits::kv_herd.value) +
                       " of keys and values, and would have " + bytes_text(after.bytes) +
                       ". Delete some with `runi kv delete`."};
  const KvShare all = share_after(draft, tables.all);
  if ((after.count > before.count && all.count > limits::kv_keys) ||
      (after.bytes > before.bytes && all.bytes > limits::kv_all.value))
    return Problem{Refusal::too_many,
                   "The cluster has as many keys and values as are possible, "
                   "those of all herds together."};
  return {};
}

void forget_changes(Change& change, const std::pair<HerdName, LogIndex>& oldest) {
  KvTables& tables = change.cluster.kv;
  KvHead& head = tables.heads[oldest.first];
  head = {oldest.first, oldest.second};
  change.put(head);
  tables.history.remove(oldest);
  change.remove(Table::kv_changes, key_of(oldest.first, oldest.second));
}

void forget_answer(Change& change, const std::pair<HerdName, LogIndex>& oldest) {
  KvTables& tables = change.cluster.kv;
  const RequestId request = tables.answered.rows.at(oldest).request;
  tables.requests.erase({oldest.first, request});
  tables.answered.remove(oldest);
  change.remove(Table::kv_answered, key_of(oldest.first, oldest.second));
}

/// The change of one key, in the tables and as it is told.
KvChange store_entry(Change& change, const KvKey& key, std::optional<KvEntry> entry) {
  KvTables& tables = change.cluster.kv;
  KvShare& share = tables.shares[key.first];
  if (const auto at = tables.entries.find(key); at != tables.entries.end()) {
    share.take(bytes_of(at->second));
    tables.all.take(bytes_of(at->second));
    tables.entries.erase(at);
  }
  if (!entry) {
    change.remove(Table::kv, key_of(key));
    if (share.count == 0) tables.shares.erase(key.first);
    return {key.second, std::nullopt, {}, 0};
  }
  share.add(bytes_of(*entry));
  tables.all.add(bytes_of(*entry));
  KvChange told{key.second, entry->value, entry->created, entry->version};
  change.put(*entry);
  tables.entries.emplace(key, std::move(*entry));
  return told;
}

void store_changes(Change& change, const HerdName& herd, Draft draft) {
  KvTables& tables = change.cluster.kv;
  KvChanges changes{herd, change.index, change.now, change.caller, {}};
  for (auto& [key, entry] : draft.changed)
    changes.changes.push_back(store_entry(change, {herd, key}, std::move(entry)));
  if (!tables.heads.contains(herd)) {
    const KvHead head{herd, tables.compacted(herd)};
    tables.heads.emplace(herd, head);
    change.put(head);
  }
  change.put(tables.history.add(std::move(changes)));
  while (const auto oldest =
             tables.history.excess(herd, {limits::kv_history_entries, limits::kv_history.value},
                                   limits::kv_history_all.value))
    forget_changes(change, *oldest);
  change.events.push_back(KvChanged{herd, change.index});
}

void store_answer(Change& change, KvAnswered answered) {
  KvTables& tables = change.cluster.kv;
  const HerdName herd = answered.herd;
  tables.requests[{herd, answered.request}] = answered.index;
  change.put(tables.answered.add(std::move(answered)));
  while (const auto oldest = tables.answered.excess(
             herd, {limits::kv_answers, limits::kv_answered.value}, limits::kv_answered_all.value))
    forget_answer(change, *oldest);
}

Outcome answered_before(const KvAnswered& answered, const Digest& digest) {
  if (answered.transaction != digest)
    return refuse(Refusal::request_conflict,
                  "The request id '" + answered.request.value +
                      "' was used for another transaction of the herd '" + answered.herd.value +
                      "'. Make a new id for each intention.");
  Outcome outcome = repeat();
  outcome.kv = answered.result;
  return outcome;
}

}  // namespace

Outcome apply_one(Change& change, const KvTransaction& asked) {
  KvTables& tables = change.cluster.kv;
  if (!change.cluster.herds.contains(asked.herd)) return no_such_herd(asked.herd);
  if (auto problem = check_transaction(asked)) return refuse(*problem);
  const Digest digest = asked.request ? sha256(encode(asked)) : Digest{};
  if (asked.request)
    if (const KvAnswered* before = tables.answer_of(asked.herd, *asked.request))
      return answered_before(*before, digest);

  KvResult result{true, change.index, {}};
  for (const KvCompare& one : asked.compare)
    result.succeeded = result.succeeded && holds(tables, asked.herd, one);
  Draft draft{change, asked.herd};
  if (auto problem = draft.perform_all(result.succeeded ? asked.then : asked.otherwise))
    return refuse(*problem);
  if (auto problem = check_room(draft)) return refuse(*problem);

  result.answers = std::move(draft.answers);
  if (!draft.changed.empty()) store_changes(change, asked.herd, std::move(draft));
  if (asked.request)
    store_answer(change, {asked.herd, change.index, *asked.request, digest, result});
  Outcome outcome = accept();
  outcome.kv = std::move(result);
  return outcome;
}

void remove_keys(Change& change, const HerdName& herd) {
  KvTables& tables = change.cluster.kv;
  const auto of_herd = [&](const auto& table, const auto& first) {
    const auto at = table.lower_bound(first);
    return at != table.end() && at->first.first == herd ? std::optional(at->first) : std::nullopt;
  };
  if (!tables.heads.contains(herd) && !of_herd(tables.answered.rows, std::pair(herd, LogIndex{})))
    return;
  while (const auto key = of_herd(tables.entries, KvKey(herd, "")))
    store_entry(change, *key, std::nullopt);
  while (const auto key = of_herd(tables.history.rows, std::pair(herd, LogIndex{})))
    forget_changes(change, *key);
  while (const auto key = of_herd(tables.answered.rows, std::pair(herd, LogIndex{})))
    forget_answer(change, *key);
  if (tables.heads.erase(herd) == 0) return;
  change.remove(Table::kv_heads, key_of(herd));
  // Whoever watched the herd may not go on with another one of its name as if nothing had happened.
  KvHead& others = tables.heads[HerdName{}];
  others.compacted = change.index;
  change.put(others);
}

}  // namespace runink::state
