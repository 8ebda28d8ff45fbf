#include "steps/drift.hpp"

#include <algorithm>
#include <map>

#include "steps/byte_order_mark.hpp"
#include "steps/dataset_writer.hpp"
#include "steps/mapped_file.hpp"
#include "steps/record_scan.hpp"
#include "steps/source_files.hpp"

namespace runink::steps {
namespace {

constexpr int kLines = 1'000;
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

/// Keys in the order in which they first come.
std::vector<FoundColumn> of_json(const MappedFile& map, const std::vector<ContractColumn>& contract) {
  std::vector<FoundColumn> columns;
  std::map<std::string, std::size_t, std::less<>> places;
  std::map<std::string, std::pair<int, int>> values;  // that fit, that do not
  std::vector<JsonMember> members;
  std::string room;
  std::string_view rest = map.bytes().substr(mark_bytes(map.bytes()));
  for (int n = 0; n < kLines && !rest.empty(); ++n) {
    const auto end = std::min(rest.find('\n'), rest.size());
    if (json_members(rest.substr(0, end), members))
      for (const JsonMember& member : members) {
        const auto key = json_string(member.key, room);
        if (!key || !is_text(*key)) continue;
        if (places.try_emplace(std::string(*key), columns.size()).second)
          columns.push_back({std::string(*key), "", true});
        const ContractColumn* column = find(contract, std::string(*key));
        if (!column || member.value.kind == JsonKind::null) continue;
        auto& [good, bad] = values[column->name];
        ++(fits_json(column->type, member.value.kind) ? good : bad);
      }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  for (FoundColumn& column : columns) {
    const auto [good, bad] = values[column.name];
    column.fits = good > 0 || bad == 0;
  }
  return columns;
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
    columns.push_back({column.name, column.type,
                       !wanted || zoned || column.type == wanted->type.sql ||
                           nested(wanted->type, column.type)});
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
  const auto map = MappedFile::open(path, name);
  if (!map) return std::unexpected(map.error());
  if (is_compressed(map->bytes())) return compressed(name);
  auto columns = format == pipeline::Format::csv
                     ? of_csv(*map, name)
                     : Outcome<std::vector<FoundColumn>>(of_json(*map, contract));
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
