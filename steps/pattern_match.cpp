#include "steps/pattern_match.hpp"

#include <array>
#include <bitset>
#include <map>
#include <set>

namespace runink::steps {
namespace {

constexpr std::size_t kNodes = 1'000, kRepeats = 1'000, kDepth = 100;
/// Nodes that may be gone through to make a table: some milliseconds.
constexpr std::size_t kWork = 500'000;

using Bytes256 = std::bitset<256>;

/// A node of the automaton that the pattern says: it takes a byte, or it is one of the marks.
struct Node {
  enum Kind : std::uint8_t { takes, forks, at_begin, at_end, done } kind = done;
  Bytes256 bytes;
  int next = -1, other = -1;
};

Bytes256 range(unsigned from, unsigned to) {
  Bytes256 set;
  for (unsigned b = from; b <= to; ++b) set.set(b);
  return set;
}
const Bytes256 kAscii = range(0, 127), kMore = range(0x80, 0xbf);
const Bytes256 kDigits = range('0', '9');
const Bytes256 kWord = kDigits | range('a', 'z') | range('A', 'Z') | range('_', '_');
const Bytes256 kSpace = range('\t', '\n') | range('\f', '\r') | range(' ', ' ');

/// Code points: those of ASCII in `ascii`, and with `others` all beyond.
struct Points {
  Bytes256 ascii;
  bool others = false;
};

/// What a pattern is made of, as a tree; its parts are laid out as nodes as often as they are repeated.
struct Piece {
  enum Kind : std::uint8_t {
    points,
    literal,
    begin,
    end,
    sequence,
    choice,
    repeat
  } kind = sequence;
  Points one;
  unsigned char byte = 0;
  std::vector<Piece> parts;
  std::size_t least = 1, most = 1;  // of a repeat; most 0: without end
};

class PatternReader {
 public:
  explicit PatternReader(std::string_view text) : text_(text) {}
  std::optional<Piece> read() {
    auto piece = choice(0);
    if (!piece || at_ != text_.size()) return {};
    return piece;
  }

 private:
  bool more() const { return at_ < text_.size(); }
  bool take(char c) {
    if (!more() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  std::optional<Piece> choice(std::size_t depth) {
    if (depth > kDepth) return {};
    Piece all;
    all.kind = Piece::choice;
    do {
      auto one = sequence(depth);
      if (!one) return {};
      all.parts.push_back(std::move(*one));
    } while (take('|'));
    return all;
  }

  std::optional<Piece> sequence(std::size_t depth) {
    Piece all;
    while (more() && text_[at_] != '|' && text_[at_] != ')') {
      auto one = atom(depth);
      if (!one) return {};
      const bool anchor = one->kind == Piece::begin || one->kind == Piece::end;
      if (more() && std::string_view("*+?{").find(text_[at_]) != std::string_view::npos) {
        if (anchor) return {};
        one = repeated(std::move(*one));
        if (!one) return {};
      }
      all.parts.push_back(std::move(*one));
    }
    return all;
  }

  std::optional<Piece> repeated(Piece piece) {
    Piece all;
    all.kind = Piece::repeat;
    if (take('*')) {
      all.least = 0, all.most = 0;
    } else if (take('+')) {
      all.most = 0;
    } else if (take('?')) {
      all.least = 0;
    } else if (!counts(all)) {
      return {};
    }
    // Lazy ones match the same texts; anything else after a repetition is an error or unclear.
    (void)take('?');
    if (more() && std::string_view("*+?{").find(text_[at_]) != std::string_view::npos) return {};
    all.parts.push_back(std::move(piece));
    return all;
  }

  std::optional<std::size_t> number() {
    std::size_t value = 0;
    const std::size_t from = at_;
    for (; more() && text_[at_] >= '0' && text_[at_] <= '9' && value <= kRepeats; ++at_)
      value = value * 10 + static_cast<std::size_t>(text_[at_] - '0');
    if (at_ == from || value > kRepeats) return {};
    return value;
  }

  /// {n}, {n,} or {n,m}.
  bool counts(Piece& to) {
    if (!take('{')) return false;
    const auto least = number();
    if (!least) return false;
    to.least = to.most = *least;
    if (take(',')) {
      to.most = 0;
      if (more() && text_[at_] != '}') {
        const auto most = number();
        if (!most || *most < *least) return false;
        to.most = *most;
      }
      if (to.most == 0 && text_[at_ - 1] != ',') return false;  // {0,0}
    } else if (*least == 0) {
      return false;
    }
    return take('}');
  }

  std::optional<Piece> atom(std::size_t depth) {
    Piece piece;
    const auto c = static_cast<unsigned char>(text_[at_++]);
    switch (c) {
      case '(':
        if (take('?') && !take(':')) return {};
        return group(depth);
      case '[': return set();
      case '\\': return escape();
      case '^': piece.kind = Piece::begin; return piece;
      case '$': piece.kind = Piece::end; return piece;
      case '.':
        piece.kind = Piece::points;
        piece.one = {kAscii & ~range('\n', '\n'), true};
        return piece;
      case '*':
      case '+':
      case '?':
      case '{':
      case '}':
      case ']': return {};
      default: return from_byte(c);
    }
  }

  std::optional<Piece> group(std::size_t depth) {
    auto inner = choice(depth + 1);
    if (!inner || !take(')')) return {};
    return inner;
  }

  /// A character; one beyond ASCII with all of its bytes, so that a repetition is about it as a whole.
  std::optional<Piece> from_byte(unsigned char c) {
    Piece piece;
    piece.kind = Piece::literal;
    piece.byte = c;
    if (c < 0x80) return piece;
    Piece all;
    all.parts.push_back(piece);
    while (more() && (static_cast<unsigned char>(text_[at_]) & 0xc0) == 0x80) {
      piece.byte = static_cast<unsigned char>(text_[at_++]);
      all.parts.push_back(piece);
    }
    return all;
  }

  static std::optional<Points> named_set(char c) {
    switch (c) {
      case 'd': return Points{kDigits, false};
      case 'w': return Points{kWord, false};
      case 's': return Points{kSpace, false};
      case 'D': return Points{kAscii & ~kDigits, true};
      case 'W': return Points{kAscii & ~kWord, true};
      case 'S': return Points{kAscii & ~kSpace, true};
      default: return {};
    }
  }

  static std::optional<unsigned char> escaped(char c) {
    switch (c) {
      case 't': return '\t';
      case 'n': return '\n';
      case 'r': return '\r';
      case 'f': return '\f';
      default: break;
    }
    const bool mark = c > ' ' && c < 0x7f && !kWord.test(static_cast<unsigned char>(c));
    if (!mark) return {};
    return static_cast<unsigned char>(c);
  }

  std::optional<Piece> escape() {
    if (!more()) return {};
    const char c = text_[at_++];
    Piece piece;
    piece.kind = Piece::points;
    if (const auto points = named_set(c)) {
      piece.one = *points;
      return piece;
    }
    const auto byte = escaped(c);
    if (!byte) return {};
    return from_byte(*byte);
  }

  /// One member of a set: a set of its own, or the byte of a character that may begin a range.
  bool member(Points& to, std::optional<unsigned char>& byte) {
    byte.reset();
    if (!more()) return false;
    const char c = text_[at_++];
    if (static_cast<unsigned char>(c) >= 0x80 || c == '[') return false;
    if (c != '\\') {
      byte = static_cast<unsigned char>(c);
      return true;
    }
    if (!more()) return false;
    const char named = text_[at_++];
    if (const auto points = named_set(named)) {
      to.ascii |= points->ascii;
      to.others |= points->others;
      return true;
    }
    byte = escaped(named);
    return byte.has_value();
  }

  std::optional<Piece> set() {
    Piece piece;
    piece.kind = Piece::points;
    const bool negated = take('^');
    if (more() && text_[at_] == ']') return {};
    while (more() && text_[at_] != ']') {
      std::optional<unsigned char> from, to;
      if (!member(piece.one, from)) return {};
      const bool ranged = at_ + 1 < text_.size() && text_[at_] == '-' && text_[at_ + 1] != ']';
      if (!ranged) {
        if (from) piece.one.ascii.set(*from);
        continue;
      }
      ++at_;
      if (!from || !member(piece.one, to) || !to || *to < *from) return {};
      piece.one.ascii |= range(*from, *to);
    }
    if (!take(']')) return {};
    if (negated) piece.one = {kAscii & ~piece.one.ascii, !piece.one.others};
    return piece;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

/// Lays pieces out as nodes, each before what follows it.
class NodeList {
 public:
  std::vector<Node> nodes;

  int add(Node node) {
    if (nodes.size() >= kNodes) full_ = true;
    if (!full_) nodes.push_back(node);
    return static_cast<int>(nodes.size()) - 1;
  }
  bool full() const { return full_; }

  int lay(const Piece& piece, int next) {
    if (full_) return next;
    switch (piece.kind) {
      case Piece::points: return lay_points(piece.one, next);
      case Piece::literal: return add({Node::takes, range(piece.byte, piece.byte), next, -1});
      case Piece::begin: return add({Node::at_begin, {}, next, -1});
      case Piece::end: return add({Node::at_end, {}, next, -1});
      case Piece::sequence:
        for (auto part = piece.parts.rbegin(); part != piece.parts.rend(); ++part)
          next = lay(*part, next);
        return next;
      case Piece::choice: {
        int all = lay(piece.parts.back(), next);
        for (auto part = piece.parts.rbegin() + 1; part != piece.parts.rend(); ++part)
          all = add({Node::forks, {}, lay(*part, next), all});
        return all;
      }
      case Piece::repeat: return lay_repeat(piece, next);
    }
    return next;
  }

 private:
  int lay_points(const Points& points, int next) {
    int all = add({Node::takes, points.ascii, next, -1});
    if (!points.others) return all;
    int tail = next;
    for (const auto& [from, to] : {std::pair{0xc0u, 0xdfu}, {0xe0u, 0xefu}, {0xf0u, 0xf7u}}) {
      tail = add({Node::takes, kMore, tail, -1});
      all = add({Node::forks, {}, add({Node::takes, range(from, to), tail, -1}), all});
    }
    return all;
  }

  int lay_repeat(const Piece& piece, int next) {
    const Piece& inner = piece.parts.front();
    int after = next;
    if (piece.most == 0) {
      const int loop = add({Node::forks, {}, -1, next});
      if (full_) return next;
      nodes[static_cast<std::size_t>(loop)].next = lay(inner, loop);
      after = loop;
    }
    for (std::size_t i = piece.least; i < piece.most && !full_; ++i)
      after = add({Node::forks, {}, lay(inner, after), next});
    for (std::size_t i = 0; i < piece.least && !full_; ++i) after = lay(inner, after);
    return after;
  }

  bool full_ = false;
};

}  // namespace

/// The table of a list of nodes: each state is a set of nodes that take a byte or wait for the end.
class PatternTable {
 public:
  PatternTable(const std::vector<Node>& nodes, int first) : nodes_(nodes), first_(first) {}

  std::optional<PatternMatch> make() {
    match_.next_.resize(2);
    match_.next_[PatternMatch::never].fill(PatternMatch::never);
    match_.next_[PatternMatch::found].fill(PatternMatch::found);
    match_.at_end_ = {false, true};
    Set begin;
    reach(first_, true, begin);
    match_.first_ = state_of(begin, true);
    for (std::size_t state = 2; state < match_.next_.size(); ++state)
      if (!fill(state)) return {};
    return std::move(match_);
  }

 private:
  using Set = std::set<int>;
  static constexpr std::size_t most = 255;

  /// All nodes that stand open from `node` on without a byte; marks of the end stay as they are.
  void reach(int node, bool at_begin, Set& to) {
    std::vector<int> open = {node};
    std::vector<bool> seen(nodes_.size());
    while (!open.empty() && ++work_ < kWork) {
      const auto one = static_cast<std::size_t>(open.back());
      open.pop_back();
      if (seen[one]) continue;
      seen[one] = true;
      const Node& at = nodes_[one];
      if (at.kind == Node::forks)
        open.insert(open.end(), {at.next, at.other});
      else if (at.kind != Node::at_begin)
        to.insert(static_cast<int>(one));
      else if (at_begin)
        open.push_back(at.next);
    }
  }

  /// For each byte the first one that every node takes or refuses alike.
  std::array<std::uint8_t, 256> likes() const {
    std::array<std::uint8_t, 256> likes{};
    std::map<std::vector<bool>, std::uint8_t> first;
    for (unsigned byte = 0; byte < 256; ++byte) {
      std::vector<bool> taken;
      for (const Node& node : nodes_)
        if (node.kind == Node::takes) taken.push_back(node.bytes.test(byte));
      likes[byte] = first.try_emplace(taken, static_cast<std::uint8_t>(byte)).first->second;
    }
    return likes;
  }

  bool done(const Set& set) const {
    for (const int one : set)
      if (nodes_[static_cast<std::size_t>(one)].kind == Node::done) return true;
    return false;
  }

  /// Whether the pattern matches when the text ends here; `at_begin`: it is empty.
  bool done_at_end(const Set& set, bool at_begin) {
    Set seen = set, rest = set;
    while (!rest.empty()) {
      Set more;
      for (const int one : rest) {
        const Node& at = nodes_[static_cast<std::size_t>(one)];
        if (at.kind != Node::at_end) continue;
        Set behind;
        reach(at.next, at_begin, behind);
        for (const int node : behind)
          if (seen.insert(node).second) more.insert(node);
      }
      rest = std::move(more);
    }
    return done(seen);
  }

  std::uint8_t state_of(const Set& set, bool at_begin) {
    if (set.empty()) return PatternMatch::never;
    if (done(set)) return PatternMatch::found;
    // The first state alone knows that nothing was read.
    const auto [at, fresh] =
        states_.try_emplace({set, at_begin}, static_cast<std::uint8_t>(match_.next_.size()));
    if (!fresh) return at->second;
    match_.next_.emplace_back();
    match_.at_end_.push_back(done_at_end(set, at_begin));
    sets_.push_back(&at->first.first);
    return at->second;
  }

  bool fill(std::size_t state) {
    const Set set = *sets_[state - 2];
    for (unsigned byte = 0; byte < 256; ++byte) {
      if (likes_[byte] != byte) {
        match_.next_[state][byte] = match_.next_[state][likes_[byte]];
        continue;
      }
      Set next;
      for (const int one : set) {
        const Node& at = nodes_[static_cast<std::size_t>(one)];
        if (at.kind == Node::takes && at.bytes.test(byte)) reach(at.next, false, next);
      }
      reach(first_, false, next);  // it may begin anywhere
      const std::uint8_t to = state_of(next, false);
      match_.next_[state][byte] = to;
      if (match_.next_.size() > most || work_ >= kWork) return false;
    }
    return true;
  }

  const std::vector<Node>& nodes_;
  const int first_;
  const std::array<std::uint8_t, 256> likes_ = likes();
  std::size_t work_ = 0;
  PatternMatch match_;
  std::map<std::pair<Set, bool>, std::uint8_t> states_;
  std::vector<const Set*> sets_;  // by state, from the third on
};

std::optional<PatternMatch> PatternMatch::of(std::string_view pattern) {
  const auto piece = PatternReader(pattern).read();
  if (!piece) return {};
  NodeList list;
  const int done = list.add({Node::done, {}, -1, -1});
  const int first = list.lay(*piece, done);
  if (list.full()) return {};
  return PatternTable(list.nodes, first).make();
}

}  // namespace runink::steps
