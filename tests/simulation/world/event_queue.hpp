// What is still to happen, by time; what is due at one time, in the order in which it was put in.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "vocabulary/units.hpp"

namespace runink::raft::simulation {

/// A heap of small keys; the tasks themselves stay where they are.
template <class Task>
class EventQueue {
 public:
  void put(Instant at, Task task) {
    std::uint32_t slot = 0;
    if (free_.empty()) {
      slot = static_cast<std::uint32_t>(slots_.size());
      slots_.push_back(std::move(task));
    } else {
      slot = free_.back();
      free_.pop_back();
      slots_[slot] = std::move(task);
    }
    heap_.push_back({at.ns, ++order_, slot});
    std::ranges::push_heap(heap_, later);
  }
  bool is_due(Instant now) const { return !heap_.empty() && heap_.front().at <= now.ns; }
  /// Of the next one; there must be one.
  Instant next() const { return Instant{heap_.front().at}; }
  Task take() {
    std::ranges::pop_heap(heap_, later);
    const std::uint32_t slot = heap_.back().slot;
    heap_.pop_back();
    free_.push_back(slot);
    return std::move(slots_[slot]);
  }

 private:
  struct Due {
    std::int64_t at;
    std::uint64_t order;
    std::uint32_t slot;
  };
  static bool later(const Due& one, const Due& two) {
    return std::pair{one.at, one.order} > std::pair{two.at, two.order};
  }

  std::vector<Due> heap_;
  std::vector<Task> slots_;
  std::vector<std::uint32_t> free_;
  std::uint64_t order_ = 0;
};

}  // namespace runink::raft::simulation
