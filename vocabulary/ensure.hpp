// What must be true of our own memory and order, checked in every build; never for input.
#pragma once

namespace runink {

/// Writes the condition and the place to stderr and aborts.
[[noreturn]] void ensure_failed(const char* condition, const char* file, int line);

}  // namespace runink

#define ENSURE(condition) \
  ((condition) ? void() : ::runink::ensure_failed(#condition, __FILE__, __LINE__))
