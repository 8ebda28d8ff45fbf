#include "actors/doors/peer_account.hpp"

#include <grp.h>
#include <pwd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace runink::actors {

Result<PeerCredentials> peer_credentials(int socket) {
  ucred known{};
  socklen_t size = sizeof(known);
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &known, &size) != 0)
    return std::unexpected(outside_fault("The kernel does not say who connected", errno));
  return PeerCredentials{known.uid, known.gid, known.pid};
}

Account read_account(uid_t uid) {
  Account account{"uid:" + std::to_string(uid), {}};
  std::vector<char> buffer(4096);
  passwd entry{};
  passwd* found = nullptr;
  int error = 0;
  while ((error = ::getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found)) == ERANGE &&
         buffer.size() < (1u << 20))
    buffer.resize(buffer.size() * 2);
  if (error != 0 || !found) return account;
  account.name = entry.pw_name;
  account.groups.resize(64);
  int count = static_cast<int>(account.groups.size());
  while (::getgrouplist(entry.pw_name, entry.pw_gid, account.groups.data(), &count) < 0 &&
         account.groups.size() < 65'536) {
    account.groups.resize(account.groups.size() * 2);
    count = static_cast<int>(account.groups.size());
  }
  account.groups.resize(std::min(static_cast<std::size_t>(count), account.groups.size()));
  return account;
}

}  // namespace runink::actors
