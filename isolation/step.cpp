#include "isolation/step.hpp"

namespace runink::isolation {

Performer performer_of(StepCode code) {
  const auto n = static_cast<std::uint16_t>(code);
  if (code == StepCode::join_cgroups) return Performer::berth_ahead;
  if (n < 10) return Performer::spawner_ahead;
  if (n < 40) return Performer::berth_ahead;
  if (n < 50) return Performer::spawner_now;
  return Performer::berth_now;
}

std::string to_string(const SandboxStep& step) {
  std::string text = std::to_string(static_cast<unsigned>(step.code)) + " ";
  text += to_string(step.code);
  // The arguments of execute come first, then the environment; the values of that may be secret.
  const std::size_t open = step.code == StepCode::execute && !step.numbers.empty()
                               ? static_cast<std::size_t>(step.numbers[0])
                               : step.texts.size();
  for (std::size_t i = 0; i < step.texts.size(); ++i)
    text +=
        " " + (i < open ? step.texts[i] : step.texts[i].substr(0, step.texts[i].find('=')) + "=");
  if (step.code != StepCode::execute)
    for (const std::uint64_t number : step.numbers) text += " " + std::to_string(number);
  return text;
}

}  // namespace runink::isolation
