// Histories for tests: written by hand, or drawn by chance from cells that really are atomic.
#pragma once

#include <cstdint>
#include <string>

#include "checker/history.hpp"
#include "vocabulary/randomness.hpp"

namespace runink::linearizability {

// By hand: client, call, return.
inline Operation read(std::uint64_t client, std::int64_t call, std::int64_t done, Value told) {
  return {client, call, done, Act::read, "", {}, {}, std::move(told), true};
}
inline Operation write(std::uint64_t client, std::int64_t call, std::int64_t done, Value value) {
  return {client, call, done, Act::write, "", std::move(value), {}, {}, true};
}
inline Operation append(std::uint64_t client, std::int64_t call, std::int64_t done,
                        std::string value) {
  return {client, call, done, Act::append, "", std::move(value), {}, {}, true};
}
inline Operation remove(std::uint64_t client, std::int64_t call, std::int64_t done) {
  return {client, call, done, Act::remove, "", {}, {}, {}, true};
}
inline Operation swap(std::uint64_t client, std::int64_t call, std::int64_t done, Value from,
                      Value to, bool swapped) {
  return {client,          call, done,   Act::compare_and_set, "", std::move(to),
          std::move(from), {},   swapped};
}
/// Its client was never told.
inline Operation unanswered(Operation operation) {
  operation.done.reset();
  operation.told.reset();
  return operation;
}
inline Operation of_key(std::string key, Operation operation) {
  operation.key = std::move(key);
  return operation;
}

struct Recipe {
  unsigned clients = 5;
  unsigned operations = 100;
  unsigned keys = 1;
  unsigned unanswered_percent = 5;
  bool only_appends_and_reads = false;
};

/// What clients of real, atomic cells would see: it is linearizable, because it was done so. Every
/// written text is written once. At the end, when all is quiet, each key is read.
History draw(Randomness& random, const Recipe& recipe);

}  // namespace runink::linearizability
