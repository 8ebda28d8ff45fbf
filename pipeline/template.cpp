#include "pipeline/template.hpp"

#include <algorithm>

#include "pipeline/quantity.hpp"
#include "pipeline/sql_context.hpp"
#include "vocabulary/source_text.hpp"
#include "vocabulary/text.hpp"

namespace runink::pipeline {
namespace {

std::string without(std::string text, std::string_view unwanted) {
  std::erase_if(text, [&](char c) { return unwanted.find(c) != std::string_view::npos; });
  return text;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blank = " \t\r\n";
  const std::size_t first = text.find_first_not_of(blank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

bool is_name(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
  });
}

class Renderer {
 public:
  Renderer(std::string_view text, const Names& names, Tongue tongue, Mistakes& budget)
      : in_(text), names_(names), tongue_(tongue), budget_(budget) {}

  Rendered render() {
    std::size_t at = 0;
    while (at < in_.size()) {
      const std::size_t open = std::min(in_.find("{{", at), in_.size());
      copy(at, open);
      if (open == in_.size()) break;
      const std::size_t close = in_.find("}}", open + 2);
      if (close == std::string_view::npos) {
        mistake(open, 2, "`{{` without its `}}`", "write it as `{{ ds }}`");
        copy(open, in_.size());
        break;
      }
      name(open, close + 2);
      at = close + 2;
    }
    return std::move(out_);
  }

 private:
  void mistake(std::size_t at, std::size_t length, std::string what, std::string hint = {}) {
    out_.mistakes.push_back({at, length, std::move(what), std::move(hint)});
  }
  void copy(std::size_t from, std::size_t to) {
    if (from == to) return;
    out_.pieces.push_back({out_.text.size(), from, to - from, false});
    out_.text += in_.substr(from, to - from);
    if (tongue_ == Tongue::sql) context_.read(in_.substr(from, to - from));
  }
  void put(std::size_t open, std::size_t end, std::string_view value) {
    out_.pieces.push_back({out_.text.size(), open, end - open, true});
    out_.text += value;
  }
  /// `{{ ... }}` at [open, end).
  void name(std::size_t open, std::size_t end) {
    const std::string wanted(trimmed(in_.substr(open + 2, end - open - 4)));
    const std::size_t length = end - open;
    if (!is_name(wanted))
      return mistake(open, length, "only a name may stand between `{{` and `}}`",
                     "filters, calls and expressions are not supported; known names are ds, "
                     "ds_nodash, ts, logical_date, run_id and the [parameters]");
    const auto found = find(wanted);
    if (!found)
      return mistake(open, length, "unknown template name `" + wanted + "`",
                     budget_.suggest(wanted, all_names(wanted.starts_with("params."))));
    if (tongue_ == Tongue::plain) return put(open, end, *found);
    const auto safe = context_.quote(*found);
    if (!safe)
      return mistake(open, length,
                     "the value of `" + wanted + "` cannot stand here in SQL: " + safe.error().why,
                     safe.error().can_be_quoted
                         ? "put it in quotes: '" + std::string(in_.substr(open, length)) + "'"
                         : std::string{});
    put(open, end, *safe);
  }
  std::optional<std::string> find(const std::string& wanted) {
    if (const auto at = names_.platform.find(wanted); at != names_.platform.end())
      return at->second;
    const std::string bare = wanted.starts_with("params.") ? wanted.substr(7) : wanted;
    if (const auto at = names_.parameters.find(bare); at != names_.parameters.end())
      return at->second;
    if (const auto at = names_.unset.find(bare); at != names_.unset.end()) {
      out_.unset = true;
      return at->second;
    }
    return {};
  }
  std::vector<std::string> all_names(bool qualified) const {
    std::vector<std::string> all;
    const std::string prefix = qualified ? "params." : "";
    for (const auto* some : {&names_.parameters, &names_.unset})
      for (const auto& one : *some) all.push_back(prefix + one.first);
    if (!qualified)
      for (const auto& one : names_.platform) all.push_back(one.first);
    return all;
  }

  std::string_view in_;
  const Names& names_;
  Tongue tongue_;
  Mistakes& budget_;
  SqlContext context_;
  Rendered out_;
};

}  // namespace

std::map<std::string, std::string> platform_names(
    WallTime logical_date, std::optional<std::pair<WallTime, WallTime>> interval,
    const RunId& run) {
  constexpr std::int64_t day = 86'400'000'000;
  if (!interval) {
    const std::int64_t begin = logical_date.us - ((logical_date.us % day) + day) % day;
    interval = {WallTime{begin}, WallTime{begin + day}};
  }
  const std::string ds = date_text(logical_date), ts = moment_text(logical_date);
  return {{"ds", ds},
          {"ds_nodash", without(ds, "-")},
          {"ts", ts},
          {"ts_nodash", without(ts.substr(0, 19), "-:")},
          {"logical_date", ts},
          {"data_interval_start", moment_text(interval->first)},
          {"data_interval_end", moment_text(interval->second)},
          {"run_id", run.value.empty() ? std::string(32, '0') : run.value}};
}

std::pair<std::size_t, std::size_t> Rendered::in_template(std::size_t at,
                                                          std::size_t length) const {
  const auto piece_of = [this](std::size_t byte) {
    const auto next =
        std::ranges::upper_bound(pieces, byte, {}, [](const Piece& p) { return p.at; });
    return next == pieces.begin() ? next : next - 1;
  };
  if (pieces.empty()) return {0, 1};
  const auto first = piece_of(at);
  if (first->value) return {first->template_at, first->template_length};
  const std::size_t begin = first->template_at + std::min(at - first->at, first->template_length);
  const std::size_t last_byte = at + std::max<std::size_t>(1, length) - 1;
  const auto last = piece_of(last_byte);
  const std::size_t end =
      last->value ? last->template_at + last->template_length
                  : last->template_at + std::min(last_byte - last->at + 1, last->template_length);
  return {begin, end > begin ? end - begin : 1};
}

Rendered render_template(std::string_view text, const Names& names, Tongue tongue,
                         Mistakes& mistakes) {
  return Renderer{text, names, tongue, mistakes}.render();
}

}  // namespace runink::pipeline
