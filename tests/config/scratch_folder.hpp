// Where the cluster file of one test lies.
#pragma once

#include <filesystem>

#include "tests/support/folder.hpp"

/// With the folder `lake` in it.
struct ScratchFolder : runink::test::Folder {
  ScratchFolder() { std::filesystem::create_directory(path / "lake"); }
};
