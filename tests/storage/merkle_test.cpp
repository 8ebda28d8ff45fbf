// Known answers: the inputs and roots that certificate transparency publishes for RFC 6962, made again
// with another program.
#include "storage/merkle.hpp"

#include <boost/test/unit_test.hpp>
#include <string>

using namespace runink;
using namespace runink::storage;

namespace {

std::vector<Digest> leaves(std::size_t count) {
  const std::string values[] = {
      "",
      std::string("\x00", 1),
      "\x10",
      "\x20\x21",
      "\x30\x31",
      "\x40\x41\x42\x43",
      "\x50\x51\x52\x53\x54\x55\x56\x57",
      "\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
  };
  std::vector<Digest> all;
  for (std::size_t i = 0; i < count; ++i) all.push_back(merkle_leaf(values[i]));
  return all;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(merkle)

BOOST_AUTO_TEST_CASE(roots_are_those_of_rfc_6962) {
  const std::string roots[] = {
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
      "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
      "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
      "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
      "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
      "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
      "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
      "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
  };
  for (std::size_t count = 0; count <= 8; ++count)
    BOOST_TEST(to_hex(merkle_root(leaves(count))) == roots[count], "of " << count << " leaves");
}

BOOST_AUTO_TEST_CASE(a_path_proves_its_leaf_at_its_place_and_no_other) {
  std::vector<Digest> all;
  for (std::size_t count = 1; count <= 33; ++count) {
    all.push_back(merkle_leaf(std::to_string(count)));
    const Digest root = merkle_root(all);
    for (std::size_t at = 0; at < count; ++at) {
      std::vector<Digest> path = merkle_path(all, at);
      BOOST_TEST((merkle_root_of_path(all[at], at, count, path) == root));
      BOOST_TEST((merkle_root_of_path(merkle_leaf("x"), at, count, path) != root));
      if (count > 1) BOOST_TEST((merkle_root_of_path(all[at], at ^ 1, count, path) != root));
      BOOST_TEST((merkle_root_of_path(all[at], count, count, path) != root));
      path.push_back(root);
      BOOST_TEST(merkle_root_of_path(all[at], at, count, path).empty());
      path.resize(path.size() - 1);
      if (path.empty()) continue;
      path.pop_back();
      BOOST_TEST(merkle_root_of_path(all[at], at, count, path).empty());
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
