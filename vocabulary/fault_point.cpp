#include "vocabulary/fault_point.hpp"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <charconv>

namespace runink {
namespace {
constexpr int none = -1;
std::atomic<int> armed{none};
std::atomic<int> rounds_left{0};
}  // namespace

Result<void> arm_fault_point(std::string_view spec) {
  const auto colon = spec.find(':');
  const std::string_view name = spec.substr(0, colon);
  int count = 1;
  if (colon != std::string_view::npos) {
    const std::string_view number = spec.substr(colon + 1);
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), count);
    if (error != std::errc{} || end != number.data() + number.size() || count < 1)
      return fail(FaultKind::bad_input, "The count after ':' must be a number from 1 up.");
  }
  std::string known;
  for (const auto& [point, text] : fault_points) {
    if (text == name) {
      rounds_left.store(count);
      armed.store(static_cast<int>(point));
      return {};
    }
    known += (known.empty() ? "" : ", ") + std::string(text);
  }
  return fail(FaultKind::bad_input,
              "There is no fault point '" + std::string(name) + "'. Known are: " + known + ".");
}

void at(FaultPoint point) {
  if (armed.load(std::memory_order_relaxed) != static_cast<int>(point)) return;
  if (rounds_left.fetch_sub(1) == 1) ::kill(::getpid(), SIGKILL);
}

}  // namespace runink
