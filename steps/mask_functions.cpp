#include "steps/mask_functions.hpp"

#include <array>
#include <fstream>
#include <iterator>

#include "duckdb.h"
#include "governance/ascii.hpp"
#include "steps/vectors.hpp"
#include "vocabulary/keyed_hash.hpp"

namespace runink::steps {
namespace {

constexpr std::size_t kShownCharacters = 4, kPartialFrom = 9;
constexpr std::string_view kToken = "tok_";

void put_hex(const std::uint8_t* bytes, std::size_t n, char* to) {
  constexpr char digits[] = "0123456789abcdef";
  for (std::size_t i = 0; i < n; ++i) {
    to[2 * i] = digits[bytes[i] >> 4];
    to[2 * i + 1] = digits[bytes[i] & 15];
  }
}

/// What the functions carry: all they know of the key.
struct Hashing {
  explicit Hashing(std::string_view key) : hmac(key) {
    const Digest derived = hmac.of("runink tokenise");
    std::copy_n(derived.bytes.begin(), sip_key.size(), sip_key.begin());
  }
  HmacSha256 hmac;
  std::array<std::uint8_t, 16> sip_key;
};

void hash(const Hashing& with, std::string_view text, FilledColumn& out, idx_t row) {
  const Digest digest = with.hmac.of(text);
  char hex[32];
  put_hex(digest.bytes.data(), 16, hex);
  out.set_text(row, {hex, sizeof hex});
}

void token(const Hashing& with, std::string_view text, FilledColumn& out, idx_t row) {
  const auto sum = siphash128(with.sip_key, text);
  char hex[kToken.size() + 32];
  std::copy(kToken.begin(), kToken.end(), hex);
  put_hex(sum.data(), sum.size(), hex + kToken.size());
  out.set_text(row, {hex, sizeof hex});
}

void partial(std::string_view text, FilledColumn& out, idx_t row, std::string& room) {
  std::size_t characters = 0, shown_from = text.size(), shown = 0;
  for (const char c : text) characters += (c & 0xc0) != 0x80 ? 1 : 0;
  if (characters < kPartialFrom) return out.set_text(row, "***");
  while (shown < kShownCharacters) shown += (text[--shown_from] & 0xc0) != 0x80 ? 1 : 0;
  room.assign(characters - kShownCharacters, '*');
  room += text.substr(shown_from);
  out.set_text(row, room);
}

/// Calls `one(text, output, row)` for all that is not NULL.
void each(duckdb_data_chunk chunk, duckdb_vector output, const auto& one) {
  const ReadColumn texts{duckdb_data_chunk_get_vector(chunk, 0)};
  FilledColumn out{output};
  for (idx_t i = 0; i < duckdb_data_chunk_get_size(chunk); ++i) {
    if (texts.null(i)) {
      out.set_null(i);
    } else {
      one(texts.text(i), out, i);
    }
  }
}

template <void (*Mask)(const Hashing&, std::string_view, FilledColumn&, idx_t)>
void keyed(duckdb_function_info info, duckdb_data_chunk chunk, duckdb_vector output) {
  const auto& with = *static_cast<const Hashing*>(duckdb_scalar_function_get_extra_info(info));
  each(chunk, output,
       [&](std::string_view text, FilledColumn& out, idx_t row) { Mask(with, text, out, row); });
}

void plain(duckdb_function_info, duckdb_data_chunk chunk, duckdb_vector output) {
  std::string room;
  each(chunk, output,
       [&](std::string_view text, FilledColumn& out, idx_t row) { partial(text, out, row, room); });
}

Outcome<void> add(duckdb_connection connection, const char* name, duckdb_scalar_function_t call,
                  Hashing* with) {
  duckdb_scalar_function function = duckdb_create_scalar_function();
  duckdb_scalar_function_set_name(function, name);
  duckdb_logical_type text = duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR);
  duckdb_scalar_function_add_parameter(function, text);
  duckdb_scalar_function_set_return_type(function, text);
  duckdb_destroy_logical_type(&text);
  if (with)
    duckdb_scalar_function_set_extra_info(function, with,
                                          [](void* of) { delete static_cast<Hashing*>(of); });
  duckdb_scalar_function_set_function(function, call);
  const auto done = duckdb_register_scalar_function(connection, function);
  duckdb_destroy_scalar_function(&function);
  if (done == DuckDBSuccess) return {};
  return give_up(SliceReason::internal, std::string("DuckDB refuses the function ") + name);
}

}  // namespace

Outcome<void> register_mask_functions(duckdb_connection connection,
                                      const std::optional<std::string>& key) {
  if (auto done = add(connection, "runink_partial", plain, nullptr); !done) return done;
  if (!key) return {};
  if (auto done = add(connection, "runink_hash", keyed<hash>, new Hashing(*key)); !done)
    return done;
  return add(connection, "runink_token", keyed<token>, new Hashing(*key));
}

Outcome<std::optional<std::string>> key_of(const Job& job) {
  if (!pipeline::needs_key(job.file.step.work)) return std::nullopt;
  std::ifstream in(job.places.in + "/.runink/key", std::ios::binary);
  std::string key{std::istreambuf_iterator<char>(in), {}};
  if (key.size() != pipeline::key_bytes)
    return give_up(SliceReason::key_missing,
                   "the step masks with the key of its herd, and was given none of " +
                       std::to_string(pipeline::key_bytes) + " bytes");
  const Digest digest = HmacSha256(key).of("runink key id");
  std::uint64_t id = 0;
  for (std::size_t i = 0; i < 8; ++i) id = id << 8 | digest.bytes[i];
  job.report.counter(std::string(key_id_counter), id);
  return key;
}

std::string masked(governance::MaskMethod method, const std::string& expression,
                   const std::string& type) {
  using governance::MaskMethod;
  const std::string text = type == "VARCHAR" ? expression : "CAST(" + expression + " AS VARCHAR)";
  switch (method) {
    case MaskMethod::keep: break;
    case MaskMethod::partial: return "runink_partial(" + text + ")";
    case MaskMethod::tokenise: return "runink_token(" + text + ")";
    case MaskMethod::hash: return "runink_hash(" + text + ")";
    case MaskMethod::redact:
      if (type != "VARCHAR") return "CAST(NULL AS " + type + ")";
      return "CASE WHEN " + expression + " IS NULL THEN NULL ELSE '***' END";
  }
  return expression;
}

governance::MaskMethod mask_of(const std::vector<governance::ColumnMask>& masks,
                               std::string_view column) {
  for (const governance::ColumnMask& mask : masks)
    if (governance::same_letters(mask.column, column)) return mask.method;
  return governance::MaskMethod::keep;
}

}  // namespace runink::steps
