#include "vocabulary/source_text.hpp"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "vocabulary/limits.hpp"
#include "vocabulary/names.hpp"
#include "vocabulary/text.hpp"

namespace runink {
namespace {

/// A longer line is shown as a window around the place.
constexpr std::size_t longest_line_shown = 200;
constexpr std::size_t window_before = 60;
/// More mistakes than this are not even kept to be sorted.
constexpr std::size_t kept = limits::diagnostics * 10;
constexpr std::size_t few_names = 8;
constexpr std::size_t most_effort = 20'000'000;
constexpr std::size_t longest_wrong_name = 200;

std::size_t character_start(std::string_view text, std::size_t at) {
  while (at > 0 && at < text.size() && (static_cast<std::uint8_t>(text[at]) & 0xC0) == 0x80) --at;
  return at;
}

/// With a '?' for what neither a terminal nor JSON should be given. Characters stay as many.
std::string shown(std::string_view line) {
  std::string out;
  for (std::size_t at = 0; at < line.size();) {
    const std::size_t n = code_point_bytes(line, at);
    const std::string_view one = line.substr(at, n);
    const auto first = static_cast<std::uint8_t>(one.front());
    // The controls of Latin-1 are C2 80 to C2 9F.
    const bool control = (first < 0x20 && first != '\t') || first == 0x7F ||
                         (first == 0xC2 && static_cast<std::uint8_t>(one.back()) < 0xA0);
    out += control || !is_utf8(one) ? std::string_view("?") : one;
    at += n;
  }
  return out;
}

}  // namespace

SourceText::SourceText(std::string path, std::string_view text) : path_(std::move(path)) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  text_ = text;
  const auto begin_line = [this](std::size_t at) {
    lines_.push_back(at);
    first_of_.push_back(starts_.size());
  };
  begin_line(0);
  for (std::size_t i = 0; i < text_.size();) {
    starts_.push_back(static_cast<std::uint32_t>(i));
    const bool line_end = text_[i] == '\n';
    i += code_point_bytes(text_, i);
    if (line_end) begin_line(i);
  }
}

std::size_t SourceText::offset(std::uint32_t line, std::uint32_t column) const {
  if (line == 0) return 0;
  if (line > lines_.size()) return text_.size();
  const std::size_t character = first_of_[line - 1] + (column > 0 ? column - 1 : 0);
  const std::size_t at = character < starts_.size() ? starts_[character] : text_.size();
  const std::size_t line_end = line < lines_.size() ? lines_[line] - 1 : text_.size();
  return std::min(at, line_end);
}

std::optional<std::size_t> SourceText::not_utf8() const {
  const std::string_view all = text_;
  for (std::size_t i = 0; i < starts_.size(); ++i) {
    const std::size_t end = i + 1 < starts_.size() ? starts_[i + 1] : all.size();
    if (!is_utf8(all.substr(starts_[i], end - starts_[i]))) return starts_[i];
  }
  return {};
}

Diagnostic SourceText::place(Span span) const {
  const std::size_t at = character_start(text_, std::min(span.at, text_.size()));
  const auto next = std::upper_bound(lines_.begin(), lines_.end(), at);
  const std::size_t begin = *(next - 1);
  std::size_t end = next == lines_.end() ? text_.size() : *next - 1;
  if (end > begin && text_[end - 1] == '\r') --end;

  const std::string_view all = text_;
  Diagnostic place;
  place.file = path_;
  place.line = static_cast<std::uint32_t>(next - lines_.begin());
  place.column = static_cast<std::uint32_t>(characters(all.substr(begin, at - begin))) + 1;
  std::size_t from = begin, to = end;
  if (end - begin > longest_line_shown) {
    from = character_start(all, at - begin > window_before ? at - window_before : begin);
    to = character_start(all, std::min(end, from + longest_line_shown));
  }
  place.source_line = shown(all.substr(from, to > from ? to - from : 0));
  place.shown_from = static_cast<std::uint32_t>(characters(all.substr(begin, from - begin))) + 1;
  const std::size_t marked = std::min(span.at + span.length, to);
  place.length =
      marked > at ? static_cast<std::uint32_t>(characters(all.substr(at, marked - at))) : 1;
  return place;
}

void Mistakes::add(Mistake mistake) {
  failed_ = failed_ || mistake.severity == Severity::error;
  if (list_.size() < kept)
    list_.push_back(std::move(mistake));
  else
    ++dropped_;
}

void Mistakes::error(Span span, std::string message, std::string hint) {
  add({Severity::error, true, span, {}, std::move(message), std::move(hint)});
}

void Mistakes::warn(Span span, std::string message, std::string hint) {
  add({Severity::warning, true, span, {}, std::move(message), std::move(hint)});
}

void Mistakes::error_without_place(std::string file, std::string message, std::string hint) {
  add({Severity::error, false, {}, std::move(file), std::move(message), std::move(hint)});
}

std::string Mistakes::suggest(std::string_view wrong, const std::vector<std::string>& known) {
  if (wrong.size() > longest_wrong_name || effort_ > most_effort) return {};
  for (const std::string& one : known) effort_ += (wrong.size() + 1) * (one.size() + 1);
  return suggestion(wrong, known);
}

Diagnostics Mistakes::diagnostics() const {
  std::vector<const Mistake*> order;
  for (const Mistake& one : list_) order.push_back(&one);
  const auto key = [](const Mistake* m) { return std::tie(m->placed, m->span.at, m->severity); };
  std::ranges::stable_sort(order, [&](const auto* a, const auto* b) { return key(a) < key(b); });
  std::set<std::tuple<std::size_t, std::string_view, std::string_view>> told;
  std::erase_if(order, [&](const Mistake* m) {
    return !told.emplace(m->span.at, m->file, m->message).second;
  });
  // If some must go, warnings go before errors.
  if (order.size() > limits::diagnostics)
    std::ranges::stable_sort(order, {}, [](const Mistake* m) { return m->severity; });

  Diagnostics all;
  all.dropped = dropped_;
  for (const Mistake* one : order) {
    if (all.list.size() == limits::diagnostics) {
      ++all.dropped;
      continue;
    }
    Diagnostic& d = all.list.emplace_back(one->placed ? source_->place(one->span) : Diagnostic{});
    if (!one->placed) d.file = one->file;
    d.severity = one->severity;
    d.message = one->message;
    d.hint = one->hint;
  }
  return all;
}

std::string suggestion(std::string_view wrong, const std::vector<std::string>& known) {
  if (const auto near = nearest_name(wrong, known)) return "did you mean `" + *near + "`?";
  if (known.empty() || known.size() > few_names) return {};
  std::string all = known.size() == 1 ? "known is " : "known are ";
  for (std::size_t i = 0; i < known.size(); ++i)
    all += (i == 0 ? "`" : i + 1 == known.size() ? " and `" : ", `") + known[i] + "`";
  return all;
}

}  // namespace runink
