#include "raft/read_rounds.hpp"

#include <utility>

namespace runink::raft {

void ReadRounds::open(ReadSeq seq, LogIndex commit) {
  newest_ = seq;
  newest_index_ = commit;
  for (const Asker& asker : waiting_) asked_.push_back({newest_, commit, asker});
  waiting_.clear();
}

std::vector<ReadRounds::Confirmed> ReadRounds::confirm(ReadSeq seq) {
  std::vector<Confirmed> confirmed;
  while (!asked_.empty() && asked_.front().seq <= seq) {
    confirmed.push_back({asked_.front().asker, asked_.front().index});
    asked_.pop_front();
  }
  return confirmed;
}

std::vector<ReadRounds::Asker> ReadRounds::clear() {
  std::vector<Asker> all;
  for (const Asked& one : asked_) all.push_back(one.asker);
  all.insert(all.end(), waiting_.begin(), waiting_.end());
  *this = {};
  return all;
}

ReadIndexRequest ForwardedReads::ask(Instant now) {
  ++newest_;
  for (Waiting& waiting : reads_)
    if (!waiting.id) waiting.id = newest_;
  asked_at_ = now;
  return {newest_};
}

std::vector<ForwardedReads::One> ForwardedReads::answered(const ReadIndexResponse& response) {
  std::vector<One> served;
  if (response.id <= first_ || response.id > newest_) return served;
  while (!reads_.empty() && reads_.front().id && *reads_.front().id <= response.id) {
    served.push_back(reads_.front().one);
    reads_.pop_front();
  }
  if (response.id == newest_ || reads_.empty() || !reads_.front().id) asked_at_.reset();
  return served;
}

std::vector<ForwardedReads::One> ForwardedReads::clear() {
  std::vector<One> all;
  for (const Waiting& waiting : reads_) all.push_back(waiting.one);
  reads_.clear();
  asked_at_.reset();
  return all;
}

}  // namespace runink::raft
