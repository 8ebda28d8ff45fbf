#include "storage/database.hpp"

#include <fcntl.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdarg>
#include <cstdio>

#include "storage/beneath.hpp"
#include "storage/record_log.hpp"
#include "vocabulary/limits.hpp"

namespace runink::storage {
namespace {

rocksdb::Options options_for_us(const DatabaseGround& ground) {
  rocksdb::Options options;
  if (ground.env != nullptr) options.env = ground.env;
  options.create_if_missing = false;
  options.paranoid_checks = true;
  // The default loses everything behind a damaged byte without a word (notes/caf.md 5).
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  // A failed write stays failed: after a failed sync nobody knows what the disk holds.
  options.max_bgerror_resume_count = 0;
  // A write-ahead log that is gone, or shorter than it was when it was closed, is damage.
  options.track_and_verify_wals_in_manifest = true;
  options.write_buffer_size = ground.write_buffer.value;
  options.max_write_buffer_number = 3;
  options.max_total_wal_size = 64 << 20;
  options.compression = rocksdb::kNoCompression;
  options.avoid_flush_during_shutdown = true;  // the log is read back anyway
  options.max_background_jobs = 2;
  options.max_open_files = 256;
  // No work, no files and no threads for RocksDB's own statistics.
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  options.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  options.keep_log_file_num = 2;
  options.max_log_file_size = 1 << 20;
  rocksdb::BlockBasedTableOptions table;
  table.format_version = 5;
  table.checksum = rocksdb::kXXH3;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

class NoLog final : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
};

bool is_there(const std::string& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0;
}

/// Makes an empty database aside and gives it its name when it is whole.
Result<void> make_database(const DatabaseSpec& spec) {
  auto folder = open_folder(spec.folder);
  if (!folder) return std::unexpected(folder.error());
  const std::string aside = spec.name + ".new";
  if (auto done = remove_tree(folder->get(), aside); !done) return done;
  rocksdb::Options options = options_for_us(spec.ground);
  options.create_if_missing = true;
  options.error_if_exists = true;
  rocksdb::DB* db = nullptr;
  const auto status = rocksdb::DB::Open(options, spec.folder + "/" + aside, &db);
  if (!status.ok())
    return std::unexpected(
        database_fault("Cannot make '" + spec.folder + "/" + spec.name + "'", status, spec.advice));
  CloseDatabase{}(db);
  if (::renameat(folder->get(), aside.c_str(), folder->get(), spec.name.c_str()) != 0)
    return std::unexpected(file_fault("Cannot rename '" + aside + "'", errno));
  return sync_file(folder->get(), "'" + spec.folder + "'");
}

}  // namespace

void CloseDatabase::operator()(rocksdb::DB* db) const {
  if (db == nullptr) return;
  db->Close().PermitUncheckedError();  // nothing is buffered that was promised
  delete db;
}

Result<Database> open_database(const DatabaseSpec& spec) {
  const std::string path = spec.folder + "/" + spec.name;
  if (!spec.read_only && !is_there(path))
    if (auto made = make_database(spec); !made) return std::unexpected(made.error());
  if (auto ready = make_record_logs_ready(path, spec.must_have_log); !ready) {
    Fault fault = ready.error();
    if (fault.kind == FaultKind::corrupt) fault.what += " " + spec.advice;
    return std::unexpected(fault);
  }
  rocksdb::DB* opened = nullptr;
  rocksdb::Options options = options_for_us(spec.ground);
  rocksdb::Status status;
  if (spec.read_only) {
    options.info_log = std::make_shared<NoLog>();  // or a file of it would lie there
    status = rocksdb::DB::OpenForReadOnly(options, path, &opened);
  } else {
    status = rocksdb::DB::Open(options, path, &opened);
  }
  Database db(opened);
  if (status.ok() && spec.verify_all) status = db->VerifyChecksum();
  if (status.ok()) return db;
  Fault fault = database_fault("Cannot open '" + path + "'", status, spec.advice);
  // With a missing or renamed part RocksDB says "invalid argument" or "not found".
  if (status.IsInvalidArgument() || status.IsNotFound() || status.IsPathNotFound()) {
    fault.kind = FaultKind::corrupt;
    fault.what += " " + spec.advice;
  }
  return std::unexpected(fault);
}

Fault database_fault(std::string_view what, const rocksdb::Status& status,
                     std::string_view advice) {
  Fault fault{FaultKind::outside_failed, std::string(what) + ": " + status.ToString() + "."};
  if (status.IsNoSpace() || status.ToString().find("No space left") != std::string::npos) {
    fault.kind = FaultKind::exhausted;
    fault.what += " The disk is full: make room, then start the node again.";
  } else if (status.IsCorruption()) {
    fault.kind = FaultKind::corrupt;
    fault.what += " " + std::string(advice);
  }
  return fault;
}

}  // namespace runink::storage
