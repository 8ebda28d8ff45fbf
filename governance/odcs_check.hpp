// ODCS v3.1.0's JSON schema as code that knows places: a table of keys for each of its objects.
// Source: odcs-json-schema-v3.1.0.json, draft 2019-09; tests compare the verdicts with ajv's.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "governance/yaml_tree.hpp"

namespace runink::governance {

/// Says in `mistakes` all that the JSON schema has against the document. Formats (date, date-time,
/// uri) are asserted.
void check_odcs(const YamlNode& document, Mistakes& mistakes);

/// One walk over a document: knows where it is, and says what is wrong there.
class OdcsCheck {
 public:
  using Check = void (*)(OdcsCheck&, const YamlNode&);
  struct Field {
    std::string_view key;
    Check check;
    bool required = false;
  };
  using Fields = std::span<const Field>;

  explicit OdcsCheck(Mistakes& mistakes) : mistakes_(mistakes) {}

  /// `node` is a map with the keys of all `parts` together; `open`: and any others.
  void map(const YamlNode& node, std::initializer_list<Fields> parts, bool open = false);
  /// `node` is a list whose items pass `check`.
  void list(const YamlNode& node, Check check, std::size_t least = 0,
            std::size_t most = limits_of_nothing);
  /// `node` is of `kind`; otherwise says so.
  bool is(const YamlNode& node, YamlKind kind);
  bool is_whole_number(const YamlNode& node);

  /// "`schema[0].name` " + what; the place is that of `node`, or of its key.
  void wrong(const YamlNode& node, std::string_view what, std::string hint = {});
  /// The text of `node` is none of `words`.
  void wrong_word(const YamlNode& node, std::span<const std::string_view> words);

  static constexpr std::size_t limits_of_nothing = static_cast<std::size_t>(-1);

 private:
  std::string path() const;

  Mistakes& mistakes_;
  struct Step {
    std::string_view key;  ///< empty: an item of a list
    std::size_t index = 0;
  };
  std::vector<Step> path_;
};

// Checks that several sections share.
void odcs_text(OdcsCheck& check, const YamlNode& node);
void odcs_boolean(OdcsCheck& check, const YamlNode& node);
void odcs_number(OdcsCheck& check, const YamlNode& node);
void odcs_whole_number(OdcsCheck& check, const YamlNode& node);
void odcs_length(OdcsCheck& check, const YamlNode& node);  ///< a whole number from 0
void odcs_anything(OdcsCheck& check, const YamlNode& node);
void odcs_any_type(OdcsCheck& check, const YamlNode& node);  ///< all but what JSON has not
void odcs_any_scalar(OdcsCheck& check, const YamlNode& node);
void odcs_stable_id(OdcsCheck& check, const YamlNode& node);
void odcs_date(OdcsCheck& check, const YamlNode& node);
void odcs_date_time(OdcsCheck& check, const YamlNode& node);
void odcs_uri(OdcsCheck& check, const YamlNode& node);
void odcs_texts(OdcsCheck& check, const YamlNode& node);
void odcs_custom_properties(OdcsCheck& check, const YamlNode& node);
void odcs_definitions(OdcsCheck& check, const YamlNode& node);  ///< authoritativeDefinitions
void odcs_role(OdcsCheck& check, const YamlNode& node);
/// One of `words`.
void odcs_word(OdcsCheck& check, const YamlNode& node, std::span<const std::string_view> words);

// The larger sections.
void odcs_server(OdcsCheck& check, const YamlNode& node);
void odcs_schema_object(OdcsCheck& check, const YamlNode& node);
void odcs_quality(OdcsCheck& check, const YamlNode& node);
/// `logicalTypeOptions` under the logicalType `type`; empty = none is given.
void odcs_type_options(OdcsCheck& check, const YamlNode& node, std::string_view type);
void odcs_object_relationship(OdcsCheck& check, const YamlNode& node);
void odcs_property_relationship(OdcsCheck& check, const YamlNode& node);

/// `Check` for a list of what `item` checks.
template <OdcsCheck::Check item>
void odcs_list_of(OdcsCheck& check, const YamlNode& node) {
  check.list(node, item);
}
/// `Check` for a map with exactly the keys of `fields`.
template <const auto& fields>
void odcs_map_of(OdcsCheck& check, const YamlNode& node) {
  check.map(node, {OdcsCheck::Fields(fields)});
}
/// `Check` for one of `words`.
template <const auto& words>
void odcs_word_of(OdcsCheck& check, const YamlNode& node) {
  odcs_word(check, node, words);
}

}  // namespace runink::governance
