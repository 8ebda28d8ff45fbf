#include "actors/cluster/disk_reserve.hpp"

#include <limits>
#include <string>
#include <variant>

#include "actors/cluster/disk_gauge.hpp"
#include "actors/services.hpp"
#include "storage/beneath.hpp"
#include "storage/data_folder.hpp"
#include "vocabulary/limits.hpp"

namespace runink::actors {
namespace {

/// Values take room; who only deletes and reads makes some.
bool brings_values(const state::Body& body) {
  const auto* asked = std::get_if<state::KvTransaction>(&body);
  if (const auto* within = std::get_if<state::KvInSession>(&body)) asked = &within->transaction;
  if (asked == nullptr) return false;
  for (const auto* branch : {&asked->then, &asked->otherwise})
    for (const state::KvOperation& one : *branch)
      if (std::holds_alternative<state::KvPut>(one) || std::holds_alternative<state::KvAppend>(one))
        return true;
  return false;
}

bool makes_new_work(const state::Body& body) {
  return brings_values(body) || std::holds_alternative<state::HerdApplied>(body) ||
         std::holds_alternative<state::BundleStored>(body) ||
         std::holds_alternative<state::PipelineApplied>(body) ||
         std::holds_alternative<state::RunSubmitted>(body) ||
         std::holds_alternative<state::ContractApplied>(body) ||
         std::holds_alternative<state::ContractsBrought>(body);
}

std::string in_mebibytes(Bytes bytes) {
  return std::to_string(bytes.value / MiB(1).value) + " MiB";
}

}  // namespace

std::optional<Fault> no_room_for(const state::Body& body, Bytes available) {
  const Bytes needed = makes_new_work(body) ? limits::disk_reserve : limits::disk_least;
  if (available >= needed) return {};
  return Fault{
      FaultKind::exhausted,
      "The disk of the data folder is nearly full: " + in_mebibytes(available) +
          " are left, and below " + in_mebibytes(needed) +
          (makes_new_work(body) ? " no new work is taken" : " nothing is written to the log") +
          ". Make room, then send it again; nothing was changed."};
}

std::optional<Fault> no_room_for(const state::Body& body, const Services& services) {
  return no_room_for(body, disk_room(services));
}

Bytes disk_room(const Services& services) {
  if (services.disk_gauge != nullptr) return services.disk_gauge->available();
  const auto disk = storage::disk_space(services.folder.fd());
  return disk ? disk->available : Bytes{std::numeric_limits<std::uint64_t>::max()};
}

std::optional<Fault> no_room_for_bytes(Bytes more, const Services& services) {
  const Bytes left = disk_room(services);
  if (left >= limits::disk_reserve && left.value - limits::disk_reserve.value >= more.value)
    return {};
  return Fault{FaultKind::exhausted, "The disk of node '" + services.config.node.name.value +
                                         "' has no room for " + in_mebibytes(more) +
                                         " of an artifact: " + in_mebibytes(left) +
                                         " are left, and " + in_mebibytes(limits::disk_reserve) +
                                         " are kept for the log. Make room there."};
}

}  // namespace runink::actors
