#include "checker/search.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "vocabulary/ensure.hpp"

namespace runink::linearizability {
namespace {

constexpr std::size_t stuck_most = 8;
constexpr std::size_t text_most = 80;

std::string shown(const Value& value) {
  if (!value) return "nil";
  if (value->size() <= text_most) return '"' + *value + '"';
  return "\"..." + value->substr(value->size() - text_most) + '"';
}

}  // namespace

std::string to_string(const Operation& operation) {
  std::string out = "client " + std::to_string(operation.client);
  switch (operation.act) {
    case Act::read:
      out += " read" + (operation.told ? " " + shown(*operation.told) : std::string());
      break;
    case Act::write: out += " wrote " + shown(operation.argument); break;
    case Act::append: out += " appended " + shown(operation.argument); break;
    case Act::remove: out += " removed it"; break;
    case Act::compare_and_set:
      out += (operation.swapped ? " set " : " did not set ") + shown(operation.expected) + " to " +
             shown(operation.argument);
      break;
  }
  return out + " [" + std::to_string(operation.call) + ", " +
         (operation.done ? std::to_string(*operation.done) : std::string("?")) + "]";
}

std::size_t Search::HashWords::operator()(const Words& words) const {
  std::uint64_t hash = words.size();
  for (const std::uint64_t word : words) {
    hash = (hash ^ word) * 0xbf58476d1ce4e5b9ull;
    hash ^= hash >> 29;
  }
  return hash;
}

Search::Search(const History& history, const Value& initial, const Limits& limits)
    : limits_(limits), events_(1), state_(values_.id_of(initial)) {
  number(history);
  line_up();
  needs_.emplace(moves_, values_);
  left_ = returned_;
  done_.resize(returned_ / 64 + 1);
  open_.resize((operations_.size() - returned_) / 64 + 1);
}

void Search::number(const History& history) {
  std::vector<const Operation*> order;
  for (const Operation& one : history)
    if (one.done || one.act != Act::read) order.push_back(&one);  // an unanswered read says nothing
  std::ranges::stable_sort(order, [](const Operation* a, const Operation* b) {
    return std::pair(!a->done, a->call) < std::pair(!b->done, b->call);
  });
  for (const Operation* one : order) {
    operations_.push_back({one, 0, 0, std::nullopt});
    moves_.emplace_back(*one, values_);
    if (one->done) ++returned_;
  }
  call_alike_what_nobody_saw();
  // Of open operations that do the same, the one that was called first may stand for any other.
  std::map<std::tuple<Act, ValueId, ValueId>, OperationId> last;
  for (OperationId id = returned_; id < operations_.size(); ++id) {
    const Move& move = moves_[id];
    const auto [at, is_first] = last.try_emplace({move.act, move.argument, move.expected}, id);
    if (!is_first) operations_[id].twin = std::exchange(at->second, id);
  }
}

// Calls before returns of the same moment: whose order is not known counts as at once.
void Search::line_up() {
  struct At {
    std::int64_t time;
    bool is_return;
    OperationId operation;
  };
  std::vector<At> order;
  for (OperationId id = 0; id < operations_.size(); ++id) {
    const Operation& one = *operations_[id].operation;
    order.push_back({one.call, false, id});
    if (one.done) order.push_back({*one.done, true, id});
  }
  std::ranges::stable_sort(order, [](const At& a, const At& b) {
    return std::pair(a.time, a.is_return) < std::pair(b.time, b.is_return);
  });
  for (const At& at : order) {
    const auto id = static_cast<EventId>(events_.size());
    events_.push_back({at.operation, !at.is_return, 0, id - 1});
    events_[id - 1].next = id;
    (at.is_return ? operations_[at.operation].done : operations_[at.operation].call) = id;
  }
  events_[0].before = static_cast<EventId>(events_.size() - 1);
}

// Written, but never seen and never compared with: one such value is as good as another.
void Search::call_alike_what_nobody_saw() {
  std::set<ValueId> seen{0, state_};
  for (const Move& move : moves_) {
    if (move.act == Act::append) return;  // what is written may be seen as a part
    if (move.act == Act::compare_and_set) seen.insert(move.expected);
    if (move.told) seen.insert(*move.told);
  }
  std::optional<ValueId> unseen;
  for (Move& move : moves_) {
    if (seen.contains(move.argument)) continue;
    if (!unseen) unseen = move.argument;
    move.argument = *unseen;
  }
}

Verdict Search::run() {
  EventId at = events_[0].next;
  while (left_ > 0) {
    if (over_limits()) return Verdict::undecided;
    const Event& event = events_[at];
    if (event.is_call) {
      at = place(event.operation) ? events_[0].next : event.next;
    } else {
      note_how_far(at);
      if (placed_.empty()) return Verdict::not_linearizable;
      at = take_back();
    }
  }
  return Verdict::linearizable;
}

bool Search::over_limits() const {
  return steps_ > limits_.steps_most || tried_bytes_ + values_.bytes() > limits_.memory_bytes_most;
}

bool Search::is_placed(OperationId id) const {
  const Words& words = id < returned_ ? done_ : open_;
  const OperationId bit = id < returned_ ? id : id - returned_;
  return (words[bit / 64] >> (bit % 64) & 1) != 0;
}

bool Search::place(OperationId id) {
  ++steps_;
  const Known& one = operations_[id];
  const Move& move = moves_[id];
  if (one.twin && !is_placed(*one.twin)) return false;
  if (move.act == Act::append && !needs_->allow_appended(state_, move.argument)) return false;
  const auto next = after(state_, move, values_);
  if (!next) return false;
  const Placed placed{id, state_, last_word_};
  mark(id, true);
  if (!needs_->allow(*next) || !is_new(*next)) {
    mark(id, false);
    last_word_ = placed.last_word_before;
    return false;
  }
  placed_.push_back(placed);
  state_ = *next;
  lift(one.call);
  if (one.done != 0) {
    lift(one.done);
    --left_;
  }
  return true;
}

// The event behind the one that was tried last.
Search::EventId Search::take_back() {
  const Placed last = placed_.back();
  placed_.pop_back();
  const Known& one = operations_[last.operation];
  if (one.done != 0) {
    put_back(one.done);
    ++left_;
  }
  put_back(one.call);
  mark(last.operation, false);
  last_word_ = last.last_word_before;
  state_ = last.state_before;
  return events_[one.call].next;
}

void Search::mark(OperationId id, bool placed) {
  const OperationId bit = id < returned_ ? id : id - returned_;
  const std::uint32_t word = bit / 64;
  placed ? needs_->place(id) : needs_->take_back(id);
  Words& words = id < returned_ ? done_ : open_;
  words[word] ^= std::uint64_t{1} << (bit % 64);
  if (id >= returned_) return;
  if (!placed) {
    first_word_ = std::min(first_word_, word);
    return;
  }
  last_word_ = std::max(last_word_, word);
  while (first_word_ + 1 < done_.size() && done_[first_word_] == ~std::uint64_t{0}) ++first_word_;
}

// Remembers the set and the state: the words between those that are full and those that are empty.
bool Search::is_new(ValueId state) {
  const std::uint32_t last = std::max(first_word_, last_word_);
  Words key{std::uint64_t{state} << 32 | first_word_, last};
  key.insert(key.end(), done_.begin() + first_word_, done_.begin() + last + 1);
  auto end = open_.end();
  while (end != open_.begin() && *(end - 1) == 0) --end;
  key.insert(key.end(), open_.begin(), end);
  const std::uint64_t bytes = key.size() * sizeof(std::uint64_t) + 64;
  if (!tried_.insert(std::move(key)).second) return false;
  tried_bytes_ += bytes;
  return true;
}

void Search::lift(EventId event) {
  const Event& one = events_[event];
  events_[one.before].next = one.next;
  events_[one.next].before = one.before;
}

void Search::put_back(EventId event) {
  const Event& one = events_[event];
  events_[one.before].next = event;
  events_[one.next].before = event;
}

void Search::note_how_far(EventId from) {
  ENSURE(from != 0);  // a return: what it returns from is not placed
  if (placed_.size() < farthest_ || (placed_.size() == farthest_ && !stuck_.empty())) return;
  farthest_ = placed_.size();
  farthest_state_ = state_;
  stuck_.clear();
  stuck_.push_back(events_[from].operation);  // this one should have come by now
  for (EventId at = events_[0].next; at != from && stuck_.size() < stuck_most;
       at = events_[at].next)
    if (events_[at].operation != stuck_.front()) stuck_.push_back(events_[at].operation);
  needs_it_.reset();
  for (OperationId id = 0; id < returned_ && needs_->binding() && !needs_it_; ++id)
    if (!is_placed(id) && moves_[id].seen() == needs_->binding()) needs_it_ = id;
}

std::string Search::why() const {
  std::string out = std::to_string(farthest_) + " of " + std::to_string(operations_.size()) +
                    " operations can be put in order, which leaves " +
                    shown(values_.at(farthest_state_)) + "; then none of these fits:";
  for (const OperationId id : stuck_) out += "\n  " + to_string(*operations_[id].operation);
  if (needs_it_)
    out += "\nNobody can bring about later what one saw that must still come:\n  " +
           to_string(*operations_[*needs_it_].operation);
  return out;
}

}  // namespace runink::linearizability
