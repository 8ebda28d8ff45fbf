// Judges histories written as JSON lines (checker/json_lines.hpp): one line a file, `linearizable`,
// `not-linearizable` with what does not fit, or `undecided`. Ends with 0 when all are linearizable,
// 1 when one is not, 2 when one cannot be read or decided.
#include <fstream>
#include <iostream>
#include <string>

#include "checker/check.hpp"
#include "checker/json_lines.hpp"

using namespace runink;
using namespace runink::linearizability;

int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "check_history FILE...\n";
    return 2;
  }
  int ends_with = 0;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    std::ifstream in(name);
    const auto history =
        in ? read_json_lines(in, name)
           : Result<History>(fail(FaultKind::no_such_thing, name + " cannot be read."));
    if (!history) {
      std::cerr << history.error().what << '\n';
      ends_with = 2;
      continue;
    }
    const Judgement judgement = check(*history, std::nullopt);
    std::cout << name << ": " << to_string(judgement.verdict) << " (" << history->size()
              << " operations, " << judgement.steps << " steps)\n";
    if (judgement.verdict == Verdict::linearizable) continue;
    std::cout << "key \"" << judgement.key << "\": " << judgement.why << '\n';
    if (judgement.verdict == Verdict::undecided)
      ends_with = 2;
    else if (ends_with == 0)
      ends_with = 1;
  }
  return ends_with;
}
