// What the admin door's verbs do (docs/PROTOCOL.md): each asks the actors, the stores or the
// compiler, and shows the answer as JSON.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/json.hpp>
#include <caf/all.hpp>
#include <memory>
#include <string_view>

#include "actors/coroutines/asio_gate.hpp"
#include "actors/doors/admin_handler.hpp"
#include "actors/doors/log.hpp"
#include "actors/services.hpp"

namespace runink::actors {

class PeerLinks;

/// Doing it twice is doing it once: it may be asked again even when nobody knows whether the leader that is gone
/// has done it.
bool is_repeatable(std::string_view verb);

class AdminService final : public AdminHandler {
 public:
  /// The node's actors that the verbs speak to.
  struct Actors {
    caf::actor cluster;
    caf::actor analyst;
    caf::actor trials;
    caf::actor raft;
  };
  AdminService(Services& services, co::AsioGate& gate, Actors actors, PeerLinks* links, Log& log);
  ~AdminService() override;

  boost::asio::awaitable<Result<boost::json::value>> handle(AdminRequest request,
                                                            AdminStream& stream) override;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace runink::actors
