// What tests do to the files of a store.
#pragma once

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <string>

#include "storage/beneath.hpp"
#include "tests/support/folder.hpp"
#include "vocabulary/fault.hpp"

namespace runink::test {

inline void write(const std::string& path, const std::string& bytes) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << bytes;
  BOOST_REQUIRE(out.flush().good());
}

/// What a crash leaves: the files as the kernel has them now.
inline void copy_files(const std::string& from, const std::string& to) {
  std::filesystem::create_directories(to);
  for (const auto& file : std::filesystem::directory_iterator(from)) {
    std::error_code vanished;  // RocksDB removes files while we copy; a crash would not see them
    std::filesystem::copy(file.path(), std::filesystem::path(to) / file.path().filename(),
                          vanished);
  }
}

inline std::size_t files_in(const std::string& path) {
  std::size_t n = 0;
  for (const auto& file : std::filesystem::recursive_directory_iterator(path))
    n += file.is_directory() ? 0 : 1;
  return n;
}

template <class T>
std::string why_not(const Result<T>& result) {
  return result ? std::string("there was no fault") : result.error().what;
}
template <class T>
std::string_view kind_of(const Result<T>& result) {
  return result ? std::string_view("no fault") : to_string(result.error().kind);
}

/// Says what went wrong when it is no value.
#define REQUIRE_OK(result)                                                \
  do {                                                                    \
    const auto& was = (result);                                           \
    BOOST_REQUIRE_MESSAGE(was.has_value(), ::runink::test::why_not(was)); \
  } while (false)
#define CHECK_FAULT(result, of_kind) \
  BOOST_TEST(::runink::test::kind_of(result) == ::runink::to_string(of_kind))
#define CHECK_SAYS(result, words) \
  BOOST_TEST((result).error().what.find(words) != std::string::npos, (result).error().what)

}  // namespace runink::test
