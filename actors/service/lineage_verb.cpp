// lineage: what a dataset version, or a published file, was made from.
#include <charconv>
#include <set>

#include "actors/service/parts.hpp"
#include "actors/service/run_json.hpp"
#include "state/lineage.hpp"
#include "state/rows.hpp"
#include "storage/state_store.hpp"
#include "vocabulary/clock.hpp"
#include "vocabulary/test_name.hpp"

namespace runink::actors {
namespace {

/// What was asked for: a dataset, perhaps of a herd and pipeline, perhaps one version; or a target.
struct Asked {
  std::string dataset;
  std::string pipeline;
  std::string herd;
  std::string target;
  std::optional<LogIndex> index;
};

Result<Asked> asked_of(const json::object& body) {
  Asked asked;
  for (const auto& [member, to] : {std::pair<const char*, std::string*>{"dataset", &asked.dataset},
                                   {"target", &asked.target},
                                   {"herd", &asked.herd},
                                   {"pipeline", &asked.pipeline}}) {
    auto text = text_member(body, member, false);
    if (!text) return std::unexpected(text.error());
    *to = std::move(*text);
  }
  if (asked.dataset.empty() == asked.target.empty())
    return fail(FaultKind::bad_input, "Say either 'dataset' or 'target'.");
  if (const auto at = asked.dataset.rfind('@'); at != std::string::npos) {
    std::uint64_t index = 0;
    const char* end = asked.dataset.data() + asked.dataset.size();
    const auto [stop, error] = std::from_chars(asked.dataset.data() + at + 1, end, index);
    if (error != std::errc{} || stop != end)
      return fail(FaultKind::bad_input, "After '@' comes the index of a version, a number.");
    asked.index = LogIndex{index};
    asked.dataset.resize(at);
  }
  if (const auto slash = asked.dataset.rfind('/'); slash != std::string::npos) {
    std::string front = asked.dataset.substr(0, slash);
    asked.dataset.erase(0, slash + 1);
    if (const auto first = front.find('/'); first != std::string::npos) {
      asked.herd = front.substr(0, first);
      front.erase(0, first + 1);
    }
    asked.pipeline = front;
  }
  return asked;
}

Result<std::vector<state::VersionKey>> dataset_roots(const state::ClusterState& cluster,
                                                     const Asked& asked) {
  std::vector<state::VersionKey> found;
  for (const auto& [key, versions] : cluster.datasets) {
    const auto& [herd, pipeline, dataset] = key;
    if (dataset.value != asked.dataset || versions.empty()) continue;
    if (!asked.herd.empty() && herd.value != asked.herd) continue;
    if (!asked.pipeline.empty() && pipeline.value != asked.pipeline) continue;
    // A test's dataset is meant only where its pipeline is named.
    if (asked.pipeline.empty() && is_test(pipeline)) continue;
    state::VersionKey root{herd, pipeline, dataset, versions.rbegin()->first};
    if (asked.index) root.index = *asked.index;
    found.push_back(root);
  }
  if (found.empty())
    return fail(FaultKind::no_such_thing, "There is no dataset '" + asked.dataset.substr(0, 80) +
                                              "'. `runi get datasets` lists them.");
  if (found.size() > 1)
    return fail(FaultKind::conflict, "Several datasets are called '" + asked.dataset +
                                         "'. Say herd/pipeline/" + asked.dataset + ".");
  return found;
}

struct Answer {
  std::string asked;
  state::Lineage lineage;
};

/// "volume:/path"
Result<state::SinkTarget> target_of(const state::ClusterState& cluster, const std::string& text) {
  for (const auto& [key, target] : cluster.targets)
    if (key.volume.value + ":/" + key.path == text) return target;
  return fail(FaultKind::no_such_thing, "Nothing was published at '" + text.substr(0, 200) + "'.");
}

Result<Answer> trace(const state::ClusterState& cluster, const storage::StateStore& store,
                     const Asked& asked) {
  Answer answer;
  std::vector<state::VersionKey> roots;
  if (!asked.target.empty()) {
    auto target = target_of(cluster, asked.target);
    if (!target) return std::unexpected(target.error());
    roots = target->inputs;
    answer.asked = asked.target + "@" + std::to_string(target->index.value);
  } else {
    auto found = dataset_roots(cluster, asked);
    if (!found) return std::unexpected(found.error());
    roots = std::move(*found);
    answer.asked = version_text(roots.front());
  }
  const state::FindVersion find =
      [&](const state::VersionKey& key) -> std::optional<state::DatasetVersion> {
    if (const state::DatasetVersion* live = cluster.version(key)) return *live;
    auto row =
        store.get(static_cast<std::uint8_t>(state::Table::history_datasets), state::key_of(key));
    if (!row || !row->has_value()) return std::nullopt;
    auto version = state::decode_version(**row);
    if (!version) return std::nullopt;
    return std::move(*version);
  };
  answer.lineage = state::lineage_of(roots, find);
  if (asked.index && answer.lineage.versions.empty())
    return fail(FaultKind::no_such_thing, "There is no version " + answer.asked +
                                              ", or it is not kept. `runi describe dataset` lists "
                                              "versions.");
  return answer;
}

/// A tree for people: each version with what it read below it; what is read twice is drawn once.
void draw(const state::Lineage& lineage, const state::VersionKey& key, const std::string& indent,
          bool last, bool top, std::set<state::VersionKey>& drawn, std::string& text) {
  const state::DatasetVersion* version = nullptr;
  for (const state::DatasetVersion& one : lineage.versions)
    if (one.key == key) version = &one;
  text += top ? "" : indent + (last ? "└─ " : "├─ ");
  text += key.pipeline.value + "." + key.dataset.value + "@" + std::to_string(key.index.value);
  if (version == nullptr) {
    text += "  (not kept)\n";
    return;
  }
  const bool again = !drawn.insert(key).second;
  if (again && !(version->inputs.empty() && version->read.empty())) {
    text += "  (see above)\n";
    return;
  }
  if (version->rows_known)
    text += "  " + std::to_string(version->rows) + (version->rows == 1 ? " row" : " rows");
  text += "  by " + version->step.value + " in run " + version->run.value.substr(0, 12) + "\n";
  const std::string deeper = top ? "" : indent + (last ? "   " : "│  ");
  for (const FileRead& file : version->read)
    text += deeper + "   ← " + file.path + "  sha256 " + to_hex(file.digest).substr(0, 12) + "\n";
  for (std::size_t i = 0; i < version->inputs.size(); ++i)
    draw(lineage, version->inputs[i], deeper, i + 1 == version->inputs.size(), false, drawn, text);
}

json::value answer_json(const Answer& answer, const std::vector<state::VersionKey>& roots) {
  json::array versions, edges, missing;
  for (const state::DatasetVersion& one : answer.lineage.versions) versions.push_back(to_json(one));
  for (const auto& [from, to] : answer.lineage.edges)
    edges.push_back(json::object{{"from", version_text(from)}, {"to", version_text(to)}});
  for (const state::VersionKey& one : answer.lineage.missing)
    missing.push_back(json::value(version_text(one)));
  std::string text;
  std::set<state::VersionKey> drawn;
  for (const state::VersionKey& root : roots)
    draw(answer.lineage, root, "", true, true, drawn, text);
  return json::object{{"asked", answer.asked},     {"versions", std::move(versions)},
                      {"edges", std::move(edges)}, {"missing", std::move(missing)},
                      {"cut", answer.lineage.cut}, {"text", text}};
}

/// Those that nobody in the answer reads from: where the drawing begins.
std::vector<state::VersionKey> tops(const state::Lineage& lineage) {
  std::vector<state::VersionKey> found;
  for (const state::DatasetVersion& one : lineage.versions) {
    bool read = false;
    for (const auto& [from, to] : lineage.edges) read |= from == one.key;
    if (!read) found.push_back(one.key);
  }
  return found;
}

}  // namespace

Async<Result<json::value>> verb_lineage(ServiceParts& parts, AdminRequest request, AdminStream&) {
  if (auto good = check_members(request, {"dataset", "target", "herd", "pipeline"}); !good)
    co_return std::unexpected(good.error());
  auto asked = asked_of(request.body);
  if (!asked) co_return std::unexpected(asked.error());
  const storage::StateStore* store = &parts.services.state_store;
  std::function<Result<Answer>(const state::ClusterState&)> look =
      [store, asked = *asked](const state::ClusterState& cluster) {
        return trace(cluster, *store, asked);
      };
  auto answer = co_await parts.look<Answer>(std::move(look));
  if (!answer) co_return std::unexpected(answer.error());
  co_return answer_json(*answer, tops(answer->lineage));
}

}  // namespace runink::actors
