// What the kernel's error numbers mean, in words that are the same on every node: a C library would say
// them in its own words, and in its own language.
#pragma once

#include <cstdint>
#include <string>

namespace runink::state {

/// "the disk is full (ENOSPC)" for an errno of Linux (errno(3)); "errno 4711" for one without words here.
std::string errno_text(std::int32_t number);

/// The same for what execve(2) answers, which has a meaning of its own for some.
std::string exec_error_text(std::int32_t number);

}  // namespace runink::state
