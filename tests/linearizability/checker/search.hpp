// The search for an order, over the operations of one cell.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "checker/cell.hpp"
#include "checker/check.hpp"
#include "checker/needs.hpp"

namespace runink::linearizability {

/// Depth first. The events stand in a list by time; an operation that is placed is lifted out of it.
/// Who comes upon a return has an operation that must come first, and turns back.
class Search {
 public:
  /// All of one cell.
  Search(const History& history, const Value& initial, const Limits& limits);

  Verdict run();
  std::uint64_t steps() const { return steps_; }
  /// How far one could come, after a run that was not linearizable.
  std::string why() const;

 private:
  using EventId = std::uint32_t;
  using OperationId = std::uint32_t;
  using Words = std::vector<std::uint64_t>;

  struct Event {
    OperationId operation = 0;
    bool is_call = false;
    EventId next = 0;
    EventId before = 0;
  };
  struct Known {
    const Operation* operation;
    EventId call = 0;
    EventId done = 0;                 // 0: never
    std::optional<OperationId> twin;  // an earlier open one that does the same
  };
  struct Placed {
    OperationId operation;
    ValueId state_before;
    std::uint32_t last_word_before;
  };
  struct HashWords {
    std::size_t operator()(const Words& words) const;
  };

  void number(const History& history);
  void line_up();
  void call_alike_what_nobody_saw();
  bool is_placed(OperationId id) const;
  /// False when it does not fit here or was tried before.
  bool place(OperationId id);
  EventId take_back();
  bool is_new(ValueId state);
  void mark(OperationId id, bool placed);
  void lift(EventId event);
  void put_back(EventId event);
  void note_how_far(EventId from);
  bool over_limits() const;

  const Limits limits_;
  Values values_;
  std::vector<Known> operations_;  // those that returned, by time of call; then the open ones
  std::vector<Move> moves_;        // the same
  std::uint32_t returned_ = 0;     // how many of them
  std::vector<Event> events_;      // 0 is both ends of the list
  std::optional<Needs> needs_;     // of moves_; always there once all is numbered

  ValueId state_;
  std::vector<Placed> placed_;
  std::uint32_t left_ = 0;        // operations that returned and are not placed
  Words done_;                    // bit by operation that returned
  Words open_;                    // bit by open operation
  std::uint32_t first_word_ = 0;  // of done_; those before it are full
  std::uint32_t last_word_ = 0;   // of done_; those behind it are empty
  std::unordered_set<Words, HashWords> tried_;
  std::uint64_t tried_bytes_ = 0;
  std::uint64_t steps_ = 0;

  std::size_t farthest_ = 0;
  ValueId farthest_state_ = 0;
  std::vector<OperationId> stuck_;
  std::optional<OperationId> needs_it_;  // saw what nobody could have brought back later
};

}  // namespace runink::linearizability
