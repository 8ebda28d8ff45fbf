#include "actors/coroutines/asio_gate.hpp"

namespace runink::co {

AsioGate::AsioGate(caf::actor_system& system) {
  companion_ = system.spawn<caf::actor_companion, caf::hidden>();
  companion()->on_enqueue([shared = shared_](caf::mailbox_element_ptr element) {
    if (auto one = shared->take(element->mid.integer_value()))
      one->complete(element->move_content_to_message());
  });
}

AsioGate::~AsioGate() {
  companion()->on_enqueue(nullptr);  // 0.17.6 declares disconnect() but does not define it
  decltype(Shared::operations) left;
  {
    std::lock_guard lock(shared_->mutex);
    left.swap(shared_->operations);
  }
  for (auto& [id, operation] : left)
    operation->complete(caf::make_error(caf::sec::request_receiver_down));
}

std::size_t AsioGate::pending() const {
  std::lock_guard lock(shared_->mutex);
  return shared_->operations.size();
}

std::shared_ptr<AsioGate::AnyOperation> AsioGate::Shared::take(std::uint64_t id) {
  std::lock_guard lock(mutex);
  auto found = operations.find(id);
  if (found == operations.end()) return nullptr;
  auto one = std::move(found->second);
  operations.erase(found);
  return one;
}

caf::message_id AsioGate::fresh_id() {
  return caf::message_id{(next_.fetch_add(1) & caf::message_id::request_id_mask) |
                         caf::message_id::default_async_value};
}

caf::actor_companion* AsioGate::companion() {
  return static_cast<caf::actor_companion*>(caf::actor_cast<caf::abstract_actor*>(companion_));
}

}  // namespace runink::co
