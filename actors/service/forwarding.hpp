// Any node takes any request: what only the leader can answer is asked of it, in the caller's name and
// with his deadline.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/json/value.hpp>
#include <optional>

#include "actors/coroutines/blocking.hpp"
#include "actors/doors/admin_handler.hpp"
#include "actors/links/exchange.hpp"
#include "actors/services.hpp"

namespace runink::actors {

class PeerLinks;

/// What is asked of another node (Subject::admin) to hear what it knows of itself: `cluster.node`.
std::string question_about_a_node();

/// Stands before the node's own handler, towards its door and towards the other nodes.
class Forwarding final : public AdminHandler, public PeerService {
 public:
  Forwarding(Services& services, AdminHandler& local, PeerLinks& links)
      : services_(services), local_(local), links_(links) {}

  /// `version`, `doctor`, `cluster.status` and `cluster.node` are about the node that is asked. Everything
  /// else goes to the leader, also when that is this node; while none is known or the one that is cannot be
  /// reached, it waits, ten seconds at most beside what it spends with leaders. What the leader certainly did
  /// not do, or what may be done twice, is asked again unless the caller was shown something; else the answer
  /// is `unknown_outcome`.
  boost::asio::awaitable<Result<boost::json::value>> handle(AdminRequest request,
                                                            AdminStream& stream) override;
  /// What another node forwards; never forwarded again.
  boost::asio::awaitable<PeerAnswer> answer(PeerAsk ask, PeerParts& parts) override;

 private:
  struct Attempt;
  struct Waiting;
  boost::asio::awaitable<Attempt> attempt_here(Waiting& waiting, AdminStream& stream);
  boost::asio::awaitable<Attempt> forward(NodeId leader, Waiting& waiting, AdminStream& stream);
  boost::asio::awaitable<Result<void>> write_payload(Waiting& waiting);
  void note(Waiting& waiting, NodeId leader, Attempt attempt, Instant begun) const;
  Fault given_up(const Waiting& waiting) const;
  std::optional<Fault> own_removal(const AdminRequest& request) const;
  bool we_lead() const;

  Services& services_;
  AdminHandler& local_;
  PeerLinks& links_;
};

}  // namespace runink::actors
