#include "storage/removal.hpp"

#include <unistd.h>

#include "storage/beneath.hpp"
#include "storage/data_folder.hpp"

namespace runink::storage {
namespace {

constexpr const char* removal_file = "removed";
/// Of what was said; it comes from other nodes.
constexpr std::size_t why_at_most = 2'000;

}  // namespace

Result<void> keep_removal(const DataFolder& folder, const std::string& why) {
  return write_file_synced(folder.fd(), removal_file, why.substr(0, why_at_most) + "\n");
}

Result<void> check_not_removed(const DataFolder& folder) {
  const auto why = read_file(folder.fd(), removal_file, KiB(4));
  if (!why && why.error().kind == FaultKind::no_such_thing) return {};
  if (!why) return std::unexpected(why.error());
  return fail(FaultKind::refused,
              "The data folder '" + folder.path() +
                  "' is that of a node that was removed from the cluster, for ever. What was said "
                  "then: " +
                  why->substr(0, why->find('\n')) +
                  " To bring the node back, give it an empty data folder and an 'address' in "
                  "[node], and add it with `runi cluster add`.");
}

bool is_of_a_removed_node(const std::string& path) {
  return ::access((path + "/" + removal_file).c_str(), F_OK) == 0;
}

}  // namespace runink::storage
