// <data>/ballast: a file of nothing, whose only worth is the room that it takes. When the disk is nearly full it
// is thrown out, so that what must still be written finds room, and it comes back when there is enough again.
#pragma once

#include "vocabulary/fault.hpp"
#include "vocabulary/units.hpp"

namespace runink::storage {

/// Calls from one thread; they block.
class Ballast {
 public:
  /// `folder` is the data folder, which outlives this.
  Ballast(int folder, Bytes size) : folder_(folder), size_(size) {}

  Bytes size() const { return size_; }
  /// True when all of it is there.
  bool there() const;
  /// `exhausted` when there is no room; then nothing of it is there.
  Result<void> take_on();
  Result<void> throw_out();

 private:
  int folder_;
  Bytes size_;
};

}  // namespace runink::storage
