#include "bench/support/node.hpp"

#include <openssl/evp.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

#include "bench/floor.hpp"
#include "bench/support/process.hpp"
#include "bench/support/table.hpp"

namespace runink::bench {
namespace fs = std::filesystem;
namespace json = boost::json;
namespace {

std::string content_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::string base64(const std::string& bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');  // and the zero that it writes
  const int length = ::EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                       reinterpret_cast<const unsigned char*>(bytes.data()),
                                       static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(length));
  return text;
}

std::string stage_name(int number) {
  std::string digits = std::to_string(number);
  return "s" + std::string(digits.size() < 2 ? 1 : 0, '0') + digits;
}

std::string chain_text(int stages) {
  std::string text = "pipeline = \"chain" + std::to_string(stages) + "\"\nherd = \"bench\"\n";
  for (int i = 0; i < stages; ++i) {
    const std::string name = stage_name(i);
    text += "\n[step." + name + "]\nexec = [\"./tiny\", \"" + name + "\"]\n";
    if (i > 0) text += "from = [\"" + stage_name(i - 1) + "\"]\n";
    text += "requires = { cpu = \"500m\", memory = \"32Mi\" }\n";
  }
  return text;
}

}  // namespace

fs::path programs() { return fs::read_symlink("/proc/self/exe").parent_path(); }

OwnedFd connect_to(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) give_up("the path " + path + " is too long");
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  OwnedFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd || ::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    return {};
  return fd;
}

AdminConnection::AdminConnection(const std::string& socket_path) : fd_(connect_to(socket_path)) {
  if (!fd_) give_up("nobody answers at " + socket_path);
}

json::object AdminConnection::ask(json::object request) {
  request["id"] = next_id_++;
  const std::string text = json::serialize(request) + "\n";
  sent_ns_ = now_ns();
  for (std::size_t at = 0; at < text.size();) {
    const ssize_t n = ::send(fd_.get(), text.data() + at, text.size() - at, MSG_NOSIGNAL);
    if (n < 0) give_up(std::string("the node does not read: ") + std::strerror(errno));
    at += static_cast<std::size_t>(n);
  }
  for (;;) {
    json::object answer = json::parse(line()).as_object();
    if (answer.contains("event")) continue;
    if (const json::value* error = answer.if_contains("error"))
      give_up("the node answered " + json::serialize(*error));
    return std::move(answer.at("result").as_object());
  }
}

std::string AdminConnection::line() {
  for (;;) {
    if (const auto end = buffer_.find('\n'); end != std::string::npos) {
      std::string first = buffer_.substr(0, end);
      buffer_.erase(0, end + 1);
      return first;
    }
    char part[65'536];
    const ssize_t n = ::read(fd_.get(), part, sizeof part);
    if (n <= 0) give_up("the node closed the connection");
    buffer_.append(part, static_cast<std::size_t>(n));
  }
}

Node::Node(const std::string& folder) {
  dir_ = scratch_folder(folder, "runink-bench");
  std::ofstream(dir_ / "cluster.toml")
      << "cluster = \"bench\"\n[node]\nname = \"n1\"\ndata = \"" << (dir_ / "data").string()
      << "\"\n[metrics]\nlisten = \"127.0.0.1:0\"\n";
  const std::string program = (programs() / "runinkd").string();
  const std::string config = (dir_ / "cluster.toml").string();
  const std::string log = (dir_ / "runinkd.log").string();
  pid_ = start_process({program, "--config", config}, log);
  wait_until("the node is up", [&] { return !runs(pid_) || connect_to(socket()); });
  if (!runs(pid_)) give_up("the node did not come up. It said: " + content_of(log));
}

Node::~Node() {
  const pid_t spawner = spawner_pid();
  end_process(pid_, SIGTERM);
  wait_until_gone(spawner);
  std::error_code ignored;
  fs::remove_all(dir_, ignored);
}

pid_t spawner_at(const fs::path& data) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, (data / "spawner.sock").c_str(), sizeof address.sun_path - 1);
  OwnedFd fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  ucred peer{};
  socklen_t size = sizeof peer;
  if (!fd || ::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      ::getsockopt(fd.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
    return -1;
  return peer.pid;
}

std::string Node::apply_chain(AdminConnection& admin, int stages) {
  admin.ask(
      {{"verb", "apply"},
       {"herd_file", json::object{{"path", "bench.herd.toml"}, {"text", "herd = \"bench\"\n"}}}});
  const std::string tiny = content_of(programs() / "bench_tiny");
  json::array files{
      json::object{{"path", "pipeline.toml"},
                   {"executable", false},
                   {"content", base64(chain_text(stages))}},
      json::object{{"path", "tiny"}, {"executable", true}, {"content", base64(tiny)}}};
  const json::object put = admin.ask({{"verb", "bundle.put"}, {"files", std::move(files)}});
  const std::string bundle(put.at("bundle").as_string());
  admin.ask({{"verb", "apply"}, {"bundle", bundle}});
  return bundle;
}

std::int64_t Node::program_began(const json::object& run, std::size_t stage) const {
  const json::object& made = run.at("stages").as_array().at(stage).as_object();
  if (made.at("status").as_string() != "succeeded")
    give_up("a stage did not succeed: " + json::serialize(made));
  const json::object& output = made.at("outputs").as_array().at(0).as_object();
  const std::string digest(
      output.at("files").as_array().at(0).as_object().at("digest").as_string());
  const std::string text = content_of(data() / "artifacts" / digest.substr(0, 2) / digest);
  std::int64_t ns = 0;
  std::from_chars(text.data(), text.data() + text.size(), ns);
  if (ns == 0) give_up("the artifact " + digest + " holds no time");
  return ns;
}

}  // namespace runink::bench
