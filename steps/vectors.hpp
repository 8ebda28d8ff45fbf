// Vectors of DuckDB, read and filled in place.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "duckdb.h"

namespace runink::steps {

/// One column of a chunk that is read.
struct ReadColumn {
  const void* data = nullptr;
  const std::uint64_t* validity = nullptr;

  ReadColumn() = default;
  explicit ReadColumn(duckdb_vector vector)
      : data(duckdb_vector_get_data(vector)), validity(duckdb_vector_get_validity(vector)) {}
  bool null(idx_t row) const { return validity && !((validity[row >> 6] >> (row & 63)) & 1); }
  template <class T>
  const T& at(idx_t row) const {
    return static_cast<const T*>(data)[row];
  }
  std::string_view text(idx_t row) const {
    const auto& string = at<duckdb_string_t>(row);
    const std::uint32_t length = string.value.inlined.length;
    return {length <= 12 ? string.value.inlined.inlined : string.value.pointer.ptr, length};
  }
};

/// One column of a chunk that is filled; of a column that nobody asked for nothing is written.
struct FilledColumn {
  duckdb_vector vector = nullptr;
  void* data = nullptr;
  std::uint64_t* validity = nullptr;

  FilledColumn() = default;
  explicit FilledColumn(duckdb_vector of) : vector(of), data(duckdb_vector_get_data(of)) {}
  void set_null(idx_t row) {
    if (!vector) return;
    if (!validity) {
      duckdb_vector_ensure_validity_writable(vector);
      validity = duckdb_vector_get_validity(vector);
    }
    validity[row >> 6] &= ~(std::uint64_t{1} << (row & 63));
  }
  template <class T>
  void set(idx_t row, T value) {
    if (vector) static_cast<T*>(data)[row] = value;
  }
  /// `stays`: the bytes outlive the chunk, and longer texts may point at them.
  void set_text(idx_t row, std::string_view text, bool stays = false) {
    if (!vector) return;
    const auto length = static_cast<std::uint32_t>(text.size());
    if (length > 12 && !stays)
      return duckdb_vector_assign_string_element_len(vector, row, text.data(), length);
    duckdb_string_t string;
    std::memset(&string, 0, sizeof string);
    string.value.inlined.length = length;
    if (length <= 12) {
      if (length > 0) std::memcpy(string.value.inlined.inlined, text.data(), length);
    } else {
      std::memcpy(string.value.pointer.prefix, text.data(), 4);
      string.value.pointer.ptr = const_cast<char*>(text.data());
    }
    static_cast<duckdb_string_t*>(data)[row] = string;
  }
};

}  // namespace runink::steps
