#include "state/apply.hpp"

#include "state/change.hpp"
#include "vocabulary/codec.hpp"

namespace runink::state {
namespace {

// A time outside 1970..9999 is damage; inside, adding an hour can never overflow.
constexpr WallTime latest{253'402'300'800'000'000};
constexpr std::size_t caller_name_bytes = 256;

std::optional<Problem> check_envelope(const Command& command) {
  if (command.version != 1)
    return Problem{Refusal::unknown_version, "The command has version " +
                                                 std::to_string(command.version) +
                                                 "; this build knows version 1."};
  if (command.at < WallTime{0} || command.at > latest)
    return Problem{Refusal::bad_value, "The command's time is not between 1970 and 9999."};
  if (command.caller.name.size() > caller_name_bytes)
    return Problem{Refusal::bad_value, "The caller's name is longer than 256 bytes."};
  return {};
}

}  // namespace

Outcome refuse(Refusal refusal, std::string what) {
  return {Verdict::refused, refusal, std::move(what), {}, false, 0, {}};
}

Applied apply(ClusterState& cluster, LogIndex index, const Command& command,
              std::string_view encoded) {
  if (index <= cluster.applied) return {repeat(), {}, {}};
  const std::optional<Problem> problem = check_envelope(command);
  const WallTime now = problem ? cluster.clock : std::max(cluster.clock, command.at);
  Change change(cluster, index, now, command.caller);
  Applied applied;
  if (!problem) end_idle_sessions(change);
  applied.outcome =
      problem ? refuse(*problem)
              : std::visit([&](const auto& one) { return apply_one(change, one); }, command.body);
  applied.rows = change.finish(encoded);
  applied.events = std::move(change.events);
  return applied;
}

Applied apply_nothing(ClusterState& cluster, LogIndex index) {
  if (index <= cluster.applied) return {repeat(), {}, {}};
  const Caller nobody;
  Change change(cluster, index, cluster.clock, nobody);
  return {accept(), change.finish({}), {}};
}

Result<Command> decode_command(std::string_view encoded) {
  if (encoded.size() > limits::command.value)
    return fail(FaultKind::corrupt, "A log entry has " + std::to_string(encoded.size()) +
                                        " bytes; a command has at most " +
                                        std::to_string(limits::command.value) + ".");
  std::uint16_t version = 0;
  Decoder head(encoded);
  head(version);
  if (!head.bad() && version != 1)
    return fail(FaultKind::corrupt,
                "A log entry was written by a newer Runink (command version " +
                    std::to_string(version) +
                    "; this build knows version 1). Install that version on this node.");
  return decode<Command>(encoded, "A log entry (command version 1)");
}

}  // namespace runink::state
