// Runs and what belongs to them as JSON, in the shapes of docs/PROTOCOL.md.
#pragma once

#include <boost/json.hpp>

#include "scheduler/decision.hpp"
#include "state/catalog.hpp"
#include "state/run_view.hpp"
#include "vocabulary/diagnostic.hpp"
#include "vocabulary/units.hpp"

namespace runink::actors {

namespace json = boost::json;

/// RFC 3339; a moment that did not come yet (0) adds nothing.
void add_time(json::object& to, std::string_view key, WallTime time);
std::string hash_text(std::uint64_t content_hash);
/// "herd/pipeline/dataset@INDEX"
std::string version_text(const state::VersionKey& key);

json::object to_json(const state::RunView& run);
json::object to_json(const state::StageView& stage);
/// The item of `get runs`.
json::object to_item(const state::RunView& run);
/// VERSION of the lineage verb and of `describe dataset`.
json::object to_json(const state::DatasetVersion& version);
json::array to_json(const std::vector<Column>& columns);
json::array to_json(const std::vector<FileRead>& files);
json::array diagnostics_json(const Diagnostics& diagnostics);
json::object to_json(const scheduler::Decision& decision);

}  // namespace runink::actors
