// Who owns a suspended coroutine. A root (see spawn.hpp) owns its frame; the frames of the tasks
// that it awaits are owned by the frames that made them, so that destroying the root destroys the
// chain. While it waits, the handler that CAF stores for the answer holds a Ticket: if CAF drops
// the handler (quit, death of the actor), the ticket ends the root.
#pragma once

#include <atomic>
#include <caf/scheduled_actor.hpp>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace runink::co {

class Scope;
struct Ticket;

/// Frames alive in this process; 0 when every actor is gone. For tests.
inline std::atomic<std::int64_t>& live_frames() {
  static std::atomic<std::int64_t> count{0};
  return count;
}

/// Counts the frame that it is part of.
struct FrameCount {
  FrameCount() { live_frames().fetch_add(1, std::memory_order_relaxed); }
  ~FrameCount() { live_frames().fetch_sub(1, std::memory_order_relaxed); }
  FrameCount(const FrameCount&) = delete;
  FrameCount& operator=(const FrameCount&) = delete;
};

/// The part of a root's promise that does not depend on a type: the unit of ownership and of
/// cancellation.
struct Root {
  std::coroutine_handle<> self;
  Ticket* pending = nullptr;  ///< set only while suspended at a leaf
  Scope* owner = nullptr;
  Root* previous = nullptr;
  Root* following = nullptr;
  inline void destroy() noexcept;
  inline void unlink() noexcept;
};

/// One suspension at a leaf: either resumed once, or its coroutine ends with it.
struct Ticket {
  Ticket(std::coroutine_handle<> waiting, Root* of) : leaf(waiting), root(of) {
    root->pending = this;
  }
  Ticket(const Ticket&) = delete;
  Ticket& operator=(const Ticket&) = delete;
  ~Ticket() {
    if (leaf) root->destroy();
  }
  /// False once its coroutine went on or ended: an answer may come after the scope was cancelled, and
  /// must not touch the awaiter then.
  bool waits() const { return static_cast<bool>(leaf); }
  /// In the actor only. A second call does nothing.
  void resume() {
    if (auto waiting = std::exchange(leaf, {})) {
      root->pending = nullptr;
      waiting.resume();
    }
  }

  std::coroutine_handle<> leaf;
  Root* root;
};

/// The live roots of one actor. Its destructor ends the suspended ones while the members declared
/// before it still live: hence the last member of the actor's state.
class Scope {
 public:
  Scope() = default;
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;
  ~Scope() { cancel_all(); }

  /// Ends every suspended root. One that is running (the caller, then) goes on and is forgotten.
  void cancel_all() noexcept {
    while (Root* first = head_) {
      first->unlink();
      if (first->pending) first->destroy();
    }
  }
  std::size_t size() const noexcept {
    std::size_t count = 0;
    for (const Root* one = head_; one; one = one->following) ++count;
    return count;
  }

 private:
  friend struct Root;
  friend struct RootTask;
  void link(Root* root) noexcept {
    root->owner = this;
    root->following = head_;
    if (head_) head_->previous = root;
    head_ = root;
  }
  Root* head_ = nullptr;
};

inline void Root::unlink() noexcept {
  if (!owner) return;
  (previous ? previous->following : owner->head_) = following;
  if (following) following->previous = previous;
  owner = nullptr;
  previous = following = nullptr;
}

inline void Root::destroy() noexcept {
  if (pending) {
    pending->leaf = nullptr;
    pending = nullptr;
  }
  self.destroy();  // the promise's destructor unlinks
}

/// True once the actor is on its way out: its coroutines must not wait any more, for CAF has
/// already dropped the handlers of a quitting actor.
inline bool shutting_down(const caf::scheduled_actor* self) {
  return self->getf(caf::abstract_actor::is_shutting_down_flag |
                    caf::abstract_actor::is_terminated_flag);
}

}  // namespace runink::co
