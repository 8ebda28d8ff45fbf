#include "steps/drift.hpp"

#include <algorithm>
#include <map>
#include <optional>

#include "steps/byte_order_mark.hpp"
#include "steps/dataset_writer.hpp"
#include "steps/mapped_file.hpp"
#include "steps/record_scan.hpp"
#include "steps/source_files.hpp"

namespace runink::steps {
namespace {

/// Different keys of one file of JSON lines.
constexpr std::size_t kColumns = 20'000;
constexpr std::size_t kNamesShown = 20;

const ContractColumn* find(const std::vector<ContractColumn>& contract, const std::string& name) {
  const auto found = std::ranges::find(contract, name, &ContractColumn::name);
  return found == contract.end() ? nullptr : &*found;
}

Outcome<std::vector<FoundColumn>> of_csv(const MappedFile& map, const std::string& name) {
  CsvReader reader{map.bytes()};
  const auto header = csv_header(reader, name);
  if (!header) return std::unexpected(header.error());
  std::vector<FoundColumn> columns;
  for (const std::string& column : *header) columns.push_back({column, "", true});
  return columns;
}

/// The keys of JSON lines, in the order in which they first come, and whether their values fit.
class JsonKeys {
 public:
  explicit JsonKeys(const std::vector<ContractColumn>& contract) : contract_(contract) {}

  /// False when there are more keys than a table can have columns.
  bool take(std::string_view line) {
    if (!json_members(line, members_)) return true;
    for (std::size_t i = 0; i < members_.size(); ++i) {
      const JsonMember& member = members_[i];
      const auto place = place_of(i, member.key);
      if (!place) continue;
      if (*place >= kColumns) return false;
      const ContractColumn* column = wanted_[*place];
      if (!column || member.value.kind == JsonKind::null) continue;
      (fits_json(column->type, member.value.kind) ? good_ : bad_)[*place] = true;
    }
    return true;
  }

  std::vector<FoundColumn> columns() && {
    for (std::size_t c = 0; c < columns_.size(); ++c) columns_[c].fits = good_[c] || !bad_[c];
    return std::move(columns_);
  }

 private:
  std::optional<std::size_t> place_of(std::size_t member, std::string_view key) {
    // Most lines have all keys in the same order: their bytes are compared before they are read.
    if (member < last_.size() && last_[member].first == key) return last_[member].second;
    const auto name = json_unquoted(key, room_);
    if (!name || !is_text(*name)) return {};
    auto at = places_.find(*name);
    if (at == places_.end()) {
      at = places_.emplace(std::string(*name), columns_.size()).first;
      columns_.push_back({at->first, "", true});
      wanted_.push_back(find(contract_, at->first));
      good_.push_back(false);
      bad_.push_back(false);
    }
    last_.resize(std::max(last_.size(), member + 1));
    last_[member] = {key, at->second};
    return at->second;
  }

  const std::vector<ContractColumn>& contract_;
  std::vector<FoundColumn> columns_;
  std::vector<const ContractColumn*> wanted_;  ///< by column: what the contract says of it
  std::vector<bool> good_, bad_;               ///< by column: a value fits, a value does not
  std::map<std::string, std::size_t, std::less<>> places_;
  std::vector<std::pair<std::string_view, std::size_t>> last_;  ///< by member of a line: its key
  std::vector<JsonMember> members_;
  std::string room_;
};

Outcome<std::vector<FoundColumn>> of_json(MappedFile& map, const std::string& name,
                                          const std::vector<ContractColumn>& contract) {
  JsonKeys keys{contract};
  const std::string_view all = map.bytes();
  for (std::string_view rest = all.substr(mark_bytes(all)); !rest.empty();) {
    const auto end = std::min(rest.find('\n'), rest.size());
    if (!keys.take(rest.substr(0, end)))
      return give_up(SliceReason::malformed_input,
                     name + " has more than " + std::to_string(kColumns) +
                         " different keys; the lines of a file of JSON lines share their keys");
    rest.remove_prefix(std::min(end + 1, rest.size()));
    map.passed(all.size() - rest.size());
  }
  return std::move(keys).columns();
}

/// Types of Parquet that hold what a contract's object or array is.
bool nested(const ColumnType& type, const std::string& found) {
  if (type.kind == Kind::array) return found.ends_with("]");
  return type.kind == Kind::object && (found.starts_with("STRUCT(") || found.starts_with("MAP("));
}

Outcome<std::vector<FoundColumn>> of_parquet(Engine& engine, const std::string& path,
                                             const std::vector<ContractColumn>& contract) {
  const auto found =
      columns_of(engine, "SELECT * FROM " + reader_of(pipeline::Format::parquet, {path}));
  if (!found) return std::unexpected(found.error());
  std::vector<FoundColumn> columns;
  for (const Column& column : *found) {
    const ContractColumn* wanted = find(contract, column.name);
    const bool zoned = wanted && wanted->type.kind == Kind::timestamp &&
                       wanted->type.format.needs_offset() &&
                       column.type == "TIMESTAMP WITH TIME ZONE";
    columns.push_back(
        {column.name, column.type,
         !wanted || zoned || column.type == wanted->type.sql || nested(wanted->type, column.type)});
  }
  return columns;
}

void tell(std::string& out, const std::string& one, const std::set<std::string>& names) {
  if (names.empty()) return;
  out += (out.empty() ? "" : "; ") + one + (names.size() == 1 ? " column " : " columns ");
  std::size_t n = 0;
  for (const std::string& name : names) {
    if (n == kNamesShown) {
      out += " and " + std::to_string(names.size() - n) + " more";
      break;
    }
    out += (n++ == 0 ? "\"" : ", \"") + name + "\"";
  }
}

}  // namespace

void add_drift(const std::vector<FoundColumn>& found, const std::vector<ContractColumn>& contract,
               bool ordered, Drift& drift) {
  std::map<std::string_view, std::size_t> places;
  for (std::size_t c = 0; c < contract.size(); ++c) places[contract[c].name] = c;
  std::set<std::string_view> there;
  bool in_order = true;
  std::size_t last = 0;
  for (const FoundColumn& column : found) {
    const auto place = places.find(column.name);
    if (place == places.end()) {
      drift.added.insert(column.name);
      continue;
    }
    there.insert(column.name);
    if (!column.fits) drift.retyped.insert(column.name);
    in_order &= place->second >= last;
    last = place->second;
  }
  for (const ContractColumn& column : contract)
    if (!there.contains(column.name)) drift.missing.insert(column.name);
  if (ordered && !in_order) ++drift.reordered;
}

Outcome<std::vector<FoundColumn>> found_columns(Engine& engine, const std::string& path,
                                                const std::string& name, pipeline::Format format,
                                                const std::vector<ContractColumn>& contract) {
  if (format == pipeline::Format::parquet) return of_parquet(engine, path, contract);
  auto map = MappedFile::open(path, name);
  if (!map) return std::unexpected(map.error());
  if (is_compressed(map->bytes())) return compressed(name);
  auto columns =
      format == pipeline::Format::csv ? of_csv(*map, name) : of_json(*map, name, contract);
  if (auto whole = map->check(); !whole) return std::unexpected(whole.error());
  return columns;
}

std::string to_text(const Drift& drift) {
  std::string out;
  tell(out, "new", drift.added);
  tell(out, "missing", drift.missing);
  tell(out, "retyped", drift.retyped);
  if (drift.reordered > 0) out += std::string(out.empty() ? "" : "; ") + "columns in another order";
  return out;
}

}  // namespace runink::steps
