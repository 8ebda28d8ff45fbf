// .runinkignore: which files of a folder do not belong to the bundle; the rules of gitignore(5).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace runink::runi {

/// One pattern a line; "#" begins a comment, "!" takes back, a trailing "/" means folders only, a "/"
/// elsewhere binds to the folder's root. "*", "?" and "[...]" stay within a name, "**" goes through
/// folders. The last pattern that fits decides. What lies below an ignored folder is not looked at.
class IgnoreRules {
 public:
  explicit IgnoreRules(std::string_view text);
  /// `path` is relative, with "/".
  bool ignores(std::string_view path, bool is_folder) const;

 private:
  struct Rule {
    std::string pattern;
    bool takes_back = false;
    bool folders_only = false;
    bool bound = false;
  };
  std::vector<Rule> rules_;
};

/// Whether `pattern` fits the whole of `path`.
bool glob_fits(std::string_view pattern, std::string_view path);

}  // namespace runink::runi
