#include "histories.hpp"

#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace runink::linearizability {
namespace {

struct World {
  Randomness& random;
  const Recipe& recipe;
  std::map<std::string, Value> cells;
  std::int64_t now = 0;
  std::uint64_t clients = 0;
  unsigned written = 0;

  Operation call() {
    Operation one;
    one.call = ++now;
    one.key = "k" + std::to_string(random.below(recipe.keys));
    const auto kind = random.below(10);
    if (kind < 4) return one;
    one.argument = "<" + std::to_string(++written) + ">";
    one.act = recipe.only_appends_and_reads || kind == 7 ? Act::append
              : kind < 7                                 ? Act::write
              : kind < 9                                 ? Act::compare_and_set
                                                         : Act::remove;
    if (one.act == Act::remove) one.argument.reset();
    if (one.act == Act::compare_and_set && random.chance(70)) one.expected = cells[one.key];
    return one;
  }

  void take_effect(Operation& one) {
    Value& cell = cells[one.key];
    switch (one.act) {
      case Act::read: one.told = cell; break;
      case Act::write: cell = one.argument; break;
      case Act::remove: cell.reset(); break;
      case Act::append: cell = cell.value_or("") + *one.argument; break;
      case Act::compare_and_set:
        one.swapped = cell == one.expected;
        if (one.swapped) cell = one.argument;
        break;
    }
  }
};

struct Client {
  std::uint64_t number = 0;
  std::optional<Operation> busy_with;
  bool took_effect = false;
};

}  // namespace

History draw(Randomness& random, const Recipe& recipe) {
  World world{random, recipe, {}, 0, recipe.clients, 0};
  History history;
  std::vector<Client> clients(recipe.clients);
  for (unsigned i = 0; i < recipe.clients; ++i) clients[i].number = i;
  for (unsigned called = 0; called < recipe.operations;) {
    Client& client = clients[random.below(clients.size())];
    if (!client.busy_with) {
      client.busy_with = world.call();
      client.busy_with->client = client.number;
      client.took_effect = false;
      ++called;
    } else if (random.below(200) < recipe.unanswered_percent) {  // asked about twice an operation
      history.push_back(unanswered(*std::exchange(client.busy_with, std::nullopt)));
      client.number = world.clients++;
    } else if (!client.took_effect) {
      world.take_effect(*client.busy_with);
      client.took_effect = true;
    } else {
      client.busy_with->done = ++world.now;
      history.push_back(*std::exchange(client.busy_with, std::nullopt));
    }
  }
  for (const Client& client : clients)
    if (client.busy_with) history.push_back(unanswered(*client.busy_with));
  for (const auto& [key, cell] : world.cells) {
    const std::int64_t call = ++world.now;
    history.push_back(of_key(key, read(world.clients++, call, ++world.now, cell)));
  }
  return history;
}

}  // namespace runink::linearizability
