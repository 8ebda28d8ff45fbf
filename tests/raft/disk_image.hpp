// What a log store makes of writes, in memory.
#pragma once

#include <stdexcept>

#include "raft/raft.hpp"

namespace runink::raft {

inline LogIndex last_of(const Recovered& disk) {
  return LogIndex{disk.first.value + disk.entries.size() - 1};
}

/// Throws std::logic_error when the write leaves a gap, doubles an entry or cuts what is not there.
inline void write_to(Recovered& disk, const Persist& write) {
  if (write.hard_state) disk.hard_state = *write.hard_state;
  if (write.truncate_from) {
    if (*write.truncate_from < disk.first || *write.truncate_from > last_of(disk))
      throw std::logic_error("a write cuts where the disk has nothing");
    disk.entries.resize(write.truncate_from->value - disk.first.value);
  }
  if (write.base) {
    if (write.base->index < previous(disk.first))
      throw std::logic_error("the base of the log goes back");
    const auto gone =
        std::min<std::size_t>(disk.entries.size(), write.base->index.value + 1 - disk.first.value);
    disk.entries.erase(disk.entries.begin(),
                       disk.entries.begin() + static_cast<std::ptrdiff_t>(gone));
    disk.first = next(write.base->index);
    disk.base_term = write.base->term;
  }
  for (const Entry& entry : write.entries) {
    if (entry.index != next(last_of(disk)))
      throw std::logic_error("a write leaves a gap or doubles an entry on disk");
    disk.entries.push_back(entry);
  }
}

}  // namespace runink::raft
