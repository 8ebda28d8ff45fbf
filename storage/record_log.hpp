// A strict look at RocksDB's record files (write-ahead logs and manifest) before RocksDB reads
// them.
//
// RocksDB 7.8.3 takes some damage for the end of the file, in every recovery mode that we could
// use: a length that became too large near the end, or a record type that became one of a recycled
// log. All that follows is then lost without a word. Other damage it takes too hard: a power cut may
// leave zeros at the end of a file, where the last write never arrived, and RocksDB opens no more.
// Here a record may be incomplete only where the file ends, or where the zeros begin that reach from
// the start of a sector to the end of the file; and only if no shorter length explains its checksum.
//
// Format: github.com/facebook/rocksdb/wiki/Write-Ahead-Log-File-Format. Blocks of 32 KiB; record =
// masked CRC32C of type + payload u32, length u16, type u8, payload; zeros where less than 7 bytes
// are left in a block. A long record is parted: first, middle ..., last.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "vocabulary/fault.hpp"

namespace runink::storage {

/// One file's content. `name` is for the fault (`corrupt`), which names the position. How many bytes
/// hold whole records: what follows was being written when the power went, and was never synced.
Result<std::size_t> check_record_log(std::string_view bytes, std::string_view name);

/// Every write-ahead log and manifest of the database folder `path`; what follows their whole
/// records is cut off. Nobody may have the database open. A database that was ever open has a
/// write-ahead log; `must_have_log` misses it (a checkpoint has none).
Result<void> make_record_logs_ready(const std::string& path, bool must_have_log);

}  // namespace runink::storage
