# The libraries that are not ours. tools/setup installs what is missing.
find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(RocksDB REQUIRED)
find_package(prometheus-cpp REQUIRED)
find_package(spdlog REQUIRED)
find_package(tomlplusplus REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS json unit_test_framework)

# CAF 0.17.6 in Debian has neither a CMake config nor a .pc file.
find_path(CAF_INCLUDE_DIR caf/all.hpp REQUIRED)
find_library(CAF_CORE_LIBRARY caf_core REQUIRED)
add_library(CAF::core SHARED IMPORTED)
set_target_properties(CAF::core PROPERTIES
  IMPORTED_LOCATION ${CAF_CORE_LIBRARY} INTERFACE_INCLUDE_DIRECTORIES ${CAF_INCLUDE_DIR})

# DuckDB's C library comes from npm, fetched and checked by tools/setup.
set(DUCKDB_DIR ${PROJECT_SOURCE_DIR}/.data/duckdb CACHE PATH "folder of libduckdb.so and duckdb.h")
find_path(DUCKDB_INCLUDE_DIR duckdb.h PATHS ${DUCKDB_DIR} NO_DEFAULT_PATH)
find_library(DUCKDB_LIBRARY duckdb PATHS ${DUCKDB_DIR} NO_DEFAULT_PATH)
if(NOT DUCKDB_INCLUDE_DIR OR NOT DUCKDB_LIBRARY)
  message(FATAL_ERROR "DuckDB's C library is not in ${DUCKDB_DIR}. Run tools/setup, which fetches it.")
endif()
add_library(DuckDB::duckdb SHARED IMPORTED)
set_target_properties(DuckDB::duckdb PROPERTIES IMPORTED_NO_SONAME ON
  IMPORTED_LOCATION ${DUCKDB_LIBRARY} INTERFACE_INCLUDE_DIRECTORIES ${DUCKDB_INCLUDE_DIR})
