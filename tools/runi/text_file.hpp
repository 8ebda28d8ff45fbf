// A file that a command names: a contract, a herd file, data to be tested.
#pragma once

#include <string>
#include <string_view>

#include "tools/runi/admin_client.hpp"
#include "vocabulary/units.hpp"

namespace runink::runi {

/// The bytes of a regular file of at most `most`; no more of it is read. `what` is what the file is
/// for ("a contract"), `otherwise` what to do when it is too large, a whole sentence. A folder, a
/// pipe or a device is refused: it might have no end.
Answer<std::string> read_text_file(const std::string& path, Bytes most, std::string_view what,
                                   std::string_view otherwise);
/// The same for a document that is sent as a text: what is no UTF-8 is told with its line.
Answer<std::string> read_document(const std::string& path, Bytes most, std::string_view what,
                                  std::string_view otherwise);

}  // namespace runink::runi
