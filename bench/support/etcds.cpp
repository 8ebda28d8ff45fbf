// Three etcd of Debian's package etcd-server, spoken to over gRPC by an asynchronous client.
#include <grpcpp/grpcpp.h>
#include <signal.h>

#include <array>
#include <fstream>
#include <sstream>

#include "bench/floor.hpp"
#include "bench/support/contender.hpp"
#include "bench/support/process.hpp"
#include "bench/support/table.hpp"
#include "etcd.grpc.pb.h"

namespace runink::bench {
namespace fs = std::filesystem;
namespace etcd = etcdserverpb;
namespace {

constexpr std::array<const char*, 3> names{"e1", "e2", "e3"};
constexpr auto answer_patience = std::chrono::seconds(10);
/// As etcd's own benchmarks do with many clients.
constexpr std::size_t clients_of_a_connection = 8;

using Channel = std::shared_ptr<grpc::Channel>;
/// Opens one more connection to a node.
using Connect = std::function<Channel(std::size_t node)>;

/// One request on its way.
struct Call {
  std::size_t client = 0;
  std::int64_t due = 0;
  grpc::ClientContext context;
  grpc::Status status;
  etcd::PutResponse put;
  etcd::RangeResponse range;
  std::unique_ptr<grpc::ClientAsyncResponseReader<etcd::PutResponse>> put_reader;
  std::unique_ptr<grpc::ClientAsyncResponseReader<etcd::RangeResponse>> range_reader;
};

/// One load, in one thread with one queue of completions.
class EtcdLoad {
 public:
  EtcdLoad(const Load& load, const std::vector<std::size_t>& at, const Connect& connect)
      : load_(load), pace_(load_) {
    const std::size_t clients = static_cast<std::size_t>(load.clients);
    const std::size_t wanted =
        std::max((clients + clients_of_a_connection - 1) / clients_of_a_connection, at.size());
    for (std::size_t i = 0; i < wanted; ++i) {
      const Channel channel = connect(at[i % at.size()]);
      if (!channel->WaitForConnected(std::chrono::system_clock::now() + answer_patience))
        give_up("an etcd does not answer");
      stubs_.push_back(etcd::KV::NewStub(channel));
    }
    for (std::size_t i = 0; i < clients; ++i) idle_.push_back(i);
    calls_.resize(clients);
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
      look(due && !idle_.empty() ? std::chrono::nanoseconds(*due - now_ns()) : answer_patience);
    }
    for (const auto& call : calls_)
      if (call) call->context.TryCancel();
    queue_.Shutdown();
    void* ignored = nullptr;
    for (bool good = false; queue_.Next(&ignored, &good);) {
    }
    return std::move(answered_);
  }

 private:
  void ask(std::size_t client) {
    idle_.pop_back();
    calls_[client] = std::make_unique<Call>();
    Call& call = *calls_[client];
    call.client = client;
    const std::uint64_t number = pace_.taken();
    call.due = pace_.take();
    call.context.set_deadline(std::chrono::system_clock::now() + answer_patience);
    etcd::KV::Stub& stub = *stubs_[client % stubs_.size()];
    if (load_.kind == Load::Kind::put) {
      etcd::PutRequest request;
      request.set_key(key_of(load_, number));
      std::string value = std::to_string(number);
      value.resize(load_.value_bytes, 'x');
      request.set_value(std::move(value));
      call.put_reader = stub.AsyncPut(&call.context, request, &queue_);
      call.put_reader->Finish(&call.put, &call.status, &call);
    } else {
      etcd::RangeRequest request;
      request.set_key(key_of(load_, number));
      call.range_reader = stub.AsyncRange(&call.context, request, &queue_);
      call.range_reader->Finish(&call.range, &call.status, &call);
    }
    ++waiting_;
  }

  /// Waits for an answer, then takes all that are there.
  void look(std::chrono::nanoseconds at_most) {
    auto until = std::chrono::system_clock::now() +
                 std::chrono::duration_cast<std::chrono::system_clock::duration>(at_most);
    void* tag = nullptr;
    bool good = false;
    while (queue_.AsyncNext(&tag, &good, until) == grpc::CompletionQueue::GOT_EVENT) {
      done(*static_cast<Call*>(tag));
      until = std::chrono::system_clock::time_point();
    }
  }

  void done(Call& call) {
    --waiting_;
    idle_.push_back(call.client);
    if (!call.status.ok())
      pace_.failed(call.status.error_message(), answered_);
    else if (load_.kind == Load::Kind::get && call.range.kvs_size() != 1)
      pace_.failed("a key that was put is not there", answered_);
    else
      pace_.answered(call.due, answered_);
    calls_[call.client].reset();
  }

  const Load load_;
  Pace pace_;
  grpc::CompletionQueue queue_;
  std::vector<std::unique_ptr<etcd::KV::Stub>> stubs_;
  std::vector<std::unique_ptr<Call>> calls_;  ///< by client
  std::vector<std::size_t> idle_;
  std::size_t waiting_ = 0;
  Answered answered_;
};

std::string content_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

class Etcds final : public Contender {
 public:
  Etcds(const std::string& folder, Transport transport)
      : transport_(transport), ports_(2 * names.size()) {
    dir_ = scratch_folder(folder, "etcd-three");
    if (transport.nodes || transport.clients) make_certificates();
    for (std::size_t i = 0; i < names.size(); ++i) start(i);
    for (std::size_t i = 0; i < names.size(); ++i)
      wait_until(std::string(names[i]) + " is up; see " + log(i).string(),
                 [&] { return applied(i).has_value(); });
    leader();
  }
  ~Etcds() override {
    for (const pid_t pid : pids_) end_process(pid, SIGKILL);
    std::error_code ignored;
    fs::remove_all(dir_, ignored);
  }

  std::string name() const override { return "etcd"; }
  pid_t pid(std::size_t node) const override { return pids_[node]; }
  fs::path data(std::size_t node) const override { return dir_ / names[node]; }
  void kill(std::size_t node) override { end_process(pids_[node], SIGKILL); }
  void start(std::size_t node) override { pids_[node] = start_process(words(node), log(node)); }

  std::size_t leader() override {
    std::size_t found = names.size();
    wait_until("etcd has a leader", [&] {
      std::uint64_t named = 0;
      found = names.size();
      for (std::size_t i = 0; i < names.size(); ++i) {
        if (!runs(pids_[i])) continue;
        const auto one = status(i);
        if (!one || one->leader() == 0 || (named != 0 && named != one->leader())) return false;
        named = one->leader();
        if (named == one->header().member_id()) found = i;
      }
      return found < names.size();
    });
    return found;
  }

  std::optional<std::uint64_t> applied(std::size_t node) override {
    const auto one = status(node);
    if (!one) return std::nullopt;
    return one->raftappliedindex();
  }

  Answered run(const Load& load, const std::vector<std::size_t>& at) override {
    return EtcdLoad(load, at, [this](std::size_t node) { return connect(node); }).run();
  }

 private:
  fs::path log(std::size_t node) const { return dir_ / (std::string(names[node]) + ".log"); }
  std::string pki(const char* file) const { return (dir_ / "pki" / file).string(); }
  std::string address(std::size_t node) const {
    return "127.0.0.1:" + std::to_string(ports_[node]);
  }

  std::optional<etcd::StatusResponse> status(std::size_t node) const {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(2));
    etcd::StatusResponse answer;
    const auto stub = etcd::Maintenance::NewStub(connect(node));
    if (!stub->Status(&context, etcd::StatusRequest(), &answer).ok()) return std::nullopt;
    return answer;
  }

  Channel connect(std::size_t node) const {
    grpc::ChannelArguments own;
    own.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL,
               1);  // or channels to one address share a connection
    own.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 50);
    if (!transport_.clients)
      return grpc::CreateCustomChannel(address(node), grpc::InsecureChannelCredentials(), own);
    grpc::SslCredentialsOptions tls{content_of(pki("ca.crt")), content_of(pki("node.key")),
                                    content_of(pki("node.crt"))};
    return grpc::CreateCustomChannel(address(node), grpc::SslCredentials(tls), own);
  }

  std::vector<std::string> words(std::size_t node) const {
    const std::string of_clients = transport_.clients ? "https://" : "http://";
    const std::string of_nodes = transport_.nodes ? "https://" : "http://";
    const auto peer = [&](std::size_t i) { return of_nodes + address(names.size() + i); };
    std::string all;
    for (std::size_t i = 0; i < names.size(); ++i)
      all += (i == 0 ? "" : ",") + std::string(names[i]) + "=" + peer(i);
    std::vector<std::string> made{"etcd",
                                  "--name",
                                  names[node],
                                  "--data-dir",
                                  data(node).string(),
                                  "--listen-client-urls",
                                  of_clients + address(node),
                                  "--advertise-client-urls",
                                  of_clients + address(node),
                                  "--listen-peer-urls",
                                  peer(node),
                                  "--initial-advertise-peer-urls",
                                  peer(node),
                                  "--initial-cluster",
                                  all,
                                  "--initial-cluster-state",
                                  "new",
                                  "--quota-backend-bytes",
                                  "8589934592"};
    const auto with_tls = [&](const std::string& prefix) {
      made.insert(made.end(),
                  {"--" + prefix + "client-cert-auth", "--" + prefix + "trusted-ca-file",
                   pki("ca.crt"), "--" + prefix + "cert-file", pki("node.crt"),
                   "--" + prefix + "key-file", pki("node.key")});
    };
    if (transport_.clients) with_tls("");
    if (transport_.nodes) with_tls("peer-");
    return made;
  }

  /// P-256, as ours are: an authority, and one certificate for nodes and clients.
  void make_certificates() {
    fs::create_directory(dir_ / "pki");
    const auto openssl = [&](std::vector<std::string> rest) {
      rest.insert(rest.begin(), "openssl");
      const pid_t pid = start_process(rest, dir_ / "pki.log");
      wait_until("openssl has ended", [&] { return !runs(pid); });
    };
    const std::vector<std::string> request{
        "req",    "-x509", "-newkey", "ec",    "-pkeyopt", "ec_paramgen_curve:P-256",
        "-nodes", "-days", "2",       "-batch"};
    const auto make = [&](const std::vector<std::string>& rest) {
      std::vector<std::string> words = request;
      words.insert(words.end(), rest.begin(), rest.end());
      openssl(words);
    };
    make({"-subj", "/CN=bench", "-keyout", pki("ca.key"), "-out", pki("ca.crt")});
    make({"-subj", "/CN=node", "-addext", "subjectAltName=IP:127.0.0.1", "-addext",
          "extendedKeyUsage=serverAuth,clientAuth", "-addext", "basicConstraints=critical,CA:FALSE",
          "-CA", pki("ca.crt"), "-CAkey", pki("ca.key"), "-keyout", pki("node.key"), "-out",
          pki("node.crt")});
    if (!fs::exists(pki("node.crt")))
      give_up("openssl made no certificates: " + content_of(dir_ / "pki.log"));
  }

  Transport transport_;
  Ports ports_;
  fs::path dir_;
  std::array<pid_t, 3> pids_{-1, -1, -1};
};

}  // namespace

std::unique_ptr<Contender> three_etcds(const std::string& folder, Transport transport,
                                       std::string& why) {
  for (const char* program : {"etcd", "openssl"}) {
    if (is_in_path(program)) continue;
    why = "etcd was left out: there is no " + std::string(program) +
          " in PATH (Debian: apt-get install etcd-server openssl).";
    return nullptr;
  }
  return std::make_unique<Etcds>(folder, transport);
}

}  // namespace runink::bench
