#include "config/cluster_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "config/cluster_reader.hpp"
#include "vocabulary/ensure.hpp"
#include "vocabulary/limits.hpp"
#include "vocabulary/owned_fd.hpp"

namespace runink::config {
namespace {

Result<std::string> read_text(const std::string& path) {
  const OwnedFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd && (errno == ENOENT || errno == ENOTDIR))
    return fail(FaultKind::no_such_thing,
                "There is no cluster file '" + path + "'. Name it with --config.");
  const auto cannot_read = [&] {
    return std::unexpected(outside_fault("The cluster file '" + path + "' cannot be read", errno));
  };
  if (!fd) return cannot_read();
  struct stat about {};
  if (::fstat(fd.get(), &about) != 0) return cannot_read();
  if (!S_ISREG(about.st_mode))
    return fail(FaultKind::bad_input,
                "'" + path + "' is not a file. Name the cluster file itself.");
  std::string text;
  char part[16'384];
  for (;;) {
    const ssize_t got = ::read(fd.get(), part, sizeof part);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return cannot_read();
    if (got == 0) return text;
    text.append(part, static_cast<std::size_t>(got));
    if (text.size() > limits::cluster_file.value)
      return fail(FaultKind::bad_input, "The cluster file '" + path + "' is larger than " +
                                            std::to_string(limits::cluster_file.value) +
                                            " bytes. It is most likely another file.");
  }
}

}  // namespace

Peer ClusterFile::self() const {
  if (joins()) return {node.name, *node.address, node.id};
  const auto peer = std::ranges::find(nodes, node.name, &Peer::name);
  ENSURE(peer != nodes.end());
  return *peer;
}

std::expected<ClusterFile, Mistakes> parse_cluster_file(std::string_view text,
                                                        const std::string& path,
                                                        const Machine& machine) {
  const auto document = parse_document(text);
  if (!document) return std::unexpected(Mistakes{path, std::string(text), {document.error()}});
  ClusterReader reader(path, machine);
  ClusterFile file = reader.read(*document);
  if (std::vector<Mistake> list = reader.mistakes(); !list.empty())
    return std::unexpected(Mistakes{path, std::string(text), std::move(list)});
  return file;
}

Result<ClusterFile> load_cluster_file(const std::string& path) {
  const auto text = read_text(path);
  if (!text) return std::unexpected(text.error());
  // Where the data folder lies is known only afterwards; the file itself cannot say 0.
  Machine machine = this_machine("/");
  machine.disk = {};
  auto file = parse_cluster_file(*text, path, machine);
  if (!file) return fail(FaultKind::bad_input, to_text(file.error()));
  if (file->node.capacity.disk.value == 0)
    file->node.capacity.disk = this_machine(file->node.data).disk;
  return std::move(*file);
}

}  // namespace runink::config
