// Three runinkd, spoken to over their admin sockets.
#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "bench/floor.hpp"
#include "bench/support/contender.hpp"
#include "bench/support/node.hpp"
#include "bench/support/process.hpp"
#include "bench/support/table.hpp"

namespace runink::bench {
namespace fs = std::filesystem;
namespace json = boost::json;
namespace {

constexpr std::array<const char*, 3> names{"n1", "n2", "n3"};
/// Without an answer for so long a request has failed.
constexpr std::int64_t answer_patience_ns = 10'000'000'000;

/// One connection of the load: a request, then its answer.
struct Client {
  OwnedFd fd;
  std::string answer;
  std::int64_t due = 0;
};

std::string request_line(const Load& load, std::uint64_t number) {
  const std::string key = key_of(load, number);
  if (load.kind == Load::Kind::get)
    return R"({"id":1,"verb":"kv.get","herd":"bench","key":")" + key + "\"}\n";
  std::string value = std::to_string(number);
  value.resize(load.value_bytes, 'x');
  return R"({"id":1,"verb":"kv.put","herd":"bench","key":")" + key + R"(","value":")" + value +
         "\"}\n";
}

/// One load over the admin sockets, in one thread.
class AdminLoad {
 public:
  AdminLoad(const Load& load, const std::vector<std::string>& sockets)
      : load_(load), poll_(::epoll_create1(EPOLL_CLOEXEC)), pace_(load) {
    clients_.resize(static_cast<std::size_t>(load.clients));
    for (std::size_t i = 0; i < clients_.size(); ++i) {
      clients_[i].fd = connect_to(sockets[i % sockets.size()]);
      if (!clients_[i].fd) give_up("nobody answers at " + sockets[i % sockets.size()]);
      epoll_event wanted{EPOLLIN, {.u64 = i}};
      ::epoll_ctl(poll_.get(), EPOLL_CTL_ADD, clients_[i].fd.get(), &wanted);
      idle_.push_back(i);
    }
    pace_ = Pace(load_);  // connections are made: it begins now
  }

  Answered run() {
    for (;;) {
      pace_.look_at_deed(answered_);
      auto due = pace_.next_due();
      while (due && !idle_.empty() && *due <= now_ns()) {
        ask(idle_.back());
        due = pace_.next_due();
      }
      if (pace_.over() || (!due && waiting_ == 0)) break;
      if (!look(due && !idle_.empty() ? *due - now_ns() : answer_patience_ns) && !due)
        give_up("no answer came for " + std::to_string(answer_patience_ns / 1'000'000'000) + " s");
    }
    return std::move(answered_);
  }

 private:
  void ask(std::size_t number) {
    idle_.pop_back();
    Client& client = clients_[number];
    const std::string line = request_line(load_, pace_.taken());
    client.due = pace_.take();
    ++waiting_;
    if (::send(client.fd.get(), line.data(), line.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(line.size()))
      lost(client, "the node does not read");
  }

  /// Waits for answers; false when none came.
  bool look(std::int64_t at_most_ns) {
    std::array<epoll_event, 64> events{};
    const std::int64_t wait = std::max<std::int64_t>(at_most_ns, 0);
    const timespec time{wait / 1'000'000'000, wait % 1'000'000'000};
    const int count =
        ::epoll_pwait2(poll_.get(), events.data(), static_cast<int>(events.size()), &time, nullptr);
    for (int i = 0; i < count; ++i) read(events[static_cast<std::size_t>(i)].data.u64);
    return count > 0;
  }

  void read(std::size_t number) {
    Client& client = clients_[number];
    std::array<char, 4096> part;
    const ssize_t size = ::recv(client.fd.get(), part.data(), part.size(), MSG_DONTWAIT);
    if (size <= 0) {
      if (size < 0 && errno == EAGAIN) return;
      return lost(client, "the node closed the connection");
    }
    client.answer.append(part.data(), static_cast<std::size_t>(size));
    if (!client.answer.ends_with('\n')) return;
    --waiting_;
    idle_.push_back(number);
    // `{"id":1,"result":...` or `{"id":1,"error":...`, as the protocol says.
    if (client.answer.starts_with(R"({"id":1,"result":)") &&
        client.answer.find("revision") != std::string::npos)
      pace_.answered(client.due, answered_);
    else
      pace_.failed(client.answer, answered_);
    client.answer.clear();
  }

  void lost(Client& client, const std::string& why) {
    ::epoll_ctl(poll_.get(), EPOLL_CTL_DEL, client.fd.get(), nullptr);
    --waiting_;
    pace_.failed(why, answered_);
  }

  const Load load_;
  OwnedFd poll_;
  Pace pace_;
  std::vector<Client> clients_;
  std::vector<std::size_t> idle_;
  std::size_t waiting_ = 0;
  Answered answered_;
};

class Runinks final : public Contender {
 public:
  Runinks(const std::string& folder, Transport transport)
      : transport_(transport), ports_(names.size()) {
    dir_ = scratch_folder(folder, "runink-three");
    if (transport.nodes) make_certificates();
    for (std::size_t i = 0; i < names.size(); ++i) write_config(i);
    for (std::size_t i = 0; i < names.size(); ++i) start(i);
    for (std::size_t i = 0; i < names.size(); ++i)
      wait_until(std::string(names[i]) + " is up; see " + log(i).string(),
                 [&] { return applied(i).has_value(); });
    AdminConnection admin(socket(leader()));
    admin.ask(
        {{"verb", "apply"},
         {"herd_file", json::object{{"path", "bench.herd.toml"}, {"text", "herd = \"bench\"\n"}}}});
  }
  ~Runinks() override {
    for (std::size_t i = 0; i < names.size(); ++i) {
      const pid_t spawner = spawner_at(data(i));
      end_process(pids_[i], SIGTERM);
      if (spawner <= 0) continue;
      ::kill(spawner, SIGTERM);  // of a node that was killed; without slices it ends
      wait_until_gone(spawner);
    }
    std::error_code ignored;
    fs::remove_all(dir_, ignored);
  }

  std::string name() const override { return "runink"; }
  pid_t pid(std::size_t node) const override { return pids_[node]; }
  fs::path data(std::size_t node) const override { return dir_ / names[node] / "data"; }
  void kill(std::size_t node) override { end_process(pids_[node], SIGKILL); }
  void start(std::size_t node) override {
    pids_[node] = start_process(
        {(programs() / "runinkd").string(), "--config", config(node).string()}, log(node));
  }

  std::size_t leader() override {
    std::size_t found = names.size();
    wait_until("the nodes agree on a leader", [&] {
      found = names.size();
      std::string named;
      for (std::size_t i = 0; i < names.size(); ++i) {
        if (!runs(pids_[i])) continue;
        const auto one = status(i);
        const json::value* leader = one ? one->if_contains("leader") : nullptr;
        if (leader == nullptr || !leader->is_string()) return false;
        if (named.empty()) named = std::string(leader->get_string());
        if (named != leader->get_string()) return false;
        if (named == names[i]) found = i;
      }
      return found < names.size();
    });
    return found;
  }

  std::optional<std::uint64_t> applied(std::size_t node) override {
    const auto one = status(node);
    if (!one) return std::nullopt;
    return one->at("state").as_object().at("applied").to_number<std::uint64_t>();
  }

  Answered run(const Load& load, const std::vector<std::size_t>& at) override {
    std::vector<std::string> sockets;
    for (const std::size_t node : at) sockets.push_back(socket(node));
    return AdminLoad(load, sockets).run();
  }

 private:
  std::string socket(std::size_t node) const { return (data(node) / "admin.sock").string(); }
  fs::path config(std::size_t node) const { return dir_ / names[node] / "cluster.toml"; }
  fs::path log(std::size_t node) const { return dir_ / names[node] / "runinkd.log"; }

  std::optional<json::object> status(std::size_t node) const {
    if (!connect_to(socket(node))) return std::nullopt;
    return AdminConnection(socket(node)).ask({{"verb", "cluster.status"}});
  }

  void make_certificates() {
    const std::string runi = (programs() / "runi").string(), pki = (dir_ / "pki").string();
    const auto make = [&](std::vector<std::string> words) {
      words.insert(words.begin(), {runi, "pki"});
      words.insert(words.end(), {"--dir", pki});
      const pid_t pid = start_process(words, dir_ / "pki.log");
      wait_until("runi pki has ended", [&] { return !runs(pid); });
    };
    make({"init", "--cluster", "bench"});
    for (const char* name : names) make({"node", name});
    if (!fs::exists(fs::path(pki) / "n3.key")) give_up("runi pki made no certificates");
  }

  void write_config(std::size_t node) {
    fs::create_directory(dir_ / names[node]);
    std::ofstream out(config(node));
    const std::string name = names[node];
    out << "cluster = \"bench\"\n[node]\nname = \"" << name << "\"\ndata = \""
        << data(node).string() << "\"\n";
    for (std::size_t i = 0; i < names.size(); ++i)
      out << "[[nodes]]\nname = \"" << names[i] << "\"\naddress = \"127.0.0.1:" << ports_[i]
          << "\"\n";
    const std::string pki = (dir_ / "pki/").string();
    if (!transport_.nodes) out << "[tls]\ninsecure = true\n";
    if (transport_.nodes)
      out << "[tls]\nca = \"" << pki << "ca.crt\"\ncert = \"" << pki << name << ".crt\"\nkey = \""
          << pki << name << ".key\"\n";
    out << "[metrics]\nlisten = \"127.0.0.1:0\"\n[slices]\nuid_base = " << 1'000'000 + 1'000 * node
        << "\nuid_count = 512\n";
  }

  Transport transport_;
  Ports ports_;
  fs::path dir_;
  std::array<pid_t, 3> pids_{-1, -1, -1};
};

}  // namespace

std::unique_ptr<Contender> three_runinks(const std::string& folder, Transport transport) {
  return std::make_unique<Runinks>(folder, transport);
}

}  // namespace runink::bench
