// A herd's file, `NAME.herd.toml`: who the tenant is and what it may use.
//
//   herd        = "finance"
//   description = "Settlement and reporting"
//   [quota]                     # what all its live slices may use together; left out = no limit
//   cpu    = "4"
//   memory = "8Gi"
//   slices = 16
//   runs   = 8
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

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
  friend bool operator==(const HerdFile&, const HerdFile&) = default;
};

/// `path` is only for the messages. Every mistake at once.
std::expected<HerdFile, Diagnostics> parse_herd_file(const std::string& path,
                                                     std::string_view text);

}  // namespace runink::pipeline
