#include "actors/service/compile_bundle.hpp"

#include <expected>
#include <utility>

#include "actors/service/contract_registry.hpp"
#include "actors/service/run_json.hpp"
#include "actors/workloads/bundle_folder.hpp"
#include "vocabulary/codec.hpp"
#include "vocabulary/limits.hpp"

namespace runink::actors {
namespace {

Digest cache_key(const CompileAsk& ask, std::uint64_t policies) {
  std::string bytes;
  Encoder encoder(bytes);
  encoder(policies);
  encoder(ask.bundle);
  encoder(ask.parameters);
  encoder(ask.logical_date);
  encoder(ask.without_run);
  encoder(ask.test);
  return sha256(bytes);
}

std::vector<HerdName> herds_of(const state::ClusterState& cluster) {
  std::vector<HerdName> herds;
  for (const auto& [name, herd] : cluster.herds) herds.push_back(name);
  return herds;
}

using Volumes = std::map<HerdName, std::map<VolumeName, pipeline::VolumeAccess>>;
Volumes volumes_of(const state::ClusterState& cluster) {
  Volumes volumes;
  for (const auto& [name, herd] : cluster.herds) volumes[name];
  for (const auto& [name, node] : cluster.nodes)
    for (const state::VolumeOffer& offer : node.joined.volumes)
      for (auto& [herd, granted] : volumes) {
        pipeline::VolumeAccess& access = granted[offer.volume];
        if (const auto grant = offer.grants.find(herd); grant != offer.grants.end()) {
          access.read = true;
          access.write |= grant->second == state::Access::write;
        }
      }
  return volumes;
}

/// A mistake of the pipeline: its diagnostics go beside the fault.
Fault compile_fault(const Diagnostics& diagnostics, AdminStream& stream) {
  stream.diagnostics(diagnostics_json(diagnostics));
  return {FaultKind::bad_input,
          "The pipeline cannot be compiled: " + mistakes_text(diagnostics) + "."};
}

/// What the compiler is told of the cluster.
struct Surroundings {
  std::vector<HerdName> herds;
  Volumes volumes;
  std::map<HerdName, pipeline::HerdView> views;
};
Surroundings surroundings_of(const state::ClusterState& cluster, const pipeline::Heading& heading) {
  Surroundings all{herds_of(cluster), volumes_of(cluster), {}};
  if (auto view = herd_view(cluster, heading)) all.views.emplace(heading.herd, std::move(*view));
  return all;
}

struct Finished {
  std::expected<pipeline::Compiled, Diagnostics> compiled;
  bool names_its_run = false;
};

/// A bundle, and whose it is. Without a heading it is parsed all the same, so that every mistake of
/// it is told.
struct OpenBundle {
  pipeline::Bundle bundle;
  pipeline::Heading heading;
};
Result<OpenBundle> open_bundle(const Services& services, const Digest& digest) {
  auto bundle = read_bundle(services, digest);
  if (!bundle) return std::unexpected(bundle.error());
  OpenBundle open;
  open.heading = pipeline::heading_of(*bundle, "").value_or(pipeline::Heading{});
  open.bundle = std::move(*bundle);
  return open;
}

}  // namespace

Async<Result<SharedPlan>> compile(ServiceParts& parts, CompileAsk ask, AdminStream& stream) {
  const Digest key = cache_key(ask, parts.services.policies->load());
  if (auto cached = parts.plans.find(key)) co_return cached;
  Services* services = &parts.services;
  const Digest digest = ask.bundle;
  if (auto here = co_await bring(parts, digest);
      !here && here.error().kind != FaultKind::no_such_thing)
    co_return std::unexpected(here.error());  // what is nowhere is told below
  auto opening = [services, digest] { return open_bundle(*services, digest); };
  auto opened = co_await parts.compute(opening);
  if (!opened) {
    if (opened.error().kind == FaultKind::no_such_thing)
      co_return fail(FaultKind::no_such_thing, "There is no bundle " +
                                                   to_hex(digest).substr(0, 12) +
                                                   ". Send it first with bundle.put.");
    co_return std::unexpected(opened.error());
  }
  const pipeline::Heading& heading = opened->heading;
  std::function<Result<Surroundings>(const state::ClusterState&)> look =
      [heading](const state::ClusterState& cluster) -> Result<Surroundings> {
    return surroundings_of(cluster, heading);
  };
  auto around = co_await parts.look<Surroundings>(look);
  if (!around) co_return std::unexpected(around.error());
  auto asked = std::make_shared<pipeline::CompileRequest>();
  pipeline::CompileRequest& request = *asked;
  request.bundle = std::move(opened->bundle);
  request.digest = digest;
  request.parameters = std::move(ask.parameters);
  request.logical_date = ask.logical_date;
  if (ask.request && !heading.herd.value.empty())
    request.run = state::run_id_of(heading.herd, *ask.request);
  const RunId run = request.run;
  request.without_run = ask.without_run;
  request.herds = std::move(around->herds);
  if (!ask.test) request.volumes = std::move(around->volumes);
  request.herd_views = std::move(around->views);
  auto parsing = [asked] {
    return std::make_shared<pipeline::Draft>(pipeline::parse(std::move(*asked)));
  };
  auto draft = co_await parts.compute(parsing);
  if (!draft) co_return std::unexpected(draft.error());
  std::vector<pipeline::SqlReading> readings;
  if (!(*draft)->questions().empty()) {
    Analyse question((*draft)->questions());
    auto read = co_await parts.gate.ask_result<std::vector<pipeline::SqlReading>>(
        "the SQL reader", parts.analyst, limits::analyse + seconds(10), std::move(question));
    if (!read) co_return std::unexpected(read.error());
    readings = std::move(*read);
  }
  auto finishing = [draft = std::move(*draft), readings = std::move(readings), run] {
    Finished done{pipeline::finish(std::move(*draft), readings)};
    done.names_its_run = done.compiled && !run.value.empty() &&
                         encode(done.compiled->plan).find(run.value) != std::string::npos;
    return done;
  };
  auto finished = co_await parts.compute(finishing);
  if (!finished) co_return std::unexpected(finished.error());
  auto& compiled = finished->compiled;
  if (!compiled) co_return std::unexpected(compile_fault(compiled.error(), stream));
  auto shared = std::make_shared<const pipeline::Compiled>(std::move(*compiled));
  // A plan that names its run belongs to that run alone.
  if (!finished->names_its_run) parts.plans.put(key, shared);
  co_return shared;
}

}  // namespace runink::actors
