// Bundles as folders: each bundle artifact is unpacked once, read-only, for the slices that have it
// as their working folder.
#pragma once

#include <string>

#include "actors/services.hpp"
#include "pipeline/bundle.hpp"
#include "vocabulary/digest.hpp"
#include "vocabulary/fault.hpp"

namespace runink::actors {

/// The bundle, read from the artifact store and verified. Blocks: disk threads only.
Result<pipeline::Bundle> read_bundle(const Services& services, const Digest& bundle);

/// The folder `<data>/bundles/<hex>` with the files of `bundle`, made if it is not there. Folders
/// 0555, files 0444 or 0555. Blocks: disk threads only.
Result<std::string> unpacked_bundle(const Services& services, const Digest& bundle);

}  // namespace runink::actors
