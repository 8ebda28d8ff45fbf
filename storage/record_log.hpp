// A strict look at RocksDB's record files (write-ahead logs and manifest) before RocksDB reads
// them.
//
// RocksDB 7.8.3 takes some damage for the end of the file, in every recovery mode that we could
// use: a length that became too large near the end, or a record type that became one of a recycled
// log. All that follows is then lost without a word. Here a record may be incomplete only where the
// file ends, and only if no shorter length explains its checksum.
//
// Format: github.com/facebook/rocksdb/wiki/Write-Ahead-Log-File-Format. Blocks of 32 KiB; record =
// masked CRC32C of type + payload u32, length u16, type u8, payload; zeros where less than 7 bytes
// are left in a block.
#pragma once

#include <string>
#include <string_view>

#include "vocabulary/fault.hpp"

namespace runink::storage {

/// One file's content. `name` is for the fault (`corrupt`), which names the position.
Result<void> check_record_log(std::string_view bytes, std::string_view name);

/// Every write-ahead log and manifest of the database folder `path`.
Result<void> check_record_logs(const std::string& path);

}  // namespace runink::storage
