// Host ids for slices: one range each, never given again while the slice is known.
#pragma once

#include <cstdint>
#include <optional>
#include <set>

namespace runink::isolation {

/// Inside a slice's range: 0 makes the sandbox, 1 is the program, 2 the reaper.
inline constexpr std::uint32_t ids_per_slice = 16;
inline constexpr std::uint32_t slice_user = 1;
inline constexpr std::uint32_t reaper_user = 2;

class UidRanges {
 public:
  UidRanges(std::uint32_t base, std::uint32_t count)
      : base_(base), ranges_(count / ids_per_slice) {}

  /// The first id of a free range; they go round, so that one comes back as late as possible.
  std::optional<std::uint32_t> take() {
    for (std::uint32_t tries = 0; tries < ranges_; ++tries) {
      const std::uint32_t range = next_++ % ranges_;
      if (taken_.insert(range).second) return base_ + range * ids_per_slice;
    }
    return std::nullopt;
  }
  void give_back(std::uint32_t first) { taken_.erase((first - base_) / ids_per_slice); }

 private:
  std::uint32_t base_;
  std::uint32_t ranges_;
  std::uint32_t next_ = 0;
  std::set<std::uint32_t> taken_;
};

}  // namespace runink::isolation
