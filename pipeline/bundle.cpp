#include "pipeline/bundle.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "vocabulary/codec.hpp"
#include "vocabulary/limits.hpp"
#include "vocabulary/text.hpp"

namespace runink::pipeline {
namespace {

/// What every archive begins with, and the number of its form.
constexpr std::string_view magic = "RNKBUNDL";
constexpr std::uint16_t newest_form = 1;

bool before(const BundleFile& a, const BundleFile& b) { return a.path < b.path; }

std::string shown(std::string_view path) { return "'" + printable(path, 120) + "'"; }

/// `files` are sorted. A path that is also the folder of another cannot be unpacked.
Result<void> check_paths(const std::vector<BundleFile>& files) {
  for (std::size_t i = 0; i < files.size(); ++i) {
    const std::string& path = files[i].path;
    if (auto fine = check_bundle_path(path); !fine) return fine;
    if (i > 0 && files[i - 1].path == path)
      return fail(FaultKind::bad_input, "The bundle has the file " + shown(path) + " twice.");
    for (std::size_t slash = path.find('/'); slash != std::string::npos;
         slash = path.find('/', slash + 1)) {
      const BundleFile folder{path.substr(0, slash), false, {}};
      if (std::binary_search(files.begin(), files.end(), folder, before))
        return fail(FaultKind::bad_input,
                    "The bundle has " + shown(folder.path) + " both as a file and as a folder.");
    }
  }
  return {};
}

Result<void> check_sizes(const std::vector<BundleFile>& files) {
  if (files.size() > limits::bundle_files)
    return fail(FaultKind::exhausted,
                "The bundle has " + std::to_string(files.size()) + " files; at most " +
                    std::to_string(limits::bundle_files) +
                    " are allowed. Name what it does not need in .runinkignore.");
  std::uint64_t total = 0;
  for (const BundleFile& file : files) {
    if (file.bytes.size() > limits::bundle_file.value)
      return fail(FaultKind::exhausted,
                  "The file " + shown(file.path) + " has " + std::to_string(file.bytes.size()) +
                      " bytes; a file of a bundle may have " +
                      std::to_string(limits::bundle_file.value) +
                      ". Put data into a volume, or name it in .runinkignore.");
    total += file.bytes.size() + file.path.size();
  }
  if (total > limits::bundle.value)
    return fail(FaultKind::exhausted,
                "The bundle has " + std::to_string(total) + " bytes; at most " +
                    std::to_string(limits::bundle.value) +
                    " are allowed. Put data into a volume, or name it in .runinkignore.");
  return {};
}

}  // namespace

const BundleFile* Bundle::find(std::string_view path) const {
  const auto at = std::lower_bound(
      files.begin(), files.end(), path,
      [](const BundleFile& file, std::string_view wanted) { return file.path < wanted; });
  return at != files.end() && at->path == path ? &*at : nullptr;
}

Result<void> check_bundle_path(std::string_view path) {
  const auto bad = [&](std::string_view why) {
    return fail(FaultKind::bad_input,
                "The bundle path " + shown(path) + " is not allowed: " + std::string(why) + ".");
  };
  if (path.size() > limits::path_bytes) return bad("it is too long");
  if (const std::string_view why = why_not_relative(path); !why.empty()) return bad(why);
  if (!is_utf8(path)) return bad("it is not UTF-8");
  return {};
}

Result<std::string> encode_bundle(Bundle bundle) {
  std::sort(bundle.files.begin(), bundle.files.end(), before);
  if (auto fine = check_paths(bundle.files); !fine) return std::unexpected(fine.error());
  if (auto fine = check_sizes(bundle.files); !fine) return std::unexpected(fine.error());
  std::string archive(magic);
  Encoder encoder{archive};
  encoder(newest_form);
  encoder(bundle);
  return archive;
}

Result<Bundle> decode_bundle(std::string_view archive) {
  if (!archive.starts_with(magic))
    return fail(FaultKind::corrupt, "These bytes are no bundle: they do not begin as one.");
  Decoder decoder{archive.substr(magic.size())};
  std::uint16_t form = 0;
  decoder(form);
  if (!decoder.bad() && form > newest_form)
    return fail(FaultKind::out_of_date, "The bundle has form " + std::to_string(form) +
                                            ", written by a newer version of Runink; this one "
                                            "knows form " +
                                            std::to_string(newest_form) + ". Update this node.");
  Bundle bundle;
  decoder(bundle);
  if (!decoder.complete() || form != newest_form)
    return fail(FaultKind::corrupt, "The bundle cannot be decoded: its bytes are damaged.");
  if (!std::is_sorted(bundle.files.begin(), bundle.files.end(), before))
    return fail(FaultKind::corrupt, "The files of the bundle are not in the order of their paths.");
  if (auto fine = check_paths(bundle.files); !fine) return std::unexpected(fine.error());
  if (auto fine = check_sizes(bundle.files); !fine) return std::unexpected(fine.error());
  return bundle;
}

}  // namespace runink::pipeline
