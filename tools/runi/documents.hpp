// JSON values as text: indented JSON, and YAML.
#pragma once

#include <boost/json/value.hpp>
#include <string>

namespace runink::runi {

/// Two spaces a level, members in the order in which they came; ends with "\n".
std::string to_json_text(const boost::json::value& value);
/// YAML 1.2 that YAML 1.1 reads alike: whatever could be taken for something else is quoted. Ends with
/// "\n".
std::string to_yaml_text(const boost::json::value& value);

}  // namespace runink::runi
