// Units in the type. No <chrono> here: it costs 0.4 s in every file that includes it.
#pragma once

#include <compare>
#include <cstdint>
#include <tuple>

namespace runink {

/// A number of bytes, never negative.
struct Bytes {
  std::uint64_t value = 0;
  friend constexpr auto operator<=>(Bytes, Bytes) = default;
  static auto fields(auto& self) { return std::tie(self.value); }
};
constexpr Bytes operator+(Bytes a, Bytes b) { return {a.value + b.value}; }
constexpr Bytes operator-(Bytes a, Bytes b) { return {a.value - b.value}; }
constexpr Bytes KiB(std::uint64_t n) { return {n << 10}; }
constexpr Bytes MiB(std::uint64_t n) { return {n << 20}; }
constexpr Bytes GiB(std::uint64_t n) { return {n << 30}; }

/// Thousandths of one core, as in Kubernetes' "500m".
struct MilliCpu {
  std::uint64_t value = 0;
  friend constexpr auto operator<=>(MilliCpu, MilliCpu) = default;
  static auto fields(auto& self) { return std::tie(self.value); }
};
constexpr MilliCpu operator+(MilliCpu a, MilliCpu b) { return {a.value + b.value}; }
constexpr MilliCpu operator-(MilliCpu a, MilliCpu b) { return {a.value - b.value}; }

/// A length of time in nanoseconds.
struct Duration {
  std::int64_t ns = 0;
  friend constexpr auto operator<=>(Duration, Duration) = default;
  static auto fields(auto& self) { return std::tie(self.ns); }
};
constexpr Duration operator+(Duration a, Duration b) { return {a.ns + b.ns}; }
constexpr Duration operator-(Duration a, Duration b) { return {a.ns - b.ns}; }
constexpr Duration operator*(Duration a, std::int64_t n) { return {a.ns * n}; }
constexpr Duration microseconds(std::int64_t n) { return {n * 1'000}; }
constexpr Duration milliseconds(std::int64_t n) { return {n * 1'000'000}; }
constexpr Duration seconds(std::int64_t n) { return {n * 1'000'000'000}; }

/// A moment on the monotonic clock of this machine (CLOCK_BOOTTIME), in nanoseconds. Never stored,
/// never sent to another machine. A deadline is an Instant.
struct Instant {
  std::int64_t ns = 0;
  friend constexpr auto operator<=>(Instant, Instant) = default;
};
constexpr Instant operator+(Instant a, Duration d) { return {a.ns + d.ns}; }
constexpr Duration operator-(Instant a, Instant b) { return {a.ns - b.ns}; }

/// Microseconds since 1970-01-01 UTC: what people read, and what the log holds as cluster time.
struct WallTime {
  std::int64_t us = 0;
  friend constexpr auto operator<=>(WallTime, WallTime) = default;
  static auto fields(auto& self) { return std::tie(self.us); }
};
constexpr WallTime operator+(WallTime a, Duration d) { return {a.us + d.ns / 1'000}; }
constexpr Duration operator-(WallTime a, WallTime b) { return {(a.us - b.us) * 1'000}; }

}  // namespace runink
