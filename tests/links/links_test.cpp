#include <atomic>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/asio/write.hpp>
#include <future>
#include <thread>

#include "tests/links/two_nodes.hpp"
#include "vocabulary/limits.hpp"

using namespace runink;
using namespace runink::actors;
using namespace runink::actors::linked;

namespace {

using boost::asio::ip::tcp;

/// Waits until the other side closes it.
bool is_closed(tcp::socket& socket) {
  char byte;
  boost::system::error_code error;
  socket.read_some(boost::asio::buffer(&byte, 1), error);
  return error.failed();
}
bool is_closed_already(tcp::socket& socket) {
  char byte;
  boost::system::error_code error;
  socket.non_blocking(true);
  socket.read_some(boost::asio::buffer(&byte, 1), error);
  return error != boost::asio::error::would_block;
}

PeerAnswer asked(LinkedNode& node, std::uint64_t to, std::string payload, PartTaker take = {}) {
  auto question = [&node, to, payload = std::move(payload), take] {
    return node.links->ask(NodeId{to}, Subject::admin, payload, take);
  };
  auto answer =
      boost::asio::co_spawn(node.executor(), std::move(question), boost::asio::use_future);
  BOOST_REQUIRE((answer.wait_for(patience) == std::future_status::ready));
  return answer.get();
}

std::future<PeerAnswer> begin_to_ask(LinkedNode& node, std::uint64_t to, Subject subject,
                                     std::string payload, Duration at_most) {
  auto question = [&node, to, subject, payload = std::move(payload), at_most] {
    return node.links->ask(NodeId{to}, subject, payload, {}, at_most);
  };
  return boost::asio::co_spawn(node.executor(), std::move(question), boost::asio::use_future);
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(links, ThreeNodes)

BOOST_AUTO_TEST_CASE(messages_of_both_sides_arrive_in_order) {
  const auto one = start(1), two = start(2);
  BOOST_REQUIRE(reaches(*one, 1, *two, 2));
  BOOST_REQUIRE(reaches(*two, 2, *one, 1));
  for (std::uint64_t i = 10; i < 1010; ++i) one->links->send(message(1, 2, i));
  BOOST_REQUIRE(two->heard->messages(1000));
  const auto all = two->heard->all();
  for (std::uint64_t i = 0; i < 1000; ++i) BOOST_REQUIRE((all[i] == message(1, 2, 10 + i)));
  for (const PeerContact& contact : one->links->contacts())
    BOOST_TEST(contact.connected == (contact.peer.id == NodeId{2}));
}

BOOST_AUTO_TEST_CASE(an_append_as_large_as_they_come_arrives) {
  const auto one = start(1), two = start(2);
  BOOST_REQUIRE(reaches(*one, 1, *two, 2));
  raft::Append append;
  for (std::uint64_t i = 1; i <= 4; ++i)
    append.entries.push_back(
        {Term{1}, LogIndex{i}, raft::EntryType::command,
         std::string(limits::append_batch.value / 4, static_cast<char>('a' + i))});
  const raft::Envelope large{1, NodeId{1}, NodeId{2}, Term{7}, append};
  one->links->send(large);
  BOOST_REQUIRE(two->heard->messages(1));
  BOOST_TEST((two->heard->all().front() == large));
}

BOOST_AUTO_TEST_CASE(the_end_of_a_node_is_known_at_once_and_its_return_too) {
  const auto one = start(1);
  auto two = start(2);
  BOOST_REQUIRE(reaches(*one, 1, *two, 2));
  BOOST_REQUIRE(reaches(*two, 2, *one, 1));
  one->heard->forget();
  two.reset();
  BOOST_TEST(one->heard->is_gone(NodeId{2}));
  BOOST_TEST(one->heard->is_unreachable(NodeId{2}));
  two = start(2);
  BOOST_TEST(reaches(*one, 1, *two, 2));
  BOOST_TEST(reaches(*two, 2, *one, 1));
}

BOOST_AUTO_TEST_CASE(a_node_with_the_certificate_of_another_one_is_not_believed) {
  const auto one = start(1);
  PeerLinksOptions disguised = options(2);
  disguised.tls = tls(2, NodeName{"n3"});
  LinkedNode two(std::move(disguised), system);
  two.answer_with(two.echo);
  const auto three = start(3);
  BOOST_REQUIRE(reaches(*three, 3, *one, 1));  // by then the disguised one has called, too
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(500);
  while (std::chrono::steady_clock::now() < until) two.links->send(message(2, 1, 1));
  BOOST_TEST(one->heard->all().empty());
  for (const PeerContact& contact : two.links->contacts()) BOOST_TEST(!contact.connected);
}

BOOST_AUTO_TEST_CASE(a_stranger_without_a_certificate_does_no_harm) {
  const auto one = start(1);
  boost::asio::io_context io;
  namespace ip = boost::asio::ip;
  std::vector<ip::tcp::socket> strangers;
  for (int i = 0; i < 80; ++i) {  // more than may wait
    strangers.emplace_back(io);
    strangers.back().connect({ip::make_address("127.0.0.1"), ports[0].number});
    boost::system::error_code closed_already;
    boost::asio::write(strangers.back(), boost::asio::buffer(std::string("GET / HTTP/1.1\r\n\r\n")),
                       closed_already);
  }
  // What is not TLS ends its connection: the stranger reads an alert, then the end.
  char byte[512];
  boost::system::error_code error;
  while (!error) strangers.front().read_some(boost::asio::buffer(byte), error);
  const auto two = start(2);
  BOOST_TEST(reaches(*two, 2, *one, 1));
}

// 64 callers that said nothing kept every node out, as long as somebody called again for each that was given up.
BOOST_AUTO_TEST_CASE(silent_strangers_keep_nobody_out) {
  const auto one = start(1);
  boost::asio::io_context io;
  const auto silent = [&](const char* from) {
    tcp::socket socket(io, tcp::endpoint(boost::asio::ip::make_address(from), 0));
    socket.connect({boost::asio::ip::make_address("127.0.0.1"), ports[0].number});
    return socket;
  };
  tcp::socket of_another_address = silent("127.0.0.9");
  std::vector<tcp::socket> strangers;
  for (int i = 0; i < 80; ++i) strangers.push_back(silent("127.0.0.1"));
  BOOST_TEST(is_closed(strangers.front()));
  BOOST_TEST(is_closed(strangers[strangers.size() - limits::peer_strangers_of_one - 1]));
  BOOST_TEST(!is_closed_already(strangers.back()));
  BOOST_TEST(!is_closed_already(of_another_address));
  const auto two = start(2);
  BOOST_TEST(reaches(*two, 2, *one, 1));
}

BOOST_AUTO_TEST_CASE(a_list_of_nodes_that_is_another_one_is_refused) {
  const auto one = start(1);
  PeerLinksOptions other = options(2);
  other.self.cluster = {9, 9};
  LinkedNode two(std::move(other), system);
  two.answer_with(two.echo);
  const auto three = start(3);
  BOOST_REQUIRE(reaches(*three, 3, *one, 1));
  BOOST_TEST(one->heard->is_unreachable(NodeId{2}));
  for (const PeerContact& contact : two.links->contacts()) BOOST_TEST(!contact.connected);
}

BOOST_AUTO_TEST_CASE(a_wiped_node_is_not_taken_back_by_one_that_was_started_again) {
  {
    const auto one = start(1), two = start(2);
    BOOST_REQUIRE(reaches(*one, 1, *two, 2));
  }
  datas[1].reset();
  std::filesystem::remove_all(data_path(2));
  const auto one = start(1), two = start(2), three = start(3);
  BOOST_REQUIRE(reaches(*three, 3, *one, 1));
  BOOST_REQUIRE(reaches(*three, 3, *two, 2));  // it has never met the other folder
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(500);
  while (std::chrono::steady_clock::now() < until) two->links->send(message(2, 1, 1));
  BOOST_TEST(one->heard->all().empty());
  BOOST_TEST(one->heard->is_unreachable(NodeId{2}));
}

BOOST_AUTO_TEST_CASE(questions_are_answered_with_parts_before_the_last_word) {
  const auto one = start(1), two = start(2);
  BOOST_TEST(asked(*one, 2, "hello").payload == "n1: hello");
  std::string parts;
  PartTaker take = [&parts](std::string part) -> boost::asio::awaitable<void> {
    parts += part;
    co_return;
  };
  const PeerAnswer answer = asked(*one, 2, "parts, many of them", take);
  BOOST_TEST(parts == "parts, many of them");
  BOOST_TEST(answer.payload == "n1: parts, many of them");
  const PeerAnswer refused = asked(*one, 2, "refuse");
  BOOST_REQUIRE(refused.fault.has_value());
  BOOST_TEST((refused.fault->kind == FaultKind::refused));
  BOOST_TEST(refused.payload == "why");
  BOOST_TEST(asked(*two, 1, std::string(20'000'000, 'x')).payload.size() == 20'000'004u);
}

BOOST_AUTO_TEST_CASE(an_answer_that_no_frame_holds_is_a_fault_and_others_are_answered) {
  const auto one = start(1), two = start(2);
  auto waiting = [&one] { return one->links->ask(NodeId{2}, Subject::admin, "wait"); };
  auto other = boost::asio::co_spawn(one->executor(), std::move(waiting), boost::asio::use_future);
  BOOST_REQUIRE(
      (two->echo.asked_to_wait.get_future().wait_for(patience) == std::future_status::ready));
  for (const char* question : {"too much", "too large a part"}) {
    const PeerAnswer answer = asked(*one, 2, question);
    BOOST_REQUIRE(answer.fault.has_value());
    BOOST_TEST((answer.fault->kind == FaultKind::exhausted), answer.fault->what);
  }
  BOOST_TEST(asked(*one, 2, "hello").payload == "n1: hello");
  BOOST_TEST((other.wait_for(std::chrono::seconds(0)) == std::future_status::timeout));
}

BOOST_AUTO_TEST_CASE(who_cannot_be_reached_certainly_did_not_act) {
  const auto one = start(1);
  const PeerAnswer answer = asked(*one, 2, "hello");
  BOOST_REQUIRE(answer.fault.has_value());
  BOOST_TEST(answer.not_asked);
  BOOST_TEST((asked(*one, 9, "hello").fault->kind == FaultKind::no_such_thing));
}

BOOST_AUTO_TEST_CASE(a_question_is_cancelled_with_the_coroutine_that_asks) {
  const auto one = start(1), two = start(2);
  boost::asio::cancellation_signal signal;
  std::promise<void> ended;
  auto question = [&one] { return one->links->ask(NodeId{2}, Subject::admin, "wait"); };
  boost::asio::co_spawn(
      one->executor(), std::move(question),
      boost::asio::bind_cancellation_slot(
          signal.slot(), [&ended](std::exception_ptr, PeerAnswer) { ended.set_value(); }));
  BOOST_REQUIRE(
      (two->echo.asked_to_wait.get_future().wait_for(patience) == std::future_status::ready));
  boost::asio::post(one->executor(),
                    [&signal] { signal.emit(boost::asio::cancellation_type::terminal); });
  BOOST_TEST((ended.get_future().wait_for(patience) == std::future_status::ready));
  BOOST_TEST((two->echo.cancelled.get_future().wait_for(patience) == std::future_status::ready));
}

BOOST_AUTO_TEST_CASE(who_goes_away_with_a_question_may_have_acted) {
  const auto one = start(1);
  auto two = start(2);
  auto question = [&one] { return one->links->ask(NodeId{2}, Subject::admin, "wait"); };
  auto answer =
      boost::asio::co_spawn(one->executor(), std::move(question), boost::asio::use_future);
  BOOST_REQUIRE(
      (two->echo.asked_to_wait.get_future().wait_for(patience) == std::future_status::ready));
  two.reset();
  BOOST_REQUIRE((answer.wait_for(patience) == std::future_status::ready));
  const PeerAnswer lost = answer.get();
  BOOST_REQUIRE(lost.fault.has_value());
  BOOST_TEST((lost.fault->kind == FaultKind::unknown_outcome));
  BOOST_TEST(!lost.not_asked);
}

BOOST_AUTO_TEST_CASE(a_question_of_which_nothing_is_heard_any_more_is_given_up_and_cancelled) {
  const auto one = start(1), two = start(2);
  auto answer = begin_to_ask(*one, 2, Subject::fetch, "wait", milliseconds(200));
  BOOST_REQUIRE((answer.wait_for(patience) == std::future_status::ready));
  const PeerAnswer given_up = answer.get();
  BOOST_REQUIRE(given_up.fault.has_value());
  BOOST_TEST((given_up.fault->kind == FaultKind::unknown_outcome));
  BOOST_TEST(!given_up.not_asked);
  BOOST_TEST((two->echo.cancelled.get_future().wait_for(patience) == std::future_status::ready));
  BOOST_TEST(asked(*one, 2, "hello").payload == "n1: hello");
}

BOOST_AUTO_TEST_CASE(a_peer_whose_process_hangs_is_given_up_and_one_that_only_takes_long_is_not) {
  const auto one = start(1, seconds(2)), two = start(2, seconds(2));
  auto answer = begin_to_ask(*one, 2, Subject::admin, "wait", {});
  BOOST_REQUIRE(
      (two->echo.asked_to_wait.get_future().wait_for(patience) == std::future_status::ready));
  BOOST_TEST((answer.wait_for(std::chrono::seconds(3)) == std::future_status::timeout));
  std::promise<void> goes_on;
  boost::asio::post(two->executor(), [hangs = goes_on.get_future().share()] { hangs.wait(); });
  const bool given_up = answer.wait_for(patience) == std::future_status::ready;
  goes_on.set_value();
  BOOST_REQUIRE(given_up);
  const PeerAnswer over = answer.get();
  BOOST_REQUIRE(over.fault.has_value());
  BOOST_TEST((over.fault->kind == FaultKind::unknown_outcome));
  BOOST_TEST(!over.not_asked);
  BOOST_TEST(asked(*one, 2, "hello").payload == "n1: hello");  // on another connection
}

BOOST_AUTO_TEST_CASE(what_a_worker_asked_ends_when_another_node_leads) {
  const auto one = start(1), two = start(2);
  one->links->led_by(NodeId{2});
  auto answer = begin_to_ask(*one, 2, Subject::submit, "wait", {});
  BOOST_REQUIRE(
      (two->echo.asked_to_wait.get_future().wait_for(patience) == std::future_status::ready));
  one->links->led_by(NodeId{});
  one->links->led_by(NodeId{2});  // it was silent for a moment, and leads still
  BOOST_TEST(asked(*one, 2, "hello").payload == "n1: hello");
  BOOST_TEST((answer.wait_for(std::chrono::seconds(0)) == std::future_status::timeout));
  one->links->led_by(NodeId{3});
  BOOST_REQUIRE((answer.wait_for(patience) == std::future_status::ready));
  const PeerAnswer over = answer.get();
  BOOST_REQUIRE(over.fault.has_value());
  BOOST_TEST((over.fault->kind == FaultKind::unknown_outcome));
  BOOST_TEST(!over.not_asked);
  auto late = begin_to_ask(*one, 2, Subject::renew, "too late", {});
  BOOST_REQUIRE((late.wait_for(patience) == std::future_status::ready));
  const PeerAnswer never = late.get();
  BOOST_REQUIRE(never.fault.has_value());
  BOOST_TEST((never.fault->kind == FaultKind::not_leader));
  BOOST_TEST(never.not_asked);
  BOOST_TEST(asked(*one, 2, "hello").payload == "n1: hello");  // what is no worker's goes on
}

BOOST_AUTO_TEST_CASE(what_would_pile_up_before_a_peer_is_refused) {
  const auto one = start(1), two = start(2);
  const std::string large(30'000'000, 'x');
  std::vector<std::future<PeerAnswer>> answers;
  for (int i = 0; i < 5; ++i)  // all before the connection is there
    answers.push_back(begin_to_ask(*one, 2, Subject::admin, large, {}));
  std::size_t answered = 0, refused = 0;
  for (std::future<PeerAnswer>& one_of : answers) {
    BOOST_REQUIRE((one_of.wait_for(patience) == std::future_status::ready));
    const PeerAnswer answer = one_of.get();
    if (!answer.fault) {
      ++answered;
    } else {
      BOOST_TEST((answer.fault->kind == FaultKind::exhausted));
      BOOST_TEST(answer.not_asked);
      ++refused;
    }
  }
  BOOST_TEST(answered >= 2u);
  BOOST_TEST(refused >= 1u);
}

// Answers of any size piled up before a peer that had asked and did not read.
BOOST_AUTO_TEST_CASE(answers_that_would_pile_up_before_a_peer_are_refused) {
  const auto one = start(1), two = start(2);
  std::vector<std::future<PeerAnswer>> answers;
  for (const char* what : {"large", "large", "large", "large", "large", "short"})
    answers.push_back(begin_to_ask(*one, 2, Subject::admin, what, {}));
  const auto until = std::chrono::steady_clock::now() + patience;
  while (two->echo.held < 6 && std::chrono::steady_clock::now() < until)
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  BOOST_REQUIRE(two->echo.held == 6);
  std::promise<void> reads_not, reads_on;
  boost::asio::post(one->executor(), [&] {
    reads_not.set_value();
    reads_on.get_future().wait();
  });
  reads_not.get_future().wait();
  boost::asio::post(two->executor(), [&] {
    if (const auto sign = two->echo.go_on.lock()) sign->wake();
  });
  // They all go on in one turn or two; a few turns more do no harm, since n1 does not read.
  for (int turn = 0; turn < 20; ++turn)
    boost::asio::post(two->executor(), boost::asio::use_future([] {})).get();
  reads_on.set_value();
  std::size_t answered = 0, refused = 0;
  for (std::future<PeerAnswer>& one_of : answers) {
    BOOST_REQUIRE((one_of.wait_for(patience) == std::future_status::ready));
    const PeerAnswer answer = one_of.get();
    if (!answer.fault) {
      ++answered;
    } else {
      BOOST_TEST((answer.fault->kind == FaultKind::exhausted));
      BOOST_TEST(answer.fault->what.find("Too many answers wait") == 0u, answer.fault->what);
      BOOST_TEST(!answer.not_asked);
      ++refused;
    }
  }
  BOOST_TEST(answered >= 3u);  // two large ones, and the short one, which came last
  BOOST_TEST(refused >= 1u);
}

namespace {

/// Takes calls and ends them at once, and counts them.
class HangsUp {
 public:
  HangsUp() {
    BOOST_REQUIRE(::listen(port.holder.get(), 64) == 0);
    thread_ = std::thread([this] { run(); });
  }
  ~HangsUp() {
    ::shutdown(port.holder.get(), SHUT_RDWR);
    thread_.join();
  }
  int calls() const { return calls_; }
  FreePort port;

 private:
  void run() {
    while (OwnedFd(::accept4(port.holder.get(), nullptr, nullptr, SOCK_CLOEXEC))) ++calls_;
  }
  std::atomic<int> calls_{0};
  std::thread thread_;
};

}  // namespace

BOOST_AUTO_TEST_CASE(who_is_heard_and_cannot_be_reached_is_called_ever_more_rarely) {
  HangsUp other;
  PeerLinksOptions wrong = options(1);
  wrong.nodes[1].address.port = other.port.number;
  LinkedNode one(std::move(wrong), system);
  one.answer_with(one.echo);
  const auto two = start(2);
  BOOST_REQUIRE(reaches(*two, 2, one, 1));
  const int before = other.calls();
  constexpr std::uint64_t messages = 500;
  for (std::uint64_t number = 1; number <= messages; ++number) {
    two->links->send(message(2, 1, number));
    BOOST_REQUIRE(one.heard->messages(number));
  }
  // Each pause is twice as long as the one before. With a call at every message there were hundreds.
  BOOST_TEST(other.calls() - before < 30);
}

BOOST_AUTO_TEST_SUITE_END()
