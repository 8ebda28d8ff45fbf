#include "isolation/privileges.hpp"

#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace runink::isolation {
namespace {

constexpr int capabilities_most = 63;

Result<void> drop_capabilities() {
  for (int one = 0; one <= capabilities_most; ++one)
    if (::prctl(PR_CAPBSET_READ, one, 0, 0, 0) == 1) ::prctl(PR_CAPBSET_DROP, one, 0, 0, 0);
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[2]{};
  if (::syscall(SYS_capset, &header, none) != 0)
    return std::unexpected(outside_fault("The daemon cannot drop its capabilities", errno));
  return {};
}

}  // namespace

Result<SystemAccount> find_account(const std::string& name) {
  char buffer[4096];
  passwd entry{};
  passwd* found = nullptr;
  ::getpwnam_r(name.c_str(), &entry, buffer, sizeof buffer, &found);
  if (found == nullptr)
    return fail(FaultKind::no_such_thing, "This machine has no account '" + name + "'.");
  return SystemAccount{found->pw_uid, found->pw_gid};
}

Result<unsigned> find_group(const std::string& name) {
  char buffer[4096];
  group entry{};
  group* found = nullptr;
  ::getgrnam_r(name.c_str(), &entry, buffer, sizeof buffer, &found);
  if (found == nullptr)
    return fail(FaultKind::no_such_thing, "This machine has no group '" + name + "'.");
  return found->gr_gid;
}

Result<void> drop_privileges(const std::optional<SystemAccount>& account,
                             const std::vector<unsigned>& groups) {
  if (::geteuid() == 0) {
    std::vector<gid_t> list(groups.begin(), groups.end());
    if (::setgroups(list.size(), list.data()) != 0)
      return std::unexpected(outside_fault("The daemon cannot join its groups", errno));
    if (account) {
      if (::setresgid(account->gid, account->gid, account->gid) != 0 ||
          ::setresuid(account->uid, account->uid, account->uid) != 0)
        return std::unexpected(outside_fault("The daemon cannot become its account", errno));
    }
    if (auto dropped = drop_capabilities(); !dropped) return dropped;
  }
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return std::unexpected(outside_fault("The daemon cannot forbid new privileges", errno));
  return {};
}

ActAs::ActAs(const std::optional<SystemAccount>& account) {
  if (!account || ::geteuid() != 0) return;
  acting_ = ::setegid(account->gid) == 0 && ::seteuid(account->uid) == 0;
}

ActAs::~ActAs() {
  if (!acting_) return;
  (void)!::seteuid(0);
  (void)!::setegid(0);
}

}  // namespace runink::isolation
