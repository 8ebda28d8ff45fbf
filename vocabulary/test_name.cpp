#include "vocabulary/test_name.hpp"

#include "vocabulary/names.hpp"

namespace runink {

bool is_test(const PipelineName& pipeline) { return pipeline.value.ends_with(test_ending); }

Result<void> check_plan_name(std::string_view name) {
  if (name.ends_with(test_ending)) name.remove_suffix(test_ending.size());
  return check_name("pipeline", name);
}

}  // namespace runink
