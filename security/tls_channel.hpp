// TLS 1.3 over bytes that somebody else carries: no socket, no wait, no clock of its own. One channel
// is one connection; bytes go in, bytes come out.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "security/peer_identity.hpp"
#include "vocabulary/fault.hpp"

namespace runink::security {

class TlsContext;

/// Used by one thread at a time. After a fault only `take_output` has a meaning: it may hold the alert
/// that tells the other side why.
class TlsChannel {
 public:
  TlsChannel(TlsChannel&&) noexcept;
  TlsChannel& operator=(TlsChannel&&) noexcept;
  ~TlsChannel();

  /// What came from the other side, in any pieces; what it meant is appended to `plain`, never more
  /// than came. While the handshake goes on nothing is. Faults: `not_allowed` when one side refused
  /// the other's certificate, `corrupt` for what is not TLS 1.3.
  Result<void> receive(std::string_view bytes, std::string& plain);
  /// One write, however much it is. Only when `open`.
  Result<void> send(std::string_view plain);
  /// Appends what must go to the other side. Call it after each of the others, and at the beginning.
  void take_output(std::string& bytes);
  /// Says goodbye (close_notify), so that the other side knows that nothing was cut off.
  void close();

  /// The handshake is done on our side. The one who was called knows by then who calls; the caller
  /// knows that it was accepted only with the first byte that it gets.
  bool open() const;
  /// The other side said goodbye.
  bool closed() const;
  /// Who the other side is: proven, of our cluster, and whom we wanted to call. Only when `open`.
  const PeerIdentity& peer() const;

 private:
  friend class TlsContext;
  struct State;
  explicit TlsChannel(std::unique_ptr<State> state);
  Result<void> shake_hands();
  std::unexpected<Fault> broken(int result);

  std::unique_ptr<State> state_;
};

}  // namespace runink::security
