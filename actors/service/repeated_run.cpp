#include "actors/service/repeated_run.hpp"

#include <memory>
#include <utility>

#include "actors/workloads/bundle_folder.hpp"
#include "pipeline/compile.hpp"

namespace runink::actors {
namespace {

/// What a request means for the bundle that its run was made of: parameters with their defaults, and
/// the date, which a parameter may give.
struct Meaning {
  std::map<std::string, std::string> parameters;
  WallTime logical_date;
};
Result<Meaning> meaning_of(const Services& services, const RunIntent& intent,
                           const state::Run& run) {
  auto bundle = read_bundle(services, run.head.bundle);
  if (!bundle) return std::unexpected(bundle.error());
  pipeline::CompileRequest request;
  request.bundle = std::move(*bundle);
  request.digest = run.head.bundle;
  request.parameters = intent.parameters;
  request.logical_date = intent.logical_date.value_or(run.plan.logical_date);
  const pipeline::Draft draft = pipeline::parse(std::move(request));
  return Meaning{draft.parameters(), draft.logical_date()};
}

Result<HerdName> herd_of_bundle(const Services& services, const Digest& digest) {
  auto bundle = read_bundle(services, digest);
  if (!bundle) return std::unexpected(bundle.error());
  auto heading = pipeline::heading_of(*bundle, "");
  if (!heading) return fail(FaultKind::bad_input, "The pipeline does not say whose it is.");
  return heading->herd;
}

}  // namespace

Async<Result<std::optional<state::RunView>>> repeated_run(ServiceParts& parts, RunIntent given) {
  using Answer = std::optional<state::RunView>;
  const Services* services = &parts.services;
  auto intent = std::make_shared<const RunIntent>(std::move(given));
  auto opening = [services, intent] { return herd_of_bundle(*services, intent->bundle); };
  auto herd = co_await parts.compute(opening);
  if (!herd) co_return std::unexpected(herd.error());
  auto found = co_await find_whole_run(parts, state::run_id_of(*herd, intent->request).value);
  if (!found && found.error().kind == FaultKind::no_such_thing) co_return Answer{};
  if (!found) co_return std::unexpected(found.error());
  auto run = std::make_shared<const state::Run>(std::move(*found));
  if (run->head.bundle != intent->bundle && !intent->by_name) co_return Answer{};
  auto reading = [services, intent, run] { return meaning_of(*services, *intent, *run); };
  auto means = co_await parts.compute(reading);
  if (!means) co_return std::unexpected(means.error());
  if (means->parameters != run->plan.parameters || means->logical_date != run->plan.logical_date)
    co_return Answer{};
  co_return Answer{state::view_of(*run)};
}

}  // namespace runink::actors
