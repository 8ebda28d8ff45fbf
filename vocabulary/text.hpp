// Texts that strangers wrote: UTF-8, widths, paths, globs, JSON strings.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace runink {

/// True for well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates).
bool is_utf8(std::string_view text);
/// The bytes of the code point at `at`; 1 for a byte that begins none.
std::size_t code_point_bytes(std::string_view text, std::size_t at);
/// Code points in `text`.
std::size_t characters(std::string_view text);
/// How many cells of a terminal the code point at `at` takes: 0, 1 or 2. A tab counts 1.
int cells(std::string_view text, std::size_t at);

/// `text` for a message: control characters and bytes that are no UTF-8 become '?', cut at `most`
/// bytes with "...".
std::string printable(std::string_view text, std::size_t most);
/// `text` as a JSON string (RFC 8259), quotes included.
std::string json_string(std::string_view text);

/// Why `path` is no relative path that stays where it is; empty when it is one.
std::string_view why_not_relative(std::string_view path);
/// True when `path` has a character that means something in a glob.
bool is_glob(std::string_view path);
/// Does a name match one part of a pattern? `*` and `?` stand for any characters, `[abc]`, `[a-z]` and
/// `[!a]` for one. A name that begins with a dot is hidden: only a part that begins with one matches it.
bool glob_part_matches(std::string_view part, std::string_view name);
/// Does `path` match `pattern`, part by part? A part `**` stands for any number of folders, none of
/// them hidden; at the end of a pattern for all that lies in them.
bool glob_matches(std::string_view pattern, std::string_view path);

}  // namespace runink
