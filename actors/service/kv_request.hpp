// Keys and values in requests and answers of the admin door (docs/PROTOCOL.md).
#pragma once

#include <boost/json.hpp>
#include <initializer_list>
#include <string>
#include <string_view>

#include "state/kv.hpp"
#include "vocabulary/fault.hpp"

namespace runink::actors {

namespace json = boost::json;

/// The bytes of the member `name` (a text) or of `name`_base64; exactly one of them must be there.
Result<std::string> bytes_member(const json::object& of, std::string_view name);
/// `request_id`, if there is one.
Result<std::optional<RequestId>> request_member(const json::object& body);
/// Which request of which session it is.
struct KvInSessionMembers {
  SessionId session;
  std::uint64_t seq = 0;
  std::uint64_t first_unacked = 0;
};
/// `session`, `seq` and `first_unacked`, if there are such; they exclude `request_id`.
Result<std::optional<KvInSessionMembers>> session_members(const json::object& body);
/// The transaction of `compare`, `then`, `else` and `request_id`; without a herd.
Result<state::KvTransaction> transaction_of(const json::object& body);

/// Adds `bytes` as `name`, or as `name`_base64 when they are no UTF-8.
void add_bytes(json::object& to, std::string_view name, std::string_view bytes);
/// KEY of docs/PROTOCOL.md.
json::object to_json(const state::KvEntry& entry, bool with_value);
/// ANSWER of docs/PROTOCOL.md.
json::object to_json(const state::KvAnswer& answer);
/// The event of a watch.
json::object to_json(const state::KvChanges& changes);

}  // namespace runink::actors
