#include "actors/workloads/slice_report.hpp"

#include <boost/json.hpp>

#include "vocabulary/limits.hpp"
#include "vocabulary/names.hpp"

namespace runink::work {
namespace {

namespace json = boost::json;
constexpr std::size_t outputs_most = 64;
constexpr std::size_t counters_most = 256;
constexpr std::size_t columns_most = 4096;

const json::object* object_at(const json::object& in, std::string_view key) {
  const auto* value = in.if_contains(key);
  return value != nullptr ? value->if_object() : nullptr;
}

std::uint64_t number_at(const json::object& in, std::string_view key, bool& good) {
  const auto* value = in.if_contains(key);
  if (value != nullptr && value->is_uint64()) return value->get_uint64();
  if (value != nullptr && value->is_int64() && value->get_int64() >= 0)
    return static_cast<std::uint64_t>(value->get_int64());
  good = false;
  return 0;
}

std::string text_at(const json::object& in, std::string_view key, std::size_t most, bool& good) {
  const auto* value = in.if_contains(key);
  if (value == nullptr || !value->is_string() || value->get_string().size() > most) {
    good = false;
    return {};
  }
  return std::string(value->get_string());
}

bool hex_to_number(std::string_view hex, std::uint64_t& out) {
  if (hex.size() != 16) return false;
  out = 0;
  for (const char c : hex) {
    const int v = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (v < 0) return false;
    out = out << 4 | static_cast<std::uint64_t>(v);
  }
  return true;
}

bool read_columns(const json::object& in, std::vector<Column>& out) {
  const auto* value = in.if_contains("columns");
  if (value == nullptr) return true;
  if (!value->is_array() || value->get_array().size() > columns_most) return false;
  bool good = true;
  for (const auto& one : value->get_array()) {
    const auto* column = one.if_object();
    if (column == nullptr) return false;
    out.push_back({text_at(*column, "name", 1024, good), text_at(*column, "type", 4096, good)});
  }
  return good;
}

bool read_output(const json::object& in, SliceReport& report) {
  bool good = true;
  OutputReport output;
  output.dataset = DatasetName{text_at(in, "dataset", limits::dataset_name_bytes, good)};
  output.rows = number_at(in, "rows", good);
  if (in.contains("content_hash"))
    good = good && hex_to_number(text_at(in, "content_hash", 16, good), output.content_hash);
  good = good && read_columns(in, output.columns) && check_dataset_name(output.dataset.value);
  if (!good || report.outputs.size() >= outputs_most) return false;
  std::erase_if(report.outputs, [&](const auto& old) { return old.dataset == output.dataset; });
  report.outputs.push_back(std::move(output));
  return true;
}

bool read_file(const json::object& in, SliceReport& report) {
  bool good = true;
  FileRead file;
  file.path = text_at(in, "path", limits::path_bytes, good);
  file.size = {number_at(in, "bytes", good)};
  const auto digest = digest_from_hex(text_at(in, "sha256", 64, good));
  if (!good || !digest || report.read.size() >= limits::commit_files) return false;
  file.digest = *digest;
  report.read.push_back(std::move(file));
  return true;
}

bool read_counter(const json::object& in, SliceReport& report) {
  bool good = true;
  const std::string name = text_at(in, "name", limits::name_bytes, good);
  const std::uint64_t value = number_at(in, "value", good);
  if (!good || !check_name("counter", name)) return false;
  if (report.counters.size() >= counters_most && !report.counters.contains(name)) return false;
  report.counters[name] = value;
  return true;
}

bool read_quality(const json::object& in, SliceReport& report) {
  bool good = true;
  QualityReport quality;
  quality.rule = text_at(in, "rule", limits::rule_name_bytes, good);
  quality.counted = number_at(in, "counted", good);
  quality.of = number_at(in, "of", good);
  if (!good || report.quality.size() >= limits::contract_rules) return false;
  report.quality.push_back(std::move(quality));
  return true;
}

bool read_failed(const json::object& in, SliceReport& report) {
  bool good = true;
  const std::string name = text_at(in, "reason", limits::name_bytes, good);
  for (const auto& [reason, text] : slice_reasons) {
    if (text != name || !good) continue;
    report.reason = reason;
    return true;
  }
  return false;
}

bool read_progress(const json::object& in, SliceReport& report) {
  bool good = true;
  const std::uint64_t permille = number_at(in, "permille", good);
  if (!good || permille > 1000) return false;
  report.permille = static_cast<std::uint16_t>(permille);
  if (in.contains("rows")) report.rows = number_at(in, "rows", good);
  return good;
}

}  // namespace

void ReportReader::feed(std::string_view part) {
  while (!part.empty()) {
    const auto end = part.find('\n');
    const std::string_view piece = part.substr(0, end);
    if (!skipping_) {
      if (rest_.size() + piece.size() > limits::report_line.value) {
        skipping_ = true;
        rest_.clear();
        ++report_.lines_dropped;
      } else {
        rest_.append(piece);
      }
    }
    if (end == std::string_view::npos) return;
    if (!skipping_) line(rest_);
    rest_.clear();
    skipping_ = false;
    part.remove_prefix(end + 1);
  }
}

void ReportReader::finish() {
  if (!rest_.empty() && !skipping_) line(rest_);
  rest_.clear();
}

void ReportReader::line(std::string_view text) {
  if (text.find_first_not_of(" \t\r") == std::string_view::npos) return;
  json::parse_options options;
  options.max_depth = 8;
  boost::system::error_code error;
  const json::value value = json::parse(text, error, {}, options);
  const json::object* object = error ? nullptr : value.if_object();
  bool good = object != nullptr;
  if (good) {
    if (const auto* one = object_at(*object, "progress"))
      good = read_progress(*one, report_);
    else if (const auto* one = object_at(*object, "output"))
      good = read_output(*one, report_);
    else if (const auto* one = object_at(*object, "read"))
      good = read_file(*one, report_);
    else if (const auto* one = object_at(*object, "counter"))
      good = read_counter(*one, report_);
    else if (const auto* one = object_at(*object, "quality"))
      good = read_quality(*one, report_);
    else if (const auto* one = object_at(*object, "failed"))
      good = read_failed(*one, report_);
    else
      good = false;
  }
  if (!good) ++report_.lines_dropped;
}

}  // namespace runink::work
