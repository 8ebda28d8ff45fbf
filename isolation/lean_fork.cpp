#include "isolation/lean_fork.hpp"

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <span>
#include <string_view>

namespace runink::isolation {
namespace {

constexpr std::string_view spawner_only[] = {"/libcgroup.so", "/libcrypto.so"};

struct Range {
  std::uintptr_t from = 0;
  std::uintptr_t to = 0;
};

/// The pages of a segment.
Range pages_of(const dl_phdr_info& object, const ElfW(Phdr) & segment) {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const std::uintptr_t from = object.dlpi_addr + segment.p_vaddr;
  return {from & ~(page - 1), (from + segment.p_memsz + page - 1) & ~(page - 1)};
}

void keep_out(std::uintptr_t from, std::uintptr_t to) {
  if (from < to) ::madvise(reinterpret_cast<void*>(from), to - from, MADV_DONTFORK);
}

int look_at(dl_phdr_info* object, std::size_t, void*) {
  const std::string_view name = object->dlpi_name;
  if (std::none_of(std::begin(spawner_only), std::end(spawner_only),
                   [&](std::string_view one) { return name.find(one) != std::string_view::npos; }))
    return 0;
  const std::span segments(object->dlpi_phdr, object->dlpi_phnum);
  // The loader reads this one, and what is not writable, when it looks for any name.
  Range loader;
  for (const auto& segment : segments)
    if (segment.p_type == PT_DYNAMIC) loader = pages_of(*object, segment);
  for (const auto& segment : segments) {
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) == 0) continue;
    const Range data = pages_of(*object, segment);
    keep_out(data.from, std::clamp(loader.from, data.from, data.to));
    keep_out(std::clamp(loader.to, data.from, data.to), data.to);
  }
  return 0;
}

}  // namespace

void keep_out_of_forks() {
  ::malloc_trim(0);
  ::dl_iterate_phdr(look_at, nullptr);
}

}  // namespace runink::isolation
