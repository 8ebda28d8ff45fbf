// The keys that hashes and tokens are made with.
#include "actors/workloads/herd_keys.hpp"

#include <sys/stat.h>

#include <fstream>
#include <thread>

#include "pipeline/step_file.hpp"
#include "tests/actors/cluster_harness.hpp"

namespace runink::actors::testing {
namespace {
namespace fs = std::filesystem;

struct Keys {
  TempFolder folder;
  storage::DataFolder data = storage::DataFolder::open((folder.path / "data").string()).value();
  Result<std::string> of(const std::string& herd) const { return herd_key(data, HerdName{herd}); }
  fs::path file(const std::string& herd) const { return fs::path(data.keys()) / (herd + ".key"); }
};

std::string hex(const std::string& bytes) {
  std::string digits;
  for (const char c : bytes)
    for (const int half : {static_cast<unsigned char>(c) >> 4, static_cast<unsigned char>(c) & 15})
      digits += "0123456789abcdef"[half];
  return digits;
}

BOOST_AUTO_TEST_SUITE(herd_keys)

BOOST_AUTO_TEST_CASE(on_several_nodes_no_node_makes_a_key_of_its_own) {
  const Keys keys;
  const auto none = herd_key(keys.data, HerdName{"finance"}, MissingKey::refuse);
  BOOST_REQUIRE(!none.has_value());
  BOOST_TEST((none.error().kind == FaultKind::not_allowed));
  BOOST_TEST(none.error().what.find("32 random bytes") != std::string::npos, none.error().what);
  BOOST_TEST(!fs::exists(keys.file("finance")));
  const auto made = keys.of("finance");
  BOOST_TEST(herd_key(keys.data, HerdName{"finance"}, MissingKey::refuse).value() == made.value());
}

BOOST_AUTO_TEST_CASE(a_key_is_made_once_and_is_private) {
  const Keys keys;
  const auto first = keys.of("finance");
  BOOST_REQUIRE(first.has_value());
  BOOST_TEST(first->size() == pipeline::key_bytes);
  BOOST_TEST(keys.of("finance").value() == *first);
  BOOST_TEST(keys.of("risk").value() != *first);
  struct stat info {};
  BOOST_REQUIRE(::stat(keys.file("finance").c_str(), &info) == 0);
  BOOST_TEST((info.st_mode & 07777) == 0600u);
  BOOST_REQUIRE(::stat(keys.data.keys().c_str(), &info) == 0);
  BOOST_TEST((info.st_mode & 07777) == 0700u);
}

BOOST_AUTO_TEST_CASE(the_key_of_tests_is_the_same_everywhere_and_no_herds) {
  const Keys keys;
  // sha256sum of "runink test key", computed apart from us: golden files of users depend on it.
  const std::string key = test_key();
  BOOST_TEST(key.size() == pipeline::key_bytes);
  BOOST_TEST(hex(key) == "b33aed4ea5d9975ac070c36ca3145221d387189f576a16b6564155407828362d");
  BOOST_TEST(keys.of("finance").value() != key);
}

BOOST_AUTO_TEST_CASE(threads_that_ask_at_once_get_the_same_key) {
  const Keys keys;
  std::vector<std::string> got(8);
  std::vector<std::thread> threads;
  for (std::string& one : got)
    threads.emplace_back([&keys, &one] { one = keys.of("finance").value_or(""); });
  for (std::thread& one : threads) one.join();
  for (const std::string& one : got) BOOST_TEST((!one.empty() && one == got.front()));
  const fs::directory_iterator all(keys.data.keys());
  BOOST_TEST(std::distance(begin(all), end(all)) == 1);
}

BOOST_AUTO_TEST_CASE(a_damaged_key_is_never_replaced) {
  const Keys keys;
  BOOST_REQUIRE(keys.of("finance").has_value());
  for (const std::size_t size : {0u, 31u, 33u}) {
    std::ofstream(keys.file("finance")) << std::string(size, 'k');
    const auto key = keys.of("finance");
    BOOST_REQUIRE(!key.has_value());
    BOOST_TEST((key.error().kind == FaultKind::corrupt));
    BOOST_TEST(fs::file_size(keys.file("finance")) == size);
  }
  std::ofstream(keys.file("finance")) << std::string(32, 'k');
  BOOST_TEST(keys.of("finance").value() == std::string(32, 'k'));
  ::chmod(keys.file("finance").c_str(), 0640);
  BOOST_TEST((keys.of("finance").error().kind == FaultKind::corrupt));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace runink::actors::testing
