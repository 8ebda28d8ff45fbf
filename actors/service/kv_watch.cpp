// kv.watch: what changes among the keys of a herd, from an entry of the log on. What is told comes out
// of the history in the applied state, read when the watcher is ready for more: a slow one costs no
// memory, and who comes back goes on from the last revision that he saw.
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "actors/service/contract_versions.hpp"
#include "actors/service/kv_request.hpp"
#include "actors/service/parts.hpp"
#include "vocabulary/text.hpp"

namespace runink::actors {
namespace {

/// Keys and values that are read at once; a single entry of the log may be larger.
constexpr Bytes page_bytes = KiB(256);

struct Watched {
  HerdName herd;
  std::optional<std::string> key;  ///< this one alone
  std::string prefix;
  bool covers(const std::string& one) const { return key ? one == *key : one.starts_with(prefix); }
};

struct WatchPage {
  std::vector<state::KvChanges> entries;
  LogIndex until;  ///< all is told up to here
  bool more = false;
};

/// The changes behind `after` that `watched` covers. They are the same for everyone who asks.
Result<WatchPage> changes_after(const state::ClusterState& cluster, const Watched& watched,
                                LogIndex after) {
  if (!cluster.herds.contains(watched.herd))
    return fail(FaultKind::no_such_thing,
                "There is no herd '" + printable(watched.herd.value, 80) + "' any more.");
  WatchPage page;
  page.until = cluster.applied;
  std::uint64_t bytes = 0;
  auto at = cluster.kv.history.rows.upper_bound({watched.herd, after});
  for (; at != cluster.kv.history.rows.end() && at->first.first == watched.herd; ++at) {
    if (bytes >= page_bytes.value) {
      page.until = previous(at->second.index);
      page.more = true;
      break;
    }
    state::KvChanges told = at->second;
    std::erase_if(told.changes,
                  [&](const state::KvChange& one) { return !watched.covers(one.key); });
    if (told.changes.empty()) continue;
    bytes += state::bytes_of(told);
    page.entries.push_back(std::move(told));
  }
  return page;
}

Fault behind_history(const Watched& watched, LogIndex after, LogIndex compacted) {
  return {
      FaultKind::out_of_date,
      "The changes in the herd '" + watched.herd.value + "' after revision " +
          std::to_string(after.value) + " are not kept any more: those up to " +
          std::to_string(compacted.value) +
          " are gone. Read the keys again with `runi kv list`, and watch from the revision that "
          "it names."};
}

Fault ahead_of_log(LogIndex after, LogIndex applied) {
  return {FaultKind::bad_input, "There is no revision " + std::to_string(after.value) +
                                    " yet; the newest is " + std::to_string(applied.value) + "."};
}

/// What the state says to a watcher who has seen everything up to `after`.
struct Told {
  WatchPage page;
  LogIndex compacted;
  LogIndex applied;
};

Async<Result<Told>> look_after(ServiceParts& parts, Watched watched, LogIndex after) {
  std::function<Result<Told>(const state::ClusterState&)> read =
      [watched = std::move(watched), after](const state::ClusterState& cluster) -> Result<Told> {
    Told told;
    told.compacted = cluster.kv.compacted(watched.herd);
    told.applied = cluster.applied;
    if (after < told.compacted || after > told.applied) return told;
    auto page = changes_after(cluster, watched, after);
    if (!page) return std::unexpected(page.error());
    told.page = std::move(*page);
    return told;
  };
  co_return co_await parts.look<Told>(std::move(read));
}

/// Waits until a key of the herd changed after `after`, or for a while. The herd's actor is found when it
/// is not known; one that does not answer was replaced.
Async<Result<void>> wait_for_change(ServiceParts& parts, HerdName herd, LogIndex after,
                                    caf::actor& actor) {
  if (!actor) {
    FindHerd find(std::move(herd));
    auto found = co_await parts.gate.ask_result<caf::actor>("the herd", parts.cluster,
                                                            actor_patience, std::move(find));
    if (!found) co_return std::unexpected(found.error());
    actor = std::move(*found);
  }
  NextKeysChange next(after, alive_every);
  auto news = co_await parts.gate.ask<Result<KeysChanged>>(actor, alive_every + seconds(5),
                                                           std::move(next));
  if (!news) {
    actor = nullptr;
    co_return Result<void>{};
  }
  if (!*news) co_return std::unexpected(news->error());
  co_return Result<void>{};
}

struct WatchAsk {
  Watched watched;
  std::optional<LogIndex> after;
  std::uint64_t count = 0;  ///< ends after so many revisions; 0 = never
};

Result<WatchAsk> watch_ask(const json::object& body) {
  auto herd = text_member(body, "herd", false);
  auto key = text_member(body, "key", false);
  auto prefix = text_member(body, "prefix", false);
  auto after = number_member(body, "after", 0);
  auto count = number_member(body, "count", 0);
  if (!herd) return std::unexpected(herd.error());
  if (!key) return std::unexpected(key.error());
  if (!prefix) return std::unexpected(prefix.error());
  if (!after) return std::unexpected(after.error());
  if (!count) return std::unexpected(count.error());
  WatchAsk ask;
  ask.watched.herd = HerdName{std::move(*herd)};
  ask.watched.prefix = std::move(*prefix);
  ask.count = *count;
  if (body.contains("after")) ask.after = LogIndex{*after};
  if (!body.contains("key")) return ask;
  if (body.contains("prefix"))
    return fail(FaultKind::bad_input, "Give one of the members 'key' and 'prefix'.");
  if (auto why = state::why_no_key(*key)) return fail(FaultKind::bad_input, *why);
  ask.watched.key = std::move(*key);
  return ask;
}

/// The herd that is meant, and from when on it is watched: by default from now on.
Async<Result<WatchAsk>> settle(ServiceParts& parts, WatchAsk asked) {
  std::function<Result<WatchAsk>(const state::ClusterState&)> look =
      [asked](const state::ClusterState& cluster) -> Result<WatchAsk> {
    auto herd = herd_of(cluster, asked.watched.herd, nullptr);
    if (!herd) return std::unexpected(herd.error());
    WatchAsk known = asked;
    known.watched.herd = std::move(*herd);
    if (!known.after) known.after = cluster.applied;
    return known;
  };
  co_return co_await parts.look<WatchAsk>(std::move(look));
}

json::object revision_event(std::string_view kind, LogIndex revision) {
  return {{"kind", kind}, {"revision", revision.value}};
}

}  // namespace

Async<Result<json::value>> verb_kv_watch(ServiceParts& parts, AdminRequest request,
                                         AdminStream& stream) {
  if (auto good = check_members(request, {"herd", "key", "prefix", "after", "count"}); !good)
    co_return std::unexpected(good.error());
  auto asked = watch_ask(request.body);
  if (!asked) co_return std::unexpected(asked.error());
  auto known = co_await settle(parts, std::move(*asked));
  if (!known) co_return std::unexpected(known.error());
  const Watched watched = known->watched;
  LogIndex after = *known->after;
  std::uint64_t told_so_far = 0;
  caf::actor herd;
  bool began = false, waited = false;
  for (;;) {
    auto told = co_await look_after(parts, watched, after);
    if (!told) co_return std::unexpected(told.error());
    if (after > told->applied) co_return std::unexpected(ahead_of_log(after, told->applied));
    if (after < told->compacted) {
      json::object lost = revision_event("compacted", after);
      lost["compacted"] = told->compacted.value;
      co_await stream.event(std::move(lost));
      co_return std::unexpected(behind_history(watched, after, told->compacted));
    }
    if (!began) {
      json::object first = revision_event("watching", after);
      first["herd"] = watched.herd.value;
      co_await stream.event(std::move(first));
      began = true;
    }
    for (const state::KvChanges& one : told->page.entries) {
      json::object event = to_json(one);
      co_await stream.event(std::move(event));
      if (++told_so_far == known->count)
        co_return json::object{{"herd", watched.herd.value}, {"revision", one.index.value}};
    }
    after = told->page.until;
    if (told->page.more) continue;
    if (waited && told->page.entries.empty()) {
      json::object alive = revision_event("alive", after);
      co_await stream.event(std::move(alive));
    }
    auto changed = co_await wait_for_change(parts, watched.herd, after, herd);
    if (!changed) co_return std::unexpected(changed.error());
    waited = true;
  }
}

}  // namespace runink::actors
