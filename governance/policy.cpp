#include "governance/policy.hpp"

#include <iterator>

#include "vocabulary/codec.hpp"

namespace runink::governance {

std::string_view to_string(MaskMethod method) {
  return known(method) ? mask_methods[static_cast<std::size_t>(method)] : "?";
}

std::optional<MaskMethod> mask_method(std::string_view name) {
  if (name == "tokenize") return MaskMethod::tokenise;
  for (std::size_t i = 0; i < std::size(mask_methods); ++i)
    if (mask_methods[i] == name) return static_cast<MaskMethod>(i);
  return std::nullopt;
}

Digest digest_of(const HerdPolicy& policy) { return sha256(encode(policy)); }

}  // namespace runink::governance
