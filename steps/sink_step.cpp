// A sink: its one input as one file, which the publisher then moves into the volume.
#include "steps/dataset_writer.hpp"
#include "steps/outside_file.hpp"
#include "steps/run_step.hpp"
#include "steps/text_scan.hpp"

namespace runink::steps {

Outcome<void> run_sink(const Job& job, const pipeline::SinkWork& work) {
  const pipeline::Step& step = job.file.step;
  if (step.inputs.size() != 1)
    return give_up(SliceReason::internal,
                   "a sink has one input, this one has " + std::to_string(step.inputs.size()));
  auto opened = open_engine(job, {});
  if (!opened) return std::unexpected(opened.error());
  Engine& engine = opened->get();
  if (auto made = view_input(engine, job, step.inputs.front()); !made) return made;
  const auto folder = output_folder(job, step.name.value);
  if (!folder) return std::unexpected(folder.error());
  const std::string select = "SELECT * FROM " + identifier(step.inputs.front().value);
  const std::string name = "data." + std::string(to_string(work.format));
  job.watch.phase(0, 850);
  if (auto done = write_rows(engine, select, *folder + "/" + name, work.format); !done) return done;
  job.watch.phase(850, 1000);
  // The rows that went in are counted and hashed: a CSV file has no types to read them back with.
  const auto written = measure(engine, select);
  if (!written) return std::unexpected(written.error());
  auto files = open_beneath(*folder, name, "the output");
  if (!files) return std::unexpected(files.error());
  TextRecords records{work.format};
  if (auto done =
          records.read(files->front(), name, [&](std::uint64_t) { return job.watch.go_on(); });
      !done)
    return done;
  if (auto done = records.check(written->rows, "the file " + name); !done) return done;
  job.report.output(
      {DatasetName{step.name.value}, written->rows, written->content_hash, written->columns});
  return {};
}

}  // namespace runink::steps
