#include "config/cluster_reader.hpp"

#include <grp.h>
#include <pwd.h>

#include <algorithm>
#include <array>
#include <system_error>
#include <utility>

#include "config/quantity.hpp"
#include "vocabulary/limits.hpp"
#include "vocabulary/names.hpp"

namespace runink::config {
namespace {

constexpr Duration lease_of_one_voter = seconds(60);
constexpr Duration lease_of_several = milliseconds(1'500);
constexpr std::uint64_t cores_most = 4096;

bool account_exists(const std::string& name) {
  std::vector<char> space(16'384);
  passwd entry{};
  passwd* found = nullptr;
  ::getpwnam_r(name.c_str(), &entry, space.data(), space.size(), &found);
  return found != nullptr;
}

bool group_exists(const std::string& name) {
  std::vector<char> space(65'536);
  group entry{};
  group* found = nullptr;
  ::getgrnam_r(name.c_str(), &entry, space.data(), space.size(), &found);
  return found != nullptr;
}

/// Letters, digits and ._- as in Kubernetes' labels.
bool label_text(std::string_view text, bool slash) {
  return !text.empty() && text.size() <= limits::name_bytes &&
         std::ranges::all_of(text, [&](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '_' || c == '-' || (slash && c == '/');
         });
}

}  // namespace

ClusterReader::ClusterReader(const std::string& path, const Machine& machine) {
  file_.path = std::filesystem::absolute(path).lexically_normal().string();
  folder_ = std::filesystem::path(file_.path).parent_path();
  file_.node.capacity = machine;
}

ClusterFile ClusterReader::read(const Value& document) {
  Section root(&document, "the cluster file", {1, 1, 1}, notes_);
  if (const auto name = root.required_text("cluster", "prod"))
    if (good_name("cluster", name->value, name->place)) file_.cluster = name->value;
  read_node(root);
  read_nodes(root);
  read_tls(root);
  read_volumes(root);
  read_admin(root);
  read_metrics(root);
  read_slices(root);
  read_log(root);
  read_lease(root);
  read_history(root);
  root.finish();
  return file_;
}

bool ClusterReader::good_name(std::string_view kind, std::string_view name, const Place& place) {
  const auto fine = check_name(kind, name);
  if (!fine) notes_.add(place, fine.error().what);
  return fine.has_value();
}

std::string ClusterReader::absolute(const Found<std::string>& path, std::string_view what) {
  if (path.value.empty() || path.value.find('\0') != std::string::npos) {
    notes_.add(path.place, "The path of " + std::string(what) +
                               (path.value.empty() ? " is empty." : " has a zero byte in it."));
    return {};
  }
  if (path.value.size() > limits::path_bytes) {
    notes_.add(path.place, "The path of " + std::string(what) + " is longer than " +
                               std::to_string(limits::path_bytes) + " bytes.");
    return {};
  }
  std::filesystem::path whole = (folder_ / path.value).lexically_normal();
  if (!whole.has_filename() && whole.has_relative_path()) whole = whole.parent_path();
  return whole.string();
}

void ClusterReader::read_node(Section& root) {
  Section node = root.table("node", "[node]");
  node_name_place_ = node.place();
  if (const auto name = node.required_text("name", "n1")) {
    node_name_place_ = name->place;
    if (good_name("node", name->value, name->place)) file_.node.name = NodeName(name->value);
  }
  if (const auto data = node.required_text("data", "/var/lib/runink")) {
    file_.node.data = absolute(*data, "the data folder");
    std::error_code error;
    const auto status = std::filesystem::status(file_.node.data, error);
    if (std::filesystem::exists(status) && !std::filesystem::is_directory(status))
      notes_.add(data->place,
                 "'" + file_.node.data +
                     "' is there and is not a folder. Name a folder, or one that can be made.");
  }
  read_address(node);
  read_roles(node);
  read_labels(node);
  read_capacity(node);
  if (const auto user = node.text("user")) {
    if (!account_exists(user->value))
      notes_.add(user->place, "There is no account '" + user->value +
                                  "' on this machine. Make it (adduser --system), or leave 'user' "
                                  "out to stay the account that starts the daemon.");
    file_.node.user = user->value;
  }
  node.finish();
}

void ClusterReader::read_address(Section& node) {
  const auto address = node.text("address");
  if (!address) return;
  const auto endpoint = parse_endpoint(address->value, false);
  if (endpoint)
    file_.node.address = *endpoint;
  else
    notes_.add(address->place, endpoint.error().what);
}

void ClusterReader::read_roles(Section& node) {
  static const std::vector<std::string> known = {"voter", "worker"};
  const auto roles = node.texts("roles");
  if (!roles) return;
  file_.node.voter = file_.node.worker = false;
  for (const auto& [role, place] : roles->value) {
    if (std::ranges::find(known, role) == known.end()) {
      notes_.add(place, "There is no role '" + role + "'. " + suggestion(role, known));
      continue;
    }
    bool& has = role == "voter" ? file_.node.voter : file_.node.worker;
    if (has) notes_.add(place, "The role '" + role + "' stands here twice.");
    has = true;
  }
  if (roles->value.empty())
    notes_.add(roles->place, "A node without a role does nothing. Write [\"voter\", \"worker\"].");
  else if (!file_.node.voter)
    notes_.add(roles->place,
               "Every node that [[nodes]] names is a voter in this version: add \"voter\". Nodes "
               "that only work come in a later version.");
}

void ClusterReader::read_labels(Section& node) {
  const Value* labels = node.find("labels");
  if (!labels) return;
  if (labels->kind != Kind::table) {
    notes_.add(labels->place, "'labels' in [node] must be a table: labels = { disk = \"fast\" }.");
    return;
  }
  for (const Entry& label : labels->table) {
    if (!label_text(label.key, true))
      notes_.add(label.place, "The label '" + label.key.substr(0, 80) + "' may have 1 to " +
                                  std::to_string(limits::name_bytes) +
                                  " letters, digits, '.', '_', '-' and '/'.");
    else if (label.value.kind != Kind::text || !label_text(label.value.text, false))
      notes_.add(label.value.place,
                 "The value of the label '" + label.key + "' must be a text of 1 to " +
                     std::to_string(limits::name_bytes) + " letters, digits, '.', '_' and '-'.");
    else
      file_.node.labels[label.key] = label.value.text;
  }
}

void ClusterReader::read_capacity(Section& node) {
  Section capacity = node.table("capacity", "[node.capacity]");
  const auto take = [&](auto& into, const std::optional<Found<std::string>>& given, auto parse,
                        std::string_view name) {
    if (!given) return;
    const auto value = parse(given->value);
    if (!value)
      notes_.add(given->place, value.error().what);
    else if (value->value == 0)
      notes_.add(given->place, "A node with no " + std::string(name) + " can run nothing.");
    else
      into = *value;
  };
  Machine& has = file_.node.capacity;
  const auto cpu = capacity.quantity("cpu");
  take(has.cpu, cpu, parse_cpu, "cpu");
  if (cpu && has.cpu.value > cores_most * 1000)
    notes_.add(cpu->place, "No machine has more than " + std::to_string(cores_most) + " cores.");
  take(has.memory, capacity.quantity("memory"), parse_bytes, "memory");
  take(has.disk, capacity.quantity("disk"), parse_bytes, "disk");
  capacity.finish();
}

void ClusterReader::read_admin(Section& root) {
  Section admin = root.table("admin", "[admin]");
  // sockaddr_un holds 108 bytes with the zero at the end; unix(7).
  constexpr std::size_t socket_bytes = 107;
  const auto socket = admin.text("socket");
  file_.admin.socket = socket                    ? absolute(*socket, "the admin socket")
                       : file_.node.data.empty() ? ""
                                                 : file_.node.data + "/admin.sock";
  if (file_.admin.socket.size() > socket_bytes)
    notes_.add(socket ? socket->place : admin.place(),
               "The path of the admin socket has " + std::to_string(file_.admin.socket.size()) +
                   " bytes; a unix socket may have " + std::to_string(socket_bytes) +
                   ". Give a shorter one as 'socket' in [admin].");
  if (const auto group = admin.text("group")) {
    if (!group_exists(group->value))
      notes_.add(group->place, "There is no group '" + group->value +
                                   "' on this machine. Make it (addgroup --system), or leave "
                                   "'group' out: then only the owner may connect.");
    file_.admin.group = group->value;
  }
  admin.finish();
}

void ClusterReader::read_metrics(Section& root) {
  Section metrics = root.table("metrics", "[metrics]");
  if (const auto listen = metrics.text("listen")) {
    const auto endpoint = parse_endpoint(listen->value, true);
    if (listen->value.empty())
      file_.metrics.reset();
    else if (!endpoint)
      notes_.add(listen->place, endpoint.error().what + " \"\" turns metrics off.");
    else if (!is_loopback(*endpoint))
      notes_.add(listen->place,
                 "Metrics can be read by whoever can connect, so in this version they are served "
                 "on loopback only: use 127.0.0.1 or [::1].");
    else
      file_.metrics = *endpoint;
  }
  metrics.finish();
}

void ClusterReader::read_slices(Section& root) {
  Section slices = root.table("slices", "[slices]");
  constexpr std::int64_t first_ephemeral = 65'536;
  constexpr std::int64_t last_uid = 4'294'967'293;  // the two above it mean "nobody at all"
  const auto base = slices.integer("uid_base", first_ephemeral, last_uid);
  if (base) file_.slices.uid_base = static_cast<std::uint32_t>(base->value);
  const auto count = slices.integer("uid_count", limits::live_slices, last_uid);
  if (count) file_.slices.uid_count = static_cast<std::uint32_t>(count->value);
  if (std::int64_t{file_.slices.uid_base} + file_.slices.uid_count - 1 > last_uid)
    notes_.add(base ? base->place : count->place,
               "The user ids of slices would end beyond " + std::to_string(last_uid) +
                   ", the last one that exists. Lower uid_base or uid_count.");
  if (const auto cgroup = slices.text("cgroup")) {
    const std::string& path = cgroup->value;
    const bool fine = !path.empty() && path.size() <= 200 && path.front() != '/' &&
                      path.back() != '/' && path.find("//") == std::string::npos &&
                      ("/" + path + "/").find("/../") == std::string::npos &&
                      ("/" + path + "/").find("/./") == std::string::npos &&
                      std::ranges::all_of(path, [](char c) {
                        return c == '/' || label_text(std::string_view(&c, 1), false);
                      });
    if (!fine)
      notes_.add(cgroup->place,
                 "'cgroup' in [slices] must be a path below the root of the cgroup "
                 "hierarchies, such as \"runink\", of letters, digits, '.', '_', '-'.");
    file_.slices.cgroup = path;
  }
  if (const auto berths = slices.integer("berths", 1, berths_most))
    file_.slices.berths = static_cast<std::uint32_t>(berths->value);
  slices.finish();
}

void ClusterReader::read_log(Section& root) {
  static const std::vector<std::string> known = {"trace", "debug", "info", "warn", "error"};
  Section log = root.table("log", "[log]");
  if (const auto level = log.text("level")) {
    const auto at = std::ranges::find(known, level->value);
    if (at == known.end())
      notes_.add(level->place, "There is no log level '" + level->value + "'. " +
                                   suggestion(level->value, known));
    else
      file_.log_level = static_cast<LogLevel>(at - known.begin());
  }
  log.finish();
}

void ClusterReader::read_lease(Section& root) {
  Section lease = root.table("lease", "[lease]");
  file_.lease = file_.alone ? lease_of_one_voter : lease_of_several;
  if (const auto text = lease.text("duration")) {
    const auto duration = parse_duration(text->value);
    if (!duration)
      notes_.add(text->place, duration.error().what);
    else if (*duration < limits::lease_shortest || *duration > limits::lease_longest)
      notes_.add(text->place, "A lease lasts from 100ms to 1h.");
    else
      file_.lease = *duration;
  }
  lease.finish();
}

}  // namespace runink::config
