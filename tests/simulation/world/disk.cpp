#include "disk.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "properties.hpp"
#include "tests/raft/disk_image.hpp"
#include "vocabulary/codec.hpp"
#include "vocabulary/digest.hpp"

namespace runink::raft::simulation {
namespace {

/// The same fields for writing and reading.
template <class Coder, class Write>
void code(Coder& coder, Write& write) {
  std::uint64_t has_base = write.base.has_value();
  coder(write.seq);
  coder(write.hard_state);
  coder(write.truncate_from);
  coder(write.entries);
  coder(has_base);
  if (has_base == 0) return;
  if constexpr (!std::is_const_v<Write>) write.base.emplace();
  coder(write.base->index);
  coder(write.base->term);
}

}  // namespace

std::string record_of(const Persist& write) {
  std::string record;
  Encoder encoder{record};
  code(encoder, write);
  encoder(crc32c(record));
  return record;
}

std::optional<Persist> read_record(std::string_view record) {
  if (record.size() < sizeof(std::uint32_t)) return std::nullopt;
  const auto body = record.substr(0, record.size() - sizeof(std::uint32_t));
  std::uint32_t sum = 0;
  Decoder{record.substr(body.size())}(sum);
  if (sum != crc32c(body)) return std::nullopt;
  Persist write;
  Decoder decoder{body};
  code(decoder, write);
  if (!decoder.complete()) return std::nullopt;
  return write;
}

void Disk::write(const Persist& write) {
  if (lies_) return;
  try {
    write_to(image_, write);
  } catch (const std::logic_error& error) {
    throw Violation{Property::own_invariant, error.what()};
  }
}

bool Disk::holds(const Entry& entry) const {
  if (lost_ || lies_) return true;  // that one copy may vanish is what a majority is for
  if (image_.snapshot && entry.index <= image_.snapshot->index)
    return true;  // its content is judged
  return entry.index >= image_.first && entry.index <= last_of(image_) &&
         image_.entries[entry.index.value - image_.first.value] == entry;
}

void Disk::keep(StoredSnapshot snapshot) {
  if (lies_) return;
  image_.snapshot = snapshot.meta;
  snapshots_.insert_or_assign(snapshot.meta.id, std::move(snapshot));
}

const StoredSnapshot* Disk::stored(SnapshotId id) const {
  const auto found = snapshots_.find(id);
  return found == snapshots_.end() ? nullptr : &found->second;
}

const StoredSnapshot* Disk::newest() const {
  return image_.snapshot ? stored(image_.snapshot->id) : nullptr;
}

void Disk::forget_snapshots_but(const std::set<SnapshotId>& used) {
  std::erase_if(snapshots_, [&](const auto& one) { return !used.contains(one.first); });
}

// The whole image as one record stands for the file with the flipped bit: each is guarded alike.
bool Disk::flip_a_bit(Randomness& random) {
  if (image_.entries.empty()) return false;
  const auto place = random.below(image_.entries.size());
  std::string record = record_of({{}, image_.hard_state, {}, {image_.entries[place]}, {}});
  const auto bit = random.below(record.size() * 8);
  record[bit / 8] = static_cast<char>(record[bit / 8] ^ (1 << (bit % 8)));
  if (read_record(record))
    throw Violation{Property::corruption, "a record with a flipped bit is read as if it were good"};
  corrupt_ = true;
  return true;
}

void Disk::lose() {
  image_ = {};
  snapshots_.clear();
  lost_ = true;
}

}  // namespace runink::raft::simulation
