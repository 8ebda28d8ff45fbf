#include "actors/service/forwarding.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <memory>
#include <tuple>
#include <utility>

#include "actors/links/peer_links.hpp"
#include "vocabulary/codec.hpp"

namespace runink::actors {

namespace asio = boost::asio;
namespace json = boost::json;

namespace {

/// How long a request waits for somebody to lead: several elections.
constexpr Duration leader_patience = seconds(10);
/// How soon it is looked again who leads.
constexpr auto look_again = std::chrono::milliseconds(20);
/// Beyond it a text is parsed on a disk thread.
constexpr std::size_t long_text = 64 * 1024;

constexpr std::array<std::string_view, 3> of_this_node{"version", "doctor", "cluster.status"};
/// Doing them twice is doing them once: they are asked again even when nobody knows whether the leader that
/// is gone has done them.
constexpr std::array<std::string_view, 14> repeatable{
    "bundle.put",   "compile",          "run",           "get",          "describe",
    "wait",         "explain",          "lineage",       "test.list",    "test.result",
    "contract.get", "contract.history", "contract.diff", "contract.test"};

/// A request of the admin socket on its way to the leader.
struct ForwardedRequest {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::string account;
  std::string verb;
  std::string body;                     ///< JSON, as it came
  std::optional<std::int64_t> left_ns;  ///< until its deadline
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

}  // namespace

struct Forwarding::Attempt {
  Result<json::value> outcome;
  bool again = false;    ///< nothing was shown of it, and it may be asked again
  bool arrived = false;  ///< a leader had it
};

bool Forwarding::we_lead() const {
  return services_.leader->load() == services_.config.node.id.value;
}

asio::awaitable<Result<json::value>> Forwarding::handle(AdminRequest request, AdminStream& stream) {
  if (std::ranges::find(of_this_node, request.verb) != of_this_node.end())
    co_return co_await local_.handle(std::move(request), stream);
  // Shared with the disk thread that writes it as text; it may be a whole bundle.
  const auto object = std::make_shared<json::object>(std::move(request.body));
  std::string body;
  Instant patient_until = services_.clock.now() + leader_patience;
  asio::steady_timer pause(co_await asio::this_coro::executor);
  for (;;) {
    if (we_lead()) {
      request.body = std::move(*object);
      co_return co_await local_.handle(std::move(request), stream);
    }
    const NodeId leader{services_.leader->load()};
    if (leader != NodeId{}) {
      if (body.empty()) {
        auto write = [object] { return json::serialize(*object); };
        auto written = co_await co::on_disk(services_.disk, write);
        if (!written) co_return std::unexpected(written.error());
        body = std::move(*written);
      }
      Attempt attempt = co_await forward(leader, request, body, stream);
      if (!attempt.again) co_return std::move(attempt.outcome);
      // It had been with a leader, perhaps for hours: now the next one is waited for.
      if (attempt.arrived) patient_until = services_.clock.now() + leader_patience;
    }
    if (services_.clock.now() >= patient_until)
      co_return fail(
          FaultKind::not_leader,
          "No node has led the cluster for " + std::to_string(leader_patience.ns / 1'000'000'000) +
              " s, as far as node '" + services_.config.node.name.value +
              "' knows: more than half of the nodes must run and reach each other. `runi cluster "
              "status` shows which do.");
    pause.expires_after(look_again);
    co_await pause.async_wait(asio::use_awaitable);
  }
}

asio::awaitable<Forwarding::Attempt> Forwarding::forward(NodeId leader, const AdminRequest& request,
                                                         std::string body, AdminStream& stream) {
  ForwardedRequest forwarded{request.caller.uid, request.caller.gid, request.caller.name,
                             request.verb,       std::move(body),    std::nullopt};
  if (request.deadline)
    forwarded.left_ns = std::max<std::int64_t>((*request.deadline - services_.clock.now()).ns, 0);
  bool shown = false;
  PartTaker take = [&](std::string part) -> asio::awaitable<void> {
    shown = true;
    auto event = co_await parse(services_.disk, std::move(part));
    if (event) co_await stream.event(std::move(*event));
  };
  std::string payload = encode(forwarded);
  PeerAnswer answer = co_await links_.ask(leader, Subject::admin, std::move(payload), take);
  Attempt attempt{json::value(), false, false};
  Result<json::value> value;
  if (!answer.payload.empty()) value = co_await parse(services_.disk, std::move(answer.payload));
  if (answer.fault) {
    const bool lost = answer.fault->kind == FaultKind::unknown_outcome &&
                      std::ranges::find(repeatable, request.verb) != repeatable.end();
    attempt.again =
        !shown && (lost || answer.not_asked || answer.fault->kind == FaultKind::not_leader);
    attempt.arrived = lost;
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
  if (!we_lead())
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
