#include "machine.hpp"

#include "properties.hpp"
#include "vocabulary/codec.hpp"
#include "vocabulary/digest.hpp"

namespace runink::raft::simulation {

std::uint64_t chain(std::uint64_t before, const Entry& entry) {
  const std::uint64_t head[] = {entry.term.value, entry.index.value,
                                static_cast<std::uint64_t>(entry.type)};
  return xxh64(entry.payload, xxh64({reinterpret_cast<const char*>(head), sizeof(head)}, before));
}

Machine::Machine(bool real) : real_(real) {
  if (real_) cluster_.herds[simulated_herd].name = simulated_herd;
}

std::uint64_t Machine::state_hash() const {
  const std::uint64_t parts[] = {entries_hash_, cluster_.hash, damage_};
  return xxh64({reinterpret_cast<const char*>(parts), sizeof(parts)});
}

std::optional<state::Outcome> Machine::apply(const Entry& entry) {
  if (entry.index != next(applied_))
    throw Violation{Property::state_machine_safety, "the state machine got an entry out of order"};
  applied_ = entry.index;
  entries_hash_ = chain(entries_hash_, entry);
  if (!real_) return std::nullopt;
  if (entry.type != EntryType::command) {
    state::apply_nothing(cluster_, entry.index);
    return std::nullopt;
  }
  const auto command = state::decode_command(entry.payload);
  if (!command) throw Violation{Property::state_machine_safety, command.error().what};
  return state::apply(cluster_, entry.index, *command, entry.payload).outcome;
}

void Machine::forget_answers() {
  cluster_.kv.answered = {};
  cluster_.kv.requests.clear();
}

}  // namespace runink::raft::simulation
