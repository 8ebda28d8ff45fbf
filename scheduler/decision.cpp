#include "scheduler/decision.hpp"

#include <array>

namespace runink::scheduler {
namespace {

constexpr std::array<std::string_view, 12> obstacles{
    "none",          "not_alive",        "not_a_worker",   "volume_missing", "volume_not_granted",
    "cpu_too_small", "memory_too_small", "disk_too_small", "cpu_taken",      "memory_taken",
    "disk_taken",    "slices_taken"};
constexpr std::array<std::string_view, 8> reasons{"unknown",      "retry_later",    "herd_quota",
                                                  "nodes_full",   "no_node_alive",  "no_node_ever",
                                                  "herd_missing", "quota_too_small"};
constexpr std::array<std::string_view, 18> changes{"none",
                                                   "wait_until",
                                                   "free_cpu",
                                                   "free_memory",
                                                   "free_disk",
                                                   "free_slices",
                                                   "raise_quota_cpu",
                                                   "raise_quota_memory",
                                                   "raise_quota_slices",
                                                   "need_less_cpu",
                                                   "need_less_memory",
                                                   "need_less_disk",
                                                   "start_node",
                                                   "make_worker",
                                                   "offer_volume",
                                                   "grant_volume",
                                                   "apply_herd",
                                                   "add_node"};
static_assert(static_cast<std::size_t>(Obstacle::slices_taken) + 1 == obstacles.size());
static_assert(static_cast<std::size_t>(WaitReason::quota_too_small) + 1 == reasons.size());
static_assert(static_cast<std::size_t>(Change::add_node) + 1 == changes.size());

template <std::size_t N>
std::string_view word(const std::array<std::string_view, N>& words, std::size_t number) {
  return number < N ? words[number] : "unknown";
}

std::string cpu(std::uint64_t millicpu) { return std::to_string(millicpu) + "m cpu"; }
/// In whole MiB, rounded up, from one MiB on.
std::string bytes(std::uint64_t amount) {
  if (amount < 1u << 20) return std::to_string(amount) + " bytes";
  return std::to_string((amount + (1u << 20) - 1) >> 20) + " MiB";
}

std::string describe(const NodeVerdict& verdict) {
  switch (verdict.obstacle) {
    case Obstacle::none:
      return "possible: " + std::to_string(verdict.score.locality) +
             " permille of its input lie there, " + std::to_string(verdict.score.failures) +
             " attempts ended there, " + std::to_string(verdict.score.free) +
             " permille would stay free";
    case Obstacle::not_alive: return "not possible: the node is not alive";
    case Obstacle::not_a_worker: return "not possible: the node is not a worker";
    case Obstacle::volume_missing: return "not possible: it does not offer the volume";
    case Obstacle::volume_not_granted:
      return "not possible: the volume is not granted to the herd there";
    case Obstacle::cpu_too_small:
      return "never possible: it is " + cpu(verdict.lacking) + " too small";
    case Obstacle::memory_too_small:
      return "never possible: it has " + bytes(verdict.lacking) + " of memory too little";
    case Obstacle::disk_too_small:
      return "never possible: it has " + bytes(verdict.lacking) + " of disk too little";
    case Obstacle::cpu_taken: return "full: " + cpu(verdict.lacking) + " more must become free";
    case Obstacle::memory_taken:
      return "full: " + bytes(verdict.lacking) + " more of memory must become free";
    case Obstacle::disk_taken:
      return "full: " + bytes(verdict.lacking) + " more of disk must become free";
    case Obstacle::slices_taken: return "full: it runs as many slices as a node may";
  }
  return "unknown";
}

std::string describe(WaitReason reason) {
  switch (reason) {
    case WaitReason::retry_later: return "waits for its retry time";
    case WaitReason::herd_quota: return "waits: its herd uses all that its quota allows";
    case WaitReason::nodes_full: return "waits: the nodes that could take it are full";
    case WaitReason::no_node_alive: return "waits: no node that could take it is alive";
    case WaitReason::no_node_ever: return "waits: no node can ever take it as the cluster is";
    case WaitReason::herd_missing: return "waits: its herd does not exist";
    case WaitReason::quota_too_small:
      return "waits: it needs more than the whole quota of its herd";
  }
  return "waits";
}

}  // namespace

std::string_view to_string(Obstacle one) { return word(obstacles, static_cast<std::size_t>(one)); }
std::string_view to_string(WaitReason one) { return word(reasons, static_cast<std::size_t>(one)); }
std::string_view to_string(Change one) { return word(changes, static_cast<std::size_t>(one)); }

std::string render(const Unblock& unblock) {
  const std::string node = "the node '" + unblock.node.value + "'";
  const std::string herd = "the herd '" + unblock.herd.value + "'";
  const std::string volume = "the volume '" + unblock.volume.value + "'";
  switch (unblock.change) {
    case Change::none: return "";
    case Change::wait_until: return "Nothing but time is needed.";
    case Change::free_cpu: return cpu(unblock.amount) + " must become free on " + node + ".";
    case Change::free_memory:
      return bytes(unblock.amount) + " of memory must become free on " + node + ".";
    case Change::free_disk:
      return bytes(unblock.amount) + " of disk must become free on " + node + ".";
    case Change::free_slices: return "A slice must end on " + node + ".";
    case Change::raise_quota_cpu:
      return "Raise the cpu quota of " + herd + " by " + cpu(unblock.amount) +
             ", or let slices of it end.";
    case Change::raise_quota_memory:
      return "Raise the memory quota of " + herd + " by " + bytes(unblock.amount) +
             ", or let slices of it end.";
    case Change::raise_quota_slices:
      return "Raise the slice quota of " + herd + " by " + std::to_string(unblock.amount) +
             ", or let slices of it end.";
    case Change::need_less_cpu:
      return "Let the step require " + cpu(unblock.amount) + " less, which would fit " + node +
             ", or add a larger node.";
    case Change::need_less_memory:
      return "Let the step require " + bytes(unblock.amount) + " of memory less, which would fit " +
             node + ", or add a larger node.";
    case Change::need_less_disk:
      return "Let the step require " + bytes(unblock.amount) + " of disk less, which would fit " +
             node + ", or add a larger node.";
    case Change::start_node: return "Start " + node + ".";
    case Change::make_worker: return "Give " + node + " the role 'worker'.";
    case Change::offer_volume:
      return "Offer " + volume + " on a worker, for example on " + node + ", and grant it to " +
             herd + ".";
    case Change::grant_volume: return "Grant " + volume + " to " + herd + " on " + node + ".";
    case Change::apply_herd: return "Apply the herd file of " + herd + ".";
    case Change::add_node: return "Add a node with the role 'worker'.";
  }
  return "";
}

std::string render(const Decision& decision) {
  std::string out = "partition " + std::to_string(decision.partition.partition.value) +
                    " of the step '" + decision.partition.step.value + "' ";
  if (const Place* place = std::get_if<Place>(&decision.choice))
    out += "goes to the node '" + place->node.value + "'\n";
  if (const GiveUp* give_up = std::get_if<GiveUp>(&decision.choice))
    out += "is given up: the platform lost it " + std::to_string(give_up->lost) + " times\n";
  const Wait* wait = std::get_if<Wait>(&decision.choice);
  if (wait != nullptr) out += describe(wait->reason) + "\n";
  for (const NodeVerdict& verdict : decision.nodes)
    out += "  " + verdict.node.value + ": " + describe(verdict) + "\n";
  if (wait != nullptr && wait->unblock.change != Change::none)
    out += "  " + render(wait->unblock) + "\n";
  return out;
}

}  // namespace runink::scheduler
