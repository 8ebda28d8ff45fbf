// Which rows broke which rules, in a file: there may be as many as the data has rows.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "steps/failure.hpp"
#include "vocabulary/owned_fd.hpp"

namespace runink::steps {

struct BrokenRow {
  std::uint64_t row = 0;             ///< a number that only grows
  std::vector<std::uint16_t> rules;  ///< ascending; at least one
};

/// A list that is written from front to back and can be read from its front many times. It takes 128
/// KiB of memory, and 10 bytes of the folder for a row with one rule.
class BrokenRows {
 public:
  /// The file has no name: it is gone with the process.
  static Outcome<BrokenRows> make(const std::string& folder);

  /// Rows must come in ascending order. A write that fails is told by `flush`.
  void append(std::uint64_t row, std::span<const std::uint16_t> rules);
  /// Before it is read. `disk_full` when something could not be written.
  Outcome<void> flush();
  std::uint64_t size() const { return size_; }

  /// Reads the list once from its front. The list must stay and be flushed.
  class Cursor {
   public:
    explicit Cursor(const BrokenRows& rows) : rows_(&rows) { next(); }
    /// The row it stands at, or null at the end (also after an error of the disk).
    const BrokenRow* get() const { return there_ ? &row_ : nullptr; }
    void next();
    /// False when the list could not be read to its end.
    bool good() const { return good_; }

   private:
    bool fill();
    const BrokenRows* rows_;
    std::string buffer_;
    std::size_t at_ = 0;
    std::uint64_t offset_ = 0;
    BrokenRow row_;
    bool there_ = false, good_ = true;
  };

 private:
  OwnedFd fd_;
  std::string buffer_;
  std::uint64_t written_ = 0, size_ = 0;
  int error_ = 0;
};

}  // namespace runink::steps
