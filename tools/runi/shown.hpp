// Answers of the node as tables and lines for people (`-o table`), and as names (`-o name`).
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cstddef>
#include <cstdint>
#include <string>

namespace runink::runi {

/// `kind` is that of `get`, `width` that of the terminal (0 = as wide as it gets), `now_us` the wall
/// clock, for ages.
std::string items_table(const std::string& kind, const boost::json::array& items, std::size_t width,
                        std::int64_t now_us);
/// "run/4f0c...", "pipeline/finance/settlement", "node/n1": a line each.
std::string items_names(const std::string& kind, const boost::json::array& items);

/// "contract/finance/trades@2 applied" for each version that `apply` or `run` has registered.
std::string new_contracts_text(const std::string& herd, const boost::json::object& result);

/// A run: its head, a table of its stages, the attempts that failed, quality, what its sinks
/// published, why it failed.
std::string run_text(const boost::json::object& run, std::size_t width, std::int64_t now_us);
/// What was counted for the rules of a contract: dataset rules, and row rules that are broken.
/// `counters` has rows_read, rows_accepted and rows_rejected.
std::string quality_text(const boost::json::array& quality, const boost::json::object& counters,
                         std::size_t width);
/// Contracts of `contract.get`, versions of `contract.history`.
std::string contracts_table(const boost::json::array& contracts, std::size_t width,
                            std::int64_t now_us);
std::string contract_versions_table(const boost::json::array& versions, std::size_t width,
                                    std::int64_t now_us);
/// The members of the cluster, as one node and those that it reaches tell (verbs_cluster.cpp).
std::string cluster_text(const boost::json::object& status, std::size_t width);
std::string checks_text(const boost::json::object& doctor, std::size_t width);
/// What `describe` says of anything but a run: "key: value" lines, `text` at the end as it is.
std::string item_text(const boost::json::object& item);

/// What a compiler found: as the node rendered it, else "file:line:column: severity: message" with the
/// line and a caret.
std::string diagnostics_text(const boost::json::array& diagnostics);

}  // namespace runink::runi
