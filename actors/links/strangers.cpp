#include "actors/links/strangers.hpp"

#include <algorithm>
#include <utility>

#include "vocabulary/limits.hpp"

namespace runink::actors {
namespace {

namespace ip = boost::asio::ip;

/// Who holds one address holds all of these: an IPv4 address, the first 64 bits of an IPv6 address.
std::string place_of(const ip::address& address) {
  if (address.is_v4()) return address.to_string();
  const ip::address_v6 six = address.to_v6();
  if (six.is_v4_mapped()) return ip::make_address_v4(ip::v4_mapped, six).to_string();
  const auto bytes = six.to_bytes();
  return {bytes.begin(), bytes.begin() + bytes.size() / 2};
}

}  // namespace

std::shared_ptr<PeerStream> Strangers::add(std::shared_ptr<PeerStream> stream,
                                           const ip::address& address) {
  std::string place = place_of(address);
  std::shared_ptr<PeerStream> gone;
  if (of_place_[place] >= limits::peer_strangers_of_one) {
    gone = oldest_of(place);
  } else if (waiting_.size() >= limits::peer_strangers) {
    const auto fewer = [](const auto& a, const auto& b) { return a.second < b.second; };
    const std::string most = std::ranges::max_element(of_place_, fewer)->first;
    gone = oldest_of(most);
  }
  ++of_place_[place];
  waiting_.emplace(++came_, Stranger{std::move(stream), std::move(place), false});
  return gone;
}

std::shared_ptr<PeerStream> Strangers::oldest_of(const std::string& place) {
  const auto oldest = [&](bool proven) {
    return std::ranges::find_if(waiting_, [&](const auto& one) {
      return one.second.place == place && one.second.proven == proven;
    });
  };
  auto one = oldest(false);
  if (one == waiting_.end()) one = oldest(true);
  auto stream = one->second.stream;
  (void)remove(*stream);
  return stream;
}

Strangers::Waiting::iterator Strangers::found(const PeerStream& stream) {
  return std::ranges::find_if(waiting_,
                              [&](const auto& one) { return one.second.stream.get() == &stream; });
}

void Strangers::proven(const PeerStream& stream) {
  if (const auto one = found(stream); one != waiting_.end()) one->second.proven = true;
}

bool Strangers::remove(const PeerStream& stream) {
  const auto one = found(stream);
  if (one == waiting_.end()) return false;
  const auto count = of_place_.find(one->second.place);
  if (--count->second == 0) of_place_.erase(count);
  waiting_.erase(one);
  return true;
}

std::vector<std::shared_ptr<PeerStream>> Strangers::all() const {
  std::vector<std::shared_ptr<PeerStream>> all;
  for (const auto& [number, one] : waiting_) all.push_back(one.stream);
  return all;
}

}  // namespace runink::actors
