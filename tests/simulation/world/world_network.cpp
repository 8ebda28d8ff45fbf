// Messages: lost, doubled, late, out of order, held back; partitions of every shape.
#include "vocabulary/codec.hpp"
#include "world.hpp"

namespace runink::raft::simulation {

void World::message(Envelope envelope) {
  count(Happens::messages);
  if (probe_sees_) probe_sees_(envelope);
  const bool cut = is_cut(envelope.from, envelope.to) || !nodes_.contains(envelope.to) ||
                   (probe_loses_ && probe_loses_(envelope));
  if (cut || (!calm_ && random_.chance(weather_.lost_percent))) {
    count(Happens::messages_lost);
    tell([&] { return to_string(envelope) + " (lost)"; });
    if (random_.chance(10)) unreachable_later(envelope.from, envelope.to);
    return;
  }
  tell([&] { return to_string(envelope); });
  if (const auto* answer = std::get_if<AppendResponse>(&envelope.message))
    if (answer->status.busy) count(Happens::followers_blocked);
  notice_bad_moments(envelope);
  if (!calm_ && random_.chance(weather_.doubled_percent)) {
    count(Happens::messages_doubled);
    if (std::holds_alternative<ReadIndexResponse>(envelope.message) ||
        std::holds_alternative<HeartbeatResponse>(envelope.message))
      count(Happens::read_answers_doubled);
    deliver_later(envelope);
  }
  deliver_later(std::move(envelope));
}

void World::notice_bad_moments(const Envelope& envelope) {
  if (const auto* vote = std::get_if<VoteResponse>(&envelope.message); vote && vote->granted)
    crash_soon(envelope.from, weather_.crash_after_vote_percent, Happens::crashes_after_vote);
  if (const auto* answer = std::get_if<AppendResponse>(&envelope.message);
      answer && answer->accepted)
    crash_before_sync(envelope, answer->match);
}

void World::deliver_later(Envelope envelope) {
  Duration way = up_to(calm_ ? milliseconds(3) : weather_.way_longest);
  if (!calm_ && random_.chance(weather_.late_percent)) {
    count(Happens::messages_late);
    way = up_to(weather_.late_longest);
  }
  Instant at = now_ + way;
  if (const auto clogged = clogged_until_.find({envelope.from, envelope.to});
      clogged != clogged_until_.end())
    at = std::max(at, clogged->second + way);
  events_.put(at, Delivery{std::move(envelope)});
}

void World::deliver(Envelope envelope) {
  const NodeId to = envelope.to;
  SimulatedNode& one = node(to);
  if (!one.is_up()) return;
  if (sleeps(to)) return events_.put(asleep_until_[to], Delivery{std::move(envelope)});
  bytes_.clear();
  Encoder{bytes_}(envelope);
  mix(3, to, bytes_);
  // Every few messages go through the bytes of the wire.
  constexpr std::uint64_t between_decodings = 16;
  if (outcome_.steps % between_decodings == 0) {
    auto decoded = decode<Envelope>(bytes_, "a message");
    if (!decoded || *decoded != envelope)
      throw Violation{Property::own_invariant, "a message is not what its bytes say"};
    envelope = std::move(*decoded);
  }
  one.driver().receive(std::move(envelope));
}

void World::unreachable_later(NodeId at, NodeId who) {
  after(milliseconds(1), [this, at, who] {
    if (SimulatedNode* one = reachable(at)) one->driver().peer_unreachable(who);
  });
}

void World::cut_both(NodeId a, NodeId b) {
  cut_.insert({a, b});
  cut_.insert({b, a});
}

void World::isolate(NodeId id) {
  for (const auto& [other, one] : nodes_)
    if (other != id) cut_both(id, other);
}

void World::cut_in_two() {
  count(Happens::partitions);
  cut_.clear();
  std::set<NodeId> left;
  for (const auto& [id, one] : nodes_)
    if (random_.chance(50)) left.insert(id);
  for (const auto& [a, one] : nodes_)
    for (const auto& [b, two] : nodes_)
      if (left.contains(a) != left.contains(b)) cut_.insert({a, b});
}

/// Of one node: it is heard and hears nobody, or the other way round; or of one path alone.
void World::cut_one_way() {
  count(Happens::one_way_cuts);
  const NodeId id = anyone();
  const auto shape = random_.below(3);
  if (shape == 0) {
    cut_.insert({id, anyone()});
    return;
  }
  for (const auto& [other, one] : nodes_)
    if (other != id) cut_.insert(shape == 1 ? std::pair{id, other} : std::pair{other, id});
}

/// It lives and leads, but every connection to it is broken, and the others see that at once.
void World::cut_off_the_leader() {
  const NodeId leading = leader();
  if (leading == NodeId{}) return;
  count(Happens::leaders_cut_off);
  cut_.clear();
  isolate(leading);
  for (auto& [id, one] : nodes_)
    if (id != leading && one->is_up() && !sleeps(id)) one->driver().forget_leader();
}

void World::clog() {
  count(Happens::paths_clogged);
  for (auto n = random_.between(1, 3); n > 0; --n)
    clogged_until_[{anyone(), anyone()}] = now_ + up_to(seconds(3));
}

}  // namespace runink::raft::simulation
