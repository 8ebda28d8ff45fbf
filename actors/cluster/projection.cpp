#include "actors/cluster/projection.hpp"

#include <iterator>

#include "state/apply.hpp"
#include "vocabulary/ensure.hpp"
#include "vocabulary/limits.hpp"

namespace runink::actors {

void Projection::reset(const state::ClusterState& applied) {
  ENSURE(batch_.empty() && sent_.empty());
  cluster_ = applied;
}

void Projection::add(const state::Command& command, std::string encoded,
                     std::optional<caf::response_promise> promise, Instant since) {
  const LogIndex index = next(cluster_.applied);
  state::apply(cluster_, index, command, encoded);
  ENSURE(cluster_.applied == index);
  batch_.push_back({index, std::move(encoded), std::move(promise), since});
}

std::shared_ptr<std::vector<std::string>> Projection::take_part() {
  auto part = std::make_shared<std::vector<std::string>>();
  std::size_t bytes = 0;
  while (!batch_.empty() && part->size() < limits::append_batch_entries) {
    OwnEntry& entry = batch_.front();
    if (!part->empty() && bytes + entry.encoded.size() > limits::append_batch.value) break;
    bytes += entry.encoded.size();
    part->push_back(std::move(entry.encoded));
    sent_.push_back(std::move(entry));
    batch_.pop_front();
  }
  return part;
}

void Projection::moved(LogIndex from, std::uint64_t by) {
  for (OwnEntry& entry : sent_)
    if (entry.index >= from) entry.index.value += by;
}

std::optional<OwnEntry> Projection::applied(LogIndex index) {
  while (!sent_.empty() && sent_.front().index < index) sent_.pop_front();
  if (sent_.empty() || sent_.front().index != index) return std::nullopt;
  OwnEntry entry = std::move(sent_.front());
  sent_.pop_front();
  return entry;
}

std::vector<OwnEntry> Projection::take_sent(LogIndex from) {
  auto first = sent_.begin();
  while (first != sent_.end() && first->index < from) ++first;
  std::vector<OwnEntry> taken(std::make_move_iterator(first), std::make_move_iterator(sent_.end()));
  sent_.erase(first, sent_.end());
  return taken;
}

std::vector<OwnEntry> Projection::take_batch() {
  std::vector<OwnEntry> taken(std::make_move_iterator(batch_.begin()),
                              std::make_move_iterator(batch_.end()));
  batch_.clear();
  return taken;
}

}  // namespace runink::actors
