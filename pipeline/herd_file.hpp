// A herd's file, `NAME.herd.toml`: who the tenant is and what it may use.
//
//   herd        = "finance"
//   description = "Settlement and reporting"
//   [quota]                     # what all its live slices may use together; left out = no limit
//   cpu    = "4"
//   memory = "8Gi"
//   slices = 16
//   runs   = 8
//   require_contracts = true    # before [quota]: every source names a contract
//   block_on_drift    = true    # before [quota]: other columns than the contract's fail a source
//   [masking]
//   default = "redact"          # of classes that are not named
//   [masking.classification]
//   confidential = "tokenise"
//   [masking.fields]
//   iban = { method = "partial" }   # or "partial" alone
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "governance/policy.hpp"
#include "vocabulary/diagnostic.hpp"
#include "vocabulary/ids.hpp"
#include "vocabulary/units.hpp"

namespace runink::pipeline {

/// 0 = no limit.
struct HerdQuota {
  MilliCpu cpu;
  Bytes memory;
  std::uint32_t slices = 0;
  std::uint32_t runs = 0;
  friend bool operator==(const HerdQuota&, const HerdQuota&) = default;
};

struct HerdFile {
  HerdName herd;
  std::string description;
  HerdQuota quota;
  governance::HerdPolicy policy;
  friend bool operator==(const HerdFile&, const HerdFile&) = default;
};

/// `path` is only for the messages. Every mistake at once.
std::expected<HerdFile, Diagnostics> parse_herd_file(const std::string& path,
                                                     std::string_view text);

}  // namespace runink::pipeline
