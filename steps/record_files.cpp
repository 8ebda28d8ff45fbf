#include "steps/record_files.hpp"

#include <algorithm>
#include <cstring>
#include <set>

#include "governance/ascii.hpp"
#include "steps/byte_order_mark.hpp"
#include "vocabulary/limits.hpp"

namespace runink::steps {
namespace {

std::unexpected<Failure> bad_header(const std::string& name, const std::string& what) {
  return give_up(SliceReason::bad_header, name + what);
}

bool blank(std::string_view line) {
  return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

}  // namespace

Outcome<std::vector<std::string>> csv_header(CsvReader& reader, const std::string& name) {
  if (!reader.next()) return bad_header(name, " is empty; its first line must name the columns");
  const std::string_view raw = reader.raw();
  if (raw.starts_with("\xff\xfe") || raw.starts_with("\xfe\xff"))
    return bad_header(name, " is UTF-16; save it as UTF-8");
  if (reader.faults() != 0)
    return bad_header(name,
                      ": the first line, which must name the columns, is malformed (a stray "
                      "quote, bytes that are no UTF-8, or more than 1 MiB)");
  std::vector<std::string> names;
  std::set<std::string> seen;
  std::string room;
  for (const CsvField& field : reader.fields()) {
    names.emplace_back(field.text(room));
    if (names.back().empty())
      return bad_header(name, ": column " + std::to_string(names.size()) +
                                  " of the header has no name; every column needs one");
    if (!seen.insert(governance::ascii_lower(names.back())).second)
      return bad_header(name, ": the header names the column \"" + names.back() +
                                  "\" twice (names compare without case)");
  }
  if (names.size() == 1) reader.one_column();
  return names;
}

Outcome<CsvRecords> CsvRecords::open(std::string_view bytes, const std::string& name,
                                     const std::vector<ContractColumn>& columns) {
  CsvRecords records;
  records.reader_ = CsvReader{bytes};
  const auto header = csv_header(records.reader_, name);
  if (!header) return std::unexpected(header.error());
  records.fields_ = header->size();
  std::map<std::string_view, int> places;
  for (std::size_t i = 0; i < header->size(); ++i) places[(*header)[i]] = static_cast<int>(i);
  for (const ContractColumn& column : columns) {
    const auto found = places.find(column.name);
    records.field_of_.push_back(found == places.end() ? -1 : found->second);
  }
  return records;
}

std::uint8_t CsvRecords::faults() const {
  std::uint8_t faults = reader_.faults();
  const std::size_t n = reader_.fields().size();
  if (n == fields_ || n == 0) return faults;
  return faults | (n < fields_ ? too_few_columns : too_many_columns);
}

Cell CsvRecords::cell(std::size_t column) {
  const int place = field_of_[column];
  const auto fields = reader_.fields();
  if (place < 0 || static_cast<std::size_t>(place) >= fields.size()) return {};
  const CsvField& field = fields[static_cast<std::size_t>(place)];
  return {field.null(), !field.doubled, JsonKind::bad, field.text(room_)};
}

Outcome<JsonRecords> JsonRecords::open(std::string_view bytes, const std::string&,
                                       const std::vector<ContractColumn>& columns) {
  JsonRecords records;
  records.bytes_ = bytes;
  records.at_ = mark_bytes(bytes);
  for (const ContractColumn& column : columns) {
    records.places_[column.name] = records.names_.size();
    records.names_.push_back(column.name);
  }
  records.cells_.resize(columns.size());
  records.rooms_.resize(columns.size());
  return records;
}

bool JsonRecords::next() {
  while (at_ < bytes_.size()) {
    offset_ = at_;
    const auto end = std::min(bytes_.find('\n', at_), bytes_.size());
    raw_ = bytes_.substr(at_, end - at_);
    at_ = std::min(end + 1, bytes_.size());
    if (blank(raw_)) continue;
    if (raw_.ends_with('\r')) raw_.remove_suffix(1);
    faults_ = 0;
    std::ranges::fill(cells_, Cell{});
    if (raw_.size() > limits::record.value) {
      faults_ = too_long;
    } else if (!is_text(raw_)) {
      faults_ = bad_utf8;
    } else {
      read_members();
    }
    return true;
  }
  return false;
}

std::optional<std::size_t> JsonRecords::column_of(std::size_t member, std::string_view key) const {
  // Most lines have all keys in the same order.
  if (member < names_.size() && names_[member] == key) return member;
  const auto found = places_.find(key);
  if (found == places_.end()) return {};
  return found->second;
}

void JsonRecords::read_members() {
  if (!json_members(raw_, members_)) {
    faults_ = bad_json;
    return;
  }
  for (std::size_t i = 0; i < members_.size(); ++i) {
    const auto key = json_unquoted(members_[i].key, key_room_);
    if (!key) faults_ |= bad_utf8;
    const auto column = key ? column_of(i, *key) : std::nullopt;
    if (!column) continue;
    Cell& cell = cells_[*column];
    if (cell.json != JsonKind::bad) faults_ |= bad_json;  // the key came before
    const JsonPart& value = members_[i].value;
    cell = {value.kind == JsonKind::null, true, value.kind, value.text};
    if (value.kind != JsonKind::string) continue;
    const auto text = json_unquoted(value.text, rooms_[*column]);
    if (!text) faults_ |= bad_utf8;
    cell.text = text.value_or("");
    cell.stays = text && text->data() != rooms_[*column].data();
  }
}

std::pair<std::size_t, std::uint64_t> RecordIndex::find(std::uint64_t record) const {
  const auto after = std::ranges::upper_bound(files_, record, {}, &File::first);
  // Files without records begin at the same number as the one after them: the last one counts.
  const auto file = static_cast<std::size_t>(after - files_.begin()) - 1;
  return {file, record - files_[file].first};
}

RecordIndex::Place RecordIndex::near(std::uint64_t record) const {
  const auto [file, number] = find(record);
  return {file, number / kStep * kStep, files_[file].offsets[number / kStep]};
}

}  // namespace runink::steps
