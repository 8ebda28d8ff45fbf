// Elections: pre-vote, votes, stickiness to a living leader, check-quorum.
#include "raft/core.hpp"
#include "vocabulary/ensure.hpp"

namespace runink::raft {

bool Core::may_campaign() const {
  // Until our last vote for ourselves is durable, a further term would only start the wait anew.
  return role_ != Role::leader && history_.may_vote(config_.self) &&
         own_vote_seq_ <= durable_seq_ && !disk_stalls() &&
         (disk_space_ != DiskSpace::none || voters().only(config_.self));
}

bool Core::hears_a_leader() const {
  if (!config_.checks_quorum) return false;
  return role_ == Role::leader || (leader_ != NodeId{} && time_ < heard_leader_until_);
}

void Core::reset_election_timer() {
  const Duration drawn{random_.between(config_.election_shortest.ns, config_.election_longest.ns)};
  election_since_ = time_;
  election_at_ = time_ + fixed_election_timeout_.value_or(drawn);
}

// Thesis 9.6: who cannot win does not disturb those who work.
void Core::pre_campaign() {
  if (voters().only(config_.self) || !config_.asks_pre_votes) return campaign(false);
  fail_reads();
  role_ = Role::pre_candidate;
  leader_ = NodeId{};
  if (config_.has(Mutant::pre_vote_raises_term)) {
    hard_.term = next(hard_.term);
    hard_.vote = NodeId{};
  }
  votes_ = {{config_.self, true}};
  reset_election_timer();
  const PreVoteRequest request{next(hard_.term), log_.last(), log_.last_term()};
  for (const NodeId id : voters().all())
    if (id != config_.self) send(id, request);
  count_votes();
}

void Core::campaign(bool force) {
  fail_reads();
  role_ = Role::candidate;
  leader_ = NodeId{};
  hard_.term = next(hard_.term);
  hard_.vote = config_.self;
  own_vote_seq_ = PersistSeq{last_seq_.value + 1};  // the write that this step must make
  votes_.clear();
  fixed_election_timeout_.reset();
  reset_election_timer();
  const VoteRequest request{log_.last(), log_.last_term(), force};
  for (const NodeId id : voters().all())
    if (id != config_.self) send_after_durable(id, request);
}

void Core::count_votes() {
  switch (vote_result(voters(), votes_)) {
    case VoteResult::pending: return;
    case VoteResult::lost: return become_follower(hard_.term, NodeId{});
    case VoteResult::won: return role_ == Role::pre_candidate ? campaign(false) : become_leader();
  }
}

void Core::become_follower(Term term, NodeId leader) {
  ENSURE(term >= hard_.term);
  fail_reads();
  transfer_.reset();
  if (term > hard_.term) {
    hard_.term = term;
    hard_.vote = NodeId{};
  }
  role_ = Role::follower;
  leader_ = leader;
  votes_.clear();
  followers_.clear();
  catching_up_.clear();
  fixed_election_timeout_.reset();
  reset_election_timer();
}

void Core::become_leader() {
  ENSURE(role_ == Role::candidate && hard_.vote == config_.self);
  role_ = Role::leader;
  leader_ = config_.self;
  transfer_.reset();
  votes_.clear();
  followers_.clear();
  catching_up_.clear();
  version_asked_.reset();
  lead_members();
  heartbeat_at_ = time_ + config_.heartbeat;
  check_quorum_at_ = time_ + config_.check_quorum;
  // 5.4.2: what earlier leaders left commits only under an entry of our own term.
  if (!config_.has(Mutant::omit_no_op)) log_.append(hard_.term, EntryType::no_op, {});
  replicate_to_all();
}

// A message of the leader of our term came.
void Core::follow(NodeId leader) {
  ENSURE(role_ != Role::leader);                     // one leader per term
  ENSURE(leader_ == NodeId{} || leader_ == leader);  // and one name for it
  if (leader_ != leader) fail_reads();
  if (role_ != Role::follower) fixed_election_timeout_.reset();
  role_ = Role::follower;
  leader_ = leader;
  votes_.clear();
  heard_leader_until_ = time_ + config_.check_quorum;
  reset_election_timer();
}

// Thesis 6.2: a leader cut off from a majority must not go on answering.
void Core::check_quorum() {
  check_quorum_at_ = time_ + config_.check_quorum;
  if (vote_result(voters(), alive()) != VoteResult::won) become_follower(hard_.term, NodeId{});
}

std::map<NodeId, bool> Core::alive() const {
  std::map<NodeId, bool> heard{{config_.self, true}};
  for (const auto& [id, follower] : followers_)
    heard[id] = follower.heard_since(time_ + config_.check_quorum * -1);
  return heard;
}

void Core::on(const ForgetLeader&) {
  if (role_ != Role::follower || leader_ == NodeId{}) return;
  fail_reads();
  leader_ = NodeId{};
  election_at_ = time_ + Duration{random_.between(0, milliseconds(50).ns)};
}

void Core::on(const Campaign&) {
  if (may_campaign()) pre_campaign();
}

void Core::on(const SetElectionTimeout& set) {
  fixed_election_timeout_ = set.timeout;
  election_at_ = election_since_ + set.timeout;
}

void Core::on(NodeId from, Term, const PreVoteRequest& request) {
  const bool granted = request.next_term > hard_.term && !hears_a_leader() &&
                       log_.is_up_to_date(request.last_index, request.last_term);
  send(from, PreVoteResponse{request.next_term, granted});
}

void Core::on(NodeId from, Term, const PreVoteResponse& response) {
  if (role_ != Role::pre_candidate || response.next_term != next(hard_.term)) return;
  votes_.emplace(from, response.granted);
  count_votes();
}

void Core::on(NodeId from, Term, const VoteRequest& request) {
  const bool free = hard_.vote == from || (hard_.vote == NodeId{} && leader_ == NodeId{});
  if (!free || !log_.is_up_to_date(request.last_index, request.last_term))
    return send(from, VoteResponse{false});
  hard_.vote = from;
  role_ = Role::follower;
  votes_.clear();
  reset_election_timer();
  send_after_durable(from, VoteResponse{true});
}

void Core::on(NodeId from, Term, const VoteResponse& response) {
  if (role_ != Role::candidate) return;
  votes_.emplace(from, response.granted);
  count_votes();
}

}  // namespace runink::raft
