#include "drawn_group.hpp"

#include <map>
#include <sstream>
#include <utility>

#include "disk_image.hpp"

namespace runink::raft {

Group::Group(const std::vector<std::string>& logs, Config base) {
  if (base.voters.empty())
    for (std::size_t i = 1; i <= logs.size(); ++i) base.voters.insert(NodeId{i});
  for (std::size_t i = 1; i <= logs.size(); ++i) {
    auto member = std::make_unique<Member>(*this);
    member->config = base;
    member->config.self = NodeId{i};
    if (!base.voters.contains(NodeId{i}) && !base.learners.contains(NodeId{i}))
      member->config.voters = member->config.learners = {};
    member->config.seed = i;
    for (const char c : logs[i - 1]) {
      const Term term{static_cast<std::uint64_t>(c - '0')};
      const LogIndex index{member->disk.entries.size() + 1};
      member->disk.entries.push_back(
          {term, index, EntryType::command, "old" + std::to_string(index.value)});
      member->disk.hard_state.term = term;
    }
    members_.push_back(std::move(member));
  }
  for (auto& member : members_) member->start();
}

void Group::Member::start() {
  taken = disk.snapshot ? disk.snapshot->index : LogIndex{};
  applied.clear();
  if (disk.snapshot) applied = group.snapshots_.at(disk.snapshot->id).applied;
  driver = std::make_unique<Driver>(
      config, disk, taken,
      Ports{*this, *this, *this, *this, nullptr, knows_snapshots ? this : nullptr});
  driver->start(group.now_);
}

void Group::Member::submit(Persist write) {
  writes.push_back(std::move(write));
  if (!disk_held) write_one();
}

Persist Group::Member::to_disk() {
  const Persist write = std::move(writes.front());
  writes.pop_front();
  write_to(disk, write);
  return write;
}

void Group::Member::write_one() {
  const Persist write = to_disk();
  driver->persisted(write.seq, write.last_term(), write.last_index());
}

void Group::Member::send(Envelope envelope) {
  group.sent_.push_back(envelope);
  group.on_the_way_.push_back(std::move(envelope));
}

void Group::Member::apply(std::vector<Entry> entries) {
  for (const Entry& entry : entries)
    if (entry.type == EntryType::command) applied.push_back(entry.payload);
  taken = entries.back().index;
  if (!applier_held) driver->applied(taken);
}

void Group::release_disk(unsigned n) {
  Member& member = *members_.at(n - 1);
  member.disk_held = false;
  while (!member.writes.empty()) member.write_one();
}

void Group::release_disk_in_one_sync(unsigned n) {
  Member& member = *members_.at(n - 1);
  member.disk_held = false;
  Persist last;
  while (!member.writes.empty()) last = member.to_disk();
  member.driver->persisted(last.seq, last.last_term(), last.last_index());
}

void Group::take_snapshot(unsigned n) {
  Member& member = *members_.at(n - 1);
  SnapshotMeta meta = member.driver->core().describe(member.taken).value();
  meta.id = SnapshotId{snapshots_.size() + 1};
  member.disk.snapshot = meta;
  snapshots_[meta.id] = {meta, member.applied};
  member.driver->snapshot_taken(meta);
}

void Group::Member::fetch(const SnapshotFetch& fetch) {
  if (fetched == fetch.offer.id) return;
  asked.push_back("fetch " + std::to_string(fetch.offer.id.value) + " from " +
                  std::to_string(fetch.from.value));
  fetched = fetch.offer.id;
  if (!snapshots_held) group.end_fetch(static_cast<unsigned>(config.self.value));
}

void Group::end_fetch(unsigned n, bool good) {
  Member& member = *members_.at(n - 1);
  const SnapshotId id = std::exchange(member.fetched, SnapshotId{});
  if (good)
    member.driver->snapshot_fetched(id, snapshots_.at(id).meta);
  else
    member.driver->snapshot_fetched(id, std::nullopt);
}

void Group::Member::install(const SnapshotMeta& snapshot) {
  asked.push_back("install " + std::to_string(snapshot.id.value));
  to_install = snapshot.id;
  if (!snapshots_held) group.end_install(static_cast<unsigned>(config.self.value));
}

void Group::end_install(unsigned n, bool good) {
  Member& member = *members_.at(n - 1);
  if (good) {
    const Stored& snapshot = snapshots_.at(member.to_install);
    member.disk.snapshot = snapshot.meta;
    member.taken = snapshot.meta.index;
    member.applied = snapshot.applied;
  }
  member.driver->snapshot_installed(good);
}

void Group::release_applier(unsigned n) {
  Member& member = *members_.at(n - 1);
  member.applier_held = false;
  member.driver->applied(member.taken);
}

void Group::restart(unsigned n) {
  Member& member = *members_.at(n - 1);
  member.driver.reset();
  member.writes.clear();
  member.config.seed += 1000;
  member.start();
}

void Group::settle() {
  while (!on_the_way_.empty()) {
    Envelope envelope = std::move(on_the_way_.front());
    on_the_way_.pop_front();
    if (cut_.contains(envelope.from) || cut_.contains(envelope.to)) continue;
    if (envelope.to.value > members_.size()) continue;  // a member that never came
    if (lost_ && lost_(envelope)) continue;
    members_.at(envelope.to.value - 1)->driver->receive(std::move(envelope));
  }
}

void Group::pass(Duration time) {
  const Instant end = now_ + time;
  while (now_ < end) {
    now_ = now_ + milliseconds(10);
    for (auto& member : members_) member->driver->tick(now_);
    settle();
  }
}

void Group::campaign(unsigned n) {
  for (auto& member : members_) member->driver->forget_leader();
  at(n).campaign();
  settle();
}

ProposalOutcome Group::change(unsigned n, const std::string& changes, bool force) {
  const std::map<char, MemberChange::Kind> kinds{{'v', MemberChange::Kind::voter},
                                                 {'l', MemberChange::Kind::learner},
                                                 {'r', MemberChange::Kind::remove},
                                                 {'j', MemberChange::Kind::join}};
  ChangeMembers change;
  change.tag = ProposalTag{++tags_};
  change.force = force;
  std::istringstream in(changes);
  for (std::string word; in >> word;)
    change.changes.push_back({kinds.at(word.front()), NodeId{std::stoull(word.substr(1))}});
  at(n).change_members(std::move(change));
  return outcomes(n).back();
}

std::string Group::members(unsigned n) const {
  const Configuration& c = core(n).configuration();
  const auto drawn = [](const std::set<NodeId>& ids) {
    std::string out;
    for (const NodeId id : ids) out += (out.empty() ? "" : " ") + std::to_string(id.value);
    return out;
  };
  std::string out = drawn(c.voters.incoming);
  if (c.is_joint()) out += "|" + drawn(c.voters.outgoing);
  if (!c.learners.empty()) out += " learners " + drawn(c.learners);
  if (!c.joining.empty()) out += " joining " + drawn(c.joining);
  return out;
}

std::string Group::log(unsigned n) const {
  std::string drawn;
  for (const Entry& entry : core(n).log().entries()) drawn += std::to_string(entry.term.value);
  return drawn;
}

}  // namespace runink::raft
