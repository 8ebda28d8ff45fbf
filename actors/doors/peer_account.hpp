// Who is at the other end of a unix socket, and whether he belongs to a group.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "vocabulary/fault.hpp"

namespace runink::actors {

/// The kernel's word about a connected unix socket (unix(7), SO_PEERCRED).
struct PeerCredentials {
  uid_t uid = 0;
  gid_t gid = 0;
  pid_t pid = 0;
};
Result<PeerCredentials> peer_credentials(int socket);

struct Account {
  std::string name;           ///< "uid:1000" when the account database has none
  std::vector<gid_t> groups;  ///< as the databases say, the primary one too
};
/// Reads the account database (getpwuid_r, getgrouplist). It may ask the network (nss): never on
/// the Asio thread.
Account read_account(uid_t uid);

}  // namespace runink::actors
