// runink-step: the built-in steps. `run` performs /in/.runink/step, `analyse` answers
// /in/.runink/questions. Texts go to stderr, which is the slice's log; the reason of a failure goes
// to RUNINK_REPORT. Exit code: 0 done, 1 the step failed, 2 it was called wrongly.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "steps/steps.hpp"
#include "vocabulary/codec.hpp"
#include "vocabulary/limits.hpp"

#if defined(__SANITIZE_ADDRESS__)
// Inside a slice memory is counted and ptrace is forbidden.
extern "C" const char* __asan_default_options() {
  return "detect_leaks=0:quarantine_size_mb=8:malloc_context_size=4";
}
#endif

namespace {

using namespace runink;

std::string environment(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);
  return value && *value ? value : otherwise;
}

Result<std::string> read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(in), {}};
  if (!in.good() && !in.eof()) return fail(FaultKind::outside_failed, path + " cannot be read");
  return bytes;
}

template <class T>
Result<T> read_value(const std::string& path) {
  const auto bytes = read_file(path);
  if (!bytes) return std::unexpected(bytes.error());
  return decode<T>(*bytes, path);
}

int called_wrongly(const std::string& what) {
  std::fprintf(stderr, "runink-step: %s\n", what.c_str());
  return 2;
}

int run(const steps::Places& places) {
  const auto file = read_value<pipeline::StepFile>(places.in + "/.runink/step");
  if (!file) return called_wrongly(file.error().what);
  if (file->version != pipeline::step_file_version)
    return called_wrongly("the step file has version " + std::to_string(file->version) +
                          ", this program reads " + std::to_string(pipeline::step_file_version) +
                          ": install runinkd and runink-step together");
  steps::ReportWriter report{environment("RUNINK_REPORT", "")};
  steps::Watch watch{report};
  const auto done = steps::run_step({*file, places, report, watch});
  if (done) return 0;
  std::fprintf(stderr, "runink-step: step %s failed (%s): %s\n", file->step.name.value.c_str(),
               std::string(to_string(done.error().reason)).c_str(), done.error().text.c_str());
  report.failed(done.error().reason);
  return 1;
}

int analyse(const steps::Places& places) {
  const auto questions =
      read_value<std::vector<pipeline::SqlQuestion>>(places.in + "/.runink/questions");
  if (!questions) return called_wrongly(questions.error().what);
  auto engine = steps::open_for_analysis();
  std::vector<pipeline::SqlReading> readings;
  for (const auto& question : *questions) {
    auto reading = engine ? steps::analyse(*engine, question.text)
                          : steps::Outcome<pipeline::SqlReading>(std::unexpected(engine.error()));
    if (!reading) {
      std::fprintf(stderr, "runink-step: analysis failed: %s\n", reading.error().text.c_str());
      return 1;
    }
    readings.push_back(std::move(*reading));
  }
  const std::string path = places.out + "/answers";
  std::ofstream out(path, std::ios::binary);
  out << encode(readings);
  out.close();
  if (out.good()) return 0;
  std::fprintf(stderr, "runink-step: %s cannot be written\n", path.c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  const steps::Places otherwise;
  const steps::Places places{.in = environment("RUNINK_IN", otherwise.in.c_str()),
                             .out = environment("RUNINK_OUT", otherwise.out.c_str()),
                             .scratch = environment("RUNINK_SCRATCH", otherwise.scratch.c_str()),
                             .volumes = environment("RUNINK_VOLUMES", otherwise.volumes.c_str()),
                             .bundle = environment("RUNINK_BUNDLE", otherwise.bundle.c_str())};
  const std::string_view verb = argc == 2 ? argv[1] : "";
  if (verb == "run") return run(places);
  if (verb == "analyse") return analyse(places);
  return called_wrongly(
      "usage: runink-step run | analyse. The daemon starts it inside a slice; what it does stands "
      "in $RUNINK_IN/.runink.");
}
