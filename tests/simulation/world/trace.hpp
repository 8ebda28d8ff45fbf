// Every event of a run: as a hash, always, and as readable lines, when somebody wants to read them.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "raft/raft.hpp"
#include "vocabulary/digest.hpp"

namespace runink::raft::simulation {

class Trace {
 public:
  /// `lines_kept` = 0: only the hash.
  explicit Trace(std::size_t lines_kept = 0) : lines_kept_(lines_kept) {
    if (reads()) newest = this;
  }
  Trace(const Trace&) = delete;
  Trace& operator=(const Trace&) = delete;
  ~Trace() {
    if (newest == this) newest = nullptr;
  }
  /// The last one with lines: whoever sees the process end can still tell them.
  static inline const Trace* newest = nullptr;

  bool reads() const { return lines_kept_ > 0; }
  std::uint64_t hash() const { return hash_; }
  const std::deque<std::string>& lines() const { return lines_; }

  void mix(std::uint64_t kind, std::uint64_t who, Instant now, std::string_view bytes = {}) {
    const std::uint64_t head[] = {kind, who, static_cast<std::uint64_t>(now.ns)};
    hash_ = xxh64({reinterpret_cast<const char*>(head), sizeof(head)}, hash_);
    if (!bytes.empty()) hash_ = xxh64(bytes, hash_);
  }
  void line(Instant now, std::string text);

 private:
  std::size_t lines_kept_;
  std::uint64_t hash_ = 0;
  std::deque<std::string> lines_;
};

/// For a person: "1->2 term 4 Append after 7/3, 2 entries, commit 7".
std::string to_string(const Envelope& envelope);

}  // namespace runink::raft::simulation
