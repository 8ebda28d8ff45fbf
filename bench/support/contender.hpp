// Three nodes that agree on keys and values, ours or etcd's, behind one face: what a bench does to both is the same.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace runink::bench {

/// Who speaks over TLS with certificates on both sides. Our clients come in over the admin socket, a Unix socket,
/// always: that is the only door that an application has today.
struct Transport {
  bool nodes = true;
  bool clients = true;
};

/// What clients do, each one request at a time over a connection that stays open (etcd's: eight share one).
struct Load {
  enum class Kind { put, get } kind = Kind::put;
  int clients = 1;
  std::size_t value_bytes = 256;
  std::size_t keys = 1'000;  ///< each request takes the next one
  std::int64_t time_ns = 0;  ///< no request begins after it
  /// 0: each client asks again as soon as it was answered. Else so many requests a second are due, at even
  /// distances, whether the answers come or not; a request's time counts from when it was due.
  double offered_per_second = 0;
  /// Something that is done once while the load runs, so long after its begin. The load then ends when a request was
  /// answered well that was due after the deed.
  struct {
    std::int64_t after_ns = 0;
    std::function<void()> deed = nullptr;
  } during;
  std::uint64_t requests_most = UINT64_MAX;
};

struct Answered {
  std::vector<std::int64_t> ns;  ///< of each request that was answered well
  std::uint64_t failed = 0;
  std::string failure;                ///< the first one
  std::int64_t took_ns = 0;           ///< from the first request to the last answer
  std::int64_t deed_ns = 0;           ///< when the deed began
  std::int64_t first_success_ns = 0;  ///< of a request that was due after it; 0: none was
};

class Contender {
 public:
  virtual ~Contender() = default;
  virtual std::string name() const = 0;
  /// Waits until all nodes that run know one leader.
  virtual std::size_t leader() = 0;
  /// Clients are spread over the nodes `at`.
  virtual Answered run(const Load& load, const std::vector<std::size_t>& at) = 0;
  virtual pid_t pid(std::size_t node) const = 0;
  virtual std::filesystem::path data(std::size_t node) const = 0;
  /// kill -9.
  virtual void kill(std::size_t node) = 0;
  /// Starts it again and does not wait.
  virtual void start(std::size_t node) = 0;
  /// Entries of the log that this node has applied; nothing while it does not answer.
  virtual std::optional<std::uint64_t> applied(std::size_t node) = 0;

  std::vector<pid_t> pids() const { return {pid(0), pid(1), pid(2)}; }
};

/// Three runinkd of this build, in new folders below `folder`.
std::unique_ptr<Contender> three_runinks(const std::string& folder, Transport transport);
/// Three etcd out of PATH, with its defaults (it syncs). Nothing when a part is missing; `why` says which.
std::unique_ptr<Contender> three_etcds(const std::string& folder, Transport transport,
                                       std::string& why);

/// Ports of loopback that nobody else gets as long as this lives.
class Ports {
 public:
  explicit Ports(std::size_t count);
  ~Ports();
  Ports(const Ports&) = delete;
  Ports& operator=(const Ports&) = delete;
  unsigned operator[](std::size_t i) const { return numbers_[i]; }

 private:
  std::vector<int> sockets_;
  std::vector<unsigned> numbers_;
};

/// Puts in order which request is due when, for one load over many connections.
class Pace {
 public:
  explicit Pace(const Load& load);
  /// When the next request is due, which may be past; nothing when no further one is to begin.
  std::optional<std::int64_t> next_due() const;
  /// Takes it: the moment from which its time counts.
  std::int64_t take();
  void answered(std::int64_t due_ns, Answered& answered);
  void failed(const std::string& why, Answered& answered);
  /// Does what is to be done while the load runs, when it is time.
  void look_at_deed(Answered& answered);
  bool over() const { return over_; }
  std::int64_t began_ns() const { return began_; }
  std::uint64_t taken() const { return taken_; }

 private:
  const Load* load_;
  std::int64_t began_;
  std::uint64_t taken_ = 0;
  bool done_ = false;
  bool over_ = false;
};

std::string key_of(const Load& load, std::uint64_t request);

}  // namespace runink::bench
