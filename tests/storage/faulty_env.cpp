#include "tests/storage/faulty_env.hpp"

#include <rocksdb/file_system.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "tests/storage/temporary.hpp"

/// Known to the leak checker of a sanitized build: RocksDB 7.8.3 loses a memtable when it cannot make
/// the next write-ahead log. Nobody else's leaks are passed over.
extern "C" const char* __lsan_default_suppressions() {
  return "leak:rocksdb::DBImpl::SwitchMemtable\n";
}

namespace runink::test {
namespace {

using rocksdb::IOStatus;

/// The bytes of one file, whatever it is called at the moment.
struct Inode {
  std::string shadow;  ///< another name of it, which nobody removes
  std::uint64_t written = 0;
  std::uint64_t synced = 0;
  bool stuck = false;  ///< a sync failed: nothing more becomes durable
};
using Names = std::map<std::string, std::shared_ptr<Inode>>;

IOStatus refusal(Refusal how) {
  IOStatus full = IOStatus::NoSpace("injected: No space left on device");
  full.SetRetryable(true);  // as RocksDB itself says of ENOSPC
  if (how == Refusal::no_space) return full;
  IOStatus failed = IOStatus::IOError("injected: input/output error");
  failed.SetRetryable(how == Refusal::transient);
  return failed;
}

}  // namespace

class FaultyDisk::FileSystem final : public rocksdb::FileSystemWrapper {
 public:
  explicit FileSystem(std::string folder)
      : FileSystemWrapper(rocksdb::FileSystem::Default()), folder_(std::move(folder)) {
    for (const auto& file : std::filesystem::directory_iterator(folder_)) {
      const std::uint64_t size = file.file_size();
      auto inode = adopt(file.path());
      inode->written = inode->synced = size;
      now_[file.path()] = durable_[file.path()] = inode;
    }
  }
  const char* Name() const override { return "FaultyDisk"; }

  class Writable;
  class Directory;
  friend class FaultyDisk;

  /// One operation begins. How it fails, if it does.
  std::optional<Refusal> step() {
    const std::lock_guard lock(mutex_);
    ++operations_;
    if (power_off_at_ != 0 && operations_ >= power_off_at_) {
      struck_ = true;
      return Refusal::input_output;
    }
    if (operations_ != refuse_at_) return {};
    struck_ = true;
    return how_;
  }

  std::shared_ptr<Inode> adopt(const std::string& path) {
    auto inode = std::make_shared<Inode>();
    inode->shadow = shadows_ / std::to_string(++inodes_);
    BOOST_REQUIRE(::link(path.c_str(), inode->shadow.c_str()) == 0);
    return inode;
  }

  void wait_while_held() {
    std::unique_lock lock(mutex_);
    ++held_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return !holding_; });
    --held_;
  }

  void synced(Inode& inode, bool well) {
    const std::lock_guard lock(mutex_);
    if (!well) inode.stuck = true;
    if (!inode.stuck && !lying_) inode.synced = inode.written;
  }
  void synced_folder() {
    const std::lock_guard lock(mutex_);
    durable_ = now_;
    unsynced_.clear();
  }

  IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                           std::unique_ptr<rocksdb::FSWritableFile>* file,
                           rocksdb::IODebugContext* debug) override;
  IOStatus ReopenWritableFile(const std::string&, const rocksdb::FileOptions&,
                              std::unique_ptr<rocksdb::FSWritableFile>*,
                              rocksdb::IODebugContext*) override {
    return IOStatus::NotSupported("nobody reopens files here");
  }
  IOStatus ReuseWritableFile(const std::string&, const std::string&, const rocksdb::FileOptions&,
                             std::unique_ptr<rocksdb::FSWritableFile>*,
                             rocksdb::IODebugContext*) override {
    return IOStatus::NotSupported("nobody recycles logs here");
  }
  IOStatus NewDirectory(const std::string& path, const rocksdb::IOOptions& options,
                        std::unique_ptr<rocksdb::FSDirectory>* directory,
                        rocksdb::IODebugContext* debug) override;

  IOStatus DeleteFile(const std::string& path, const rocksdb::IOOptions& options,
                      rocksdb::IODebugContext* debug) override {
    if (const auto refused = step()) return refusal(*refused);
    IOStatus done = target()->DeleteFile(path, options, debug);
    const std::lock_guard lock(mutex_);
    if (done.ok() && now_.erase(path) == 1) unsynced_.push_back(now_);
    return done;
  }
  IOStatus RenameFile(const std::string& from, const std::string& to,
                      const rocksdb::IOOptions& options, rocksdb::IODebugContext* debug) override {
    if (const auto refused = step()) return refusal(*refused);
    IOStatus done = target()->RenameFile(from, to, options, debug);
    const std::lock_guard lock(mutex_);
    if (const auto known = now_.find(from); done.ok() && known != now_.end()) {
      now_[to] = known->second;
      now_.erase(from);
      unsynced_.push_back(now_);
    }
    return done;
  }

  void leave(const std::string& to, Unsynced unsynced, Randomness& random) {
    const std::lock_guard lock(mutex_);
    std::filesystem::remove_all(to);
    std::filesystem::create_directories(to);
    const Names* left = unsynced == Unsynced::kept ? &now_ : &durable_;
    if (unsynced == Unsynced::torn || unsynced == Unsynced::zeroed)  // a journal keeps the order
      if (const auto kept = random.below(unsynced_.size() + 1); kept != 0)
        left = &unsynced_[kept - 1];
    for (const auto& [path, inode] : *left)
      write(to + path.substr(path.rfind('/')), left_of(*inode, unsynced, random));
  }

 private:
  static std::string left_of(const Inode& inode, Unsynced unsynced, Randomness& random) {
    std::string bytes = content(inode.shadow);
    std::size_t keep = inode.synced;
    if (unsynced == Unsynced::kept) keep = inode.written;
    if (unsynced == Unsynced::torn || unsynced == Unsynced::zeroed)
      keep += random.below(inode.written - inode.synced + 1);
    if (unsynced == Unsynced::zeroed) {
      // What arrives are whole sectors; of the last one that was synced there is an older version.
      if (keep > inode.synced) keep = std::max<std::size_t>(inode.synced, keep / 512 * 512);
      bytes.resize(inode.written);
      std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(keep), bytes.end(), '\0');
    } else {
      bytes.resize(keep);
    }
    return bytes;
  }

  const std::string folder_;
  const Folder shadows_;

  mutable std::mutex mutex_;  // guards what follows, and every Inode
  std::condition_variable changed_;
  Names now_;
  Names durable_;
  std::vector<Names> unsynced_;  ///< after each operation since the folder was synced
  std::uint64_t inodes_ = 0;
  std::uint64_t operations_ = 0;
  std::uint64_t refuse_at_ = 0;
  std::uint64_t power_off_at_ = 0;
  Refusal how_ = Refusal::input_output;
  bool struck_ = false;
  bool lying_ = false;
  bool holding_ = false;
  int held_ = 0;
};

class FaultyDisk::FileSystem::Writable final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  Writable(FileSystem& disk, std::shared_ptr<Inode> inode,
           std::unique_ptr<rocksdb::FSWritableFile> file)
      : FSWritableFileOwnerWrapper(std::move(file)), disk_(disk), inode_(std::move(inode)) {}

  IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                  rocksdb::IODebugContext* debug) override {
    const auto refused = disk_.step();
    const rocksdb::Slice taken(data.data(), !refused                            ? data.size()
                                            : *refused == Refusal::half_written ? data.size() / 2
                                                                                : 0);
    IOStatus done = target()->Append(taken, options, debug);
    {
      const std::lock_guard lock(disk_.mutex_);
      if (done.ok()) inode_->written += taken.size();
    }
    return refused ? refusal(*refused) : done;
  }
  IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                  const rocksdb::DataVerificationInfo&, rocksdb::IODebugContext* debug) override {
    return Append(data, options, debug);
  }
  IOStatus PositionedAppend(const rocksdb::Slice&, std::uint64_t, const rocksdb::IOOptions&,
                            rocksdb::IODebugContext*) override {
    return IOStatus::NotSupported("only appends here");
  }
  IOStatus Sync(const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
    disk_.wait_while_held();
    const auto refused = disk_.step();
    disk_.synced(*inode_, !refused);
    return refused ? refusal(*refused) : IOStatus::OK();
  }
  IOStatus Fsync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* debug) override {
    return Sync(options, debug);
  }
  /// It starts the transfer and promises nothing.
  IOStatus RangeSync(std::uint64_t, std::uint64_t, const rocksdb::IOOptions&,
                     rocksdb::IODebugContext*) override {
    return IOStatus::OK();
  }

 private:
  FileSystem& disk_;
  std::shared_ptr<Inode> inode_;
};

class FaultyDisk::FileSystem::Directory final : public rocksdb::FSDirectoryWrapper {
 public:
  Directory(FileSystem& disk, std::unique_ptr<rocksdb::FSDirectory> directory)
      : FSDirectoryWrapper(std::move(directory)), disk_(disk) {}

  IOStatus Fsync(const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
    if (const auto refused = disk_.step()) return refusal(*refused);
    disk_.synced_folder();
    return IOStatus::OK();
  }
  IOStatus FsyncWithDirOptions(const rocksdb::IOOptions& options, rocksdb::IODebugContext* debug,
                               const rocksdb::DirFsyncOptions&) override {
    return Fsync(options, debug);
  }

 private:
  FileSystem& disk_;
};

rocksdb::IOStatus FaultyDisk::FileSystem::NewWritableFile(
    const std::string& path, const rocksdb::FileOptions& options,
    std::unique_ptr<rocksdb::FSWritableFile>* file, rocksdb::IODebugContext* debug) {
  if (const auto refused = step()) return refusal(*refused);
  ::unlink(path.c_str());  // the old content may still be what a power cut leaves
  std::unique_ptr<rocksdb::FSWritableFile> made;
  IOStatus done = target()->NewWritableFile(path, options, &made, debug);
  if (!done.ok()) return done;
  const std::lock_guard lock(mutex_);
  now_[path] = adopt(path);
  unsynced_.push_back(now_);
  *file = std::make_unique<Writable>(*this, now_[path], std::move(made));
  return done;
}

rocksdb::IOStatus FaultyDisk::FileSystem::NewDirectory(
    const std::string& path, const rocksdb::IOOptions& options,
    std::unique_ptr<rocksdb::FSDirectory>* directory, rocksdb::IODebugContext* debug) {
  std::unique_ptr<rocksdb::FSDirectory> made;
  IOStatus done = target()->NewDirectory(path, options, &made, debug);
  if (done.ok()) *directory = std::make_unique<Directory>(*this, std::move(made));
  return done;
}

FaultyDisk::FaultyDisk(const std::string& folder)
    : files_(std::make_shared<FileSystem>(folder)), env_(rocksdb::NewCompositeEnv(files_)) {}
FaultyDisk::~FaultyDisk() = default;

storage::DatabaseGround FaultyDisk::ground() { return {env_.get(), KiB(64)}; }

std::uint64_t FaultyDisk::operations() const {
  const std::lock_guard lock(files_->mutex_);
  return files_->operations_;
}

void FaultyDisk::refuse(std::uint64_t n, Refusal how) {
  const std::lock_guard lock(files_->mutex_);
  files_->refuse_at_ = n;
  files_->how_ = how;
}

void FaultyDisk::power_off_at(std::uint64_t n) {
  const std::lock_guard lock(files_->mutex_);
  files_->power_off_at_ = n;
}

bool FaultyDisk::struck() const {
  const std::lock_guard lock(files_->mutex_);
  return files_->struck_;
}

void FaultyDisk::lie() {
  const std::lock_guard lock(files_->mutex_);
  files_->lying_ = true;
}

void FaultyDisk::hold_syncs() {
  const std::lock_guard lock(files_->mutex_);
  files_->holding_ = true;
}

void FaultyDisk::wait_for_held_sync() {
  std::unique_lock lock(files_->mutex_);
  files_->changed_.wait(lock, [this] { return files_->held_ > 0; });
}

void FaultyDisk::release_syncs() {
  {
    const std::lock_guard lock(files_->mutex_);
    files_->holding_ = false;
  }
  files_->changed_.notify_all();
}

void FaultyDisk::leave(const std::string& to, Unsynced unsynced, Randomness& random) const {
  files_->leave(to, unsynced, random);
}

}  // namespace runink::test
