// What a herd demands of its data: as typed values, since they enter the log. The text is
// `*.herd.toml`, which pipeline/ reads.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

#include "vocabulary/digest.hpp"

namespace runink::governance {

/// How a value is made unreadable. The number is the strictness: of two the greater counts.
enum class MaskMethod : std::uint8_t {
  keep = 0,      ///< the value itself
  partial = 1,   ///< the last four characters; a value under nine characters is masked whole
  tokenise = 2,  ///< keyed; the same value gives the same token in every run of the herd
  hash = 3,      ///< keyed; 32 hex digits
  redact = 4     ///< nothing of it: "***", and NULL where the type has no such text
};
constexpr bool known(MaskMethod m) { return m <= MaskMethod::redact; }
/// "keep", "partial", "tokenise", "hash", "redact".
std::string_view to_string(MaskMethod method);
/// The method of such a name, also spelled "tokenize".
std::optional<MaskMethod> mask_method(std::string_view name);

/// The names of all methods, the laxest first, for hints.
inline constexpr std::string_view mask_methods[] = {"keep", "partial", "tokenise", "hash",
                                                    "redact"};

struct MaskingPolicy {
  /// For classified columns whose class is not named. The class "public" is kept unless it is named.
  MaskMethod fallback = MaskMethod::redact;
  /// Classes and columns compare without regard to the case of ASCII letters.
  std::map<std::string, MaskMethod> by_classification;
  /// By the name of a column, in every contract; also of columns without a class.
  std::map<std::string, MaskMethod> by_field;
  friend bool operator==(const MaskingPolicy&, const MaskingPolicy&) = default;
  static auto fields(auto& self) {
    return std::tie(self.fallback, self.by_classification, self.by_field);
  }
};

struct HerdPolicy {
  bool require_contracts = false;  ///< a source without a contract does not compile
  bool block_on_drift = true;      ///< drift fails the source's stage; otherwise it is counted
  MaskingPolicy masking;
  friend bool operator==(const HerdPolicy&, const HerdPolicy&) = default;
  static auto fields(auto& self) {
    return std::tie(self.require_contracts, self.block_on_drift, self.masking);
  }
};

/// SHA-256 of the encoded policy.
Digest digest_of(const HerdPolicy& policy);

}  // namespace runink::governance
