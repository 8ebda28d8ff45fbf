// The files of tools/runi/topics/ as they lie there; the build writes the source behind this.
#pragma once

#include <span>
#include <string_view>

namespace runink::runi {

struct TopicFile {
  std::string_view name;  ///< without ".txt"
  std::string_view text;
};
std::span<const TopicFile> topic_files();

}  // namespace runink::runi
