#include "actors/cluster/far_nodes.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <tuple>
#include <utility>

#include "actors/coroutines/waker.hpp"
#include "state/apply.hpp"
#include "vocabulary/codec.hpp"
#include "vocabulary/limits.hpp"

namespace runink::actors {

namespace asio = boost::asio;

namespace {

/// How long the leader's own actors are waited for.
constexpr Duration state_patience = limits::state_wait;
/// The first byte of a part.
constexpr char whole_now = 0, more_follow = 1;

struct WireAssignments {
  LogIndex as_of;
  std::vector<state::Assignment> attempts;
  std::vector<state::Publication> publications;
  static auto fields(auto& self) { return std::tie(self.as_of, self.attempts, self.publications); }
};
struct WireProgress {
  AttemptKey attempt;
  std::uint16_t permille = 0;
  std::uint64_t rows = 0;
  bool waits_for_room = false;
  bool waits_for_inputs = false;
  static auto fields(auto& self) {
    return std::tie(self.attempt, self.permille, self.rows, self.waits_for_room,
                    self.waits_for_inputs);
  }
};
struct WireLease {
  Duration lease;
  static auto fields(auto& self) { return std::tie(self.lease); }
};
struct WireSubmitted {
  LogIndex index;
  std::uint8_t verdict = 0;
  std::uint8_t refusal = 0;
  std::string what;
  bool discarded = false;
  static auto fields(auto& self) {
    return std::tie(self.index, self.verdict, self.refusal, self.what, self.discarded);
  }
};

/// The node that a worker's command speaks of; nothing for other commands.
std::optional<NodeName> speaker(const state::Body& body) {
  if (const auto* joined = std::get_if<state::NodeJoined>(&body)) return joined->node;
  if (const auto* published = std::get_if<state::SinkPublished>(&body)) return published->node;
  if (const auto* refused = std::get_if<state::SinkRefused>(&body)) return refused->node;
  return std::nullopt;
}

/// The attempt that a worker's command ends; nothing for other commands.
std::optional<AttemptKey> ended_by(const state::Body& body) {
  if (const auto* committed = std::get_if<state::PartitionCommitted>(&body))
    return committed->attempt;
  if (const auto* failed = std::get_if<state::AttemptFailed>(&body)) return failed->attempt;
  return std::nullopt;
}

/// Where an attempt runs; nothing when it is not live.
std::optional<NodeName> node_of(const state::ClusterState& cluster, const AttemptKey& attempt) {
  const PartitionKey& key = attempt.partition;
  const auto run = cluster.runs.find(key.run);
  if (run == cluster.runs.end()) return std::nullopt;
  const auto step = run->second.place_of(key.step);
  if (!step) return std::nullopt;
  const auto& partitions = run->second.stages[*step].partitions;
  if (key.partition.value >= partitions.size()) return std::nullopt;
  const auto& live = partitions[key.partition.value].live;
  const auto found = live.find(attempt.attempt);
  if (found == live.end()) return std::nullopt;
  return found->second.node;
}

PeerAnswer refused_with(FaultKind kind, std::string what) {
  return {Fault{kind, std::move(what)}, {}, false};
}

using EncodedSet = Result<std::vector<std::string>>;

/// The newest set that a far worker has to get: a level, so an older one that was not sent is dropped.
struct Newest {
  explicit Newest(asio::any_io_executor on) : executor(on), changed(on) {}
  std::optional<EncodedSet> take() {
    const std::lock_guard lock(mutex);
    return std::exchange(set, std::nullopt);
  }
  asio::any_io_executor executor;
  co::Waker changed;
  std::mutex mutex;
  std::optional<EncodedSet> set;  // under the mutex
};

/// Stands where the worker of another node would: keeps what it is told for the stream to that node. It
/// encodes, not the Asio thread: a set may be large.
caf::behavior far_worker(caf::event_based_actor*, std::shared_ptr<Newest> newest) {
  return {[newest](const Assignments& all) {
    EncodedSet encoded = encode_assignments(all);
    {
      const std::lock_guard lock(newest->mutex);
      newest->set = std::move(encoded);
    }
    asio::post(newest->executor, [newest] { newest->changed.wake(); });
  }};
}

class EndsWithScope {
 public:
  explicit EndsWithScope(caf::actor actor) : actor_(std::move(actor)) {}
  EndsWithScope(const EndsWithScope&) = delete;
  EndsWithScope& operator=(const EndsWithScope&) = delete;
  ~EndsWithScope() { caf::anon_send_exit(actor_, caf::exit_reason::user_shutdown); }

 private:
  caf::actor actor_;
};

}  // namespace

Result<std::vector<std::string>> encode_assignments(const Assignments& all) {
  WireAssignments wire;
  wire.as_of = all.as_of;
  for (const auto& one : all.attempts) wire.attempts.push_back(*one);
  for (const auto& one : all.publications) wire.publications.push_back(*one);
  const std::string bytes = encode(wire);
  if (bytes.size() > limits::peer_work.value)
    return fail(
        FaultKind::exhausted,
        "The work of one node takes " + std::to_string(bytes.size()) + " bytes; " +
            std::to_string(limits::peer_work.value) +
            " can be sent to it. Give herds smaller quotas, or pipelines fewer partitions.");
  constexpr std::size_t most = limits::peer_work_part.value - 1;
  std::vector<std::string> parts;
  for (std::size_t at = 0; at == 0 || at < bytes.size(); at += most)
    parts.push_back(std::string(1, at + most < bytes.size() ? more_follow : whole_now) +
                    bytes.substr(at, most));
  return parts;
}

Result<std::optional<std::string>> WorkParts::take(std::string_view part) {
  const bool known = !part.empty() && (part[0] == more_follow || part[0] == whole_now);
  if (!known || bytes_.size() + part.size() - 1 > limits::peer_work.value) {
    bytes_.clear();
    return fail(FaultKind::corrupt,
                "The leader sent a part of this node's work that is none, or more than " +
                    std::to_string(limits::peer_work.value) + " bytes of it.");
  }
  bytes_ += part.substr(1);
  if (part[0] == more_follow) return std::nullopt;
  return std::exchange(bytes_, {});
}

Result<Assignments> decode_assignments(std::string_view bytes) {
  auto wire = decode<WireAssignments>(bytes, "The work that the leader gives this node");
  if (!wire) return std::unexpected(wire.error());
  Assignments all;
  all.as_of = wire->as_of;
  for (state::Assignment& one : wire->attempts)
    all.attempts.push_back(std::make_shared<const state::Assignment>(std::move(one)));
  for (state::Publication& one : wire->publications)
    all.publications.push_back(std::make_shared<const state::Publication>(std::move(one)));
  return all;
}

std::string encode_progress(const Progress& progress) {
  return encode(WireProgress{progress.attempt, progress.permille, progress.rows,
                             progress.waits_for_room, progress.waits_for_inputs});
}

std::string encode_lease(const LeaseGranted& granted) { return encode(WireLease{granted.lease}); }

Result<LeaseGranted> decode_lease(std::string_view bytes) {
  auto wire = decode<WireLease>(bytes, "The leader's answer to a renewal");
  if (!wire) return std::unexpected(wire.error());
  if (wire->lease < limits::lease_shortest || wire->lease > limits::lease_longest)
    return fail(FaultKind::corrupt,
                "The leader grants a lease of " + std::to_string(wire->lease.ns) +
                    " ns; a lease lasts from 100ms to 1h. Look at [lease] in the "
                    "cluster file of the node that leads.");
  return LeaseGranted{wire->lease};
}

std::string encode_submitted(const Submitted& submitted) {
  const state::Outcome& outcome = submitted.outcome;
  return encode(WireSubmitted{submitted.index, static_cast<std::uint8_t>(outcome.verdict),
                              static_cast<std::uint8_t>(outcome.refusal), outcome.what,
                              outcome.discarded});
}

Result<Submitted> decode_submitted(std::string_view bytes) {
  auto wire = decode<WireSubmitted>(bytes, "The leader's answer");
  if (!wire) return std::unexpected(wire.error());
  Submitted submitted;
  submitted.index = wire->index;
  submitted.outcome.verdict = state::Verdict{wire->verdict};
  submitted.outcome.refusal = state::Refusal{wire->refusal};
  if (!known(submitted.outcome.verdict) || !known(submitted.outcome.refusal))
    return fail(FaultKind::corrupt, "The leader's answer says what this version does not know.");
  submitted.outcome.what = std::move(wire->what);
  submitted.outcome.discarded = wire->discarded;
  return submitted;
}

asio::awaitable<PeerAnswer> FarNodes::answer(PeerAsk ask, PeerParts& parts) {
  switch (ask.subject) {
    case Subject::submit: co_return co_await submit(std::move(ask));
    case Subject::renew: co_return co_await renew(std::move(ask));
    case Subject::stream: co_return co_await stream(std::move(ask), parts);
    case Subject::progress: co_return co_await progress(std::move(ask));
    default: co_return refused_with(FaultKind::bad_input, "That is no question of a worker.");
  }
}

asio::awaitable<PeerAnswer> FarNodes::submit(PeerAsk ask) {
  auto command = state::decode_command(ask.payload);
  if (!command) co_return refused_with(command.error().kind, command.error().what);
  if (const auto attempt = ended_by(command->body)) {
    auto may = co_await may_speak_of(*attempt, ask.from.name, false);
    if (!may) co_return refused_with(may.error().kind, may.error().what);
  } else if (speaker(command->body) != ask.from.name) {
    co_return refused_with(FaultKind::not_allowed,
                           "Node '" + ask.from.name.value + "' may not say that.");
  }
  Submit request({0, "node:" + ask.from.name.value}, std::move(command->body));
  auto done = co_await gate_.ask_result<Submitted>("the cluster's state", state_, state_patience,
                                                   std::move(request));
  if (!done) co_return refused_with(done.error().kind, done.error().what);
  co_return PeerAnswer{std::nullopt, encode_submitted(*done), false};
}

/// `stale`: what this node has applied is enough. Else it has applied every placement that was acknowledged.
asio::awaitable<Result<void>> FarNodes::may_speak_of(AttemptKey attempt, NodeName node,
                                                     bool stale) {
  const auto runs_on = std::make_shared<std::optional<NodeName>>();
  Look look([runs_on,
             attempt](const state::ClusterState& cluster) { *runs_on = node_of(cluster, attempt); },
            stale);
  auto looked = co_await gate_.ask_result<LogIndex>("the cluster's state", state_, state_patience,
                                                    std::move(look));
  if (!looked) co_return std::unexpected(looked.error());
  if (!*runs_on || **runs_on == node) co_return Result<void>{};
  co_return fail(FaultKind::not_allowed, "Node '" + node.value +
                                             "' may not speak of an attempt that runs on node '" +
                                             (*runs_on)->value + "'.");
}

asio::awaitable<PeerAnswer> FarNodes::renew(PeerAsk ask) {
  RenewLease lease(ask.from.name, state_patience);
  auto granted = co_await gate_.ask_result<LeaseGranted>("the cluster's state", state_,
                                                         state_patience, std::move(lease));
  if (!granted) co_return refused_with(granted.error().kind, granted.error().what);
  co_return PeerAnswer{std::nullopt, encode_lease(*granted), false};
}

asio::awaitable<PeerAnswer> FarNodes::progress(PeerAsk ask) {
  auto wire = decode<WireProgress>(ask.payload, "A slice's progress");
  if (!wire) co_return refused_with(wire.error().kind, wire.error().what);
  auto may = co_await may_speak_of(wire->attempt, ask.from.name, true);
  if (!may) co_return refused_with(may.error().kind, may.error().what);
  caf::anon_send(state_, Progress(wire->attempt, wire->permille, wire->rows, wire->waits_for_room,
                                  wire->waits_for_inputs));
  co_return PeerAnswer{};
}

/// Until the other node goes away or asks anew; its parts are the sets of work.
asio::awaitable<PeerAnswer> FarNodes::stream(PeerAsk ask, PeerParts& parts) {
  const auto newest = std::make_shared<Newest>(co_await asio::this_coro::executor);
  const caf::actor worker = system_.spawn(far_worker, newest);
  const EndsWithScope ends(worker);
  caf::anon_send(state_, OpenStream(ask.from.name, worker));
  for (;;) {
    auto set = newest->take();
    if (!set) {
      co_await newest->changed.wait();
      continue;
    }
    if (!*set) co_return refused_with(set->error().kind, set->error().what);
    for (std::string& part : **set) co_await parts.part(std::move(part));
  }
}

}  // namespace runink::actors
