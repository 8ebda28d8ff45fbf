#include "steps/mapped_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <utility>

#include "vocabulary/ensure.hpp"
#include "vocabulary/owned_fd.hpp"

namespace runink::steps {
namespace {

constexpr std::uintptr_t kPage = 4096;
/// How far behind the reader pages are kept, and how many are given up at once.
constexpr std::size_t kKept = std::size_t{16} << 20, kAtOnce = std::size_t{32} << 20;

/// What the handler of SIGBUS may look at: no lock, no memory of the heap.
struct Place {
  std::atomic<std::uintptr_t> begin = 0, end = 0;
  std::atomic<bool> taken = false, torn = false;
};
constexpr int kPlaces = 64;
Place places[kPlaces];

void on_bus_error(int signal, siginfo_t* info, void*) {
  const auto address = reinterpret_cast<std::uintptr_t>(info->si_addr);
  for (Place& place : places) {
    if (address < place.begin || address >= place.end) continue;
    void* page = reinterpret_cast<void*>(address & ~(kPage - 1));
    if (::mmap(page, kPage, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
        MAP_FAILED)
      break;
    place.torn = true;
    return;
  }
  // Not ours: it comes again, and ends the process as if nobody had listened.
  ::signal(signal, SIG_DFL);
}

void listen_for_bus_errors() {
  static std::once_flag once;
  std::call_once(once, [] {
    struct sigaction action {};
    action.sa_sigaction = on_bus_error;
    action.sa_flags = SA_SIGINFO | SA_NODEFER;
    sigemptyset(&action.sa_mask);
    ENSURE(::sigaction(SIGBUS, &action, nullptr) == 0);
  });
}

int take_place(const char* begin, std::size_t size) {
  for (int i = 0; i < kPlaces; ++i) {
    if (places[i].taken.exchange(true)) continue;
    places[i].torn = false;
    places[i].begin = reinterpret_cast<std::uintptr_t>(begin);
    places[i].end = reinterpret_cast<std::uintptr_t>(begin) + size;
    return i;
  }
  return -1;
}

}  // namespace

Outcome<MappedFile> MappedFile::open(const std::string& path, const std::string& shown) {
  listen_for_bus_errors();
  const OwnedFd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  struct stat status {};
  if (!fd || ::fstat(fd.get(), &status) != 0)
    return give_up(SliceReason::input_missing,
                   shown + " cannot be opened: " + std::strerror(errno));
  if (!S_ISREG(status.st_mode))
    return give_up(SliceReason::forbidden_file, shown + " is no regular file");
  MappedFile file;
  file.shown_ = shown;
  if (status.st_size == 0) return file;
  const auto size = static_cast<std::size_t>(status.st_size);
  void* at = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd.get(), 0);
  if (at == MAP_FAILED)
    return give_up(SliceReason::out_of_memory,
                   shown + " cannot be mapped: " + std::strerror(errno));
  ::madvise(at, size, MADV_SEQUENTIAL);
  file.begin_ = static_cast<const char*>(at);
  file.size_ = size;
  file.place_ = take_place(file.begin_, size);
  if (file.place_ < 0)
    return give_up(SliceReason::internal, "more than 64 files are mapped at once");
  return file;
}

MappedFile::MappedFile(MappedFile&& other) noexcept { *this = std::move(other); }

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  if (this == &other) return *this;
  close();
  begin_ = std::exchange(other.begin_, nullptr);
  size_ = std::exchange(other.size_, 0);
  dropped_ = other.dropped_;
  place_ = std::exchange(other.place_, -1);
  shown_ = std::move(other.shown_);
  return *this;
}

MappedFile::~MappedFile() { close(); }

void MappedFile::close() {
  if (place_ >= 0) {
    places[place_].begin = places[place_].end = 0;
    places[place_].taken = false;
  }
  if (begin_) ::munmap(const_cast<char*>(begin_), size_);
  begin_ = nullptr;
  place_ = -1;
}

void MappedFile::passed(std::size_t offset) {
  if (offset < dropped_) dropped_ = 0;  // it is read once more from an earlier place
  if (offset < dropped_ + kKept + kAtOnce) return;
  const std::size_t until = (offset - kKept) & ~std::size_t{kPage - 1};
  ::madvise(const_cast<char*>(begin_) + dropped_, until - dropped_, MADV_DONTNEED);
  dropped_ = until;
}

Outcome<void> MappedFile::check() const {
  if (place_ < 0 || !places[place_].torn) return {};
  return give_up(SliceReason::input_changed,
                 shown_ + " shrank or could not be read to its end while it was read");
}

}  // namespace runink::steps
