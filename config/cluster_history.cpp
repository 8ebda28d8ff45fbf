// [history]: the log, its snapshots, its archive.
#include <algorithm>
#include <string>

#include "config/cluster_reader.hpp"
#include "config/quantity.hpp"
#include "vocabulary/limits.hpp"

namespace runink::config {
namespace {

/// A snapshot costs a few hundred KiB of writing: to take one for less log than this is of use in tests only.
constexpr Bytes log_least = KiB(16);
/// A chunk of a MiB must arrive well before its transfer counts as stalled.
constexpr Bytes rate_least = KiB(256);
constexpr Bytes most = GiB(1024);
constexpr Duration kept_longest = seconds(100ll * 365 * 24 * 3600);

}  // namespace

void ClusterReader::read_history(Section& root) {
  Section history = root.table("history", "[history]");
  History& has = file_.history;
  const auto bytes = [&](std::string_view key, Bytes& into, Bytes least) {
    const auto given = history.quantity(key);
    if (!given) return;
    const auto value = parse_bytes(given->value);
    if (!value)
      notes_.add(given->place, value.error().what);
    else if (*value < least || most < *value)
      notes_.add(given->place, "'" + std::string(key) + "' in [history] is from " +
                                   std::to_string(least.value / KiB(1).value) + "Ki to 1Ti.");
    else
      into = *value;
  };
  bytes("log", has.log, log_least);
  // What stays must be less than what makes a snapshot, or nothing would ever be cut.
  has.log_kept = std::min(has.log_kept, Bytes{has.log.value / 4});
  bytes("log_kept", has.log_kept, Bytes{0});
  if (has.log <= has.log_kept)
    notes_.add(history.place(),
               "'log_kept' in [history] must be less than 'log': " + std::to_string(has.log.value) +
                   " bytes of log make a snapshot.");
  bytes("transfer", has.transfer_rate, rate_least);
  bytes("archive", has.archive, Bytes{0});
  if (const auto text = history.text("archive_for")) {
    const auto duration = parse_duration(text->value);
    if (!duration)
      notes_.add(text->place, duration.error().what);
    else if (*duration <= Duration{} || kept_longest < *duration)
      notes_.add(text->place, "'archive_for' in [history] is more than 0 and at most 100 years.");
    else
      has.archive_for = *duration;
  }
  history.finish();
}

}  // namespace runink::config
