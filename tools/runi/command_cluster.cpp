// The words of `runi cluster` and `runi recover`.
#include <CLI/CLI.hpp>
#include <string>

#include "tools/runi/command_parts.hpp"

namespace runink::runi {
namespace {

void add_node(CLI::App* verb, Arguments& a, const std::string& what) {
  verb->add_option("node", a.cluster.name, what)->required()->type_name("MEMBER");
}

void add_wait(CLI::App* verb, Arguments& a) {
  verb->add_flag("--wait", a.cluster.wait, "end only when the node votes (10 minutes at most)");
}

void add_changes(CLI::App& cluster, Arguments& a, Verbs& verbs) {
  auto* join = add(cluster, "add", "Take a node into the cluster",
                   "  runi cluster add n4 10.0.0.4:7201\n"
                   "  runi cluster add n4 10.0.0.4:7201 --wait --timeout 10m\n"
                   "  runi cluster add w1 10.0.0.9:7201 --worker\n");
  // Nobody knows the name of a node that is new: nothing is there to complete.
  join->add_option("node", a.cluster.name, "its name, as in its cluster file and certificate")
      ->required()
      ->type_name("NAME");
  join->add_option("address", a.cluster.address, "where it listens for other nodes")
      ->required()
      ->type_name("HOST:PORT");
  join->add_flag("--worker", a.cluster.worker, "it works and keeps the log, and never votes");
  add_wait(join, a);
  add_timeout(join, a);
  add_form(join, a);
  verbs[join] = [](Arguments& x) { return do_cluster_add(x.common, x.cluster); };

  auto* remove = add(cluster, "remove", "Take a node out of the cluster, for ever",
                     "  runi cluster remove n4\n  runi cluster remove n2 --force\n");
  add_node(remove, a, "the node; when it leads, another takes over first");
  remove->add_flag("--force", a.cluster.force,
                   "also when too few of the others live, or sinks that it has to publish fail");
  add_timeout(remove, a);
  add_form(remove, a);
  verbs[remove] = [](Arguments& x) { return do_cluster_remove(x.common, x.cluster); };

  auto* promote = add(cluster, "promote", "Let a node vote that was added as a worker",
                      "  runi cluster promote w1\n  runi cluster promote w1 --wait\n");
  add_node(promote, a, "the node");
  add_wait(promote, a);
  add_timeout(promote, a);
  add_form(promote, a);
  verbs[promote] = [](Arguments& x) { return do_cluster_promote(x.common, x.cluster); };
}

}  // namespace

void add_cluster(CLI::App& app, Arguments& a, Verbs& verbs) {
  auto* cluster = add(app, "cluster", "Look at the nodes of the cluster, and change which they are",
                      "  runi cluster status\n  runi cluster add n4 10.0.0.4:7201\n"
                      "  runi cluster transfer --to n2\n");
  cluster->require_subcommand(1);

  auto* status =
      add(*cluster, "status", "Show the members: who leads, how far each is, who is reached",
          "  runi cluster status\n  runi cluster status -o json\n");
  add_form(status, a);
  verbs[status] = [](Arguments& x) { return do_cluster_status(x.common); };

  add_changes(*cluster, a, verbs);

  auto* transfer = add(*cluster, "transfer", "Let another node lead",
                       "  runi cluster transfer\n  runi cluster transfer --to n2\n");
  transfer->add_option("--to", a.cluster.name, "this one (default: whoever has most of the log)")
      ->type_name("MEMBER");
  add_timeout(transfer, a);
  add_form(transfer, a);
  verbs[transfer] = [](Arguments& x) { return do_cluster_transfer(x.common, x.cluster); };

  auto* recover = add(app, "recover", "Go on with one node when the majority is lost for good",
                      "  runi recover --config /etc/runink/cluster.toml\n"
                      "  runi recover --config /etc/runink/cluster.toml --yes\n");
  recover
      ->add_option("--config", a.cluster.config, "the cluster file of the node, which is stopped")
      ->required()
      ->type_name("FILE");
  recover->add_flag("--yes", a.cluster.yes,
                    "do it; without this it is only said what would be done");
  verbs[recover] = [](Arguments& x) { return do_recover(x.cluster); };
}

}  // namespace runink::runi
