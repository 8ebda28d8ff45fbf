// Which columns of a dataset are masked, and how: the strictest of the contract's classification,
// the herd's rule for the field, and what the step asks for.
#pragma once

#include <expected>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "governance/contract.hpp"
#include "governance/policy.hpp"

namespace runink::governance {

struct ColumnMask {
  std::string column;  ///< as the contract spells it
  MaskMethod method = MaskMethod::redact;
  std::string why;  ///< "classification confidential", "herd policy for email", "step"
  friend bool operator==(const ColumnMask&, const ColumnMask&) = default;
  static auto fields(auto& self) { return std::tie(self.column, self.method, self.why); }
};

/// What a step asks for, by column: `masks = { email = "redact" }`.
using MaskOverrides = std::map<std::string, MaskMethod>;

/// An override that does not stand. `unknown`: the contract has no such column.
struct MaskMistake {
  std::string column;
  bool unknown = false;
  MaskMethod asked = MaskMethod::keep;
  MaskMethod demanded = MaskMethod::keep;
  std::string why;  ///< who demands it
  friend bool operator==(const MaskMistake&, const MaskMistake&) = default;
};
/// "`email` must be masked at least as `hash` (herd policy for email); `partial` is laxer".
std::string to_text(const MaskMistake& mistake);

/// The masks of the columns of `object` in their order, without those that are kept; or every
/// override that is laxer than what is demanded, or names no column.
///
/// A class or a field rule of a part ("address.city") counts for its column, which is masked whole.
/// Of lists and objects no partial text is left: `partial` becomes `redact` there.
std::expected<std::vector<ColumnMask>, std::vector<MaskMistake>> masks_for(
    const SchemaObject& object, const HerdPolicy& policy, const MaskOverrides& overrides);

}  // namespace runink::governance
