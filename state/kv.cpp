#include "state/kv.hpp"

#include "vocabulary/limits.hpp"
#include "vocabulary/text.hpp"

namespace runink::state {

std::uint64_t bytes_of(const KvEntry& entry) {
  return entry.key.second.size() + entry.value.size();
}
std::uint64_t bytes_of(const KvChanges& changes) {
  std::uint64_t bytes = 0;
  for (const KvChange& one : changes.changes)
    bytes += one.key.size() + (one.value ? one.value->size() : 0);
  return bytes;
}
std::uint64_t bytes_of(const KvAnswered& answered) {
  std::uint64_t bytes = answered.request.value.size();
  for (const KvAnswer& one : answered.result.answers) bytes += one.value ? one.value->size() : 0;
  return bytes;
}

const KvEntry* KvTables::find(const HerdName& herd, const std::string& key) const {
  const auto at = entries.find({herd, key});
  return at == entries.end() ? nullptr : &at->second;
}

KvShare KvTables::share_of(const HerdName& herd) const {
  const auto at = shares.find(herd);
  return at == shares.end() ? KvShare{} : at->second;
}

LogIndex KvTables::compacted(const HerdName& herd) const {
  auto at = heads.find(herd);
  if (at == heads.end()) at = heads.find(HerdName{});
  return at == heads.end() ? LogIndex{} : at->second.compacted;
}

LogIndex KvTables::changed(const HerdName& herd) const {
  auto at = history.rows.upper_bound({herd, LogIndex{UINT64_MAX}});
  if (at == history.rows.begin()) return compacted(herd);
  --at;
  return at->first.first == herd ? at->first.second : compacted(herd);
}

const KvAnswered* KvTables::answer_of(const HerdName& herd, const RequestId& request) const {
  const auto at = requests.find({herd, request});
  return at == requests.end() ? nullptr : &answered.rows.at({herd, at->second});
}

void KvTables::derive() {
  shares.clear();
  requests.clear();
  all = {};
  for (const auto& [key, entry] : entries) {
    shares[key.first].add(bytes_of(entry));
    all.add(bytes_of(entry));
  }
  for (const auto& [key, one] : answered.rows) requests[{one.herd, one.request}] = one.index;
  history.derive();
  answered.derive();
}

std::optional<std::string> why_no_key(std::string_view key) {
  if (key.empty()) return "A key must have at least one character.";
  if (key.size() > limits::kv_key_bytes)
    return "A key has at most " + std::to_string(limits::kv_key_bytes) + " bytes; this one has " +
           std::to_string(key.size()) + ".";
  if (!is_utf8(key)) return "A key must be UTF-8.";
  for (const char c : key)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      return "A key must have no control characters, such as a line end or a tab.";
  return std::nullopt;
}

}  // namespace runink::state
