// Compiled plans by what they were compiled from. The same bundle, parameters and date always give
// the same plan, so a run that is submitted again and again is compiled once.
#pragma once

#include <cstddef>
#include <list>
#include <map>
#include <memory>
#include <string>

#include "pipeline/compile.hpp"
#include "vocabulary/digest.hpp"

namespace runink::actors {

/// Least recently used out first. Used on one thread.
class PlanCache {
 public:
  std::shared_ptr<const pipeline::Compiled> find(const Digest& key);
  void put(const Digest& key, std::shared_ptr<const pipeline::Compiled> compiled);

 private:
  static constexpr std::size_t most_ = 128;
  using Order = std::list<std::pair<Digest, std::shared_ptr<const pipeline::Compiled>>>;
  Order order_;  ///< newest first
  std::map<Digest, Order::iterator> places_;
};

}  // namespace runink::actors
