#include "actors/service/admin_service.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include "actors/metrics.hpp"
#include "actors/service/parts.hpp"
#include "actors/workloads/artifact_exchange.hpp"
#include "actors/workloads/remains.hpp"
#include "storage/data_folder.hpp"
#include "vocabulary/names.hpp"

namespace runink::actors {
namespace {

/// What doing a verb twice comes to.
enum class Twice : std::uint8_t {
  is_once,  ///< the same as doing it once: it only looks, for instance
  differs,  ///< or it streams what the caller may have seen
};
struct NamedVerb {
  std::string_view name;
  Verb verb;
  Twice twice;
};
constexpr std::array<NamedVerb, 38> verbs{{
    {"version", verb_version, Twice::is_once},
    {"doctor", verb_doctor, Twice::is_once},
    {"cluster.status", verb_cluster_status, Twice::is_once},
    {"cluster.node", verb_cluster_node, Twice::is_once},
    {"cluster.add", verb_cluster_add, Twice::is_once},
    {"cluster.remove", verb_cluster_remove, Twice::is_once},
    {"cluster.promote", verb_cluster_promote, Twice::is_once},
    {"cluster.transfer", verb_cluster_transfer, Twice::differs},
    {"bundle.put", verb_bundle_put, Twice::is_once},
    {"compile", verb_compile, Twice::is_once},
    {"apply", verb_apply, Twice::differs},
    {"run", verb_run, Twice::is_once},
    {"get", verb_get, Twice::is_once},
    {"describe", verb_describe, Twice::is_once},
    {"follow", verb_follow, Twice::differs},
    {"wait", verb_wait, Twice::is_once},
    {"cancel", verb_cancel, Twice::differs},
    {"logs", verb_logs, Twice::differs},
    {"explain", verb_explain, Twice::is_once},
    {"lineage", verb_lineage, Twice::is_once},
    {"test.list", verb_test_list, Twice::is_once},
    {"test.run", verb_test_run, Twice::differs},
    {"test.result", verb_test_result, Twice::is_once},
    {"contract.apply", verb_contract_apply, Twice::differs},
    {"contract.get", verb_contract_get, Twice::is_once},
    {"contract.diff", verb_contract_diff, Twice::is_once},
    {"contract.history", verb_contract_history, Twice::is_once},
    {"contract.restore", verb_contract_restore, Twice::differs},
    {"contract.test", verb_contract_test, Twice::is_once},
    {"kv.get", verb_kv_get, Twice::is_once},
    {"kv.list", verb_kv_list, Twice::is_once},
    {"kv.put", verb_kv_put, Twice::differs},
    {"kv.append", verb_kv_append, Twice::differs},
    {"kv.delete", verb_kv_delete, Twice::differs},
    {"kv.cas", verb_kv_cas, Twice::differs},
    {"kv.txn", verb_kv_txn, Twice::differs},
    {"kv.session", verb_kv_session, Twice::differs},
    {"kv.watch", verb_kv_watch, Twice::differs},
}};

const NamedVerb* find_verb(std::string_view name) {
  const auto found = std::ranges::find(verbs, name, &NamedVerb::name);
  return found == verbs.end() ? nullptr : &*found;
}

Fault unknown_verb(const std::string& verb) {
  std::vector<std::string> names;
  for (const NamedVerb& one : verbs) names.emplace_back(one.name);
  std::string what = "There is no verb '" + verb.substr(0, 80) + "'.";
  if (const auto near = nearest_name(verb, names)) what += " Did you mean '" + *near + "'?";
  return {FaultKind::bad_input, what};
}

}  // namespace

bool is_repeatable(std::string_view verb) {
  const NamedVerb* found = find_verb(verb);
  return found != nullptr && found->twice == Twice::is_once;
}

struct AdminService::Parts : ServiceParts {};

AdminService::AdminService(Services& services, co::AsioGate& gate, Actors actors, PeerLinks* links,
                           Log& log)
    : parts_(new Parts{{services,
                        gate,
                        std::move(actors.cluster),
                        std::move(actors.analyst),
                        std::move(actors.trials),
                        std::move(actors.raft),
                        links,
                        log,
                        {},
                        0,
                        {}}}) {}
AdminService::~AdminService() = default;

Async<Result<json::value>> AdminService::handle(AdminRequest request, AdminStream& stream) {
  const NamedVerb* found = find_verb(request.verb);
  if (found == nullptr) co_return std::unexpected(unknown_verb(request.verb));
  const Instant began = parts_->services.clock.now();
  auto answer = co_await found->verb(*parts_, std::move(request), stream);
  parts_->services.metrics.admin_request(std::string(found->name), answer.has_value(),
                                         parts_->services.clock.now() - began);
  co_return answer;
}

// ---- what the verbs share

Result<Submitted> accepted(Result<Submitted> answer) {
  if (answer && answer->outcome.verdict == state::Verdict::refused)
    return fail(state::fault_kind(answer->outcome.refusal), answer->outcome.what);
  return answer;
}

Async<Result<Submitted>> ServiceParts::submit(state::Caller caller, state::Body body) {
  Submit request(std::move(caller), std::move(body));
  auto answer = co_await gate.ask_result<Submitted>("the cluster's state", cluster, actor_patience,
                                                    std::move(request));
  co_return accepted(std::move(answer));
}

Async<Result<void>> bring(ServiceParts& parts, Digest artifact, std::vector<NodeName> holders) {
  ArtifactExchange* exchange = parts.services.exchange;
  if (exchange == nullptr) co_return Result<void>{};
  std::vector<WantedArtifact> wanted{{artifact, {}, std::move(holders)}};
  // A pin of this life of the node: it goes at the next start, when the state reaches the artifact or not.
  storage::PinOwner owner{door_pins_of(parts.services.folder.identity().incarnation) + "fetched"};
  co_return co_await exchange->fetch(std::move(wanted), std::move(owner));
}

Async<std::vector<NodeName>> holders_of(ServiceParts& parts,
                                        std::vector<storage::StoredArtifact> stored,
                                        std::string owner) {
  std::vector<NodeName> holders{parts.services.config.node.name};
  if (ArtifactExchange* exchange = parts.services.exchange)
    if (auto copied = co_await exchange->copy(std::move(stored), std::move(owner)))
      holders.push_back(*copied);
  co_return holders;
}

state::Caller caller_of(const AdminRequest& request) {
  return {request.caller.uid, request.caller.name};
}

Result<void> check_members(const AdminRequest& request, std::span<const std::string_view> known) {
  std::vector<std::string> names{"id", "verb", "timeout_ms"};
  for (const std::string_view one : known) names.emplace_back(one);
  for (const auto& member : request.body) {
    const std::string name(member.key());
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    std::string what =
        "The verb '" + request.verb + "' knows no member '" + name.substr(0, 80) + "'.";
    if (const auto near = nearest_name(name, names)) what += " Did you mean '" + *near + "'?";
    return fail(FaultKind::bad_input, what);
  }
  return {};
}

Result<std::string> text_member(const json::object& body, std::string_view name, bool required) {
  const json::value* value = body.if_contains(name);
  if (value == nullptr) {
    if (!required) return std::string{};
    return fail(FaultKind::bad_input, "The member '" + std::string(name) + "' is missing.");
  }
  if (!value->is_string())
    return fail(FaultKind::bad_input, "The member '" + std::string(name) + "' must be a text.");
  return std::string(value->get_string());
}

Result<std::uint64_t> number_member(const json::object& body, std::string_view name,
                                    std::uint64_t otherwise) {
  const json::value* value = body.if_contains(name);
  if (value == nullptr) return otherwise;
  if (value->is_int64() && value->get_int64() >= 0)
    return static_cast<std::uint64_t>(value->get_int64());
  if (value->is_uint64()) return value->get_uint64();
  return fail(FaultKind::bad_input,
              "The member '" + std::string(name) + "' must be a whole number from 0 up.");
}

Result<bool> flag_member(const json::object& body, std::string_view name) {
  const json::value* value = body.if_contains(name);
  if (value == nullptr) return false;
  if (!value->is_bool())
    return fail(FaultKind::bad_input,
                "The member '" + std::string(name) + "' must be true or false.");
  return value->get_bool();
}

}  // namespace runink::actors
