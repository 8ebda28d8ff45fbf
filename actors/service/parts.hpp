// What the verbs of the admin service share. Everything runs on the Asio thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/json.hpp>
#include <caf/all.hpp>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "actors/coroutines/asio_gate.hpp"
#include "actors/coroutines/blocking.hpp"
#include "actors/doors/admin_handler.hpp"
#include "actors/doors/log.hpp"
#include "actors/messages.hpp"
#include "actors/service/plan_cache.hpp"
#include "actors/service/turns.hpp"
#include "actors/services.hpp"
#include "state/run_view.hpp"
#include "storage/artifact_store.hpp"
#include "storage/state_writer.hpp"
#include "vocabulary/limits.hpp"

namespace runink::actors {

class PeerLinks;

namespace json = boost::json;
template <class T>
using Async = boost::asio::awaitable<T>;

/// How long a verb waits for an actor before it says so.
inline constexpr Duration actor_patience = limits::state_wait;
/// How often whoever follows something is told that he still does, when nothing else is to be told.
inline constexpr Duration alive_every = seconds(10);

struct ServiceParts {
  Services& services;
  co::AsioGate& gate;
  caf::actor cluster;
  caf::actor analyst;
  caf::actor trials;
  caf::actor raft;
  PeerLinks* links;  ///< none on a node that is alone
  Log& log;
  PlanCache plans;
  std::uint64_t pins = 0;  ///< of requests so far: each has its own (door_pin.hpp)
  Turns computing;

  /// Parsing, decoding, comparing: on a disk thread, one such job at a time, so that the other
  /// threads are left for slices. `job` is named by the caller (blocking.hpp) and moved from.
  template <class F>
  Async<co::DiskResultOf<F>> compute(F& job) {
    const auto turn = co_await computing.wait();
    co_return co_await co::on_disk(services.disk, job);
  }

  /// Runs `f` on the applied state.
  template <class T>
  Async<Result<T>> look(std::function<Result<T>(const state::ClusterState&)> f) {
    auto answer = std::make_shared<std::optional<Result<T>>>();
    Look question([f = std::move(f), answer](const state::ClusterState& cluster) {
      answer->emplace(f(cluster));
    });
    auto asked = co_await gate.ask_result<LogIndex>("the cluster's state", cluster, actor_patience,
                                                    std::move(question));
    if (!asked) co_return std::unexpected(asked.error());
    co_return std::move(**answer);
  }

  /// Submits a command and waits until it was applied; a refusal is a fault.
  Async<Result<Submitted>> submit(state::Caller caller, state::Body body);
};

/// Has `artifact` here, fetched from another node if need be; `holders` are asked first. Nothing to do on a
/// node that is alone. `no_such_thing` when no node that can be reached has it.
Async<Result<void>> bring(ServiceParts& parts, Digest artifact, std::vector<NodeName> holders = {});
/// Has another node keep copies of what was stored here, if one can: the names of all that have it now.
Async<std::vector<NodeName>> holders_of(ServiceParts& parts,
                                        std::vector<storage::StoredArtifact> stored,
                                        std::string owner);

/// A refusal as the fault that the caller sees.
Result<Submitted> accepted(Result<Submitted> answer);

state::Caller caller_of(const AdminRequest& request);

// ---- the members of a request. `known` lists every member that the verb knows.
Result<void> check_members(const AdminRequest& request, std::span<const std::string_view> known);
inline Result<void> check_members(const AdminRequest& request,
                                  std::initializer_list<std::string_view> known) {
  return check_members(request, std::span(known.begin(), known.size()));
}
/// A text; `bad_input` when it is missing (and `required`) or not a text.
Result<std::string> text_member(const json::object& body, std::string_view name, bool required);
Result<std::uint64_t> number_member(const json::object& body, std::string_view name,
                                    std::uint64_t otherwise);
Result<bool> flag_member(const json::object& body, std::string_view name);
/// "1 mistake", "2 mistakes": how many a document has.
std::string mistakes_text(const Diagnostics& diagnostics);
/// The content of a file in a request.
Result<std::string> from_base64(std::string_view text);
std::string to_base64(std::string_view bytes);

// ---- runs, wherever they are (find_run.cpp)
/// Waits until the rows of entry `applied` can be read; `out_of_time` when they still cannot after
/// `patience`: what is read then would lack some. Blocks.
Result<void> history_up_to(storage::StateWriter& writer, LogIndex applied,
                           Duration patience = seconds(5));
/// A run by its id or a prefix of it that fits only one, from live state or history.
Async<Result<state::RunView>> find_run(ServiceParts& parts, std::string id);
/// The same with the plan and all attempts.
Async<Result<state::Run>> find_whole_run(ServiceParts& parts, std::string id);

// ---- the verbs
using Verb = Async<Result<json::value>> (*)(ServiceParts&, AdminRequest, AdminStream&);
Async<Result<json::value>> verb_version(ServiceParts&, AdminRequest, AdminStream&);
Async<Result<json::value>> verb_cluster_status(ServiceParts&, AdminRequest, AdminStream&);
Async<Result<json::value>> verb_cluster_node(ServiceParts&, AdminRequest, AdminStream&);
Async<Result<json::value>> verb_cluster_add(ServiceParts&, AdminRequest, AdminStream&);
Async<Result<json::value>> verb_cluster_remove(ServiceParts&, AdminRequest, AdminStream&);
Async<Result<json::value>> verb_cluster_promote(ServiceParts&, AdminRequest, AdminStream&);
Async<Result<json::value>> verb_cluster_transfer(ServiceParts&, AdminRequest, AdminStream&);
Async<Result<json::value>> verb_doctor(ServiceParts&, AdminRequest, AdminStream&);
Async<Result<json::value>> verb_bundle_put(ServiceParts&, AdminRequest, AdminStream&);
Async<Result<json::value>> verb_compile(ServiceParts&, AdminRequest, AdminStream&);
Async<Result<json::value>> verb_apply(ServiceParts&, AdminRequest, AdminStream&);
Async<Result<json::value>> verb_run(ServiceParts&, AdminRequest, AdminStream&);
Async<Result<json::value>> verb_get(ServiceParts&, AdminRequest, AdminStream&);
Async<Result<json::value>> verb_describe(ServiceParts&, AdminRequest, AdminStream&);
Async<Result<json::value>> verb_follow(ServiceParts&, AdminRequest, AdminStream&);
Async<Result<json::value>> verb_wait(ServiceParts&, AdminRequest, AdminStream&);
Async<Result<json::value>> verb_cancel(ServiceParts&, AdminRequest, AdminStream&);
Async<Result<json::value>> verb_logs(ServiceParts&, AdminRequest, AdminStream&);
Async<Result<json::value>> verb_explain(ServiceParts&, AdminRequest, AdminStream&);
Async<Result<json::value>> verb_lineage(ServiceParts&, AdminRequest, AdminStream&);
Async<Result<json::value>> verb_test_list(ServiceParts&, AdminRequest, AdminStream&);
Async<Result<json::value>> verb_test_run(ServiceParts&, AdminRequest, AdminStream&);
Async<Result<json::value>> verb_test_result(ServiceParts&, AdminRequest, AdminStream&);
Async<Result<json::value>> verb_contract_apply(ServiceParts&, AdminRequest, AdminStream&);
Async<Result<json::value>> verb_contract_get(ServiceParts&, AdminRequest, AdminStream&);
Async<Result<json::value>> verb_contract_diff(ServiceParts&, AdminRequest, AdminStream&);
Async<Result<json::value>> verb_contract_history(ServiceParts&, AdminRequest, AdminStream&);
Async<Result<json::value>> verb_contract_restore(ServiceParts&, AdminRequest, AdminStream&);
Async<Result<json::value>> verb_contract_test(ServiceParts&, AdminRequest, AdminStream&);
Async<Result<json::value>> verb_kv_get(ServiceParts&, AdminRequest, AdminStream&);
Async<Result<json::value>> verb_kv_list(ServiceParts&, AdminRequest, AdminStream&);
Async<Result<json::value>> verb_kv_put(ServiceParts&, AdminRequest, AdminStream&);
Async<Result<json::value>> verb_kv_append(ServiceParts&, AdminRequest, AdminStream&);
Async<Result<json::value>> verb_kv_delete(ServiceParts&, AdminRequest, AdminStream&);
Async<Result<json::value>> verb_kv_cas(ServiceParts&, AdminRequest, AdminStream&);
Async<Result<json::value>> verb_kv_txn(ServiceParts&, AdminRequest, AdminStream&);
Async<Result<json::value>> verb_kv_session(ServiceParts&, AdminRequest, AdminStream&);
Async<Result<json::value>> verb_kv_watch(ServiceParts&, AdminRequest, AdminStream&);

}  // namespace runink::actors
