// What the shells read. Each asks `runi __complete` (completion.hpp) with the words before the cursor.
#include "tools/runi/completion.hpp"

namespace runink::runi {
namespace {

// Bash breaks words at the characters of COMP_WORDBREAKS, ':' and '=' among them; what stood together
// is put together again, and what bash has passed already is taken off the answers.
constexpr std::string_view bash =
    R"script(# Completion of runi for bash, made by `runi completion bash`.
_runi() {
  local line=${COMP_LINE:0:COMP_POINT} rest i piece passed word about
  local -a words=()
  for ((i = 0; i <= COMP_CWORD; i++)); do
    rest=${line#"${line%%[![:space:]]*}"}
    piece=${COMP_WORDS[i]}
    ((i == COMP_CWORD)) && piece=$rest
    if ((i == 0)) || [[ $line != "$rest" ]]; then
      words+=("$piece")
    else
      words[${#words[@]} - 1]+=$piece
    fi
    line=${rest#"$piece"}
  done
  passed=${words[${#words[@]} - 1]}
  passed=${passed%"${passed##*[:=]}"}
  [[ $passed == *: && $COMP_WORDBREAKS != *:* ]] && passed=
  [[ $passed == *= && $COMP_WORDBREAKS != *=* ]] && passed=
  COMPREPLY=()
  while IFS=$'\t' read -r word about; do
    case $word in
      :files | :folders)
        compopt -o filenames 2>/dev/null
        piece=${words[${#words[@]} - 1]#"$passed"}
        rest=-f
        [[ $word == :folders ]] && rest=-d
        while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen "$rest" -- "$piece")
        ;;
      *) COMPREPLY+=("${word#"$passed"}") ;;
    esac
  done < <("${words[0]}" __complete "${words[@]:1}" 2>/dev/null)
}
complete -F _runi runi
)script";

constexpr std::string_view zsh = R"script(#compdef runi
# Completion of runi for zsh, made by `runi completion zsh`.
_runi() {
  local line word
  local -a found
  for line in "${(@f)$("${words[1]}" __complete "${(@)words[2,CURRENT-1]}" "$PREFIX" 2>/dev/null)}"; do
    case $line in
      '') ;;
      :files) _files ;;
      :folders) _files -/ ;;
      *)
        word=${line%%$'\t'*}
        if [[ $word == "$line" ]]; then
          found+=("${word//:/\\:}")
        else
          found+=("${word//:/\\:}:${line#*$'\t'}")
        fi
        ;;
    esac
  done
  (( ${#found} )) && _describe runi found
}
if [[ ${funcstack[1]} == _runi ]]; then
  _runi "$@"
else
  compdef _runi runi
fi
)script";

constexpr std::string_view fish =
    R"script(# Completion of runi for fish, made by `runi completion fish`.
function __runi_candidates
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    for line in (command $words[1] __complete $words[2..-1] "$current" 2>/dev/null)
        switch $line
            case :files
                __fish_complete_path "$current"
            case :folders
                __fish_complete_directories "$current"
            case '*'
                echo $line
        end
    end
end
complete -c runi -f -a '(__runi_candidates)'
)script";

}  // namespace

std::string_view completion_script(std::string_view shell) {
  return shell == "bash" ? bash : shell == "zsh" ? zsh : shell == "fish" ? fish : "";
}

}  // namespace runink::runi
