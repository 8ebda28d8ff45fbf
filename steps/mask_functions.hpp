// Masks as SQL functions. Their key is handed to DuckDB as bytes, never as text of a statement, which
// would stand in error messages and profiles. docs/adr/0009-masks.md has the choice of functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "governance/masking.hpp"
#include "steps/failure.hpp"
#include "steps/run_step.hpp"

struct _duckdb_connection;

namespace runink::steps {

/// What keyed masks say of their key in the report: the first 8 bytes, big-endian, of
/// HMAC-SHA256(key, "runink key id").
inline constexpr std::string_view key_id_counter = "key_id";

/// Makes the functions known:
///   runink_hash(text)     HMAC-SHA256 under the key, the first 128 bits as 32 hex digits
///   runink_token(text)    "tok_" and SipHash-2-4-128 as 32 hex digits, its key derived from the key
///   runink_partial(text)  the last four characters behind stars; under nine characters "***"
/// Each gives NULL for NULL. Without a key the first two are unknown.
Outcome<void> register_mask_functions(_duckdb_connection* connection,
                                      const std::optional<std::string>& key);

/// The key that lies beside the step file when `pipeline::needs_key(work)`; its id is reported.
/// `key_missing` when it should be there and is not, or is no key. Nothing when none is needed.
Outcome<std::optional<std::string>> key_of(const Job& job);

/// `expression` of the type `type` (DuckDB's spelling), masked. Everything that is not redacted
/// becomes VARCHAR, by DuckDB's own text of the value; redacted text is '***', redacted other types
/// are NULL, and the type stays.
std::string masked(governance::MaskMethod method, const std::string& expression,
                   const std::string& type);

/// The mask of a column in a list, or `keep`; names compare without the case of ASCII letters.
governance::MaskMethod mask_of(const std::vector<governance::ColumnMask>& masks,
                               std::string_view column);

}  // namespace runink::steps
