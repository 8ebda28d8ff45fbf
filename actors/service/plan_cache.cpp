#include "actors/service/plan_cache.hpp"

namespace runink::actors {

std::shared_ptr<const pipeline::Compiled> PlanCache::find(const Digest& key) {
  const auto place = places_.find(key);
  if (place == places_.end()) return nullptr;
  order_.splice(order_.begin(), order_, place->second);
  return place->second->second;
}

void PlanCache::put(const Digest& key, std::shared_ptr<const pipeline::Compiled> compiled) {
  if (const auto place = places_.find(key); place != places_.end()) {
    order_.erase(place->second);
    places_.erase(place);
  }
  order_.emplace_front(key, std::move(compiled));
  places_[key] = order_.begin();
  if (order_.size() > most_) {
    places_.erase(order_.back().first);
    order_.pop_back();
  }
}

}  // namespace runink::actors
