#include "actors/service/forwarding.hpp"

#include <algorithm>
#include <array>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <memory>
#include <tuple>
#include <utility>

#include "actors/links/peer_links.hpp"
#include "actors/service/admin_service.hpp"
#include "vocabulary/codec.hpp"
#include "vocabulary/limits.hpp"

namespace runink::actors {

namespace asio = boost::asio;
namespace json = boost::json;

namespace {

/// How long a request waits for somebody to lead: several elections.
constexpr Duration leader_patience = seconds(10);
/// Between two attempts at one leader; doubled each time. Each attempt copies the request, up to 32 MiB.
constexpr Duration attempts_shortest = milliseconds(20), attempts_longest = seconds(1);
/// Who was with a leader for so long waits for the next one as if he had just come.
constexpr Duration long_attempt = seconds(1);
/// Texts of a request beyond which it is copied on a disk thread.
constexpr std::size_t large_request = 64 * 1024;
/// Beyond it a text is parsed on a disk thread.
constexpr std::size_t long_text = 64 * 1024;

constexpr std::array<std::string_view, 4> of_this_node{"version", "doctor", "cluster.status",
                                                       "cluster.node"};
/// Of those, what another node may ask.
constexpr std::string_view about_a_node = "cluster.node";

/// A request of the admin socket on its way to the leader.
struct ForwardedRequest {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::string account;
  std::string verb;
  std::string body;  ///< JSON, as it came
  /// Until its deadline. The last one, since each attempt has its own.
  std::optional<std::int64_t> left_ns;
  static auto fields(auto& self) {
    return std::tie(self.uid, self.gid, self.account, self.verb, self.body, self.left_ns);
  }
};

Result<json::value> parsed(std::string_view text) {
  json::error_code error;
  json::parse_options options;
  options.max_depth = 64;
  auto value = json::parse(text, error, {}, options);
  if (error)
    return fail(FaultKind::corrupt, "Another node sent what is not JSON: " + error.message() + ".");
  return value;
}

asio::awaitable<Result<json::value>> parse(co::DiskThreads& disk, std::string text) {
  if (text.size() < long_text) co_return parsed(text);
  auto job = [text = std::move(text)] { return parsed(text); };
  co_return co_await co::on_disk(disk, job);
}

}  // namespace

std::string question_about_a_node() {
  return encode(ForwardedRequest{0, 0, "", std::string(about_a_node), "{}", std::nullopt});
}

namespace {

/// The way back to a caller who is at another node.
class FarStream final : public AdminStream {
 public:
  explicit FarStream(PeerParts& parts) : parts_(parts) {}
  asio::awaitable<void> event(json::value event) override {
    std::string text = json::serialize(event);
    co_await parts_.part(std::move(text));
  }
  void diagnostics(json::array found) override { found_ = std::move(found); }
  json::array& found() { return found_; }

 private:
  PeerParts& parts_;
  json::array found_;
};

/// Of one attempt here: notes whether the caller was shown something, and keeps what would go into an error.
class NotingStream final : public AdminStream {
 public:
  explicit NotingStream(AdminStream& to) : to_(to) {}
  asio::awaitable<void> event(json::value event) override {
    shown_ = true;
    return to_.event(std::move(event));
  }
  void diagnostics(json::array found) override { found_ = std::move(found); }
  bool shown() const { return shown_; }
  void pass_on() {
    if (found_) to_.diagnostics(std::move(*found_));
  }

 private:
  AdminStream& to_;
  std::optional<json::array> found_;
  bool shown_ = false;
};

/// Roughly what a copy of it takes. The door has bounded its depth.
std::size_t bytes_of(const json::value& value) {
  if (const auto* text = value.if_string()) return text->size();
  std::size_t bytes = sizeof value;
  if (const auto* list = value.if_array())
    for (const json::value& one : *list) bytes += bytes_of(one);
  if (const auto* object = value.if_object())
    for (const auto& [key, one] : *object) bytes += key.size() + bytes_of(one);
  return bytes;
}
bool is_large(const json::object& request) {
  std::size_t bytes = 0;
  for (const auto& [key, one] : request) bytes += key.size() + bytes_of(one);
  return bytes > large_request;
}

/// Nothing was done, or it may be done twice.
bool may_be_asked_again(const Fault& fault, std::string_view verb) {
  return fault.kind == FaultKind::not_leader ||
         (fault.kind == FaultKind::unknown_outcome && is_repeatable(verb));
}

}  // namespace

struct Forwarding::Attempt {
  Result<json::value> outcome;
  bool again = false;    ///< nothing was shown of it, and it may be asked again
  bool arrived = false;  ///< a leader had it
};

/// A request that waits for a leader who takes it.
struct Forwarding::Waiting {
  AdminRequest request;  ///< without its body
  /// Its body, shared with disk threads; it may be a whole bundle.
  std::shared_ptr<json::object> object;
  std::string payload;  ///< for other nodes, but for the time that is left; once it is needed
  Instant patient_until;
  NodeId tried;        ///< the leader of the last attempt
  Instant not_before;  ///< of the next one at the same leader
  Duration rest;       ///< until that
  /// Why the last attempt at `tried` was none; nothing: nobody was known.
  std::optional<Fault> failed;
  bool in_doubt = false;  ///< an attempt may have been one
};

/// Its connections are cut when it is removed, before it can hear how that went.
std::optional<Fault> Forwarding::own_removal(const AdminRequest& request) const {
  const json::value* name = request.body.if_contains("name");
  const std::string& self = services_.config.node.name.value;
  if (services_.alone() || request.verb != "cluster.remove" || name == nullptr ||
      !name->is_string() || name->get_string() != self)
    return {};
  return Fault{FaultKind::refused, "Node '" + self +
                                       "' cannot tell how its own removal went. Ask another node: "
                                       "`runi cluster remove " +
                                       self + "` there."};
}

bool Forwarding::we_lead() const {
  return services_.leader->load() == services_.config.node.id.value;
}

asio::awaitable<Result<json::value>> Forwarding::handle(AdminRequest request, AdminStream& stream) {
  if (std::ranges::find(of_this_node, request.verb) != of_this_node.end())
    co_return co_await local_.handle(std::move(request), stream);
  if (auto no = own_removal(request)) co_return std::unexpected(*no);
  Waiting waiting;
  waiting.object = std::make_shared<json::object>(std::move(request.body));
  waiting.request = std::move(request);
  waiting.patient_until = services_.clock.now() + leader_patience;
  for (;;) {
    const NodeId leader{services_.leader->load()};
    const Instant now = services_.clock.now();
    Instant until = waiting.patient_until;
    if (leader == NodeId{}) {
      waiting.tried = NodeId{};
      waiting.failed.reset();
    } else if (leader != waiting.tried || now >= waiting.not_before) {
      Attempt attempt;
      if (leader == services_.config.node.id)
        attempt = co_await attempt_here(waiting, stream);
      else
        attempt = co_await forward(leader, waiting, stream);
      if (!attempt.again) co_return std::move(attempt.outcome);
      note(waiting, leader, std::move(attempt), now);
      until = now;  // meanwhile another one may have come to lead
    } else {
      until = std::min(until, waiting.not_before);
    }
    const Instant after = services_.clock.now();
    if (after >= waiting.patient_until) co_return std::unexpected(given_up(waiting));
    if (until > after) co_await links_.leader_news(until - after);
  }
}

/// Time with a leader is no time of waiting for one.
void Forwarding::note(Waiting& waiting, NodeId leader, Attempt attempt, Instant begun) const {
  const Instant now = services_.clock.now();
  const Duration spent = now - begun;
  if (attempt.arrived)
    waiting.patient_until =
        spent >= long_attempt ? now + leader_patience : waiting.patient_until + spent;
  waiting.rest =
      leader == waiting.tried ? std::min(waiting.rest * 2, attempts_longest) : attempts_shortest;
  waiting.tried = leader;
  waiting.not_before = now + waiting.rest;
  waiting.failed = std::move(attempt.outcome.error());
  if (waiting.failed->kind == FaultKind::unknown_outcome) waiting.in_doubt = true;
}

Fault Forwarding::given_up(const Waiting& waiting) const {
  const std::string patience = std::to_string(leader_patience.ns / 1'000'000'000) + " s",
                    self = services_.config.node.name.value;
  Fault fault{FaultKind::not_leader, {}};
  if (!waiting.failed) {
    fault.what =
        "No node has led the cluster for " + patience + ", as far as node '" + self +
        "' knows: more than half of the nodes must run and reach each other. `runi cluster "
        "status` shows which do.";
  } else {
    const std::string leader =
        links_.name_of(waiting.tried).value_or(NodeName{std::to_string(waiting.tried.value)}).value;
    fault.what = "Node '" + leader + "' leads the cluster, as far as node '" + self +
                 "' knows, and has not taken the request for " + patience + ": " +
                 waiting.failed->what + " Ask at that node, or look at `runi cluster status` here.";
  }
  if (waiting.in_doubt) {
    fault.kind = FaultKind::unknown_outcome;
    fault.what += " A node that led before had the request and may have acted. Repeat it.";
  }
  return fault;
}

asio::awaitable<Forwarding::Attempt> Forwarding::attempt_here(Waiting& waiting,
                                                              AdminStream& stream) {
  AdminRequest request = waiting.request;
  auto copy = [object = waiting.object] { return json::object(*object); };
  if (is_large(*waiting.object)) {
    auto copied = co_await co::on_disk(services_.disk, copy);
    if (!copied) co_return Attempt{std::unexpected(copied.error()), false, false};
    request.body = std::move(*copied);
  } else {
    request.body = copy();
  }
  NotingStream noting(stream);
  auto outcome = co_await local_.handle(std::move(request), noting);
  const bool again =
      !outcome && !noting.shown() && may_be_asked_again(outcome.error(), waiting.request.verb);
  if (!again) noting.pass_on();
  co_return Attempt{std::move(outcome), again, true};
}

/// Writes the request as other nodes read it, once; on a disk thread.
asio::awaitable<Result<void>> Forwarding::write_payload(Waiting& waiting) {
  if (!waiting.payload.empty()) co_return Result<void>{};
  const AdminRequest& request = waiting.request;
  ForwardedRequest forwarded{
      request.caller.uid, request.caller.gid, request.caller.name, request.verb, {}, std::nullopt};
  auto write = [forwarded = std::move(forwarded), object = waiting.object]() mutable {
    forwarded.body = json::serialize(*object);
    std::string bytes = encode(forwarded);
    bytes.pop_back();  // that no time is left; each attempt says how much
    return bytes;
  };
  auto written = co_await co::on_disk(services_.disk, write);
  if (!written) co_return std::unexpected(written.error());
  // Written anew, a request may be longer than it came: a number with an exponent, for instance.
  if (written->size() > limits::peer_answer.value)
    co_return fail(FaultKind::exhausted, "The request has " + std::to_string(written->size()) +
                                             " bytes on its way to the node that leads; " +
                                             std::to_string(limits::peer_answer.value) +
                                             " go from node to node. Ask at the node that leads "
                                             "(`runi cluster status`).");
  waiting.payload = std::move(*written);
  co_return Result<void>{};
}

asio::awaitable<Forwarding::Attempt> Forwarding::forward(NodeId leader, Waiting& waiting,
                                                         AdminStream& stream) {
  if (auto written = co_await write_payload(waiting); !written)
    co_return Attempt{std::unexpected(written.error()), false, false};
  const AdminRequest& request = waiting.request;
  std::optional<std::int64_t> left_ns;
  if (request.deadline)
    left_ns = std::max<std::int64_t>((*request.deadline - services_.clock.now()).ns, 0);
  std::string payload = waiting.payload;
  Encoder{payload}(left_ns);
  bool shown = false;
  PartTaker take = [&](std::string part) -> asio::awaitable<void> {
    shown = true;
    auto event = co_await parse(services_.disk, std::move(part));
    if (event) co_await stream.event(std::move(*event));
  };
  PeerAnswer answer = co_await links_.ask(leader, Subject::admin, std::move(payload), take);
  Attempt attempt{json::value(), false, !answer.not_asked};
  Result<json::value> value;
  if (!answer.payload.empty()) value = co_await parse(services_.disk, std::move(answer.payload));
  if (answer.fault) {
    attempt.again = !shown && (answer.not_asked || may_be_asked_again(*answer.fault, request.verb));
    if (value && value->is_array() && !attempt.again)
      stream.diagnostics(std::move(value->get_array()));
    attempt.outcome = std::unexpected(std::move(*answer.fault));
  } else {
    attempt.outcome = std::move(value);
  }
  co_return attempt;
}

asio::awaitable<PeerAnswer> Forwarding::answer(PeerAsk ask, PeerParts& parts) {
  auto forwarded =
      decode<ForwardedRequest>(ask.payload, "A request of node '" + ask.from.name.value + "'");
  ask.payload.clear();
  if (!forwarded) co_return PeerAnswer{forwarded.error(), {}, false};
  if (forwarded->verb != about_a_node && !we_lead())
    co_return PeerAnswer{Fault{FaultKind::not_leader, "Node '" + services_.config.node.name.value +
                                                          "' does not lead any more."},
                         {},
                         false};
  auto body = co_await parse(services_.disk, std::move(forwarded->body));
  if (body && !body->is_object())
    body = fail(FaultKind::corrupt, "A forwarded request is no object.");
  if (!body) co_return PeerAnswer{body.error(), {}, false};
  AdminRequest request{PeerCaller{forwarded->uid, forwarded->gid, 0, forwarded->account},
                       forwarded->verb, std::move(body->get_object()), std::nullopt};
  if (forwarded->left_ns) request.deadline = services_.clock.now() + Duration{*forwarded->left_ns};
  FarStream stream(parts);
  auto outcome = co_await local_.handle(std::move(request), stream);
  PeerAnswer answer;
  if (!outcome) {
    answer.fault = std::move(outcome.error());
    if (!stream.found().empty()) answer.payload = json::serialize(stream.found());
    co_return answer;
  }
  auto write = [value = std::move(*outcome)] { return json::serialize(value); };
  auto written = co_await co::on_disk(services_.disk, write);
  if (written)
    answer.payload = std::move(*written);
  else
    answer.fault = std::move(written.error());
  co_return answer;
}

}  // namespace runink::actors
