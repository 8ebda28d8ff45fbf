#include "state/commands.hpp"

namespace runink::state {

RunId run_id_of(const HerdName& herd, const RequestId& request) {
  return RunId{to_hex(sha256(herd.value + '\0' + request.value)).substr(0, 32)};
}

}  // namespace runink::state
