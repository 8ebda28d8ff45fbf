// Keys and values against a plain map: over random logs the table is what the map says, the history
// tells every change once and in order, and a replay gives the same rows and hash.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <map>
#include <set>

#include "tests/state/kv_world.hpp"

using namespace runink;
using namespace runink::state;
using namespace runink::state::testing;

namespace {

struct ModelEntry {
  std::string value;
  std::uint64_t created = 0;
  std::uint64_t revision = 0;
  std::uint64_t version = 0;
  friend bool operator==(const ModelEntry&, const ModelEntry&) = default;
};
using ModelMap = std::map<std::string, ModelEntry>;

bool related(KvRelation relation, int order) {
  return relation == KvRelation::equal       ? order == 0
         : relation == KvRelation::not_equal ? order != 0
         : relation == KvRelation::less      ? order < 0
                                             : order > 0;
}

bool model_holds(const ModelMap& map, const KvCompare& compare) {
  const auto at = map.find(compare.key);
  if (compare.aspect == KvAspect::value)
    return at == map.end() ? compare.relation == KvRelation::not_equal
                           : related(compare.relation, at->second.value.compare(compare.text));
  const ModelEntry entry = at == map.end() ? ModelEntry{} : at->second;
  const std::uint64_t is = compare.aspect == KvAspect::revision  ? entry.revision
                           : compare.aspect == KvAspect::created ? entry.created
                                                                 : entry.version;
  return related(compare.relation, is < compare.number ? -1 : is > compare.number ? 1 : 0);
}

KvAnswer model_answer(const ModelMap& map, const std::string& key) {
  const auto at = map.find(key);
  if (at == map.end()) return {};
  const ModelEntry& entry = at->second;
  return {true, LogIndex{entry.revision}, LogIndex{entry.created}, entry.version, {}};
}

void model_write(ModelMap& map, const std::string& key, std::string value, std::uint64_t index) {
  const auto [at, made] = map.try_emplace(key);
  if (made) at->second.created = index;
  at->second.value = std::move(value);
  at->second.revision = index;
  ++at->second.version;
}

/// Does what the transaction means to one herd's map, and says what must be answered.
KvResult model_apply(ModelMap& map, const KvTransaction& asked, std::uint64_t index) {
  KvResult result{true, LogIndex{index}, {}};
  for (const KvCompare& one : asked.compare)
    if (!model_holds(map, one)) result.succeeded = false;
  for (const KvOperation& operation : result.succeeded ? asked.then : asked.otherwise) {
    if (const auto* put = std::get_if<KvPut>(&operation)) {
      model_write(map, put->key, put->value, index);
      result.answers.push_back(model_answer(map, put->key));
    } else if (const auto* append = std::get_if<KvAppend>(&operation)) {
      const std::string before = map.contains(append->key) ? map[append->key].value : "";
      model_write(map, append->key, before + append->value, index);
      result.answers.push_back(model_answer(map, append->key));
    } else if (const auto* gone = std::get_if<KvDelete>(&operation)) {
      result.answers.push_back(model_answer(map, gone->key));
      map.erase(gone->key);
    } else {
      const std::string& key = std::get<KvGet>(operation).key;
      result.answers.push_back(model_answer(map, key));
      if (map.contains(key)) result.answers.back().value = map[key].value;
    }
  }
  return result;
}

std::string random_key(Randomness& chance) { return "k" + std::to_string(chance.below(8)); }

KvOperation random_operation(Randomness& chance) {
  const std::string value = std::to_string(chance.below(4));
  switch (chance.below(8)) {
    case 0:
    case 1: return KvAppend{random_key(chance), value};
    case 2: return KvDelete{random_key(chance)};
    case 3: return KvGet{random_key(chance)};
    default: return KvPut{random_key(chance), value};
  }
}

std::vector<KvOperation> random_branch(Randomness& chance, std::uint64_t least) {
  std::vector<KvOperation> branch;
  for (std::uint64_t i = least + chance.below(3); i > 0; --i)
    branch.push_back(random_operation(chance));
  return branch;
}

KvTransaction random_transaction(Randomness& chance, const World& world) {
  KvTransaction asked;
  asked.herd = HerdName{chance.chance(80) ? "finance" : "risk"};
  if (chance.chance(40)) asked.request = RequestId{"r-" + std::to_string(chance.below(60))};
  for (std::uint64_t i = chance.below(3); i > 0; --i) {
    KvCompare one;
    one.key = random_key(chance);
    one.aspect = static_cast<KvAspect>(1 + chance.below(4));
    one.relation = static_cast<KvRelation>(1 + chance.below(4));
    one.text = std::to_string(chance.below(4));
    one.number = chance.below(4);
    const KvEntry* entry = world.state.kv.find(asked.herd, one.key);
    if (entry != nullptr && chance.chance(70))
      one.number = one.aspect == KvAspect::created ? entry->created.value : entry->revision.value;
    asked.compare.push_back(one);
  }
  asked.then = random_branch(chance, 1);
  asked.otherwise = random_branch(chance, 0);
  return asked;
}

Body random_kv_body(Randomness& chance, const World& world) {
  const std::uint64_t dice = chance.below(200);
  if (dice == 0) return HerdRemoved{HerdName{chance.chance(50) ? "finance" : "risk"}};
  if (dice < 8) return herd(chance.chance(50) ? "finance" : "risk");
  if (dice < 40) return put("large", std::string(limits::kv_value.value, 'x'));
  return random_transaction(chance, world);
}

template <class Each>
World random_kv_log(std::uint64_t seed, std::size_t entries, Each each) {
  Randomness chance(seed);
  World world = World::with({node("n1")});
  std::vector<Body> said;
  for (std::size_t i = 0; i < entries; ++i) {
    world.wait(milliseconds(static_cast<std::int64_t>(chance.below(400))));
    Command command;
    command.at = world.now;
    command.caller = {1000, chance.chance(50) ? "ada" : "bob"};
    command.body =
        !said.empty() && chance.chance(10) ? pick(chance, said) : random_kv_body(chance, world);
    said.push_back(command.body);
    each(world, command, world.say(command));
  }
  return world;
}

ModelMap of_herd(const ClusterState& state, const HerdName& herd) {
  ModelMap map;
  for (const auto& [key, entry] : state.kv.entries)
    if (key.first == herd)
      map[key.second] = {entry.value, entry.created.value, entry.revision.value, entry.version};
  return map;
}

/// Plain maps beside the state: what each herd holds, what was answered, every change ever told.
struct Model {
  std::map<HerdName, ModelMap> herds;
  std::map<std::pair<HerdName, RequestId>, std::pair<KvTransaction, KvResult>> answered;
  std::map<HerdName, std::map<std::uint64_t, std::map<std::string, std::optional<std::string>>>>
      told;
  std::size_t accepted = 0, repeated = 0, refused = 0, failed = 0;

  void take(const World& world, const Command& command, const Applied& applied) {
    if (const auto* removed = std::get_if<HerdRemoved>(&command.body))
      if (applied.outcome.verdict == Verdict::accepted) forget(removed->herd);
    const auto* asked = std::get_if<KvTransaction>(&command.body);
    if (asked == nullptr) return;
    const std::uint64_t index = world.state.applied.value;
    if (applied.outcome.verdict == Verdict::refused) {
      ++refused;
      BOOST_REQUIRE(applied.rows.size() == 1);
      return;
    }
    BOOST_REQUIRE(applied.outcome.kv.has_value());
    const std::pair<HerdName, RequestId> request(asked->herd, asked->request.value_or(RequestId{}));
    if (applied.outcome.verdict == Verdict::repeated) {
      ++repeated;
      BOOST_REQUIRE(answered.contains(request));
      BOOST_REQUIRE((answered[request].first == *asked));
      BOOST_REQUIRE((answered[request].second == *applied.outcome.kv));
      return;
    }
    ++accepted;
    ModelMap& map = herds[asked->herd];
    const ModelMap before = map;
    const KvResult expected = model_apply(map, *asked, index);
    BOOST_REQUIRE((expected == *applied.outcome.kv));
    failed += expected.succeeded ? 0 : 1;
    if (asked->request) answered[request] = {*asked, expected};
    for (const auto& [key, entry] : map)
      if (!before.contains(key) || before.at(key) != entry)
        told[asked->herd][index][key] = entry.value;
    for (const auto& [key, entry] : before)
      if (!map.contains(key)) told[asked->herd][index][key] = std::nullopt;
  }
  void forget(const HerdName& herd) {
    herds.erase(herd);
    told.erase(herd);
    std::erase_if(answered, [&](const auto& one) { return one.first.first == herd; });
  }
};

/// The history tells each change once, in order, and all of them behind what is compacted.
void check_history(const ClusterState& state, const Model& model) {
  std::map<HerdName, std::map<std::uint64_t, std::map<std::string, std::optional<std::string>>>>
      seen;
  for (const auto& [key, row] : state.kv.history.rows) {
    BOOST_REQUIRE((key.first == row.herd && key.second == row.index));
    BOOST_REQUIRE(!row.changes.empty());
    BOOST_REQUIRE((key.second > state.kv.compacted(row.herd)));
    for (const KvChange& one : row.changes)
      BOOST_REQUIRE(seen[row.herd][row.index.value].emplace(one.key, one.value).second);
  }
  for (const auto& [herd, told] : model.told) {
    auto expected = told;
    std::erase_if(expected,
                  [&](const auto& one) { return one.first <= state.kv.compacted(herd).value; });
    BOOST_REQUIRE((seen[herd] == expected));
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(every_log_of_keys)

BOOST_AUTO_TEST_CASE(means_what_a_plain_map_says) {
  Model sum;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      Model model;
      std::size_t entry = 0;
      const World world = random_kv_log(
          seed, 600, [&](const World& now, const Command& command, const Applied& applied) {
            model.take(now, command, applied);
            if (++entry % 20 == 0) check_history(now.state, model);
          });
      for (const char* name : {"finance", "risk"})
        BOOST_TEST((of_herd(world.state, HerdName{name}) == model.herds[HerdName{name}]));
      check_history(world.state, model);
      sum.accepted += model.accepted, sum.repeated += model.repeated;
      sum.refused += model.refused, sum.failed += model.failed;
    }
  }
  // The random logs are worth something only if all of it happens in them.
  BOOST_TEST(sum.accepted > 2000);
  BOOST_TEST(sum.failed > 500);
  BOOST_TEST(sum.refused > 200);
  BOOST_TEST(sum.repeated > 50);
}

BOOST_AUTO_TEST_CASE(gives_the_same_rows_and_hash_when_it_is_applied_again) {
  for (std::uint64_t seed = 30; seed < 36; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      World second = World::with({node("n1")});
      const World first = random_kv_log(
          seed, 300, [&](const World&, const Command& command, const Applied& applied) {
            const Result<Command> read = decode_command(encode(command));
            BOOST_REQUIRE(read.has_value());
            BOOST_REQUIRE((second.say(*read) == applied));
          });
      BOOST_TEST(second.state.hash == first.state.hash);
      BOOST_CHECK((second.state == first.state));
      BOOST_CHECK((second.store == first.store));
    }
  }
}

BOOST_AUTO_TEST_CASE(can_be_restored_from_its_rows_at_any_entry) {
  for (std::uint64_t seed = 40; seed < 44; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      std::size_t entry = 0;
      random_kv_log(seed, 300, [&](const World& world, const Command&, const Applied&) {
        if (++entry % 23 != 0) return;
        const Result<ClusterState> loaded = load(world.stored());
        BOOST_REQUIRE_MESSAGE(loaded.has_value(), (loaded ? "" : loaded.error().what));
        BOOST_REQUIRE((*loaded == world.state));
        BOOST_REQUIRE((rows_of(world.state) == world.stored_live()));
      });
    }
  }
}

BOOST_AUTO_TEST_CASE(has_the_hash_that_every_other_build_of_it_has) {
  const std::pair<std::uint64_t, std::uint64_t> golden[] = {{101, 1302512926322922358u},
                                                            {102, 6640213295544140256u}};
  for (const auto& [seed, hash] : golden) {
    const World world =
        random_kv_log(seed, 400, [](const World&, const Command&, const Applied&) {});
    BOOST_TEST_MESSAGE("state hash of seed " << seed << ": " << world.state.hash);
    BOOST_TEST(world.state.hash == hash);
  }
}

BOOST_AUTO_TEST_CASE(rows_and_commands_that_were_changed_never_crash) {
  Randomness chance(9);
  std::vector<std::string> logs;
  World world = random_kv_log(62, 200, [&](const World&, const Command& command, const Applied&) {
    logs.push_back(encode(command));
  });
  const std::vector<Row> rows = world.stored();
  std::size_t corrupt = 0, read = 0;
  for (int round = 0; round < 300; ++round) {
    std::vector<Row> changed = rows;
    Row& row = changed[chance.below(changed.size())];
    (*row.value)[chance.below(row.value->size())] = static_cast<char>(chance.next());
    Result<ClusterState> loaded = load(changed);
    if (!loaded) {
      ++corrupt;
      continue;
    }
    // A state that could be read goes on, whatever it holds.
    World other;
    other.state = std::move(*loaded);
    other.now = world.now;
    for (int i = 0; i < 5; ++i) {
      std::string bytes = pick(chance, logs);
      bytes[chance.below(bytes.size())] = static_cast<char>(chance.next());
      const Result<Command> command = decode_command(bytes);
      if (!command) continue;
      ++read;
      other.say(*command);
    }
  }
  BOOST_TEST(corrupt > 0);
  BOOST_TEST(read > 100);
}

BOOST_AUTO_TEST_SUITE_END()
