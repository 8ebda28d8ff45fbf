#include "pipeline/plan.hpp"

namespace runink::pipeline {

std::string to_string(const Location& location) {
  if (!location.volume) return location.path;
  return location.volume->value + ":/" + location.path;
}

std::string_view kind_of(const Work& work) {
  static constexpr std::string_view kinds[] = {"source", "sql", "exec", "sink"};
  static_assert(std::size(kinds) == std::variant_size_v<Work>);
  return kinds[work.index()];
}

}  // namespace runink::pipeline
