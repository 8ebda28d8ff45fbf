#include "tools/runi/topics.hpp"

#include <algorithm>
#include <cctype>

#include "tools/runi/texts.hpp"
#include "tools/runi/topic_files.hpp"
#include "vocabulary/names.hpp"

namespace runink::runi {
namespace {

constexpr std::size_t usual_width = 80, widest = 100, narrowest = 16;
constexpr std::string_view example_mark = "\n===\n";

Topic topic_of(const TopicFile& file) {
  Topic topic;
  topic.name = file.name;
  std::string_view text = file.text;
  const auto line = text.find('\n');
  topic.summary = text.substr(0, line);
  text.remove_prefix(std::min(text.size(), line));
  const auto mark = text.find(example_mark);
  topic.body = text.substr(0, mark);
  if (mark != std::string_view::npos) topic.example = text.substr(mark + example_mark.size());
  return topic;
}

std::size_t columns_of(std::size_t width) {
  return width == 0 ? usual_width : std::clamp(width, narrowest, widest);
}

/// Takes the first line off `text`, without its end.
std::string_view take_line(std::string_view& text) {
  const auto end = text.find('\n');
  const auto line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

/// "  0   ok": the text in a column beside its term, or beneath it where there is no room.
std::string table_line(std::string_view line, std::size_t width) {
  const auto term = line.find_first_not_of(' ');
  const auto gap = line.find("  ", term);
  const auto text = gap == std::string_view::npos ? gap : line.find_first_not_of(' ', gap);
  if (text == std::string_view::npos) return wrapped(line.substr(term), width, "  ", "    ");
  const std::string name(line.substr(0, gap));
  if (text > width / 2) return name + "\n" + wrapped(line.substr(text), width, "    ", "    ");
  return wrapped(line.substr(text), width, pad_right(name, text), std::string(text, ' '));
}

std::string body_text(std::string_view body, std::size_t width) {
  std::string all, paragraph;
  const auto end_paragraph = [&] {
    if (!paragraph.empty()) all += wrapped(paragraph, width);
    paragraph.clear();
  };
  while (!body.empty()) {
    const std::string_view line = take_line(body);
    if (!line.empty() && !line.starts_with("  ") && !line.starts_with("- ")) {
      paragraph += (paragraph.empty() ? "" : " ") + std::string(line);
      continue;
    }
    end_paragraph();
    if (line.starts_with("    ") || line.empty())
      all += std::string(line) + "\n";
    else if (line.starts_with("- "))
      all += wrapped(line.substr(2), width, "- ", "  ");
    else
      all += table_line(line, width);
  }
  end_paragraph();
  return all;
}

std::string small(std::string_view text) {
  std::string all;
  for (const char c : text) all += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return all;
}

}  // namespace

std::span<const Topic> all_topics() {
  static const std::vector<Topic> all = [] {
    std::vector<Topic> topics;
    for (const TopicFile& file : topic_files()) topics.push_back(topic_of(file));
    std::ranges::sort(topics, {}, &Topic::name);
    return topics;
  }();
  return all;
}

const Topic* find_topic(std::string_view name) {
  const auto topics = all_topics();
  const auto found = std::ranges::find(topics, small(name), &Topic::name);
  return found == topics.end() ? nullptr : &*found;
}

std::string wrapped(std::string_view text, std::size_t width, const std::string& first,
                    const std::string& others) {
  std::string all, line = first;
  bool empty = true;  // no word on this line yet
  while (!text.empty()) {
    const auto begin = text.find_first_not_of(' ');
    if (begin == std::string_view::npos) break;
    text.remove_prefix(begin);
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(word.size());
    if (!empty && width_of(line) + 1 + width_of(word) > width) {
      all += line + "\n";
      line = others;
      empty = true;
    }
    line += (empty ? "" : " ") + std::string(word);
    empty = false;
  }
  return all + line + "\n";
}

std::string topic_text(const Topic& topic, std::size_t width) {
  const std::size_t columns = columns_of(width);
  const std::string name(topic.name);
  std::string all = wrapped(name + ": " + std::string(topic.summary), columns);
  all += body_text(topic.body, columns);
  if (topic.example.empty()) return all;
  all += "\n" +
         wrapped("Example (`runi help " + name +
                     " --example | sh` runs it on the node of docs/GUIDE.md):",
                 columns) +
         "\n";
  std::string_view rest = topic.example;
  while (!rest.empty()) {
    const std::string_view line = take_line(rest);
    all += (line.empty() ? "" : "    ") + std::string(line) + "\n";
  }
  return all;
}

std::string topic_list(std::size_t width) {
  const std::size_t columns = columns_of(width);
  std::size_t longest = 0;
  for (const Topic& topic : all_topics()) longest = std::max(longest, topic.name.size());
  std::string all = "Topics:\n";
  for (const Topic& topic : all_topics())
    all += table_line(
        "  " + pad_right(std::string(topic.name), longest + 2) + std::string(topic.summary),
        columns);
  return all + "\n" +
         wrapped(
             "`runi help TOPIC` explains one, `runi VERB --help` shows a verb's options and "
             "examples, `runi --help` lists the verbs.",
             columns);
}

AdminError no_such_topic(const std::vector<std::string>& asked,
                         const std::vector<std::string>& verbs) {
  std::string wrong;
  for (const std::string& word : asked) wrong += (wrong.empty() ? "" : " ") + word;
  std::vector<std::string> known = verbs;
  for (const Topic& topic : all_topics()) known.emplace_back(topic.name);
  const auto meant = nearest_name(small(wrong), known);
  return {"bad_input",
          "There is no topic and no verb \"" + printable(wrong) + "\"" +
              (meant ? "; did you mean `runi help " + *meant + "`?" : ".") +
              " `runi help` lists the topics.",
          exit_usage,
          {}};
}

}  // namespace runink::runi
