// A bundle: a pipeline's folder as one artifact. Its encoding is canonical (one folder, one text of
// bytes), so the SHA-256 of the encoding is the version of the pipeline.
#pragma once

#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "vocabulary/fault.hpp"

namespace runink::pipeline {

struct BundleFile {
  std::string path;  ///< relative, '/' between the parts, no empty part, "." or ".."
  bool executable = false;
  std::string bytes;
  friend bool operator==(const BundleFile&, const BundleFile&) = default;
  static auto fields(auto& self) { return std::tie(self.path, self.executable, self.bytes); }
};

struct Bundle {
  std::vector<BundleFile> files;  ///< sorted by path, each path once
  friend bool operator==(const Bundle&, const Bundle&) = default;
  static auto fields(auto& self) { return std::tie(self.files); }
  /// The file at `path`, or nothing.
  const BundleFile* find(std::string_view path) const;
};

/// A path as a bundle may hold it: 1 to `limits::path_bytes` bytes, relative, no part that is
/// empty,
/// "." or "..", no control character and no backslash. Otherwise `bad_input`.
Result<void> check_bundle_path(std::string_view path);

/// The archive of `bundle`, whose files may come in any order. `bad_input` for a path that is not
/// allowed or comes twice, or is both a file and a folder; `exhausted` past a limit of limits.hpp.
Result<std::string> encode_bundle(Bundle bundle);

/// The bundle of an archive that somebody else wrote; every rule of `encode_bundle` is checked
/// again. `corrupt` for what is no archive, `out_of_date` for one of a newer version.
Result<Bundle> decode_bundle(std::string_view archive);

}  // namespace runink::pipeline
