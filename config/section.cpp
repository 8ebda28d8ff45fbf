#include "config/section.hpp"

#include <algorithm>
#include <utility>

#include "vocabulary/limits.hpp"
#include "vocabulary/names.hpp"

namespace runink::config {

void Notes::add(const Place& place, std::string what) {
  if (list_.size() < limits::diagnostics)
    list_.push_back({place.line, place.column, place.length, std::move(what)});
}

std::vector<Mistake> Notes::take() {
  std::ranges::stable_sort(list_, [](const Mistake& a, const Mistake& b) {
    return std::pair(a.line, a.column) < std::pair(b.line, b.column);
  });
  return std::move(list_);
}

std::string suggestion(std::string_view wrong, const std::vector<std::string>& known) {
  if (const auto nearest = nearest_name(wrong, known)) return "Did you mean '" + *nearest + "'?";
  std::string text = "Known here:";
  for (std::size_t i = 0; i < known.size(); ++i) text += (i == 0 ? " " : ", ") + known[i];
  return text + ".";
}

Section::Section(const Value* table, std::string name, Place missing, Notes& notes)
    : table_(table), name_(std::move(name)), missing_(missing), notes_(&notes) {}

const Value* Section::find(std::string_view key) {
  if (std::ranges::find(known_, key) == known_.end()) known_.emplace_back(key);
  if (!table_) return nullptr;
  const auto entry = std::ranges::find(table_->table, key, &Entry::key);
  return entry == table_->table.end() ? nullptr : &entry->value;
}

void Section::wrong_kind(std::string_view key, const Value& value, std::string_view expected) {
  notes_->add(value.place, "'" + std::string(key) + "' in " + name_ + " is " +
                               std::string(to_string(value.kind)) + "; it must be " +
                               std::string(expected) + ".");
}

std::optional<Found<std::string>> Section::text(std::string_view key) {
  const Value* value = find(key);
  if (!value) return {};
  if (value->kind != Kind::text) {
    wrong_kind(key, *value, "a text in quotes");
    return {};
  }
  return Found<std::string>{value->text, value->place};
}

std::optional<Found<std::string>> Section::required_text(std::string_view key,
                                                         std::string_view example) {
  if (find(key)) return text(key);
  notes_->add(missing_, "'" + std::string(key) + "' is missing in " + name_ + ". Write " +
                            std::string(key) + " = \"" + std::string(example) + "\".");
  return {};
}

std::optional<Found<std::int64_t>> Section::integer(std::string_view key, std::int64_t least,
                                                    std::int64_t most) {
  const Value* value = find(key);
  if (!value) return {};
  if (value->kind != Kind::integer) {
    wrong_kind(key, *value, "a whole number");
    return {};
  }
  if (value->integer < least || value->integer > most) {
    notes_->add(value->place, "'" + std::string(key) + "' in " + name_ + " must be from " +
                                  std::to_string(least) + " to " + std::to_string(most) + ".");
    return {};
  }
  return Found<std::int64_t>{value->integer, value->place};
}

std::optional<Found<bool>> Section::flag(std::string_view key) {
  const Value* value = find(key);
  if (!value) return {};
  if (value->kind != Kind::boolean) {
    wrong_kind(key, *value, "true or false");
    return {};
  }
  return Found<bool>{value->boolean, value->place};
}

std::optional<Found<std::string>> Section::quantity(std::string_view key) {
  const Value* value = find(key);
  if (!value) return {};
  if (value->kind == Kind::text) return Found<std::string>{value->text, value->place};
  if (value->kind == Kind::integer)
    return Found<std::string>{std::to_string(value->integer), value->place};
  wrong_kind(key, *value, "a quantity such as \"500m\" or \"16Gi\"");
  return {};
}

std::optional<Found<std::vector<Found<std::string>>>> Section::texts(std::string_view key) {
  const Value* value = find(key);
  if (!value) return {};
  if (value->kind != Kind::list) {
    wrong_kind(key, *value, "a list of texts");
    return {};
  }
  Found<std::vector<Found<std::string>>> found{{}, value->place};
  for (const Value& one : value->list) {
    if (one.kind == Kind::text)
      found.value.push_back({one.text, one.place});
    else
      wrong_kind(key, one, "a list of texts");
  }
  return found;
}

Section Section::table(std::string_view key, std::string name) {
  const Value* value = find(key);
  if (value && value->kind != Kind::table) {
    wrong_kind(key, *value, "a table: write " + name + " and its keys below it");
    value = nullptr;
  }
  const Place head = value ? value->place : missing_;
  return {value, std::move(name), head, *notes_};
}

void Section::finish() {
  if (!table_) return;
  for (const Entry& entry : table_->table) {
    if (std::ranges::find(known_, entry.key) != known_.end()) continue;
    notes_->add(entry.place, "There is no key '" + entry.key + "' in " + name_ + ". " +
                                 suggestion(entry.key, known_));
  }
}

}  // namespace runink::config
