// An ODCS document as a typed contract, or every mistake in it.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "governance/contract.hpp"
#include "vocabulary/diagnostic.hpp"

namespace runink::governance {

struct ReadContract {
  Contract contract;
  Diagnostics warnings;  ///< what Runink leaves to others: rules of type custom, deprecated keys
};

/// ODCS v3.1.0 in YAML (or JSON, which is YAML). `path` is only for the messages. All mistakes at
/// once, each at its place: first what the standard's JSON schema says, over every section; if that
/// holds, what Runink needs beyond it (names unique, ranges that can be met, patterns that RE2 can
/// do, references that resolve, numbers within `Decimal`).
///
/// The document itself is kept elsewhere, byte for byte; the typed contract holds what is checked.
std::expected<ReadContract, Diagnostics> parse_contract(const std::string& path,
                                                        std::string_view text);

/// A contract's name in a herd, when its author gives none: made of its `name`, else its `id`, else
/// the stem of `path`, in the letters that `check_name` allows; empty when nothing is left.
std::string proposed_name(const Contract& contract, std::string_view path);

}  // namespace runink::governance
