// What a bad disk may do to state.db. Either it is refused, or every row that is read is right.
#include <algorithm>
#include <map>
#include <span>

#include "storage/state_store.hpp"
#include "tests/storage/temporary.hpp"
#include "vocabulary/randomness.hpp"

using namespace runink;
using namespace runink::test;
using storage::StateStore;

namespace {

constexpr std::uint64_t last = 160;

std::string value_of(std::uint64_t i) { return std::string(300, 'v') + std::to_string(i); }

/// Entry i writes row i % 10; they lie in two tables.
void make_state(const std::string& path) {
  std::filesystem::create_directories(path);
  const auto store = StateStore::open(path);
  REQUIRE_OK(store);
  for (std::uint64_t i = 1; i <= last; ++i) {
    const storage::StateChange change{{{3, std::to_string(i % 10), value_of(i)}}, LogIndex{i}, i};
    REQUIRE_OK((*store)->write(std::span(&change, 1)));
    if (i == 100 || i == last) REQUIRE_OK((*store)->flush());
  }
}

/// True when something was refused. Rows of two moments, or older than what was flushed, fail the test.
bool refused_or_right(const std::string& path, const std::string& hurt) {
  const auto store = StateStore::open(path);
  if (!store) {
    CHECK_SAYS(store, "made again from the log");
    return true;
  }
  const auto rows = (*store)->scan(3, "", 1000);
  if (!rows) return true;
  const std::uint64_t applied = (*store)->applied().value;
  BOOST_TEST(applied == last, hurt << ": what was flushed is gone without a word");
  std::map<std::string, std::string> expected, found;
  for (std::uint64_t i = 1; i <= applied; ++i) expected[std::to_string(i % 10)] = value_of(i);
  for (const auto& row : *rows) found[row.key] = row.value;
  BOOST_TEST((found == expected), hurt << ": rows are not those after entry " << applied);
  return false;
}

std::vector<std::string> names_in(const std::string& path) {
  std::vector<std::string> names;
  for (const auto& file : std::filesystem::directory_iterator(path))
    names.push_back(file.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(state_damage)

BOOST_AUTO_TEST_CASE(a_flipped_bit_in_any_file_never_changes_a_row_silently) {
  const Folder folder;
  make_state(folder / "whole");
  const std::uint64_t seed = 20261206;
  Randomness random(seed);
  std::map<std::string, unsigned> refused;
  for (const std::string& name : names_in(folder / "whole/state.db")) {
    const std::string whole = content(folder / ("whole/state.db/" + name));
    if (whole.empty()) continue;
    for (int round = 0; round < 25; ++round) {
      std::filesystem::remove_all(folder / "hurt");
      copy_files(folder / "whole/state.db", folder / "hurt/state.db");
      std::string bytes = whole;
      const std::size_t at = random.below(bytes.size());
      bytes[at] = static_cast<char>(bytes[at] ^ (1 << random.below(8)));
      write(folder / ("hurt/state.db/" + name), bytes);
      const bool was_refused = refused_or_right(
          folder / "hurt", name + " byte " + std::to_string(at) + ", seed " + std::to_string(seed));
      refused[name.substr(name.find_first_not_of("0123456789"))] += was_refused ? 1 : 0;
    }
  }
  BOOST_TEST(refused[".sst"] > 10u, "only " << refused[".sst"] << " flips of tables were noticed");
}

BOOST_AUTO_TEST_CASE(a_file_that_is_gone_never_changes_a_row_silently) {
  const Folder folder;
  make_state(folder / "whole");
  std::size_t refused = 0;
  for (const std::string& name : names_in(folder / "whole/state.db")) {
    std::filesystem::remove_all(folder / "hurt");
    copy_files(folder / "whole/state.db", folder / "hurt/state.db");
    std::filesystem::remove(folder / ("hurt/state.db/" + name));
    refused += refused_or_right(folder / "hurt", name + " removed") ? 1 : 0;
  }
  BOOST_TEST(refused >= 3u);
}

BOOST_AUTO_TEST_SUITE_END()
