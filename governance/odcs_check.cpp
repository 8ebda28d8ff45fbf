#include "governance/odcs_check.hpp"

#include <algorithm>

#include "governance/decimal.hpp"
#include "governance/value_format.hpp"
#include "vocabulary/text.hpp"

namespace runink::governance {
namespace {

constexpr std::size_t longest_shown = 60;

std::string in_ticks(std::string_view text) { return "`" + printable(text, longest_shown) + "`"; }

bool is_id(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
}

const OdcsCheck::Field* find(std::initializer_list<OdcsCheck::Fields> parts, std::string_view key) {
  for (const OdcsCheck::Fields& part : parts)
    for (const OdcsCheck::Field& field : part)
      if (field.key == key) return &field;
  return nullptr;
}

constexpr OdcsCheck::Field custom_property[] = {
    {"id", odcs_stable_id},
    {"property", odcs_text, true},
    {"value", odcs_any_type, true},
    {"description", odcs_text},
};

constexpr OdcsCheck::Field definition[] = {
    {"id", odcs_stable_id},
    {"url", odcs_text, true},
    {"type", odcs_text, true},
    {"description", odcs_text},
};

constexpr OdcsCheck::Field role[] = {
    {"id", odcs_stable_id},
    {"role", odcs_text, true},
    {"description", odcs_text},
    {"access", odcs_text},
    {"firstLevelApprovers", odcs_text},
    {"secondLevelApprovers", odcs_text},
    {"customProperties", odcs_custom_properties},
};

/// A text of a format.
void formatted(OdcsCheck& check, const YamlNode& node, bool (*fits)(std::string_view),
               std::string_view what, std::string_view example) {
  if (check.is(node, YamlKind::text) && !fits(node.text))
    check.wrong(node, "must be " + std::string(what), "for example " + std::string(example));
}

}  // namespace

std::string OdcsCheck::path() const {
  std::string path;
  for (const Step& step : path_) {
    if (step.key.empty()) {
      path += "[" + std::to_string(step.index) + "]";
    } else {
      if (!path.empty()) path += '.';
      path += printable(step.key, longest_shown);
    }
  }
  return path.empty() ? "the contract" : "`" + path + "`";
}

void OdcsCheck::wrong(const YamlNode& node, std::string_view what, std::string hint) {
  mistakes_.error(node.span, path() + " " + std::string(what), std::move(hint));
}

void OdcsCheck::wrong_word(const YamlNode& node, std::span<const std::string_view> words) {
  constexpr std::size_t listed = 10;
  std::string hint =
      mistakes_.suggest(node.text, std::vector<std::string>(words.begin(), words.end()));
  if (hint.empty() && words.size() <= listed)
    for (const std::string_view word : words)
      hint += (hint.empty() ? "known are " : ", ") + std::string(word);
  wrong(node, "cannot be " + in_ticks(node.text), std::move(hint));
}

bool OdcsCheck::is(const YamlNode& node, YamlKind kind) {
  if (node.kind == kind) return true;
  std::string hint;
  const bool scalar = node.kind == YamlKind::number || node.kind == YamlKind::boolean ||
                      node.kind == YamlKind::not_finite;
  if (kind == YamlKind::boolean && node.kind == YamlKind::text)
    hint = "write true or false; YAML 1.2 has no yes and no";
  if (kind == YamlKind::text && scalar)
    hint = "quotes make it a text: \"" + printable(node.text, longest_shown) + "\"";
  wrong(node,
        "must be " + std::string(to_string(kind)) + ", not " + std::string(to_string(node.kind)),
        std::move(hint));
  return false;
}

bool OdcsCheck::is_whole_number(const YamlNode& node) {
  if (!is(node, YamlKind::number)) return false;
  const auto plain = plain_number(node.text);
  // A number too long for its plain form is whole when it is great, and a fraction when it is small.
  const bool whole = plain ? plain->find('.') == std::string::npos
                           : node.text.find("e-") == std::string::npos &&
                                 node.text.find("E-") == std::string::npos;
  if (!whole) wrong(node, "must be a whole number");
  return whole;
}

void OdcsCheck::map(const YamlNode& node, std::initializer_list<Fields> parts, bool open) {
  if (!is(node, YamlKind::map)) return;
  for (const YamlEntry& entry : node.map) {
    const Field* field = find(parts, entry.key);
    if (field != nullptr) {
      path_.push_back({field->key});
      field->check(*this, entry.value);
      path_.pop_back();
    } else if (!open) {
      std::vector<std::string> keys;
      for (const Fields& part : parts)
        for (const Field& one : part)
          if (std::ranges::find(keys, one.key) == keys.end()) keys.emplace_back(one.key);
      mistakes_.error(entry.span, path() + " has no key " + in_ticks(entry.key),
                      mistakes_.suggest(entry.key, keys));
    }
  }
  for (const Fields& part : parts)
    for (const Field& field : part)
      if (field.required && node.find(field.key) == nullptr)
        wrong(node, "lacks the key `" + std::string(field.key) + "`");
}

void OdcsCheck::list(const YamlNode& node, Check check, std::size_t least, std::size_t most) {
  if (!is(node, YamlKind::list)) return;
  if (node.list.size() < least || node.list.size() > most)
    wrong(node, least == most ? "must have " + std::to_string(least) + " items"
                              : "must have at least " + std::to_string(least) +
                                    (least == 1 ? " item" : " items"));
  for (std::size_t i = 0; i < node.list.size(); ++i) {
    path_.push_back({{}, i});
    check(*this, node.list[i]);
    path_.pop_back();
  }
}

void odcs_text(OdcsCheck& check, const YamlNode& node) { check.is(node, YamlKind::text); }
void odcs_boolean(OdcsCheck& check, const YamlNode& node) { check.is(node, YamlKind::boolean); }
void odcs_number(OdcsCheck& check, const YamlNode& node) { check.is(node, YamlKind::number); }
void odcs_whole_number(OdcsCheck& check, const YamlNode& node) { check.is_whole_number(node); }

void odcs_length(OdcsCheck& check, const YamlNode& node) {
  if (check.is_whole_number(node) && compare_plain(node.text, "0") < 0)
    check.wrong(node, "must not be negative");
}

void odcs_anything(OdcsCheck&, const YamlNode&) {}

void odcs_any_type(OdcsCheck& check, const YamlNode& node) {
  if (node.kind == YamlKind::not_finite) check.wrong(node, "must be a finite number");
}

void odcs_any_scalar(OdcsCheck& check, const YamlNode& node) {
  odcs_any_type(check, node);
  if (node.kind == YamlKind::list || node.kind == YamlKind::map)
    check.wrong(node, "must be one value, not " + std::string(to_string(node.kind)));
}

void odcs_stable_id(OdcsCheck& check, const YamlNode& node) {
  if (check.is(node, YamlKind::text) && !is_id(node.text))
    check.wrong(node, "must consist of letters, digits, `_` and `-`");
}

void odcs_date(OdcsCheck& check, const YamlNode& node) {
  formatted(check, node, is_date, "a date that exists", "2026-11-20");
}
void odcs_date_time(OdcsCheck& check, const YamlNode& node) {
  formatted(check, node, is_date_time, "a date and time with its offset", "2026-11-20T08:00:00Z");
}
void odcs_uri(OdcsCheck& check, const YamlNode& node) {
  formatted(check, node, is_uri, "a URI", "s3://bucket/folder");
}

void odcs_texts(OdcsCheck& check, const YamlNode& node) { check.list(node, odcs_text); }
void odcs_custom_properties(OdcsCheck& check, const YamlNode& node) {
  check.list(node, odcs_map_of<custom_property>);
}
void odcs_definitions(OdcsCheck& check, const YamlNode& node) {
  check.list(node, odcs_map_of<definition>);
}
void odcs_role(OdcsCheck& check, const YamlNode& node) { check.map(node, {role}); }

void odcs_word(OdcsCheck& check, const YamlNode& node, std::span<const std::string_view> words) {
  if (!check.is(node, YamlKind::text)) return;
  if (std::ranges::find(words, node.text) != words.end()) return;
  check.wrong_word(node, words);
}

}  // namespace runink::governance
