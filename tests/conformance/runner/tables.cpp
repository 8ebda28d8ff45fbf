#include "runner/tables.hpp"

#include <istream>

namespace runink::conformance {

FileReport run_table(std::istream& in, const std::string& file, const RunCase& run) {
  FileReport report{file, {}, {}, {}};
  const auto directives = read_directives(in, file);
  if (!directives) {
    report.failures.push_back(directives.error().what);
    return report;
  }
  report.what = std::to_string(directives->size()) + " cases";
  for (const Directive& one : *directives) {
    std::string expected;
    for (const Line& line : one.expected) expected += line.text + "\n";
    const auto got = run(one);
    if (!got)
      report.failures.push_back(one.where() + ": " + got.error().what + ".");
    else if (*got != expected)
      report.failures.push_back(one.where() + ": there came\n" + *got + "instead of\n" + expected);
  }
  return report;
}

}  // namespace runink::conformance
