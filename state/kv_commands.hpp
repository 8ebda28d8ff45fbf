// Keys and values of a herd: what a transaction says and what it answers. Every change of a key is a
// transaction, that of one key too. Numbers are for ever, as in commands.hpp, which includes this.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include "vocabulary/ids.hpp"

namespace runink::state {

/// What of a key is compared. A key that does not exist has revision, creation and version 0.
enum class KvAspect : std::uint8_t {
  value = 1,
  revision = 2,  ///< log index of its last change
  created = 3,   ///< log index of the change that made it
  version = 4    ///< changes since it was made, that one included
};
constexpr bool known(KvAspect a) { return a >= KvAspect::value && a <= KvAspect::version; }

enum class KvRelation : std::uint8_t { equal = 1, not_equal = 2, less = 3, greater = 4 };
constexpr bool known(KvRelation r) { return r >= KvRelation::equal && r <= KvRelation::greater; }

/// One condition: `aspect` of `key` stands in `relation` to `number`, or its value to `text` (as
/// bytes). A key that does not exist has no value: it is not equal to any, and neither less nor greater.
struct KvCompare {
  std::string key;
  KvAspect aspect = KvAspect::revision;
  KvRelation relation = KvRelation::equal;
  std::uint64_t number = 0;
  std::string text;
  friend bool operator==(const KvCompare&, const KvCompare&) = default;
  static auto fields(auto& self) {
    return std::tie(self.key, self.aspect, self.relation, self.number, self.text);
  }
};

/// The key has this value from now on.
struct KvPut {
  std::string key;
  std::string value;
  friend bool operator==(const KvPut&, const KvPut&) = default;
  static auto fields(auto& self) { return std::tie(self.key, self.value); }
};
/// Behind the value that is there; a key that does not exist is made.
struct KvAppend {
  std::string key;
  std::string value;
  friend bool operator==(const KvAppend&, const KvAppend&) = default;
  static auto fields(auto& self) { return std::tie(self.key, self.value); }
};
/// A key that does not exist stays so, which is no change.
struct KvDelete {
  std::string key;
  friend bool operator==(const KvDelete&, const KvDelete&) = default;
  static auto fields(auto& self) { return std::tie(self.key); }
};
/// Reads, after the operations before it.
struct KvGet {
  std::string key;
  friend bool operator==(const KvGet&, const KvGet&) = default;
  static auto fields(auto& self) { return std::tie(self.key); }
};
/// The place in this list is its number on disk.
using KvOperation = std::variant<KvPut, KvAppend, KvDelete, KvGet>;

/// When every comparison holds, `then` is done, else `otherwise`: all of it in this one entry, or
/// nothing. Each branch changes a key at most once.
struct KvTransaction {
  HerdName herd;
  /// Repeated with the same content it is answered as before and changes nothing, as long as the
  /// answer is kept (`limits::kv_answers`); with another content it is refused as a conflict.
  std::optional<RequestId> request;
  std::vector<KvCompare> compare;
  std::vector<KvOperation> then;
  std::vector<KvOperation> otherwise;
  friend bool operator==(const KvTransaction&, const KvTransaction&) = default;
  static auto fields(auto& self) {
    return std::tie(self.herd, self.request, self.compare, self.then, self.otherwise);
  }
};

/// A client asks for a session (`RegisterClient` of Ongaro's thesis, 6.3); its id is the index of this
/// entry. What it sends twice in it is done once, however much others ask meanwhile.
struct KvSessionOpened {
  friend bool operator==(const KvSessionOpened&, const KvSessionOpened&) = default;
  static auto fields(auto&) { return std::tuple<>(); }
};

/// A transaction of a client with a session. `seq`, from 1 on, is the client's number for this
/// intention: repeated with the same content it is answered as before, refusals too, and changes
/// nothing; with another content it is refused as a conflict.
struct KvInSession {
  SessionId session;
  std::uint64_t seq = 0;
  /// The client knows the answers to all numbers below: they are forgotten, and never done again.
  std::uint64_t first_unacked = 0;
  KvTransaction transaction;  ///< without a request id
  friend bool operator==(const KvInSession&, const KvInSession&) = default;
  static auto fields(auto& self) {
    return std::tie(self.session, self.seq, self.first_unacked, self.transaction);
  }
};

/// What one operation answers: the key as it is after a put or an append, as a get finds it, as it
/// was before a delete.
struct KvAnswer {
  bool exists = false;  ///< false: all that follows is 0
  LogIndex revision;
  LogIndex created;
  std::uint64_t version = 0;
  std::optional<std::string> value = {};  ///< of a get that found it
  friend bool operator==(const KvAnswer&, const KvAnswer&) = default;
  static auto fields(auto& self) {
    return std::tie(self.exists, self.revision, self.created, self.version, self.value);
  }
};

struct KvResult {
  bool succeeded = false;         ///< every comparison held
  LogIndex revision;              ///< of the entry: what it changed has this revision
  std::vector<KvAnswer> answers;  ///< one for each operation of the branch that was done
  friend bool operator==(const KvResult&, const KvResult&) = default;
  static auto fields(auto& self) { return std::tie(self.succeeded, self.revision, self.answers); }
};

}  // namespace runink::state
