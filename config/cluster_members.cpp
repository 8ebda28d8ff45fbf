// The parts of the cluster file that name others: nodes and volumes.
#include <algorithm>
#include <system_error>
#include <utility>

#include "config/cluster_reader.hpp"
#include "vocabulary/limits.hpp"

namespace runink::config {
namespace {

/// Whether `inner` is `outer` or lies below it; both are canonical.
bool within(const std::filesystem::path& inner, const std::filesystem::path& outer) {
  const auto [in_outer, in_inner] = std::ranges::mismatch(outer, inner);
  (void)in_inner;
  return in_outer == outer.end();
}

std::filesystem::path canonical(const std::string& path) {
  std::error_code error;
  auto real = std::filesystem::weakly_canonical(path, error);
  return error ? std::filesystem::path(path) : real;
}

std::string names_of(const std::vector<Peer>& peers) {
  std::string text;
  for (const Peer& peer : peers) text += (text.empty() ? "" : ", ") + peer.name.value;
  return text;
}

}  // namespace

void ClusterReader::read_nodes(Section& root) {
  const Value* nodes = root.find("nodes");
  if (!nodes && file_.joins())
    notes_.add(node_name_place_,
               "'address' in [node] is that of a node which joins a cluster: name the nodes that "
               "founded it in [[nodes]], as in their own cluster files.");
  if (!nodes) {
    file_.nodes.push_back({file_.node.name, {"127.0.0.1", 7201}, NodeId{1}});
    file_.node.id = NodeId{1};
    return;
  }
  const bool tables =
      nodes->kind == Kind::list &&
      std::ranges::all_of(nodes->list, [](const Value& v) { return v.kind == Kind::table; });
  if (!tables || nodes->list.empty()) {
    notes_.add(nodes->place,
               "'nodes' must be a list of tables, one for each initial voter: write "
               "[[nodes]] and, below it, name and address.");
    return;
  }
  if (nodes->list.size() > limits::cluster_nodes) {
    notes_.add(nodes->place, "At most " + std::to_string(limits::cluster_nodes) +
                                 " nodes can be listed; these are " +
                                 std::to_string(nodes->list.size()) + ".");
    return;
  }
  bool all_named = true;
  for (std::size_t i = 0; i < nodes->list.size(); ++i) {
    if (auto peer = read_peer(nodes->list[i], i + 1))
      file_.nodes.push_back(std::move(*peer));
    else
      all_named = false;
  }
  const auto self = std::ranges::find(file_.nodes, file_.node.name, &Peer::name);
  if (file_.joins())
    check_joining();
  else if (self != file_.nodes.end())
    file_.node.id = self->id;
  else if (all_named && !file_.node.name.value.empty())
    notes_.add(node_name_place_,
               "This node, '" + file_.node.name.value +
                   "', is not among [[nodes]], which has: " + names_of(file_.nodes) +
                   ". If it is to join their cluster, give it an 'address' in [node].");
}

/// A founder that was removed may join again, with another data folder and from its old address.
void ClusterReader::check_joining() {
  for (const Peer& other : file_.nodes)
    if (other.name != file_.node.name && other.address == *file_.node.address)
      notes_.add(node_name_place_, "Node '" + other.name.value + "' has the address " +
                                       to_string(other.address) + " too.");
}

void ClusterReader::read_tls(Section& root) {
  Section tls = root.table("tls", "[tls]");
  const auto insecure = tls.flag("insecure");
  file_.insecure_peers = insecure && insecure->value;
  const bool several = file_.nodes.size() > 1 || file_.joins();
  const bool needed = several && !file_.insecure_peers;
  file_.alone = !several && !(root.find("nodes") && tls.given());
  const auto path = [&](std::string_view key, std::string_view example, std::string_view what) {
    const auto text = tls.required_text(key, example);
    return text ? absolute(*text, what) : std::string();
  };
  if (file_.insecure_peers) {
    check_insecure_peers(insecure->place);
  } else if (needed && !tls.given()) {
    notes_.add(
        file_.nodes.size() > 1 ? root.find("nodes")->list[1].place : node_name_place_,
        "[[nodes]] names " + std::to_string(file_.nodes.size()) +
            " nodes, and they must know each other: write [tls] with ca, cert and key. `runi "
            "pki init` and `runi pki node " +
            file_.node.name.value + "` make them.");
  } else if (tls.given()) {
    file_.tls = Tls{path("ca", "/etc/runink/ca.crt", "the authority's certificate"),
                    path("cert", "/etc/runink/n1.crt", "the node's certificate"),
                    path("key", "/etc/runink/n1.key", "the node's key")};
  }
  tls.finish();
}

void ClusterReader::check_insecure_peers(const Place& place) {
  std::vector<Peer> all = file_.nodes;
  if (file_.joins()) all.push_back(file_.self());
  for (const Peer& peer : all)
    if (!is_loopback(peer.address))
      notes_.add(place, "Without TLS whoever reaches " + to_string(peer.address) +
                            " is believed to be a node of the cluster. 'insecure' is for tests "
                            "on loopback addresses only; give ca, cert and key instead.");
}

std::optional<Peer> ClusterReader::read_peer(const Value& value, std::size_t position) {
  Section section(&value, "[[nodes]]", value.place, notes_);
  Peer peer;
  peer.id = NodeId{position};
  const auto name = section.required_text("name", "n1");
  const auto address = section.required_text("address", "10.0.0.1:7201");
  const auto id = section.integer("id", 1, 1'000'000'000);
  section.finish();
  if (id) peer.id = NodeId{static_cast<std::uint64_t>(id->value)};
  for (const Peer& other : file_.nodes)
    if (other.id == peer.id)
      notes_.add(id ? id->place : value.place, "The id " + std::to_string(peer.id.value) +
                                                   " is also that of node '" + other.name.value +
                                                   "'. Ids are never shared, nor used again.");
  if (address) {
    const auto endpoint = parse_endpoint(address->value, false);
    if (!endpoint) {
      notes_.add(address->place, endpoint.error().what);
    } else {
      peer.address = *endpoint;
      for (const Peer& other : file_.nodes)
        if (other.address == peer.address)
          notes_.add(address->place,
                     "Node '" + other.name.value + "' has the address " + address->value + " too.");
    }
  }
  if (!name || !good_name("node", name->value, name->place)) return {};
  peer.name = NodeName(name->value);
  for (const Peer& other : file_.nodes)
    if (other.name == peer.name)
      notes_.add(name->place, "The node '" + name->value + "' is listed twice.");
  return peer;
}

void ClusterReader::read_volumes(Section& root) {
  const Value* volumes = root.find("volumes");
  if (!volumes) return;
  if (volumes->kind != Kind::table) {
    notes_.add(volumes->place,
               "'volumes' must be tables by name: write [volumes.lake] and, below "
               "it, path and grant.");
    return;
  }
  if (volumes->table.size() > limits::cluster_volumes) {
    notes_.add(volumes->place, "A node offers at most " + std::to_string(limits::cluster_volumes) +
                                   " volumes; these are " + std::to_string(volumes->table.size()) +
                                   ".");
    return;
  }
  for (const Entry& entry : volumes->table) read_volume(entry);
}

void ClusterReader::read_volume(const Entry& entry) {
  if (!good_name("volume", entry.key, entry.place)) return;
  const std::string name = "[volumes." + entry.key + "]";
  if (entry.value.kind != Kind::table) {
    notes_.add(entry.value.place, "The volume '" + entry.key + "' must be a table: write " + name +
                                      " and, below it, path and grant.");
    return;
  }
  Section section(&entry.value, name, entry.value.place, notes_);
  Volume volume;
  volume.name = VolumeName(entry.key);
  if (const auto path = section.required_text("path", "/srv/" + entry.key)) {
    volume.path = absolute(*path, "the volume '" + entry.key + "'");
    if (!volume.path.empty()) check_volume_path(*path, volume);
  }
  read_grants(section, volume);
  section.finish();
  file_.volumes.emplace(volume.name, std::move(volume));
}

void ClusterReader::check_volume_path(const Found<std::string>& path, const Volume& volume) {
  std::error_code error;
  const auto status = std::filesystem::status(volume.path, error);
  if (!std::filesystem::is_directory(status)) {
    notes_.add(path.place, "The volume '" + volume.name.value + "' has the path '" + volume.path +
                               (std::filesystem::exists(status) ? "', which is not a folder."
                                                                : "', which does not exist.") +
                               " Make the folder, or correct the path.");
    return;
  }
  if (file_.node.data.empty()) return;
  const auto here = canonical(volume.path);
  const auto data = canonical(file_.node.data);
  if (within(here, data) || within(data, here))
    notes_.add(path.place, "The volume '" + volume.name.value + "' and the data folder '" +
                               file_.node.data +
                               "' lie one in the other, so pipelines could reach the node's own "
                               "files. Give the volume a folder of its own.");
}

void ClusterReader::read_grants(Section& section, Volume& volume) {
  static const std::vector<std::string> known = {"read", "write"};
  const Value* grant = section.find("grant");
  if (!grant) return;
  if (grant->kind != Kind::table) {
    notes_.add(grant->place, "'grant' in " + section.name() +
                                 " must say who may do what: grant = { finance = \"read\" }.");
    return;
  }
  for (const Entry& entry : grant->table) {
    if (!good_name("herd", entry.key, entry.place)) continue;
    const std::string& access = entry.value.text;
    if (entry.value.kind != Kind::text || std::ranges::find(known, access) == known.end())
      notes_.add(entry.value.place,
                 "A herd is granted \"read\" or \"write\" (which includes read)" +
                     (access.empty() ? "." : ", not \"" + access + "\"."));
    else
      volume.grants[HerdName(entry.key)] = access == "read" ? Access::read : Access::write;
  }
}

}  // namespace runink::config
