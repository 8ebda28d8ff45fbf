// version, doctor, get, describe: what there is.
#include <algorithm>
#include <future>

#include "actors/cluster/disk_gauge.hpp"
#include "actors/links/spawner_link.hpp"
#include "actors/service/parts.hpp"
#include "actors/service/run_json.hpp"
#include "state/rows.hpp"
#include "storage/data_folder.hpp"
#include "storage/state_store.hpp"
#include "storage/state_writer.hpp"
#include "vocabulary/test_name.hpp"
#include "vocabulary/version.hpp"

namespace runink::actors {
namespace {

constexpr std::uint64_t items_default = 100;
constexpr std::uint64_t items_most = 1000;

struct Query {
  std::string kind;
  std::string name;
  std::string herd;
  std::uint64_t limit = items_default;
};

struct Items {
  json::array items;
  bool more = false;
  /// False when it is full.
  bool add(const Query& query, json::object item) {
    if (items.size() >= query.limit) {
      more = true;
      return false;
    }
    items.push_back(std::move(item));
    return true;
  }
};

bool wanted(const Query& query, const std::string& name, const std::string& herd) {
  return (query.name.empty() || query.name == name) && (query.herd.empty() || query.herd == herd);
}

json::object quota_json(const state::Quota& quota) {
  json::object to;
  if (quota.cpu.value != 0) to["cpu_milli"] = quota.cpu.value;
  if (quota.memory.value != 0) to["memory_bytes"] = quota.memory.value;
  if (quota.slices != 0) to["slices"] = quota.slices;
  if (quota.runs != 0) to["runs"] = quota.runs;
  return to;
}

Items herds(const state::ClusterState& cluster, const Query& query) {
  const state::Uses uses = state::uses_of(cluster);
  Items found;
  for (const auto& [name, herd] : cluster.herds) {
    if (!wanted(query, name.value, name.value)) continue;
    state::Use used;
    if (const auto use = uses.of_herds.find(name); use != uses.of_herds.end()) used = use->second;
    json::object item{{"name", name.value},
                      {"description", herd.description},
                      {"quota", quota_json(herd.quota)},
                      {"used", json::object{{"cpu_milli", used.cpu.value},
                                            {"memory_bytes", used.memory.value},
                                            {"slices", used.slices},
                                            {"runs", state::running_runs(cluster, name)}}}};
    if (!found.add(query, std::move(item))) break;
  }
  return found;
}

Items pipelines(const state::ClusterState& cluster, const Query& query) {
  Items found;
  for (const auto& [key, row] : cluster.pipelines) {
    const std::string full = key.first.value + "/" + key.second.value;
    if (!wanted(query, query.name == full ? full : key.second.value, key.first.value)) continue;
    const state::PipelineVersion& now = row.versions.back();
    json::object item{{"name", key.second.value},
                      {"herd", key.first.value},
                      {"version", to_hex(now.bundle)},
                      {"applied_by", now.caller.name},
                      {"versions", row.versions.size()}};
    add_time(item, "applied_at", now.at);
    if (!found.add(query, std::move(item))) break;
  }
  return found;
}

Items nodes(const state::ClusterState& cluster, const Query& query, const std::string& leader) {
  const state::Uses uses = state::uses_of(cluster);
  Items found;
  for (const auto& [name, node] : cluster.nodes) {
    if (!wanted(query, name.value, "")) continue;
    json::array roles;
    if (node.joined.voter) roles.emplace_back("voter");
    if (node.joined.worker) roles.emplace_back("worker");
    state::Use used;
    if (const auto use = uses.of_nodes.find(name); use != uses.of_nodes.end()) used = use->second;
    const state::Capacity& has = node.joined.capacity;
    json::object item{{"name", name.value},
                      {"id", node.joined.id.value},
                      {"alive", node.alive},
                      {"roles", std::move(roles)},
                      {"leader", name.value == leader},
                      {"capacity", json::object{{"cpu_milli", has.cpu.value},
                                                {"memory_bytes", has.memory.value},
                                                {"disk_bytes", has.disk.value}}},
                      {"used", json::object{{"cpu_milli", used.cpu.value},
                                            {"memory_bytes", used.memory.value},
                                            {"disk_bytes", used.disk.value},
                                            {"slices", used.slices}}}};
    if (!found.add(query, std::move(item))) break;
  }
  return found;
}

Items volumes(const state::ClusterState& cluster, const Query& query) {
  std::map<std::string, std::pair<json::array, json::object>> by_name;
  for (const auto& [name, node] : cluster.nodes)
    for (const state::VolumeOffer& offer : node.joined.volumes) {
      auto& [where, grants] = by_name[offer.volume.value];
      where.emplace_back(name.value);
      for (const auto& [herd, access] : offer.grants)
        grants[herd.value] = access == state::Access::write ? "write" : "read";
    }
  Items found;
  for (auto& [name, one] : by_name) {
    if (!query.name.empty() && query.name != name) continue;
    if (!query.herd.empty() && !one.second.contains(query.herd)) continue;
    json::object item{
        {"name", name}, {"nodes", std::move(one.first)}, {"grants", std::move(one.second)}};
    if (!found.add(query, std::move(item))) break;
  }
  return found;
}

/// "dataset", "pipeline/dataset" or "herd/pipeline/dataset". The first never means one of a test.
bool names_dataset(const std::string& name, const state::DatasetKey& key) {
  const auto& [herd, pipeline, dataset] = key;
  return name.empty() || (name == dataset.value && !is_test(pipeline)) ||
         name == pipeline.value + "/" + dataset.value ||
         name == herd.value + "/" + pipeline.value + "/" + dataset.value;
}

Items datasets(const state::ClusterState& cluster, const Query& query) {
  Items found;
  for (const auto& [key, versions] : cluster.datasets) {
    const auto& [herd, pipeline, dataset] = key;
    if (versions.empty() || !names_dataset(query.name, key)) continue;
    if (!query.herd.empty() && query.herd != herd.value) continue;
    json::object item = to_json(versions.rbegin()->second);
    item["name"] = dataset.value;
    if (!found.add(query, std::move(item))) break;
  }
  return found;
}

/// Live runs and those of history, newest first.
Async<Result<json::value>> get_runs(ServiceParts& parts, Query query) {
  struct Live {
    std::vector<state::RunView> runs;
    LogIndex applied;
  };
  std::function<Result<Live>(const state::ClusterState&)> list =
      [query](const state::ClusterState& cluster) {
        Live live;
        live.applied = cluster.applied;
        for (const auto& [id, run] : cluster.runs)
          if (query.herd.empty() || run.head.herd.value == query.herd)
            live.runs.push_back(state::view_of(run));
        return live;
      };
  auto live = co_await parts.look<Live>(std::move(list));
  if (!live) co_return std::unexpected(live.error());
  const Services* services = &parts.services;
  const LogIndex applied = live->applied;
  auto job = [services, applied, query]() -> Result<std::vector<state::RunView>> {
    if (auto written = history_up_to(services->state_writer, applied); !written)
      return std::unexpected(written.error());
    const storage::StateStore* store = &services->state_store;
    auto heads = store->scan(static_cast<std::uint8_t>(state::Table::history_heads), "", 1'000'000);
    if (!heads) return std::unexpected(heads.error());
    std::vector<state::RunView> runs;
    for (auto row = heads->rbegin(); row != heads->rend() && runs.size() <= query.limit; ++row) {
      auto head = state::decode_run_head(row->value);
      if (!head) return std::unexpected(head.error());
      if (!query.herd.empty() && head->herd.value != query.herd) continue;
      if (!query.name.empty() && !head->id.value.starts_with(query.name) &&
          head->pipeline.value != query.name)
        continue;
      auto whole = store->get(static_cast<std::uint8_t>(state::Table::history_runs),
                              state::key_of(head->id));
      if (!whole) return std::unexpected(whole.error());
      if (!whole->has_value()) continue;
      auto run = state::decode_run(**whole);
      if (!run) return std::unexpected(run.error());
      runs.push_back(state::view_of(*run));
    }
    return runs;
  };
  auto archived = co_await co::on_disk(parts.services.disk, job);
  if (!archived) co_return std::unexpected(archived.error());
  std::vector<state::RunView>& runs = live->runs;
  std::erase_if(runs, [&](const state::RunView& run) {
    return !query.name.empty() && !run.head.id.value.starts_with(query.name) &&
           run.head.pipeline.value != query.name;
  });
  for (state::RunView& run : *archived)
    if (std::none_of(runs.begin(), runs.end(),
                     [&](const auto& one) { return one.head.id == run.head.id; }))
      runs.push_back(std::move(run));
  std::sort(runs.begin(), runs.end(),
            [](const auto& a, const auto& b) { return b.head.submitted < a.head.submitted; });
  Items found;
  for (const state::RunView& run : runs)
    if (!found.add(query, to_item(run))) break;
  co_return json::object{{"kind", "runs"}, {"items", std::move(found.items)}, {"more", found.more}};
}

Result<Items> list(const state::ClusterState& cluster, const Query& query,
                   const std::string& leader) {
  if (query.kind == "herds") return herds(cluster, query);
  if (query.kind == "pipelines") return pipelines(cluster, query);
  if (query.kind == "nodes" && !query.herd.empty())
    return fail(FaultKind::bad_input, "A node belongs to no herd. Ask without one.");
  if (query.kind == "nodes") return nodes(cluster, query, leader);
  if (query.kind == "volumes") return volumes(cluster, query);
  if (query.kind == "datasets") return datasets(cluster, query);
  return fail(FaultKind::bad_input,
              "'" + query.kind.substr(0, 40) +
                  "' is no kind. Known are runs, pipelines, herds, nodes, volumes, datasets.");
}

Async<Result<Items>> listed(ServiceParts& parts, Query query) {
  const std::string leader = parts.services.config.node.name.value;
  std::function<Result<Items>(const state::ClusterState&)> look =
      [query, leader](const state::ClusterState& cluster) { return list(cluster, query, leader); };
  co_return co_await parts.look<Items>(std::move(look));
}

Result<Query> query_of(const json::object& body) {
  Query query;
  for (auto& [member, to] : {std::pair<const char*, std::string*>{"kind", &query.kind},
                             {"name", &query.name},
                             {"herd", &query.herd}}) {
    auto text = text_member(body, member, std::string_view(member) == "kind");
    if (!text) return std::unexpected(text.error());
    *to = std::move(*text);
  }
  if (!query.kind.empty() && !query.kind.ends_with("s")) query.kind += "s";
  auto limit = number_member(body, "limit", items_default);
  if (!limit) return std::unexpected(limit.error());
  if (*limit < 1 || *limit > items_most)
    return fail(FaultKind::bad_input, "The limit must be from 1 to 1000.");
  query.limit = *limit;
  return query;
}

json::array versions_of(const state::ClusterState& cluster, const state::PipelineKey& key) {
  json::array versions;
  const auto row = cluster.pipelines.find(key);
  if (row == cluster.pipelines.end()) return versions;
  for (const state::PipelineVersion& one : row->second.versions) {
    json::object version{{"bundle", to_hex(one.bundle)}, {"applied_by", one.caller.name}};
    add_time(version, "applied_at", one.at);
    json::array contracts;
    for (const pipeline::ContractUse& use : one.contracts)
      contracts.emplace_back(pipeline::to_string(use));
    version["contracts"] = std::move(contracts);
    versions.push_back(std::move(version));
  }
  return versions;
}

json::object methods_json(const std::map<std::string, governance::MaskMethod>& rules) {
  json::object to;
  for (const auto& [name, method] : rules) to[name] = std::string(to_string(method));
  return to;
}

json::object policy_json(const governance::HerdPolicy& policy) {
  const governance::MaskingPolicy& masking = policy.masking;
  return json::object{
      {"require_contracts", policy.require_contracts},
      {"block_on_drift", policy.block_on_drift},
      {"masking", json::object{{"default", std::string(to_string(masking.fallback))},
                               {"classification", methods_json(masking.by_classification)},
                               {"fields", methods_json(masking.by_field)}}}};
}

/// What describe adds to an item of get.
json::object more_of(const state::ClusterState& cluster, const Query& query, json::object item) {
  if (query.kind == "pipelines")
    item["versions"] = versions_of(cluster, {HerdName{std::string(item["herd"].get_string())},
                                             PipelineName{std::string(item["name"].get_string())}});
  if (query.kind == "herds") {
    const auto herd = cluster.herds.find(HerdName{std::string(item["name"].get_string())});
    if (herd != cluster.herds.end()) {
      item["policy"] = policy_json(herd->second.policy);
      add_time(item, "changed_at", herd->second.changed_at);
    }
  }
  if (query.kind == "datasets") {
    const state::DatasetKey key{HerdName{std::string(item["herd"].get_string())},
                                PipelineName{std::string(item["pipeline"].get_string())},
                                DatasetName{std::string(item["dataset"].get_string())}};
    json::array versions;
    if (const auto row = cluster.datasets.find(key); row != cluster.datasets.end())
      for (auto one = row->second.rbegin(); one != row->second.rend(); ++one)
        versions.push_back(to_json(one->second));
    item["versions"] = std::move(versions);
  }
  return item;
}

json::object check_json(const std::string& name, bool good, const std::string& what,
                        const std::string& remedy) {
  json::object check{{"name", name}, {"status", good ? "ok" : "warning"}, {"what", what}};
  if (!remedy.empty() && !good) check["do"] = remedy;
  return check;
}

}  // namespace

Async<Result<json::value>> verb_version(ServiceParts& parts, AdminRequest request, AdminStream&) {
  if (auto good = check_members(request, {}); !good) co_return std::unexpected(good.error());
  co_return json::object{{"version", runink_version},
                         {"protocol", 1},
                         {"node", parts.services.config.node.name.value},
                         {"cluster", parts.services.config.cluster}};
}

Async<Result<json::value>> verb_get(ServiceParts& parts, AdminRequest request, AdminStream&) {
  if (auto good = check_members(request, {"kind", "name", "herd", "limit"}); !good)
    co_return std::unexpected(good.error());
  auto query = query_of(request.body);
  if (!query) co_return std::unexpected(query.error());
  if (query->kind == "runs") co_return co_await get_runs(parts, std::move(*query));
  const std::string kind = query->kind;
  auto found = co_await listed(parts, std::move(*query));
  if (!found) co_return std::unexpected(found.error());
  co_return json::object{{"kind", kind}, {"items", std::move(found->items)}, {"more", found->more}};
}

Async<Result<json::value>> verb_describe(ServiceParts& parts, AdminRequest request, AdminStream&) {
  if (auto good = check_members(request, {"kind", "name", "herd"}); !good)
    co_return std::unexpected(good.error());
  auto query = query_of(request.body);
  if (!query) co_return std::unexpected(query.error());
  if (query->kind == "runs") {
    auto run = co_await find_run(parts, query->name);
    if (!run) co_return std::unexpected(run.error());
    co_return json::object{{"kind", "run"}, {"item", to_json(*run)}};
  }
  query->limit = 2;
  const Query asked = *query;
  const std::string leader = parts.services.config.node.name.value;
  std::function<Result<json::object>(const state::ClusterState&)> look =
      [asked, leader](const state::ClusterState& cluster) -> Result<json::object> {
    auto found = list(cluster, asked, leader);
    if (!found) return std::unexpected(found.error());
    const std::string kind = asked.kind.substr(0, asked.kind.size() - 1);
    if (found->items.empty() || asked.name.empty())
      return fail(FaultKind::no_such_thing, "There is no " + kind + " '" +
                                                asked.name.substr(0, 80) + "'. `runi get " +
                                                asked.kind + "` lists what there is.");
    if (found->items.size() > 1)
      return fail(FaultKind::conflict,
                  "Several are called '" + asked.name + "'. Say which with the herd.");
    return more_of(cluster, asked, found->items.front().get_object());
  };
  auto item = co_await parts.look<json::object>(std::move(look));
  if (!item) co_return std::unexpected(item.error());
  co_return json::object{{"kind", asked.kind.substr(0, asked.kind.size() - 1)},
                         {"item", std::move(*item)}};
}

Async<Result<json::value>> verb_doctor(ServiceParts& parts, AdminRequest request, AdminStream&) {
  if (auto good = check_members(request, {}); !good) co_return std::unexpected(good.error());
  json::array checks;
  auto answered = std::make_shared<std::promise<isolation::Guarantees>>();
  parts.services.spawner.doctor(
      [answered](const isolation::Guarantees& all) { answered->set_value(all); });
  // The link answers on this thread, so the wait must not hold it: a disk thread waits for us.
  auto future = std::make_shared<std::future<isolation::Guarantees>>(answered->get_future());
  auto job2 = [future]() -> Result<isolation::Guarantees> {
    if (future->wait_for(std::chrono::seconds(5)) != std::future_status::ready)
      return fail(FaultKind::out_of_time, "The spawner does not answer. Restart the node.");
    return future->get();
  };
  auto all = co_await co::on_disk(parts.services.disk, job2);
  bool ok = true;
  if (all) {
    for (const isolation::Guarantee& one : all->guarantees)
      // `why` says what to do where something can be done.
      checks.push_back(check_json(one.name, one.enforced,
                                  one.why.empty() ? std::string("enforced") : one.why, ""));
  } else {
    ok = false;
    checks.push_back(
        json::object{{"name", "spawner"}, {"status", "failed"}, {"what", all.error().what}});
  }
  // What is known of it: a disk that hangs must not hold up this thread.
  if (const DiskGauge* disk = parts.services.disk_gauge; disk && disk->total() > Bytes{}) {
    const std::uint64_t free = disk->available().value;
    const std::uint64_t permille = free / (disk->total().value / 1000 + 1);
    checks.push_back(check_json("disk_space", permille >= 50,
                                std::to_string(free >> 20) + " MiB are free in the data folder.",
                                "Free space or move the data folder; a full disk stops new work."));
  }
  co_return json::object{
      {"node", parts.services.config.node.name.value}, {"ok", ok}, {"checks", std::move(checks)}};
}

}  // namespace runink::actors
