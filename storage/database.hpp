// How both databases are opened: small, quiet, without compression, strict about damage, and never
// made by accident. RocksDB's own headers are read in .cpp files only.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "vocabulary/fault.hpp"
#include "vocabulary/units.hpp"

namespace rocksdb {
class DB;
class Env;
class Status;
}  // namespace rocksdb

namespace runink::storage {

struct CloseDatabase {
  void operator()(rocksdb::DB* db) const;
};
using Database = std::unique_ptr<rocksdb::DB, CloseDatabase>;

/// What a database stands on. Only tests give anything else than the defaults: a disk that fails, and
/// so small a buffer that files change often.
struct DatabaseGround {
  rocksdb::Env* env = nullptr;  ///< the operating system's when null; outlives the database
  Bytes write_buffer = MiB(8);  ///< in memory before a table is written
};

struct DatabaseSpec {
  std::string folder;          ///< the database is `<folder>/<name>`
  std::string name;            ///< "raft.db"
  std::string advice;          ///< what the operator does about damage: whole sentences
  bool verify_all = false;     ///< read and check every block now
  bool read_only = false;      ///< nothing is written to it; it must exist
  bool must_have_log = false;  ///< a write-ahead log that is gone is missed
  DatabaseGround ground = {};
};

/// Opens it, or makes it when `<folder>/<name>` does not exist at all. It is made aside and
/// renamed, so a half-made one is never mistaken for an empty one. `corrupt` for damage, with the
/// advice.
Result<Database> open_database(const DatabaseSpec& spec);

/// A failed call as a fault: `corrupt` (with `advice`), `exhausted` (full disk), or
/// `outside_failed`.
Fault database_fault(std::string_view what, const rocksdb::Status& status, std::string_view advice);

}  // namespace runink::storage
