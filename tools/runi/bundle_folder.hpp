// A pipeline's folder, read as it is sent.
#pragma once

#include <boost/json/array.hpp>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "vocabulary/fault.hpp"

namespace runink::runi {

struct FolderFile {
  std::string path;  ///< relative, with "/"
  bool executable = false;
  std::string bytes;
};

/// The files of `folder`, sorted by path, without what its `.runinkignore` names, without `.git` and
/// `.runinkignore` itself. Links, sockets, devices, paths that are not UTF-8 and whatever exceeds a
/// limit are mistakes; all are told at once.
Result<std::vector<FolderFile>> read_folder(const std::filesystem::path& folder);

/// As `bundle.put` takes them.
boost::json::array files_json(const std::vector<FolderFile>& files);

/// RFC 4648, section 4.
std::string base64(std::string_view bytes);

}  // namespace runink::runi
