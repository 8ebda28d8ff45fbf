// Authorities, nodes' files and two ends of a connection, for the tests of TLS.
#pragma once

#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "security/security.hpp"
#include "tests/support/folder.hpp"
#include "vocabulary/clock.hpp"

namespace runink::test {

/// The value, or the end of the test with what the fault says.
template <class T>
T good(Result<T> result) {
  if (!result) BOOST_FAIL(result.error().what);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}
template <class T>
std::string fault_of(const Result<T>& result) {
  return result ? "no fault" : result.error().what;
}

inline WallTime in_days(std::int64_t days) {
  return real_clock().wall() + seconds(days * 24 * 3600);
}

/// The files of one node in a folder, made by one authority.
inline security::TlsFiles node_files(const Folder& folder, const security::CertifiedKey& authority,
                                     const security::PeerIdentity& node,
                                     security::Validity validity = {in_days(-1), in_days(30)}) {
  const std::string base = folder / node.node.value;
  const auto made = good(security::make_node(authority, node, validity));
  const auto replace = security::Existing::replace;
  good(security::write_whole_file(base + ".ca", authority.certificate, 0644, replace));
  good(security::write_whole_file(base + ".crt", made.certificate, 0644, replace));
  good(security::write_whole_file(base + ".key", made.key, 0600, replace));
  return {base + ".ca", base + ".crt", base + ".key"};
}

/// One end, and what it has heard.
struct End {
  security::TlsChannel channel;
  std::string heard;
  std::optional<Fault> fault;
  std::string leaving;

  explicit End(Result<security::TlsChannel> made) : channel(good(std::move(made))) {}
  /// Takes what the other one sends; true when there was something.
  bool take_from(End& other) {
    std::string bytes = std::move(other.leaving);
    other.leaving.clear();
    other.channel.take_output(bytes);
    if (bytes.empty() || fault) return false;
    if (auto taken = channel.receive(bytes, heard); !taken) fault = taken.error();
    channel.take_output(leaving);
    return true;
  }
};

/// Until nothing more goes over.
inline void talk(End& a, End& b) {
  for (bool more = true; more;) {
    more = a.take_from(b);
    more = b.take_from(a) || more;
  }
}

}  // namespace runink::test
