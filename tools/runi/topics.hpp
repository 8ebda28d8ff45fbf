// The topics of `runi help`. Their texts are the files of tools/runi/topics/, one each, put into the
// program by the build:
//
//   first line     the summary, as the list of topics shows it
//   paragraphs     wrapped to the terminal's width
//   "- text"       an item of a list; "  term  text", a line of a table: both wrapped beneath
//                  themselves, each on one line of the file
//   4 spaces       as it stands
//   "==="          behind it, to the end: a script for sh that runs on the node of docs/GUIDE.md.
//                  "#> text" is a line that it prints, where "..." stands for anything
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tools/runi/admin_client.hpp"

namespace runink::runi {

struct Topic {
  std::string_view name;
  std::string_view summary;
  std::string_view body;
  std::string_view example;
};

/// Sorted by name.
std::span<const Topic> all_topics();
/// The topic of this name, whatever the case of its letters; or null.
const Topic* find_topic(std::string_view name);

/// A topic for a terminal of `width` columns; 0 = no terminal, then 80. Wider than 100 is not read well
/// and not used; what stands as it is may be wider than a narrow terminal.
std::string topic_text(const Topic& topic, std::size_t width);
/// Every topic with its summary.
std::string topic_list(std::size_t width);
/// What is said of a topic that does not exist: the nearest topic or verb, if one is near.
AdminError no_such_topic(const std::vector<std::string>& asked,
                         const std::vector<std::string>& verbs);

/// `text` in lines of at most `width` characters where words allow it; the first line begins with
/// `first`, the others with `others`.
std::string wrapped(std::string_view text, std::size_t width, const std::string& first = {},
                    const std::string& others = {});

}  // namespace runink::runi
