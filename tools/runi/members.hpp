// Members of answers, read with a default: an answer may lack what is not known.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <string>
#include <string_view>

namespace runink::runi {

inline std::string text_at(const boost::json::object& of, std::string_view key,
                           std::string_view absent = "") {
  const auto* found = of.if_contains(key);
  if (found && found->is_string()) return std::string(found->get_string());
  return std::string(absent);
}
inline std::int64_t number_at(const boost::json::object& of, std::string_view key,
                              std::int64_t absent = 0) {
  const auto* found = of.if_contains(key);
  boost::json::error_code error;
  if (!found || !found->is_number()) return absent;
  const auto number = found->to_number<std::int64_t>(error);
  return error ? absent : number;
}
inline bool flag_at(const boost::json::object& of, std::string_view key) {
  const auto* found = of.if_contains(key);
  return found && found->is_bool() && found->get_bool();
}
inline const boost::json::object& object_at(const boost::json::object& of, std::string_view key) {
  static const boost::json::object none;
  const auto* found = of.if_contains(key);
  return found && found->is_object() ? found->get_object() : none;
}
inline const boost::json::array& array_at(const boost::json::object& of, std::string_view key) {
  static const boost::json::array none;
  const auto* found = of.if_contains(key);
  return found && found->is_array() ? found->get_array() : none;
}
inline const boost::json::object& as_object(const boost::json::value& value) {
  static const boost::json::object none;
  return value.is_object() ? value.get_object() : none;
}

}  // namespace runink::runi
