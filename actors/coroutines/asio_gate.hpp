// An Asio coroutine asks an actor.
#pragma once

#include <atomic>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/system_executor.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <caf/actor_companion.hpp>  // caf/all.hpp does not have it
#include <caf/all.hpp>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <utility>

#include "actors/coroutines/errors.hpp"
#include "vocabulary/units.hpp"

namespace runink::co {

/// A mailbox that CAF sees and that completes Asio operations: an answer is posted from the
/// answering actor's thread straight to the asking handler's executor. Time-outs are Asio timers.
/// One per process; ends after the io_context has been stopped and before the actor system does.
class AsioGate {
 public:
  explicit AsioGate(caf::actor_system& system);
  AsioGate(const AsioGate&) = delete;
  AsioGate& operator=(const AsioGate&) = delete;
  /// What still waits gets `request_receiver_down`.
  ~AsioGate();
  std::size_t pending() const;

  /// `co_await gate.ask<R>(actor, seconds(1), message...)` -> caf::expected<R> (unit_t for void).
  /// Cancelling the coroutine ends the wait with an error; the actor still sees the message.
  template <class R, class Handle, class... Message>
  auto ask(const Handle& actor, Duration at_most, Message... message) {
    using T = std::conditional_t<std::is_void_v<R>, caf::unit_t, R>;
    using Token = boost::asio::use_awaitable_t<>;
    auto start = [this, actor, at_most](auto handler, auto... parts) {
      using Handler = std::decay_t<decltype(handler)>;
      auto id = fresh_id();
      auto operation = std::make_shared<Operation<T, Handler>>(std::move(handler));
      operation->watch(shared_, id.response_id().integer_value(), at_most);
      if (actor)
        actor->eq_impl(id, caf::actor_cast<caf::strong_actor_ptr>(companion_), nullptr,
                       std::move(parts)...);
      else if (auto one = shared_->take(id.response_id().integer_value()))
        one->complete(caf::make_error(caf::sec::invalid_argument));
    };
    Token token;
    return boost::asio::async_initiate<Token, void(caf::expected<T>)>(std::move(start), token,
                                                                      std::move(message)...);
  }

  /// The same for answers that are Results: one level of failure. `asked` names the request.
  template <class T, class Handle, class... Message>
  boost::asio::awaitable<Result<T>> ask_result(std::string asked, Handle actor, Duration at_most,
                                               Message... message) {
    co_return flatten<T>(co_await ask<Result<T>>(actor, at_most, std::move(message)...), asked);
  }

 private:
  struct AnyOperation {
    virtual ~AnyOperation() = default;
    /// From any thread; only by the one who took it out of the table.
    virtual void complete(caf::expected<caf::message> answer) = 0;
  };
  struct Shared {
    std::shared_ptr<AnyOperation> take(std::uint64_t id);
    std::mutex mutex;
    std::unordered_map<std::uint64_t, std::shared_ptr<AnyOperation>> operations;
  };

  template <class T, class Handler>
  struct Operation final : AnyOperation, std::enable_shared_from_this<Operation<T, Handler>> {
    using Executor = boost::asio::associated_executor_t<Handler, boost::asio::any_io_executor>;
    explicit Operation(Handler given)
        : handler(std::move(given)),
          executor(boost::asio::get_associated_executor(
              handler, boost::asio::any_io_executor(boost::asio::system_executor()))),
          work(executor) {}

    void watch(const std::shared_ptr<Shared>& shared, std::uint64_t id, Duration at_most) {
      {
        std::lock_guard lock(shared->mutex);
        shared->operations.emplace(id, this->shared_from_this());
      }
      auto give_up = [table = std::weak_ptr<Shared>(shared), id](caf::error why) {
        if (auto live = table.lock())
          if (auto one = live->take(id)) one->complete(std::move(why));
      };
      timer.emplace(executor, std::chrono::nanoseconds(at_most.ns));
      timer->async_wait([give_up](boost::system::error_code cancelled) {
        if (!cancelled) give_up(caf::make_error(caf::sec::request_timeout));
      });
      auto slot = boost::asio::get_associated_cancellation_slot(handler);
      if (slot.is_connected())
        slot.assign([give_up](boost::asio::cancellation_type) {
          give_up(caf::make_error(caf::sec::runtime_error, std::string{"cancelled"}));
        });
    }
    void complete(caf::expected<caf::message> answer) override {
      boost::asio::post(executor,
                        [self = this->shared_from_this(), answer = std::move(answer)]() mutable {
                          self->timer.reset();
                          boost::asio::get_associated_cancellation_slot(self->handler).clear();
                          Handler handler = std::move(self->handler);
                          self->work.reset();
                          self.reset();
                          std::move(handler)(convert(std::move(answer)));
                        });
    }
    static caf::expected<T> convert(caf::expected<caf::message> answer) {
      if (!answer) return std::move(answer.error());
      if constexpr (std::is_same_v<T, caf::unit_t>) {
        if (answer->size() == 0) return caf::unit;
      } else if (answer->template match_elements<T>()) {
        return std::move(answer->template get_mutable_as<T>(0));
      }
      if (answer->template match_elements<caf::error>())
        return answer->template get_as<caf::error>(0);
      return caf::make_error(caf::sec::unexpected_response);
    }

    Handler handler;
    Executor executor;
    boost::asio::executor_work_guard<Executor> work;
    std::optional<boost::asio::steady_timer> timer;
  };

  caf::message_id fresh_id();
  caf::actor_companion* companion();

  std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
  caf::actor companion_;
  std::atomic<std::uint64_t> next_{1};
};

}  // namespace runink::co
