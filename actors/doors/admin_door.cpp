#include "actors/doors/admin_door.hpp"

#include <unistd.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/asio/write.hpp>
#include <map>
#include <set>

#include "actors/doors/admin_session.hpp"
#include "actors/doors/peer_account.hpp"
#include "actors/doors/socket_file.hpp"
#include "vocabulary/clock.hpp"

namespace runink::actors {

namespace asio = boost::asio;
using boost::system::error_code;
using Local = asio::local::stream_protocol;

namespace {

/// How long the account database is believed.
constexpr Duration account_age = seconds(60);
constexpr std::size_t accounts_kept = 256;
/// How long the door rests when the process has no descriptor left.
constexpr auto accept_pause = std::chrono::milliseconds(50);

/// What the coroutines of the door share. It lives until the last of them has ended.
class Door : public std::enable_shared_from_this<Door> {
 public:
  Door(const asio::any_io_executor& executor, AdminDoorOptions options, SocketFile file,
       AdminHandler& handler, co::DiskThreads& disk, Log& log)
      : executor_(executor),
        options_(std::move(options)),
        file_(std::move(file)),
        handler_(handler),
        disk_(disk),
        log_(log),
        acceptor_(executor, Local(), file_.release().release()),
        ended_(executor) {}

  void start() {
    ++coroutines_;
    asio::co_spawn(
        executor_, [self = shared_from_this()] { return self->accept(); },
        [self = shared_from_this()](std::exception_ptr) { self->one_ended(); });
  }

  asio::awaitable<void> close() {
    auto self = shared_from_this();
    if (!closing_) {
      closing_ = true;
      error_code ignored;
      acceptor_.close(ignored);
      file_.remove();
      const auto open = sessions_;  // abort() may change the set
      for (const auto& one : open) one->abort();
    }
    while (coroutines_ > 0) co_await ended_.wait();
  }
  std::size_t connections() const { return connections_.load(); }
  const asio::any_io_executor& executor() const { return executor_; }

 private:
  struct Known {
    Account account;
    Instant read_at;
  };

  asio::awaitable<void> accept();
  asio::awaitable<void> welcome(Local::socket socket);
  asio::awaitable<Account> account_of(uid_t uid);
  asio::awaitable<void> send_away(Local::socket& socket, Fault why);
  bool may_enter(const PeerCredentials& peer, const Account& account) const;
  void one_ended() {
    --coroutines_;
    ended_.wake();
  }

  asio::any_io_executor executor_;
  const AdminDoorOptions options_;
  SocketFile file_;
  AdminHandler& handler_;
  co::DiskThreads& disk_;
  Log& log_;
  Local::acceptor acceptor_;
  co::Waker ended_;
  std::set<std::shared_ptr<AdminSession>> sessions_;
  std::map<uid_t, Known> accounts_;
  std::size_t coroutines_ = 0;
  std::atomic<std::size_t> connections_{0};
  bool closing_ = false;
};

asio::awaitable<void> Door::accept() {
  asio::steady_timer pause(executor_);
  while (!closing_) {
    auto [error, socket] = co_await acceptor_.async_accept(asio::as_tuple(asio::use_awaitable));
    if (closing_) co_return;
    if (error) {
      // Out of descriptors or memory: the next try would fail at once, so rest.
      log_.warn("the admin door cannot accept", {LogField("error", error.value())});
      pause.expires_after(accept_pause);
      co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
      continue;
    }
    ++coroutines_;
    connections_.fetch_add(1);
    auto welcomed = [self = shared_from_this()](std::exception_ptr) {
      self->connections_.fetch_sub(1);
      self->one_ended();
    };
    asio::co_spawn(executor_, welcome(std::move(socket)), welcomed);
  }
}

asio::awaitable<void> Door::welcome(Local::socket socket) {
  auto peer = peer_credentials(socket.native_handle());
  if (!peer) co_return;
  if (connections_.load() > options_.connections) {
    Fault full{FaultKind::exhausted, "All " + std::to_string(options_.connections) +
                                         " connections of the admin socket are in use. Close some "
                                         "and try again."};
    co_return co_await send_away(socket, std::move(full));
  }
  const Account account = co_await account_of(peer->uid);
  if (closing_) co_return;
  if (!may_enter(*peer, account)) {
    log_.warn("a stranger was sent away from the admin socket",
              {LogField("uid", peer->uid), LogField("gid", peer->gid)});
    Fault stranger{FaultKind::not_allowed,
                   "The account " + account.name +
                       " may not use this socket: only its owner, root and the members of its "
                       "group may. Ask to be added to the group, or use the owner's account."};
    co_return co_await send_away(socket, std::move(stranger));
  }
  PeerCaller caller{peer->uid, peer->gid, peer->pid, account.name};
  auto session = std::make_shared<AdminSession>(std::move(socket), std::move(caller), options_,
                                                handler_, disk_, log_);
  sessions_.insert(session);
  co_await session->run();
  sessions_.erase(session);
}

bool Door::may_enter(const PeerCredentials& peer, const Account& account) const {
  if (peer.uid == 0 || peer.uid == options_.owner.value_or(::geteuid())) return true;
  if (!options_.group) return false;
  return peer.gid == *options_.group ||
         std::ranges::find(account.groups, *options_.group) != account.groups.end();
}

asio::awaitable<Account> Door::account_of(uid_t uid) {
  const Instant now = real_clock().now();
  if (auto known = accounts_.find(uid);
      known != accounts_.end() && now - known->second.read_at < account_age)
    co_return known->second.account;
  auto read = [uid] { return read_account(uid); };
  auto account = co_await co::on_disk(disk_, read);
  if (!account) co_return Account{"uid:" + std::to_string(uid), {}};
  if (accounts_.size() >= accounts_kept) accounts_.clear();
  accounts_.insert_or_assign(uid, Known{*account, now});
  co_return std::move(*account);
}

/// One line, if the other side takes it at once, and goodbye.
asio::awaitable<void> Door::send_away(Local::socket& socket, Fault why) {
  const std::string line = error_line(nullptr, why);
  error_code ignored;
  socket.non_blocking(true, ignored);
  socket.write_some(asio::buffer(line), ignored);
  socket.shutdown(Local::socket::shutdown_both, ignored);
  co_return;
}

class OpenDoor final : public AdminDoor {
 public:
  explicit OpenDoor(std::shared_ptr<Door> door) : door_(std::move(door)) { door_->start(); }
  ~OpenDoor() override {
    // Not awaited: whoever cares has called stop() or close().
    asio::co_spawn(
        door_->executor(), [door = door_] { return door->close(); }, asio::detached);
  }
  void stop() override {
    asio::co_spawn(
        door_->executor(), [door = door_] { return door->close(); }, asio::use_future)
        .get();
  }
  asio::awaitable<void> close() override { return door_->close(); }
  std::size_t connections() const override { return door_->connections(); }

 private:
  std::shared_ptr<Door> door_;
};

}  // namespace

Result<std::unique_ptr<AdminDoor>> AdminDoor::open(boost::asio::any_io_executor executor,
                                                   AdminDoorOptions options, AdminHandler& handler,
                                                   co::DiskThreads& disk, Log& log) {
  auto file = SocketFile::take(options.socket,
                               SocketRights{options.owner.value_or(::geteuid()), options.group});
  if (!file) return std::unexpected(file.error());
  auto door =
      std::make_shared<Door>(executor, std::move(options), std::move(*file), handler, disk, log);
  return std::make_unique<OpenDoor>(std::move(door));
}

}  // namespace runink::actors
