#include "vocabulary/ensure.hpp"

#include <cstdio>
#include <cstdlib>

namespace runink {

void ensure_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "runink: %s:%d: broken promise: %s\n", file, line, condition);
  std::abort();
}

}  // namespace runink
