// A file as bytes in memory, read where it lies.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "steps/failure.hpp"

namespace runink::steps {

/// A read-only mapping of a whole regular file. A file that shrinks, or whose disk gives an error,
/// would end the process with SIGBUS: such a page reads as zeros instead, and `check` tells
/// (mmap(2)).
class MappedFile {
 public:
  MappedFile() = default;
  /// `shown` is how messages call the file.
  static Outcome<MappedFile> open(const std::string& path, const std::string& shown);
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  std::string_view bytes() const { return {begin_, size_}; }
  /// All before `offset` was read for now; its pages may leave memory. Reading them again is fine.
  void passed(std::size_t offset);
  /// `input_changed` when a page could not be read since it was opened.
  Outcome<void> check() const;

 private:
  void close();

  const char* begin_ = nullptr;
  std::size_t size_ = 0;
  std::size_t dropped_ = 0;
  int place_ = -1;  // in the table of the signal handler
  std::string shown_;
};

}  // namespace runink::steps
