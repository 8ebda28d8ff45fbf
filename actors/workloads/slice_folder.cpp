#include "actors/workloads/slice_folder.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>

#include "actors/doors/log.hpp"
#include "actors/workloads/bundle_folder.hpp"
#include "actors/workloads/folder_parts.hpp"
#include "actors/workloads/prepared_folders.hpp"
#include "actors/workloads/quality_counts.hpp"
#include "actors/workloads/slice_report.hpp"
#include "pipeline/step_file.hpp"
#include "storage/artifact_store.hpp"
#include "storage/beneath.hpp"
#include "storage/data_folder.hpp"
#include "vocabulary/codec.hpp"
#include "vocabulary/fault_point.hpp"
#include "vocabulary/limits.hpp"

namespace runink::actors {
namespace {

/// What DuckDB may use of a slice's memory: the process, its buffers and the page cache of what it
/// reads and writes need the rest.
Bytes duckdb_memory(Bytes whole) {
  const Bytes rest = std::max(MiB(150), Bytes{whole.value / 3});
  return whole > rest + MiB(64) ? whole - rest : MiB(64);
}

Result<void> link_inputs(const Services& services, int in, const state::Assignment& assignment) {
  for (const state::InputDataset& input : assignment.inputs) {
    auto folder = new_folder(in, input.dataset.value, 0755);
    if (!folder) return std::unexpected(folder.error());
    for (const auto& [name, file] : input.files) {
      const auto slash = name.rfind('/');
      if (slash == std::string::npos) {
        if (auto linked = services.artifacts.link_to(file.digest, folder->get(), name); !linked)
          return linked;
        continue;
      }
      if (auto made = storage::make_folders(folder->get(), name.substr(0, slash), 0755); !made)
        return made;
      auto inner =
          storage::open_beneath(folder->get(), name.substr(0, slash), O_RDONLY | O_DIRECTORY);
      if (!inner) return std::unexpected(inner.error());
      if (auto linked =
              services.artifacts.link_to(file.digest, inner->get(), name.substr(slash + 1));
          !linked)
        return linked;
    }
  }
  return {};
}

bool built_in(const pipeline::Step& step) {
  return !std::holds_alternative<pipeline::ExecWork>(step.work);
}

Result<void> write_step_file(int in, const state::Assignment& assignment, std::string_view key) {
  pipeline::StepFile file;
  file.step = assignment.step;
  file.memory_limit = duckdb_memory(assignment.step.needs.memory);
  file.herd = assignment.herd;
  file.pipeline = assignment.pipeline;
  auto folder = new_folder(in, ".runink", 0755);
  if (!folder) return std::unexpected(folder.error());
  if (auto done = write_new(folder->get(), "step", encode(file), 0444); !done) return done;
  if (key.empty()) return {};
  // Readable for the slice's user, below a folder that only we can enter.
  return write_new(folder->get(), "key", key, 0444);
}

void add_environment(isolation::SandboxSpec& spec, const state::Assignment& assignment) {
  const PartitionKey& key = assignment.attempt.partition;
  spec.env = {{"PATH", "/usr/local/bin:/usr/bin:/bin"},
              {"HOME", "/tmp"},
              {"LANG", "C.UTF-8"},
              {"RUNINK_IN", "/in"},
              {"RUNINK_OUT", "/out"},
              {"RUNINK_SCRATCH", "/scratch"},
              {"RUNINK_REPORT", "/dev/fd/3"},
              {"RUNINK_RUN", key.run.value},
              {"RUNINK_STEP", key.step.value},
              {"RUNINK_PARTITION", std::to_string(key.partition.value)},
              {"RUNINK_ATTEMPT", std::to_string(assignment.attempt.attempt.value)}};
}

/// The volume of a source, if it reads from one.
const VolumeName* source_volume(const pipeline::Step& step) {
  const auto* source = std::get_if<pipeline::SourceWork>(&step.work);
  return source != nullptr && source->location.volume ? &*source->location.volume : nullptr;
}

Result<void> add_mounts(const Services& services, isolation::SandboxSpec& spec,
                        const state::Assignment& assignment, const std::string& path) {
  using isolation::MountKind;
  spec.mounts.push_back({path + "/in", "/in", true, MountKind::input});
  spec.output = path + "/out";
  spec.scratch = path + "/scratch";
  const VolumeName* volume = source_volume(assignment.step);
  if (volume != nullptr) {
    const auto offered = services.config.volumes.find(*volume);
    if (offered == services.config.volumes.end())
      return fail(FaultKind::no_such_thing,
                  "This node has no volume '" + volume->value + "' any more.");
    spec.mounts.push_back(
        {offered->second.path, "/volumes/" + volume->value, true, MountKind::volume});
  }
  if (reads_bundle(assignment.step)) {
    auto bundle = unpacked_bundle(services, assignment.bundle);
    if (!bundle) return std::unexpected(bundle.error());
    spec.mounts.push_back({*bundle, "/bundle", true, MountKind::bundle});
    spec.cwd = "/bundle";
  }
  if (built_in(assignment.step)) add_step_tools(services, spec);
  return {};
}

/// Too many files are the step's own doing, not a full disk.
Fault the_steps(Fault fault) {
  if (fault.kind == FaultKind::exhausted) fault.kind = FaultKind::not_allowed;
  return fault;
}

/// Valid UTF-8 (RFC 3629) without control characters: it will stand in JSON and on terminals.
bool is_plain_text(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto b = static_cast<unsigned char>(text[i]);
    const std::size_t n = b < 0x20 || b == 0x7f   ? 0
                          : b < 0x80              ? 1
                          : b >= 0xc2 && b < 0xe0 ? 2
                          : b >= 0xe0 && b < 0xf0 ? 3
                          : b >= 0xf0 && b < 0xf5 ? 4
                                                  : 0;
    if (n == 0 || i + n > text.size()) return false;
    for (std::size_t k = 1; k < n; ++k)
      if ((static_cast<unsigned char>(text[i + k]) & 0xc0) != 0x80) return false;
    const auto second = n > 1 ? static_cast<unsigned char>(text[i + 1]) : 0;
    if ((b == 0xe0 && second < 0xa0) || (b == 0xed && second > 0x9f) ||
        (b == 0xf0 && second < 0x90) || (b == 0xf4 && second > 0x8f))
      return false;
    i += n;
  }
  return true;
}

/// A source with a contract: its dataset is the files themselves.
bool keeps_files(const pipeline::Step& step) {
  const auto* source = std::get_if<pipeline::SourceWork>(&step.work);
  return source != nullptr && source->contract;
}

/// Names and bytes of files whose rows nobody hashed: what the content hash is made of.
std::uint64_t hash_of_files(const std::vector<std::pair<std::string, state::OutputFile>>& files) {
  std::uint64_t hash = 0;
  for (const auto& [name, file] : files) {
    std::string bytes = name;
    bytes += '\0';
    bytes += to_hex(file.digest);
    hash = xxh64(bytes, hash);
  }
  return hash;
}

Result<state::Output> take_dataset(const Services& services, int out, const DatasetName& dataset,
                                   const state::Assignment& assignment,
                                   const CollectedSlice& collected,
                                   const storage::PinOwner& owner) {
  const std::string nothing = "The step wrote nothing to '" + dataset.value +
                              "'. Write at least one file to $RUNINK_OUT/" + dataset.value + "/.";
  auto folder = storage::open_beneath(out, dataset.value, O_RDONLY | O_DIRECTORY);
  if (!folder && folder.error().kind == FaultKind::no_such_thing)
    return fail(FaultKind::no_such_thing, nothing);
  if (!folder) return std::unexpected(folder.error());
  auto files =
      storage::regular_files(folder->get(), limits::commit_files, storage::HardLinks::tell);
  if (!files) return std::unexpected(the_steps(files.error()));
  if (files->empty()) return fail(FaultKind::no_such_thing, nothing);
  std::vector<std::string> paths;
  for (const storage::FoundFile& file : *files) {
    if (!is_plain_text(file.path))
      return fail(FaultKind::not_allowed,
                  "A file of '" + dataset.value + "' has a name that is not plain UTF-8 text.");
    paths.push_back(file.path);
  }
  at(FaultPoint::outputs_hashed);
  auto taken = services.artifacts.take(folder->get(), paths, owner);
  if (!taken) return std::unexpected(taken.error());
  state::Output output;
  output.dataset = dataset;
  for (std::size_t i = 0; i < paths.size(); ++i)
    output.files.emplace_back(paths[i], state::OutputFile{(*taken)[i].digest, (*taken)[i].size});
  for (const OutputReport& said : collected.report.outputs) {
    if (said.dataset != dataset) continue;
    output.rows = said.rows;
    output.rows_known = true;
    output.content_hash = said.content_hash;
    // Free text: a program's own must not enter the log.
    if (built_in(assignment.step)) output.columns = said.columns;
  }
  if (!built_in(assignment.step) || keeps_files(assignment.step))
    output.content_hash = hash_of_files(output.files);
  return output;
}

/// Outputs that the plan does not name are a mistake of the program, and are not taken.
Result<void> check_names(int out, const std::vector<DatasetName>& expected) {
  auto all = storage::regular_files(out, limits::output_files, storage::HardLinks::tell);
  if (!all) return std::unexpected(the_steps(all.error()));
  for (const storage::FoundFile& file : *all) {
    const std::string first = file.path.substr(0, file.path.find('/'));
    bool known = false;
    for (const DatasetName& name : expected) known |= name.value == first && first != file.path;
    if (!known)
      return fail(FaultKind::not_allowed, "The step wrote '" + file.path +
                                              "', which lies in the folder of none of its "
                                              "datasets. Name '" +
                                              first + "' in `outputs`, or leave it.");
  }
  return {};
}

/// A fault of the disk is the node's; everything else is the step's own.
SliceReason bad_reason(const Fault& fault) {
  return fault.kind == FaultKind::no_such_thing ? SliceReason::no_output : SliceReason::bad_output;
}
bool is_the_nodes(const Fault& fault) {
  return fault.kind == FaultKind::outside_failed || fault.kind == FaultKind::corrupt ||
         fault.kind == FaultKind::exhausted;
}

/// What the platform has to say of a slice, as the last lines of the slice's own log: why its outputs
/// cannot be taken may name files of the program, so it stands there and nowhere else. Once, however often it
/// is said: a full disk makes us look at a slice again.
void add_to_log(int slice_folder, const std::string& what) {
  auto log = storage::open_beneath(slice_folder, "log", O_RDWR | O_APPEND);
  struct stat info {};
  // With a second name it was taken before a crash, and artifacts never change.
  if (!log || ::fstat(log->get(), &info) != 0 || !S_ISREG(info.st_mode) || info.st_nlink != 1)
    return;
  const std::string lines = "\nrunink: " + what + "\n";
  std::string end(lines.size(), '\0');
  const off_t from = info.st_size - static_cast<off_t>(lines.size());
  if (from >= 0 &&
      ::pread(log->get(), end.data(), end.size(), from) == static_cast<ssize_t>(end.size()) &&
      end == lines)
    return;
  (void)storage::write_all(log->get(), lines);
}

/// What is of no use goes before anything is written or told: that may be waiting for the very room
/// that it takes.
void give_room_back(int slice_folder, const char* name) {
  (void)storage::remove_tree(slice_folder, name);
}

/// The outputs and the counts of a slice that ended well, into `collected`.
Result<void> take_outputs(const Services& services, int slice_folder,
                          const state::Assignment& assignment, const storage::PinOwner& owner,
                          CollectedSlice& collected) {
  auto out = storage::open_beneath(slice_folder, "out", O_RDONLY | O_DIRECTORY);
  if (!out) return std::unexpected(out.error());
  const std::vector<DatasetName> expected = state::expected_outputs(assignment.step);
  if (auto named = check_names(out->get(), expected); !named) return named;
  for (const DatasetName& dataset : expected) {
    auto output = take_dataset(services, out->get(), dataset, assignment, collected, owner);
    if (!output) return std::unexpected(output.error());
    collected.outputs.push_back(std::move(*output));
  }
  const auto* validate = std::get_if<pipeline::ValidateWork>(&assignment.step.work);
  if (validate == nullptr) return {};
  auto counts = counts_of(*validate, collected.report);
  if (!counts) return std::unexpected(counts.error());
  collected.quality = std::move(*counts);
  return {};
}

}  // namespace

isolation::SliceId slice_id_of(const AttemptKey& attempt) {
  return isolation::SliceId{attempt.partition.run.value + "." + attempt.partition.step.value + "." +
                            std::to_string(attempt.partition.partition.value) + "." +
                            std::to_string(attempt.attempt.value)};
}

std::string slice_path(const Services& services, const isolation::SliceId& slice) {
  return services.folder.slices() + "/" + slice.value;
}

void add_step_tools(const Services& services, isolation::SandboxSpec& spec) {
  using isolation::MountKind;
  spec.mounts.push_back(
      {services.tools + "/runink-step", "/runink/bin/runink-step", true, MountKind::tool});
  const std::string build = services.tools.substr(0, services.tools.rfind('/'));
  spec.mounts.push_back(
      {build + "/lib/libduckdb.so", "/runink/lib/libduckdb.so", true, MountKind::tool});
}

bool reads_bundle(const pipeline::Step& step) {
  return !built_in(step) || (std::holds_alternative<pipeline::SourceWork>(step.work) &&
                             source_volume(step) == nullptr);
}

Result<PreparedSlice> prepare_slice(const Services& services, const state::Assignment& assignment,
                                    std::uint64_t incarnation, std::string_view key) {
  const isolation::SliceId slice = slice_id_of(assignment.attempt);
  const std::string path = slice_path(services, slice);
  auto made = services.prepared.take(slice.value, incarnation);
  if (!made) return std::unexpected(made.error());
  if (auto linked = link_inputs(services, made->in.get(), assignment); !linked)
    return std::unexpected(linked.error());
  if (built_in(assignment.step))
    if (auto written = write_step_file(made->in.get(), assignment, key); !written)
      return std::unexpected(written.error());

  PreparedSlice prepared;
  isolation::SandboxSpec& spec = prepared.spec;
  spec.slice = slice;
  const auto* exec = std::get_if<pipeline::ExecWork>(&assignment.step.work);
  spec.argv = exec != nullptr ? exec->arguments
                              : std::vector<std::string>{"/runink/bin/runink-step", "run"};
  add_environment(spec, assignment);
  if (auto added = add_mounts(services, spec, assignment, path); !added)
    return std::unexpected(added.error());
  spec.limits.cpu = assignment.step.needs.cpu;
  spec.limits.memory = assignment.step.needs.memory;
  spec.timeout = assignment.step.timeout;

  prepared.log = std::move(made->log);
  prepared.report = std::move(made->report);
  return prepared;
}

std::optional<std::uint64_t> asked_spawner(const Services& services,
                                           const isolation::SliceId& slice) {
  auto folder = storage::open_folder(slice_path(services, slice));
  if (!folder) return std::nullopt;
  auto text = storage::read_file(folder->get(), "spawner", Bytes{32});
  if (!text) return std::nullopt;
  std::uint64_t incarnation = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), incarnation);
  if (error != std::errc{} || end != text->data() + text->size()) return std::nullopt;
  return incarnation;
}

Result<CollectedSlice> collect_slice(const Services& services, const state::Assignment& assignment,
                                     bool succeeded, Bytes log_dropped) {
  const isolation::SliceId slice = slice_id_of(assignment.attempt);
  const storage::PinOwner owner{slice.value};
  auto folder = storage::open_folder(slice_path(services, slice));
  if (!folder) return std::unexpected(folder.error());
  give_room_back(folder->get(), "scratch");
  if (!succeeded) give_room_back(folder->get(), "out");
  CollectedSlice collected;
  auto report = storage::read_file(folder->get(), "report", limits::slice_report + KiB(4));
  if (!report) return std::unexpected(report.error());
  work::ReportReader reader;
  reader.feed(*report);
  reader.finish();
  collected.report = reader.report();
  if (!built_in(assignment.step)) collected.report.read.clear();  // free text, too

  if (log_dropped.value > 0)
    add_to_log(folder->get(), std::to_string(log_dropped.value) +
                                  " bytes were beyond the limit of a slice's log and are gone.");
  if (succeeded) {
    auto taken = take_outputs(services, folder->get(), assignment, owner, collected);
    if (!taken && is_the_nodes(taken.error())) return std::unexpected(taken.error());
    if (!taken) {
      give_room_back(folder->get(), "out");
      add_to_log(folder->get(), taken.error().what);
      collected.bad = bad_reason(taken.error());
      collected.outputs.clear();
    }
  }
  struct stat log;
  if (::fstatat(folder->get(), "log", &log, AT_SYMLINK_NOFOLLOW) == 0 && log.st_size > 0) {
    const std::string name = "log";
    auto taken = services.artifacts.take(folder->get(), std::span(&name, 1), owner);
    // Outputs that are refused are gone: looked at again, they would be refused for another reason.
    if (!taken && collected.bad == SliceReason::none) return std::unexpected(taken.error());
    if (taken)
      collected.log = taken->front().digest;
    else
      services.log.warn("the log of a slice whose outputs were refused could not be kept",
                        {assignment.attempt, {"kind", to_string(taken.error().kind)}});
  }
  if (succeeded && collected.bad == SliceReason::none) at(FaultPoint::outputs_stored);
  return collected;
}

void discard_slice(const Services& services, const isolation::SliceId& slice) {
  (void)services.artifacts.unpin(storage::PinOwner{slice.value});
  if (auto slices = storage::open_folder(services.folder.slices()))
    (void)storage::remove_tree(slices->get(), slice.value);
}

Result<std::string> read_report(const Services& services, const isolation::SliceId& slice,
                                std::uint64_t from) {
  auto folder = storage::open_folder(slice_path(services, slice));
  if (!folder) return std::unexpected(folder.error());
  auto fd = storage::open_regular_beneath(folder->get(), "report");
  if (!fd) return std::unexpected(fd.error());
  std::string bytes(limits::report_line.value, '\0');
  const ssize_t n = ::pread(fd->get(), bytes.data(), bytes.size(), static_cast<off_t>(from));
  if (n < 0) return std::unexpected(storage::file_fault("The report cannot be read", errno));
  bytes.resize(static_cast<std::size_t>(n));
  return bytes;
}

}  // namespace runink::actors
