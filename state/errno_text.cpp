#include "state/errno_text.hpp"

#include <algorithm>
#include <span>
#include <string_view>

namespace runink::state {
namespace {

struct Words {
  std::int32_t number;
  std::string_view text;
};

// The numbers are those of Linux on every architecture that Runink is built for.
constexpr Words general[] = {{1, "it is not permitted (EPERM)"},
                             {2, "No such file or directory (ENOENT)"},
                             {5, "an input or output error (EIO)"},
                             {7, "its arguments are too long (E2BIG)"},
                             {11, "too many processes (EAGAIN)"},
                             {12, "there is no memory (ENOMEM)"},
                             {13, "permission denied (EACCES)"},
                             {16, "it is in use (EBUSY)"},
                             {17, "it is there already (EEXIST)"},
                             {18, "another file system (EXDEV)"},
                             {20, "a part of its path is no folder (ENOTDIR)"},
                             {21, "it is a folder (EISDIR)"},
                             {22, "a wrong argument (EINVAL)"},
                             {23, "too many open files (ENFILE)"},
                             {24, "too many open files (EMFILE)"},
                             {27, "the file is too large (EFBIG)"},
                             {28, "the disk is full (ENOSPC)"},
                             {30, "a read-only file system (EROFS)"},
                             {36, "its name is too long (ENAMETOOLONG)"},
                             {40, "too many links on its path (ELOOP)"},
                             {87, "too many users or namespaces (EUSERS)"},
                             {95, "it is not supported (EOPNOTSUPP)"},
                             {122, "a disk quota is used up (EDQUOT)"}};

constexpr Words of_exec[] = {{8, "it is no program and has no #! line (ENOEXEC)"},
                             {13, "it may not be executed (EACCES)"},
                             {26, "it is being written (ETXTBSY)"}};

const Words* find(std::span<const Words> table, std::int32_t number) {
  const auto one = std::ranges::find(table, number, &Words::number);
  return one == table.end() ? nullptr : &*one;
}

}  // namespace

std::string errno_text(std::int32_t number) {
  const Words* one = find(general, number);
  return one == nullptr ? "errno " + std::to_string(number) : std::string(one->text);
}

std::string exec_error_text(std::int32_t number) {
  const Words* one = find(of_exec, number);
  return one == nullptr ? errno_text(number) : std::string(one->text);
}

}  // namespace runink::state
