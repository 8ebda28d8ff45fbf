// Goes over the records of several files, each mapped while it is read.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "steps/record_files.hpp"

namespace runink::steps {

/// `Records` is CsvRecords or JsonRecords. Records are counted over all files, from 0.
template <class Records>
class RecordWalk {
 public:
  /// Both outlive the walk. `index` is filled when it is given.
  RecordWalk(const std::vector<InputFile>& files, const std::vector<ContractColumn>& columns,
             RecordIndex* index)
      : files_(files), columns_(columns), index_(index) {}

  /// False at the end of the last file.
  Outcome<bool> next() {
    for (;;) {
      if (!records_) {
        if (file_ == files_.size()) return false;
        if (auto opened = open(file_); !opened) return std::unexpected(opened.error());
        if (index_) index_->begin_file();
      }
      if (records_->next()) break;
      if (auto whole = map_.check(); !whole) return std::unexpected(whole.error());
      bytes_before_ += map_.bytes().size();
      records_.reset();
      ++file_;
    }
    given_ = true;
    row_ = next_row_++;
    if (index_) index_->add(records_->offset());
    return true;
  }

  /// Goes to a record that lies behind the current one, by the index of an earlier walk.
  Outcome<void> go_to(std::uint64_t row, const RecordIndex& index) {
    const RecordIndex::Place place = index.near(row);
    const std::uint64_t number = index.find(row).second;
    const std::uint64_t base = row - number;
    if (!records_ || place.file != file_ || base + place.before > next_row_) {
      if (!records_ || place.file != file_) {
        file_ = place.file;
        if (auto opened = open(file_); !opened) return opened;
      }
      records_->seek(place.offset);
      next_row_ = base + place.before;
    }
    while (next_row_ <= row) {
      const auto more = next();
      if (!more) return std::unexpected(more.error());
      if (!*more || file_ != place.file)
        return give_up(SliceReason::input_changed,
                       files_[place.file].name + " has fewer records than when it was read first");
    }
    return {};
  }

  /// Between two chunks: pages that were read may leave memory.
  void chunk_ends() {
    if (records_) map_.passed(records_->next_offset());
    of_last_chunk_ = std::move(of_this_chunk_);
    of_this_chunk_.clear();
  }
  /// False when so many files ended in this chunk that it should end, too: they all stay mapped as long
  /// as texts of it may be read, and only so many can be.
  bool chunk_goes_on() const { return of_this_chunk_.size() < kFilesOfChunk; }
  Records& records() { return *records_; }
  std::uint64_t row() const { return row_; }
  /// How far it is, over all files.
  std::uint64_t bytes() const { return bytes_before_ + (records_ ? records_->next_offset() : 0); }

 private:
  static constexpr std::size_t kFilesOfChunk = 16;

  Outcome<void> open(std::size_t file) {
    // Texts of this chunk and of the one before may point into the file that ended.
    if (given_) of_this_chunk_.push_back(std::move(map_));
    given_ = false;
    auto mapped = MappedFile::open(files_[file].path, files_[file].name);
    if (!mapped) return std::unexpected(mapped.error());
    map_ = std::move(*mapped);
    auto records = Records::open(map_.bytes(), files_[file].name, columns_);
    if (!records) return std::unexpected(records.error());
    records_.emplace(std::move(*records));
    return {};
  }

  const std::vector<InputFile>& files_;
  const std::vector<ContractColumn>& columns_;
  RecordIndex* index_;
  MappedFile map_;
  bool given_ = false;                                     // a record of it was handed out
  std::vector<MappedFile> of_this_chunk_, of_last_chunk_;  // files that ended
  std::optional<Records> records_;
  std::size_t file_ = 0;
  std::uint64_t row_ = 0, next_row_ = 0, bytes_before_ = 0;
};

}  // namespace runink::steps
