#include "pipeline/location.hpp"

#include "pipeline/section.hpp"
#include "vocabulary/limits.hpp"
#include "vocabulary/names.hpp"
#include "vocabulary/text.hpp"

namespace runink::pipeline {

std::expected<Location, LocationMistake> parse_location(std::string_view text) {
  const std::string shown = "`" + printable(text, 120) + "`";
  const auto bad = [&](std::string what, std::string hint = {}) {
    return std::unexpected(LocationMistake{std::move(what), std::move(hint)});
  };
  if (text.find("://") != std::string_view::npos)
    return bad(shown + " is a URL; a pipeline reads and writes files of volumes and of its bundle",
               "a program (`exec`) may fetch it, if its herd may use the network");
  Location location;
  std::string_view path = text;
  const std::size_t colon = text.find(':');
  const std::size_t slash = text.find('/');
  if (colon < slash) {
    const std::string_view volume = text.substr(0, colon);
    path = text.substr(colon + 1);
    if (auto fine = check_name("volume", volume); !fine) return bad(as_message(fine.error()));
    if (!path.starts_with('/'))
      return bad(shown + " has no '/' after the volume's name",
                 "write \"" + std::string(volume) + ":/" + printable(path, 100) + "\"");
    path.remove_prefix(1);
    location.volume = VolumeName{std::string(volume)};
  }
  if (path.size() > limits::path_bytes)
    return bad("the path has " + std::to_string(path.size()) + " bytes; at most " +
               std::to_string(limits::path_bytes) + " are allowed");
  if (const std::string_view why = why_not_relative(path); !why.empty()) {
    const bool absolute = !location.volume && path.starts_with('/');
    return bad("the path " + shown + " is not allowed: " + std::string(why),
               absolute ? "name the volume it lies in: \"volume:/path\"" : "");
  }
  location.path = path;
  return location;
}

}  // namespace runink::pipeline
