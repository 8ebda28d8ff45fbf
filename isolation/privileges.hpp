// The daemon gives up what it does not need: after its start it holds no privileges.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "vocabulary/fault.hpp"

namespace runink::isolation {

/// An account of this machine.
struct SystemAccount {
  unsigned uid = 0;
  unsigned gid = 0;
};
/// `no_such_thing` when the account database has no such account.
Result<SystemAccount> find_account(const std::string& name);
/// The id of a group; `no_such_thing` when there is none.
Result<unsigned> find_group(const std::string& name);

/// Becomes `account` for good (or stays who it is), joins `groups` first, then drops every
/// capability from every set and forbids new privileges (prctl(2), PR_SET_NO_NEW_PRIVS). Must run
/// before the first thread is made, because capabilities belong to threads. A process that has no
/// privileges only forbids new ones.
Result<void> drop_privileges(const std::optional<SystemAccount>& account,
                             const std::vector<unsigned>& groups);

/// The effective user for a while, so that files made meanwhile belong to it; only for root. The
/// destructor comes back.
class ActAs {
 public:
  explicit ActAs(const std::optional<SystemAccount>& account);
  ~ActAs();
  ActAs(const ActAs&) = delete;
  ActAs& operator=(const ActAs&) = delete;

 private:
  bool acting_ = false;
};

}  // namespace runink::isolation
