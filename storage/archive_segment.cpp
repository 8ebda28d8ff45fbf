#include "storage/archive_segment.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "storage/beneath.hpp"
#include "vocabulary/codec.hpp"
#include "vocabulary/ensure.hpp"
#include "vocabulary/limits.hpp"

namespace runink::storage {
namespace {

constexpr std::string_view magic = "RNKA";
constexpr std::uint8_t format = 1;
constexpr std::size_t head_bytes = 4 + 1 + 8 + 8;
constexpr std::size_t line_bytes = 4 + 32;
constexpr std::size_t tail_bytes = 8 + 32 + 4;
constexpr std::size_t digits = 20;
constexpr std::string_view ending = ".segment";
constexpr std::size_t name_bytes = 2 * (digits + 1) + 64 + ending.size();

/// Of an encoded entry that the log may hold: its payload, and less than this around it.
constexpr std::uint64_t entry_bytes_most = limits::command.value + 64;

std::string padded(std::uint64_t number) {
  std::string text = std::to_string(number);
  return std::string(digits - text.size(), '0') + text;
}

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return {};
  return number;
}

std::string head_of(LogIndex first, LogIndex last) {
  std::string head(magic);
  Encoder out(head);
  out(format);
  out(first);
  out(last);
  return head;
}

}  // namespace

std::string file_name(const SegmentName& name) {
  return padded(name.first.value) + "-" + padded(name.last.value) + "-" + to_hex(name.root) +
         std::string(ending);
}

std::optional<SegmentName> segment_of_file(std::string_view file) {
  if (file.size() != name_bytes || !file.ends_with(ending)) return {};
  const auto first = number_of(file.substr(0, digits));
  const auto last = number_of(file.substr(digits + 1, digits));
  const auto root = digest_from_hex(file.substr(2 * (digits + 1), 64));
  if (!first || !last || !root || *first == 0 || *last < *first ||
      *last - *first >= segment_entries)
    return {};
  const SegmentName name{LogIndex{*first}, LogIndex{*last}, *root};
  if (file_name(name) != file) return {};
  return name;
}

SegmentWriter::SegmentWriter(int file, LogIndex first, LogIndex last)
    : file_(file), name_{first, last, {}}, head_(head_of(first, last)), waiting_(head_) {
  ENSURE(LogIndex{} < first && first <= last && last.value - first.value < segment_entries);
}

Result<void> SegmentWriter::flush() {
  written_ += waiting_.size();
  const std::string bytes = std::exchange(waiting_, {});
  return write_all(file_, bytes);
}

Result<void> SegmentWriter::add(const raft::Entry& entry) {
  ENSURE(entry.index.value == name_.first.value + leaves_.size() && entry.index <= name_.last);
  const std::string bytes = encode(entry);
  ENSURE(bytes.size() <= entry_bytes_most);
  leaves_.push_back(merkle_leaf(bytes));
  Encoder out(index_);
  out(static_cast<std::uint32_t>(bytes.size()));
  out(leaves_.back());
  waiting_ += bytes;
  if (waiting_.size() < MiB(1).value) return {};
  return flush();
}

Result<SegmentName> SegmentWriter::finish() {
  ENSURE(leaves_.size() == name_.last.value - name_.first.value + 1);
  name_.root = merkle_root(leaves_);
  std::string tail = index_;
  Encoder out(tail);
  out(written_ + waiting_.size());
  out(name_.root);
  out(crc32c(tail, crc32c(head_)));
  waiting_ += tail;
  if (auto done = flush(); !done) return std::unexpected(done.error());
  return name_;
}

bool proves(const EntryProof& proof) {
  const SegmentName& segment = proof.segment;
  if (!segment.holds(proof.entry.index)) return false;
  const Digest root = merkle_root_of_path(merkle_leaf(encode(proof.entry)),
                                          proof.entry.index.value - segment.first.value,
                                          segment.last.value - segment.first.value + 1, proof.path);
  return !root.empty() && root == segment.root;
}

Fault Segment::damaged(std::string_view why) const {
  return {FaultKind::corrupt,
          what_ + " is damaged: " + std::string(why) + ". Entries " +
              std::to_string(name_.first.value) + " to " + std::to_string(name_.last.value) +
              " cannot be read from it: put a file of the same name from another node or a backup "
              "in its place. The node itself does not need it."};
}

Result<Segment> Segment::open(OwnedFd file, const SegmentName& name, std::string what) {
  Segment segment;
  segment.file_ = std::move(file);
  segment.name_ = name;
  segment.what_ = std::move(what);
  struct stat info {};
  if (::fstat(segment.file_.get(), &info) != 0)
    return std::unexpected(file_fault("Cannot look at " + segment.what_, errno));
  if (auto done = segment.read_index(static_cast<std::uint64_t>(info.st_size)); !done)
    return std::unexpected(done.error());
  return segment;
}

Result<void> Segment::read_index(std::uint64_t size) {
  const std::uint64_t count = name_.last.value - name_.first.value + 1;
  const std::uint64_t around = head_bytes + count * line_bytes + tail_bytes;
  if (size < around || size > around + count * entry_bytes_most)
    return std::unexpected(damaged("its length is wrong"));
  const std::uint64_t index_at = size - count * line_bytes - tail_bytes;
  const auto head = read_range(file_.get(), 0, head_bytes, what_);
  if (!head) return std::unexpected(head.error());
  if (head->starts_with(magic) && (*head)[magic.size()] != static_cast<char>(format))
    return fail(FaultKind::refused, what_ + " has a format that this program does not know. " +
                                        "Install a newer runink.");
  const auto rest = read_range(file_.get(), index_at, size - index_at, what_);
  if (!rest) return std::unexpected(rest.error());
  Decoder in(*rest);
  std::uint64_t end = head_bytes;
  for (std::uint64_t i = 0; i < count; ++i) {
    std::uint32_t bytes = 0;
    in(bytes);
    in(leaves_.emplace_back());
    ends_.push_back(end += bytes);
  }
  std::uint64_t stated_at = 0;
  Digest root;
  std::uint32_t sum = 0;
  in(stated_at);
  in(root);
  in(sum);
  if (sum != crc32c(std::string_view(*rest).substr(0, rest->size() - 4), crc32c(*head)))
    return std::unexpected(damaged("the checksum of its index is wrong"));
  if (*head != head_of(name_.first, name_.last) || root != name_.root)
    return std::unexpected(damaged("it is not what its name says"));
  if (stated_at != index_at || end != index_at || merkle_root(leaves_) != root)
    return std::unexpected(damaged("its index does not lead to its root"));
  return {};
}

Result<std::vector<raft::Entry>> Segment::read(LogIndex from, LogIndex to) const {
  ENSURE(name_.first <= from && from <= to && to <= name_.last);
  std::vector<raft::Entry> entries;
  for (LogIndex index = from; index <= to; index = next(index)) {
    const std::size_t i = index.value - name_.first.value;
    const std::uint64_t begin = i == 0 ? head_bytes : ends_[i - 1];
    const auto bytes = read_range(file_.get(), begin, ends_[i] - begin, what_);
    if (!bytes) return std::unexpected(bytes.error());
    const std::string entry_name = "Entry " + std::to_string(index.value);
    if (merkle_leaf(*bytes) != leaves_[i])
      return std::unexpected(damaged(entry_name + " is not what was sealed"));
    auto entry = decode<raft::Entry>(*bytes, entry_name + " of " + what_);
    if (!entry) return std::unexpected(entry.error());
    if (entry->index != index) return std::unexpected(damaged(entry_name + " is another one"));
    entries.push_back(std::move(*entry));
  }
  return entries;
}

Result<EntryProof> Segment::prove(LogIndex index) const {
  auto entry = read(index, index);
  if (!entry) return std::unexpected(entry.error());
  return EntryProof{std::move(entry->front()), name_,
                    merkle_path(leaves_, index.value - name_.first.value)};
}

}  // namespace runink::storage
