// One built-in step from its step file to its report.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "pipeline/step_file.hpp"
#include "steps/engine.hpp"
#include "steps/failure.hpp"
#include "steps/report_writer.hpp"
#include "steps/watch.hpp"

namespace runink::steps {

/// The folders that a slice sees, by default as they are called inside its root.
struct Places {
  std::string in = "/in";            ///< /in/<dataset>/<files>, /in/.runink/step
  std::string out = "/out";          ///< /out/<dataset>/<files>
  std::string scratch = "/scratch";  ///< spill
  std::string volumes = "/volumes";  ///< /volumes/<name>
  std::string bundle = ".";
};

/// What every kind of step works with.
struct Job {
  const pipeline::StepFile& file;
  const Places& places;
  ReportWriter& report;
  Watch& watch;
};

/// Performs the step; its outputs, files read and progress are reported. The failure is not: the
/// caller tells it, once.
Outcome<void> run_step(const Job& job);

// The kinds, each in a source of its own.
Outcome<void> run_source(const Job& job, const pipeline::SourceWork& work);
Outcome<void> run_sql(const Job& job, const pipeline::SqlWork& work);
Outcome<void> run_sink(const Job& job, const pipeline::SinkWork& work);
Outcome<void> run_validate(const Job& job, const pipeline::ValidateWork& work);
Outcome<void> run_mask(const Job& job, const pipeline::MaskWork& work);

/// An engine that the watch knows as long as it lives, and not a moment longer: the watch's thread
/// interrupts it.
class WatchedEngine {
 public:
  WatchedEngine(Engine engine, Watch& watch) : engine_(std::move(engine)), watch_(&watch) {
    watch.attach(engine_);
  }
  WatchedEngine(WatchedEngine&& other) noexcept
      : engine_(std::move(other.engine_)), watch_(std::exchange(other.watch_, nullptr)) {}
  WatchedEngine& operator=(WatchedEngine&&) = delete;
  ~WatchedEngine() {
    if (watch_) watch_->detach();
  }
  Engine& get() { return engine_; }

 private:
  Engine engine_;
  Watch* watch_;
};

/// The engine of a step that reads `inputs` of `places.in` or single `files`.
Outcome<WatchedEngine> open_engine(const Job& job, const std::vector<std::string>& files);

/// The files of an input, sorted, all of the one format that their extensions tell.
struct InputFiles {
  pipeline::Format format = pipeline::Format::parquet;
  std::vector<std::string> paths;
};
Outcome<InputFiles> input_files(const Job& job, const DatasetName& dataset);

/// Makes the view "<dataset>" over all files of an input, whose format their extension tells; of
/// rejected rows also <step>.rejected, as a table of a schema.
Outcome<void> view_input(Engine& engine, const Job& job, const DatasetName& dataset);

/// Makes the folder /out/<dataset> and gives its path.
Outcome<std::string> output_folder(const Job& job, const std::string& dataset);

}  // namespace runink::steps
