// The files that a source names, opened.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "steps/outside_file.hpp"
#include "steps/run_step.hpp"

namespace runink::steps {

struct SourceFile {
  OutsideFile file;
  std::string name;  ///< as the pipeline names it: "lake:/trades/a.csv"
};

/// All files of the source's location, sorted. They stay open, so the limit of open files is raised.
Outcome<std::vector<SourceFile>> open_source_files(const Job& job,
                                                   const pipeline::SourceWork& work);
/// Fails when the commit of the import would not fit the log: it names every file that was read, and
/// every copy. To be asked before anything is read.
Outcome<void> check_names(const std::vector<SourceFile>& files,
                          const std::vector<std::string>& copies);
/// gzip or zstd by its first bytes.
bool is_compressed(std::string_view bytes);
/// What is said of such a file where text is expected.
std::unexpected<Failure> compressed(const std::string& name);

/// A source with a contract (raw_import.cpp).
Outcome<void> import_raw(const Job& job, const pipeline::SourceWork& work);

}  // namespace runink::steps
