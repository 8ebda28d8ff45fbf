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
/// gzip or zstd by its first bytes.
bool is_compressed(std::string_view bytes);

/// A source with a contract (raw_import.cpp).
Outcome<void> import_raw(const Job& job, const pipeline::SourceWork& work);

}  // namespace runink::steps
