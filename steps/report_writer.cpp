#include "steps/report_writer.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <cerrno>
#include <cstdio>

#include "vocabulary/limits.hpp"
#include "vocabulary/text.hpp"

namespace runink::steps {
namespace json = boost::json;

ReportWriter::ReportWriter(const std::string& path) {
  if (!path.empty()) fd_ = OwnedFd{::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC)};
}

void ReportWriter::line(std::string text) {
  text += '\n';
  if (!fd_ || text.size() > limits::report_line.value) return;
  const std::lock_guard lock(mutex_);
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t n = ::write(fd_.get(), text.data() + done, text.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fd_.reset();
    done += static_cast<std::size_t>(n);
  }
}

void ReportWriter::progress(std::uint16_t permille, std::uint64_t rows) {
  line(json::serialize(json::object{{"progress", {{"permille", permille}, {"rows", rows}}}}));
}

void ReportWriter::output(const OutputReport& output) {
  char hash[17];
  std::snprintf(hash, sizeof hash, "%016llx", static_cast<unsigned long long>(output.content_hash));
  json::object body{
      {"dataset", output.dataset.value}, {"rows", output.rows}, {"content_hash", hash}};
  json::array columns;
  for (const Column& column : output.columns)
    columns.push_back({{"name", column.name}, {"type", column.type}});
  json::object whole = body;
  whole["columns"] = std::move(columns);
  std::string text = json::serialize(json::object{{"output", std::move(whole)}});
  if (text.size() >= limits::report_line.value)
    text = json::serialize(json::object{{"output", std::move(body)}});
  line(std::move(text));
}

void ReportWriter::read(const FileRead& file) {
  line(json::serialize(json::object{
      {"read",
       {{"path", is_utf8(file.path) ? file.path : printable(file.path, limits::path_bytes - 3)},
        {"bytes", file.size.value},
        {"sha256", to_hex(file.digest)}}}}));
}

void ReportWriter::counter(const std::string& name, std::uint64_t value) {
  line(json::serialize(json::object{{"counter", {{"name", name}, {"value", value}}}}));
}

void ReportWriter::quality(const QualityReport& quality) {
  line(json::serialize(json::object{
      {"quality", {{"rule", quality.rule}, {"counted", quality.counted}, {"of", quality.of}}}}));
}

void ReportWriter::failed(SliceReason reason) {
  line(json::serialize(json::object{{"failed", {{"reason", to_string(reason)}}}}));
}

}  // namespace runink::steps
