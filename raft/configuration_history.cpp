#include "raft/configuration_history.hpp"

#include <algorithm>
#include <utility>

#include "vocabulary/ensure.hpp"

namespace runink::raft {

bool ConfigurationHistory::may_vote(NodeId id) const {
  return std::ranges::any_of(all_,
                             [&](const One& one) { return one.configuration.voters.contains(id); });
}

void ConfigurationHistory::append(LogIndex index, Configuration configuration) {
  ENSURE(index > newest_index());
  all_.push_back({index, std::move(configuration)});
}

void ConfigurationHistory::cut_from(LogIndex index) {
  ENSURE(all_.front().index < index);  // what is committed is never cut
  while (all_.back().index >= index) all_.pop_back();
}

void ConfigurationHistory::replace(LogIndex index, Configuration configuration) {
  all_.clear();
  all_.push_back({index, std::move(configuration)});
}

void ConfigurationHistory::committed(LogIndex index) {
  while (all_.size() > 1 && all_[1].index <= index) all_.pop_front();
}

}  // namespace runink::raft
