#include "steps/csv_reader.hpp"

#include <bit>
#include <cstring>

#include "steps/byte_order_mark.hpp"
#include "vocabulary/limits.hpp"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace runink::steps {
namespace {

constexpr std::size_t kLongest = limits::record.value;

constexpr bool special(char c) { return c == ',' || c == '\n' || c == '"' || c == '\r'; }

/// The first byte of a plain field that means something, or the end.
const char* find_special(const char* at, const char* end) {
#if defined(__SSE2__)
  const __m128i comma = _mm_set1_epi8(','), line = _mm_set1_epi8('\n');
  const __m128i quote = _mm_set1_epi8('"'), carriage = _mm_set1_epi8('\r');
  for (; at + 16 <= end; at += 16) {
    const __m128i x = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const int mask = _mm_movemask_epi8(
        _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(x, comma), _mm_cmpeq_epi8(x, line)),
                     _mm_or_si128(_mm_cmpeq_epi8(x, quote), _mm_cmpeq_epi8(x, carriage))));
    if (mask) return at + std::countr_zero(static_cast<unsigned>(mask));
  }
#endif
  while (at < end && !special(*at)) ++at;
  return at;
}

/// True when every byte is 1 to 127, which most texts are.
bool plain_ascii(const char* at, const char* end) {
#if defined(__SSE2__)
  const __m128i zero = _mm_setzero_si128();
  for (; at + 16 <= end; at += 16) {
    const __m128i x = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    if (_mm_movemask_epi8(_mm_or_si128(x, _mm_cmpeq_epi8(x, zero)))) return false;
  }
#endif
  for (; at < end; ++at)
    if (static_cast<signed char>(*at) <= 0) return false;
  return true;
}

/// The bytes of the code point that begins at `at`; 0 when there is none.
std::size_t code_point(const unsigned char* at, std::size_t left) {
  if (at[0] < 0x80) return at[0] == 0 ? 0 : 1;
  std::size_t more = 0;
  std::uint32_t value = 0, least = 0;
  if ((at[0] & 0xe0) == 0xc0) more = 1, value = at[0] & 31u, least = 0x80;
  if ((at[0] & 0xf0) == 0xe0) more = 2, value = at[0] & 15u, least = 0x800;
  if ((at[0] & 0xf8) == 0xf0) more = 3, value = at[0] & 7u, least = 0x10000;
  if (more == 0 || left <= more) return 0;
  for (std::size_t i = 1; i <= more; ++i) {
    if ((at[i] & 0xc0) != 0x80) return 0;
    value = value << 6 | (at[i] & 63u);
  }
  if (value < least || value > 0x10ffff || (value >= 0xd800 && value < 0xe000)) return 0;
  return more + 1;
}

}  // namespace

bool is_text(std::string_view bytes) {
  if (plain_ascii(bytes.data(), bytes.data() + bytes.size())) return true;
  const auto* at = reinterpret_cast<const unsigned char*>(bytes.data());
  const auto* end = at + bytes.size();
  while (at < end) {
    const std::size_t step = code_point(at, static_cast<std::size_t>(end - at));
    if (step == 0) return false;
    at += step;
  }
  return true;
}

std::string_view CsvField::text(std::string& room) const {
  if (!doubled) return {data, size};
  room.clear();
  for (std::uint32_t i = 0; i < size; ++i) {
    room += data[i];
    if (data[i] == '"') ++i;
  }
  return room;
}

CsvReader::CsvReader(std::string_view bytes)
    : bytes_(bytes), begin_(bytes.data()), at_(bytes.data()), end_(bytes.data() + bytes.size()) {
  at_ += mark_bytes(bytes);
}

std::string_view CsvReader::raw() const {
  const char* end = at_;
  if (end > begin_ && end[-1] == '\n') --end;
  if (end > begin_ && end[-1] == '\r') --end;
  return {begin_, static_cast<std::size_t>(end - begin_)};
}

bool CsvReader::next() {
  while (at_ < end_ && !one_column_) {
    if (*at_ == '\n') {
      ++at_;
    } else if (*at_ == '\r' && (at_ + 1 == end_ || at_[1] == '\n')) {
      at_ += at_ + 1 == end_ ? 1 : 2;
    } else {
      break;
    }
  }
  if (at_ >= end_) return false;
  begin_ = at_;
  fields_.clear();
  faults_ = 0;
  if (!record()) {
    first_line_only(at_ < end_ ? too_long : bad_quoting);
  } else if (static_cast<std::size_t>(at_ - begin_) > kLongest) {
    first_line_only(too_long);
  }
  const std::string_view all = raw();
  if (!(faults_ & too_long) && !is_text(all)) faults_ |= bad_utf8;
  return true;
}

void CsvReader::first_line_only(std::uint8_t fault) {
  const auto left = static_cast<std::size_t>(end_ - begin_);
  const auto* line = static_cast<const char*>(std::memchr(begin_, '\n', left));
  at_ = line ? line + 1 : end_;
  fields_.clear();
  faults_ = fault;
}

/// Reads fields up to the end of the record; false when it gave up: `at_` then is the end of the file
/// (a quote is open) or an offset beyond the limit.
bool CsvReader::record() {
  const char* at = at_;
  for (;;) {
    CsvField field;
    at = at < end_ && *at == '"' ? quoted(at + 1, field) : plain(at, field);
    if (!at) return false;
    fields_.push_back(field);
    if (at >= end_) break;
    if (static_cast<std::size_t>(at - begin_) > kLongest) {
      at_ = at;
      return false;
    }
    if (*at++ == ',') continue;
    if (at[-1] == '\r' && at < end_ && *at == '\n') ++at;
    break;
  }
  at_ = at;
  return true;
}

/// To the comma or line end after the field. A CR ends a line only before a LF or the end of the file.
const char* CsvReader::plain(const char* at, CsvField& field) {
  field.data = at;
  for (;;) {
    at = find_special(at, end_);
    if (at >= end_ || *at == ',' || *at == '\n') break;
    if (*at == '\r' && (at + 1 == end_ || at[1] == '\n')) break;
    faults_ |= bad_quoting;
    ++at;
  }
  field.size = static_cast<std::uint32_t>(at - field.data);
  return at;
}

const char* CsvReader::quoted(const char* at, CsvField& field) {
  field.data = at;
  field.quoted = true;
  const char* limit = end_;
  if (static_cast<std::size_t>(end_ - begin_) > kLongest + 2) limit = begin_ + kLongest + 2;
  for (;;) {
    const char* quote =
        at < limit
            ? static_cast<const char*>(std::memchr(at, '"', static_cast<std::size_t>(limit - at)))
            : nullptr;
    if (!quote) {
      at_ = limit;
      return nullptr;
    }
    at = quote + 1;
    if (at >= end_ || *at != '"') break;
    field.doubled = true;
    ++at;
  }
  field.size = static_cast<std::uint32_t>(at - 1 - field.data);
  if (at >= end_ || *at == ',' || *at == '\n') return at;
  if (*at == '\r' && (at + 1 == end_ || at[1] == '\n')) return at;
  faults_ |= bad_quoting;
  while (at < end_ && *at != ',' && *at != '\n') ++at;
  return at;
}

}  // namespace runink::steps
