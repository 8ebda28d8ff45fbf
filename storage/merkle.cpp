#include "storage/merkle.hpp"

#include <bit>

#include "vocabulary/ensure.hpp"

namespace runink::storage {
namespace {

std::string_view bytes_of(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.bytes.data()), digest.bytes.size()};
}

/// SHA-256(01 ‖ left ‖ right).
Digest node(const Digest& left, const Digest& right) {
  Sha256 hash;
  hash.update(std::string_view("\x01", 1));
  hash.update(bytes_of(left));
  hash.update(bytes_of(right));
  return hash.finish();
}

/// The left part of `count` > 1 leaves: the largest power of two below it.
std::size_t left_part(std::size_t count) { return std::bit_floor(count - 1); }

}  // namespace

Digest merkle_leaf(std::string_view value) {
  Sha256 hash;
  hash.update(std::string_view("\0", 1));
  hash.update(value);
  return hash.finish();
}

Digest merkle_root(std::span<const Digest> leaves) {
  if (leaves.empty()) return sha256({});
  if (leaves.size() == 1) return leaves.front();
  const std::size_t left = left_part(leaves.size());
  return node(merkle_root(leaves.first(left)), merkle_root(leaves.subspan(left)));
}

std::vector<Digest> merkle_path(std::span<const Digest> leaves, std::size_t at) {
  ENSURE(at < leaves.size());
  if (leaves.size() == 1) return {};
  const std::size_t left = left_part(leaves.size());
  const bool is_left = at < left;
  auto path =
      is_left ? merkle_path(leaves.first(left), at) : merkle_path(leaves.subspan(left), at - left);
  path.push_back(merkle_root(is_left ? leaves.subspan(left) : leaves.first(left)));
  return path;
}

Digest merkle_root_of_path(const Digest& leaf, std::size_t at, std::size_t count,
                           std::span<const Digest> path) {
  if (at >= count) return {};
  if (count == 1) return path.empty() ? leaf : Digest{};
  if (path.empty()) return {};
  const std::size_t left = left_part(count);
  const bool is_left = at < left;
  const Digest below =
      is_left ? merkle_root_of_path(leaf, at, left, path.first(path.size() - 1))
              : merkle_root_of_path(leaf, at - left, count - left, path.first(path.size() - 1));
  if (below.empty()) return {};
  return is_left ? node(below, path.back()) : node(path.back(), below);
}

}  // namespace runink::storage
