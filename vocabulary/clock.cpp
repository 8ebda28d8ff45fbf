#include "vocabulary/clock.hpp"

#include <time.h>

#include <cstdio>

namespace runink {
namespace {

class RealClock final : public Clock {
 public:
  Instant now() const override { return {read(CLOCK_BOOTTIME)}; }
  WallTime wall() const override { return {read(CLOCK_REALTIME) / 1'000}; }

 private:
  static std::int64_t read(clockid_t id) {
    timespec t{};
    ::clock_gettime(id, &t);
    return std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
  }
};

}  // namespace

const Clock& real_clock() {
  static const RealClock clock;
  return clock;
}

std::string to_rfc3339(WallTime time) {
  std::int64_t s = time.us / 1'000'000;
  std::int64_t us = time.us % 1'000'000;
  if (us < 0) {
    us += 1'000'000;
    --s;
  }
  const time_t seconds = s;
  tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[48];
  std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", parts.tm_year + 1900,
                parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                static_cast<int>(us / 1'000));
  return text;
}

}  // namespace runink
