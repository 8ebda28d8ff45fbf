// `runi cluster` and `runi recover`.
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "tools/runi/members.hpp"
#include "tools/runi/patience.hpp"
#include "tools/runi/shown.hpp"
#include "tools/runi/table.hpp"
#include "tools/runi/terminal.hpp"
#include "tools/runi/texts.hpp"
#include "tools/runi/verbs.hpp"

namespace runink::runi {
namespace {

/// A change that is repeated is done once: it is asked again while the leader changes.
Answer<boost::json::object> ask_patiently(const Common& common,
                                          const boost::json::object& request) {
  auto socket = find_socket(common.socket);
  if (!socket) return std::unexpected(socket.error());
  AdminClient::Waiting waiting;
  waiting.silence_ms = 0;
  const InterruptGuard guard;
  waiting.go_on = [] { return !InterruptGuard::raised(); };
  return with_patience(
      *socket, [&] { return ask(common, request, waiting); }, common.timeout_ms);
}

int write_member(const Common& common, const boost::json::object& result, const std::string& done,
                 const std::string& was) {
  if (write_document(common, result)) return exit_ok;
  const std::string name = printable("node/" + text_at(result, "name"));
  if (common.form == Form::name) {
    write_out(name + "\n");
    return exit_ok;
  }
  std::string text = name + " " + (flag_at(result, "changed") ? done : was);
  const std::string membership = text_at(result, "membership");
  if (membership == "joining") text += ", votes once it has caught up";
  if (membership == "voter") text += ", votes";
  if (membership == "learner") text += ", does not vote";
  write_out(text + "\n");
  return exit_ok;
}

std::string number_cell(const boost::json::object& node, std::string_view key) {
  return node.contains(key) ? std::to_string(number_at(node, key)) : "-";
}

std::string contact_cell(const boost::json::object& node, bool self) {
  if (self) return "itself";
  if (!flag_at(node, "reachable")) return "not reached";
  return node.contains("contact_ms") ? time_text(number_at(node, "contact_ms")) : "reached";
}

std::string on_its_way_text(const boost::json::object& one, const std::string& direction) {
  constexpr std::int64_t mebibyte = 1 << 20;
  return "          " + direction + " " + printable(text_at(one, "node")) + ": entry " +
         std::to_string(number_at(one, "index")) + ", " +
         std::to_string(number_at(one, "bytes") / mebibyte) + " of " +
         std::to_string(number_at(one, "size_bytes") / mebibyte) + " MiB\n";
}

/// Nothing for a node that has none and gets none.
std::string snapshots_text(const boost::json::object& snapshots) {
  std::string text;
  if (snapshots.contains("newest"))
    text += "snapshot  at entry " + std::to_string(number_at(snapshots, "newest")) + "\n";
  if (snapshots.contains("incoming"))
    text += on_its_way_text(object_at(snapshots, "incoming"), "comes from");
  for (const auto& one : array_at(snapshots, "outgoing"))
    text += on_its_way_text(as_object(one), "goes to");
  return text;
}

std::string disk_cell(const boost::json::object& node) {
  const auto& disk = object_at(node, "disk");
  if (disk.empty()) return "-";
  return size_text(static_cast<std::uint64_t>(number_at(disk, "left_bytes"))) + " free";
}

/// "leader", "follower", or what is wrong: "voter?" was not asked, "joining", "learner", "leaving".
std::string role_cell(const boost::json::object& node) {
  const std::string role = text_at(node, "role"), membership = text_at(node, "membership");
  if (membership != "voter") return membership;
  return role.empty() ? "voter" : role;
}

}  // namespace

std::string cluster_text(const boost::json::object& status, std::size_t width) {
  const std::string leader = printable(text_at(status, "leader"));
  const auto& log = object_at(status, "log");
  const auto& state = object_at(status, "state");
  std::string text = "cluster   " + printable(text_at(status, "cluster")) + "\n";
  text += "node      " + printable(text_at(status, "node")) + ", " +
          printable(text_at(status, "role")) + "\n";
  text += "leader    " + (leader.empty() ? "nobody" : leader) + ", term " +
          std::to_string(number_at(status, "term")) + "\n";
  text += "log       entries " + std::to_string(number_at(log, "first")) + " to " +
          std::to_string(number_at(log, "last")) + ", agreed on up to " +
          std::to_string(number_at(log, "committed")) + "\n";
  text += "state     " + std::to_string(number_at(state, "applied")) + " applied, hash " +
          printable(text_at(state, "hash")) + "\n";
  text += snapshots_text(object_at(status, "snapshots"));
  if (const auto& disk = object_at(status, "disk");
      text_at(disk, "level", "plain") != "plain" && !disk.empty())
    text += "disk      " + printable(text_at(disk, "level")) + ", " +
            std::to_string(number_at(disk, "left_bytes") >> 20) + " MiB left\n";
  text += "\n";
  std::int64_t newest = 0;
  for (const auto& one : array_at(status, "nodes"))
    newest = std::max(newest, number_at(as_object(one), "committed"));
  Table table({"NODE", "ROLE", "TERM>", "COMMITTED>", "APPLIED>", "LAG>", "CONTACT", "VERSION",
               "DISK", "ADDRESS"});
  for (const auto& one : array_at(status, "nodes")) {
    const auto& node = as_object(one);
    const std::string name = text_at(node, "name");
    const bool known = node.contains("match") || node.contains("applied");
    const std::int64_t has = number_at(node, node.contains("match") ? "match" : "applied");
    table.add({name, role_cell(node), number_cell(node, "term"), number_cell(node, "committed"),
               number_cell(node, "applied"),
               known ? std::to_string(std::max<std::int64_t>(newest - has, 0)) : "-",
               contact_cell(node, name == text_at(status, "node")),
               text_at(node, "version").empty() ? "-" : text_at(node, "version"), disk_cell(node),
               text_at(node, "address")});
  }
  return text + table.text(width);
}

int do_cluster_status(const Common& common) {
  auto result = ask(common, request_of(common, "cluster.status"));
  if (!result) return report(result.error());
  if (write_document(common, *result)) return exit_ok;
  if (common.form == Form::name) {
    write_out(items_names("nodes", array_at(*result, "nodes")));
    return exit_ok;
  }
  write_out(cluster_text(*result, style_of(STDOUT_FILENO).width));
  return exit_ok;
}

int do_cluster_add(const Common& common, const ClusterOptions& options) {
  auto request = request_of(common, "cluster.add");
  request["name"] = options.name;
  request["address"] = options.address;
  if (options.worker) request["worker"] = true;
  if (options.wait) request["wait"] = true;
  auto result = ask_patiently(common, request);
  if (!result) return report(result.error());
  return write_member(common, *result, "added", "is a member already");
}

int do_cluster_remove(const Common& common, const ClusterOptions& options) {
  auto request = request_of(common, "cluster.remove");
  request["name"] = options.name;
  if (options.force) request["force"] = true;
  auto result = ask_patiently(common, request);
  if (!result) return report(result.error());
  return write_member(common, *result, "removed", "was removed already");
}

int do_cluster_promote(const Common& common, const ClusterOptions& options) {
  auto request = request_of(common, "cluster.promote");
  request["name"] = options.name;
  if (options.wait) request["wait"] = true;
  auto result = ask_patiently(common, request);
  if (!result) return report(result.error());
  return write_member(common, *result, "promoted", "was promoted already");
}

int do_cluster_transfer(const Common& common, const ClusterOptions& options) {
  auto request = request_of(common, "cluster.transfer");
  if (!options.name.empty()) request["to"] = options.name;
  auto result = ask(common, std::move(request));
  if (!result) return report(result.error());
  if (write_document(common, *result)) return exit_ok;
  const std::string leader = printable(text_at(*result, "leader"));
  if (common.form == Form::name)
    write_out("node/" + leader + "\n");
  else if (flag_at(*result, "changed"))
    write_out("node/" + leader + " leads, in place of " + printable(text_at(*result, "from")) +
              ", after " + time_text(number_at(*result, "took_ms")) + "\n");
  else
    write_out("node/" + leader + " leads already\n");
  return exit_ok;
}

/// The daemon's own program does it: only that one reads its databases.
int do_recover(const ClusterOptions& options) {
  std::error_code error;
  const auto own = std::filesystem::read_symlink("/proc/self/exe", error);
  const std::string daemon = (own.parent_path() / "runinkd").string();
  std::vector<std::string> words{daemon, "--config", options.config, "--recover"};
  if (options.yes) words.emplace_back("--yes");
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  ::execv(daemon.c_str(), arguments.data());
  return report({"outside_failed",
                 "Cannot start " + printable(daemon) + ": " + std::strerror(errno) +
                     ". It must lie beside runi.",
                 exit_error,
                 {}});
}

}  // namespace runink::runi
