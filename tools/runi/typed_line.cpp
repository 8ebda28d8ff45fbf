#include "tools/runi/typed_line.hpp"

#include <CLI/CLI.hpp>

namespace runink::runi {
namespace {

const CLI::App* verb_of(const CLI::App& app, const std::string& word) {
  for (const CLI::App* verb : app.get_subcommands({}))
    if (verb->get_name() == word) return verb;
  return nullptr;
}

}  // namespace

bool takes_value(const CLI::Option& option) { return option.get_items_expected_max() > 0; }

std::vector<std::string> verb_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* verb : app.get_subcommands({})) names.push_back(verb->get_name());
  return names;
}

TypedLine::TypedLine(const CommandTree& tree, const std::vector<std::string>& words)
    : at_(tree.app.get()) {
  for (const std::string& word : words) take(word);
}

std::string TypedLine::unknown_verb() const {
  return given_.empty() || at_->get_subcommands({}).empty() ? std::string() : given_.front();
}

const CLI::Option* TypedLine::option(const std::string& spelling) const {
  for (const CLI::App* app = at_; app != nullptr; app = app->get_parent())
    if (const auto* found = app->get_option_no_throw(spelling)) return found;
  return nullptr;
}

const CLI::Option* TypedLine::next_argument() const {
  const CLI::Option* last = nullptr;
  std::size_t number = 0;
  for (const CLI::Option* one : at_->get_options()) {
    if (!one->get_positional()) continue;
    last = one;
    if (number++ == given_.size()) return one;
  }
  return last != nullptr && last->get_expected_max() > 1 ? last : nullptr;
}

std::string TypedLine::value(const std::string& name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? std::string() : found->second;
}

void TypedLine::take(const std::string& word) {
  if (awaits_ != nullptr) {
    values_[awaits_->get_single_name()] = word;
    awaits_ = nullptr;
  } else if (word == "--") {
    only_arguments_ = true;
  } else if (!only_arguments_ && word.size() > 1 && word.front() == '-') {
    take_option(word);
  } else if (const CLI::App* verb = given_.empty() ? verb_of(*at_, word) : nullptr) {
    at_ = verb;
  } else {
    given_.push_back(word);
  }
}

void TypedLine::take_option(const std::string& word) {
  const bool is_long = word.starts_with("--");
  const auto sign = is_long ? word.find('=') : std::string::npos;
  const std::string name = is_long ? word.substr(0, sign) : word.substr(0, 2);  // "-ojson"
  const CLI::Option* found = option(name);
  if (found == nullptr) return;
  used_.insert(found);
  if (!takes_value(*found)) return;
  if (sign != std::string::npos)
    values_[found->get_single_name()] = word.substr(sign + 1);
  else if (word.size() == name.size())
    awaits_ = found;
}

}  // namespace runink::runi
