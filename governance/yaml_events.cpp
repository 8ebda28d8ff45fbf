// The one source that knows yaml-cpp. Its parser gives events; the tree is ours, so that depth,
// values and aliases are bounded while they come in.
#include <yaml-cpp/anchor.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>  // brings <sstream>, which its parser reads from

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "governance/yaml_scalar.hpp"
#include "governance/yaml_tree.hpp"
#include "vocabulary/limits.hpp"
#include "vocabulary/text.hpp"

namespace runink::governance {
namespace {

constexpr std::size_t most_bytes = limits::contract_document.value * 4;

/// Thrown through the parser, which knows no other way to be stopped.
struct Stopped {
  Span span;
  std::string message;
  std::string hint;
};

struct Size {
  std::size_t values = 0;
  std::size_t bytes = 0;
  std::size_t depth = 0;
};

Size size_of(const YamlNode& node) {
  Size size{1, node.text.size(), 0};
  const auto add = [&](const YamlNode& child) {
    const Size inner = size_of(child);
    size.values += inner.values;
    size.bytes += inner.bytes;
    size.depth = std::max(size.depth, inner.depth + 1);
  };
  for (const YamlNode& child : node.list) add(child);
  for (const YamlEntry& entry : node.map) {
    size.bytes += entry.key.size();
    add(entry.value);
  }
  return size;
}

class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(const SourceText& source, Mistakes& mistakes)
      : source_(source), mistakes_(mistakes) {}

  YamlNode root;

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (documents_++ > 0)
      throw Stopped{place(mark, 3), "a second document begins here", "one file holds one document"};
  }
  void OnDocumentEnd() override {}
  void OnAnchor(const YAML::Mark&, const std::string&) override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    YamlNode node;
    const std::string_view at = std::string_view(source_.text()).substr(place(mark, 1).at);
    const bool spelled = at.starts_with('~') || at.starts_with('n') || at.starts_with('N');
    // A value that is left out has the place of its key: the parser's mark is that of what follows.
    const bool has_key = !stack_.empty() && stack_.back().has_key;
    node.span = spelled || !has_key ? place(mark, at.starts_with('~') || !spelled ? 1 : 4)
                                    : stack_.back().key_span;
    put(std::move(node), anchor);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    YamlNode node;
    node.text = value;
    node.span = scalar_span(place(mark, 1).at, value);
    node.kind = kind_of(tag, node);
    node.boolean = node.kind == YamlKind::boolean && core_true(value);
    put(std::move(node), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto known = anchors_.find(anchor);
    if (known == anchors_.end())
      throw Stopped{place(mark, 1), "this alias stands within what it stands for", {}};
    const Size size = size_of(known->second);
    if (stack_.size() + size.depth > limits::contract_depth) too_deep(place(mark, 1));
    count(size, place(mark, 1));
    YamlNode copy = known->second;
    copy.span = place(mark, 1);
    put(std::move(copy), YAML::NullAnchor, true);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(YamlKind::list, mark, tag, anchor);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(YamlKind::map, mark, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapEnd() override { close(); }

 private:
  struct Frame {
    YamlNode node;
    YAML::anchor_t anchor = YAML::NullAnchor;
    bool has_key = false;
    std::string key;
    Span key_span;
    std::map<std::string, std::size_t> keys;  ///< where each stands
  };

  Span place(const YAML::Mark& mark, std::size_t length) const {
    if (mark.is_null() || mark.pos < 0) return {source_.text().size(), 1};
    return {std::min(static_cast<std::size_t>(mark.pos), source_.text().size()), length};
  }

  /// Where the value itself begins: behind its tag and its anchor.
  std::size_t behind_properties(std::size_t at) const {
    const std::string& text = source_.text();
    while (at < text.size() && (text[at] == '!' || text[at] == '&')) {
      at = std::min(text.find_first_of(" \t\r\n", at), text.size());
      at = std::min(text.find_first_not_of(" \t\r\n", at), text.size());
    }
    return at;
  }

  /// From its first byte to the end of its first line, or to its closing quote.
  Span scalar_span(std::size_t at, const std::string& value) const {
    at = behind_properties(at);
    const std::string_view rest = std::string_view(source_.text()).substr(at);
    if (rest.starts_with(value) && !value.empty()) return {at, value.size()};
    if (!rest.starts_with('"') && !rest.starts_with('\'')) return {at, 1};
    for (std::size_t i = 1; i < rest.size(); ++i) {
      if (rest[0] == '"' && rest[i] == '\\')
        ++i;
      else if (rest[i] == rest[0])
        return {at, std::min(i + 1, rest.find('\n'))};
    }
    // yaml-cpp takes the end of the file for the closing quote.
    throw Stopped{{at, 1}, "this quote is not closed", {}};
  }

  static YamlKind kind_of(const std::string& tag, const YamlNode& node) {
    if (tag == "?") return core_kind(node.text);
    if (tag == "!" || tag == "tag:yaml.org,2002:str") return YamlKind::text;
    const YamlKind kind = core_kind(node.text);
    const bool number = kind == YamlKind::number || kind == YamlKind::not_finite;
    if ((tag == "tag:yaml.org,2002:int" || tag == "tag:yaml.org,2002:float") && number) return kind;
    if (tag == "tag:yaml.org,2002:bool" && kind == YamlKind::boolean) return kind;
    if (tag == "tag:yaml.org,2002:null" && kind == YamlKind::null) return kind;
    refuse_tag(tag, node.span);
  }

  [[noreturn]] static void refuse_tag(const std::string& tag, Span span) {
    throw Stopped{span, "the tag `" + printable(tag, 80) + "` does not fit this value",
                  "leave the tag out; quotes make a text"};
  }
  [[noreturn]] static void too_deep(Span span) {
    throw Stopped{
        span,
        "this is nested deeper than " + std::to_string(limits::contract_depth) + " levels",
        {}};
  }

  void count(Size size, Span span) {
    values_ += size.values;
    bytes_ += size.bytes;
    if (values_ > limits::contract_nodes)
      throw Stopped{span,
                    "the document has more than " + std::to_string(limits::contract_nodes) +
                        " values, those behind aliases counted wherever they stand",
                    {}};
    if (bytes_ > most_bytes)
      throw Stopped{span,
                    "with its aliases resolved the document has more than " +
                        std::to_string(most_bytes) + " bytes",
                    {}};
  }

  void open(YamlKind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    const Span span = place(mark, 1);
    if (stack_.size() >= limits::contract_depth) too_deep(span);
    if (!stack_.empty() && stack_.back().node.kind == YamlKind::map && !stack_.back().has_key)
      throw Stopped{span, "a key must be a text, not a list or a map", {}};
    const std::string_view own =
        kind == YamlKind::map ? "tag:yaml.org,2002:map" : "tag:yaml.org,2002:seq";
    if (tag != "?" && tag != "!" && tag != own) refuse_tag(tag, span);
    count({1, 0, 0}, span);
    Frame& frame = stack_.emplace_back();
    frame.node.kind = kind;
    frame.node.span = span;
    frame.anchor = anchor;
  }

  void close() {
    Frame frame = std::move(stack_.back());
    stack_.pop_back();
    put(std::move(frame.node), frame.anchor, true);
  }

  void put(YamlNode node, YAML::anchor_t anchor, bool counted = false) {
    if (!counted) count({1, node.text.size(), 0}, node.span);
    if (anchor != YAML::NullAnchor) {
      count(size_of(node), node.span);
      anchors_[anchor] = node;
    }
    if (stack_.empty()) {
      root = std::move(node);
      return;
    }
    Frame& frame = stack_.back();
    if (frame.node.kind == YamlKind::list) {
      frame.node.list.push_back(std::move(node));
    } else if (!frame.has_key) {
      take_key(frame, node);
    } else {
      frame.has_key = false;
      frame.node.map.push_back({std::move(frame.key), frame.key_span, std::move(node)});
    }
  }

  void take_key(Frame& frame, const YamlNode& node) {
    if (node.kind == YamlKind::list || node.kind == YamlKind::map)
      throw Stopped{node.span, "a key must be a text, not a list or a map", {}};
    frame.has_key = true;
    frame.key = node.text;
    frame.key_span = node.span;
    const auto [first, is_new] = frame.keys.emplace(node.text, node.span.at);
    if (!is_new && duplicates_++ < limits::diagnostics)
      mistakes_.error(node.span, "the key `" + printable(node.text, 80) + "` stands here twice",
                      "first in line " + std::to_string(source_.place({first->second, 1}).line));
  }

  const SourceText& source_;
  Mistakes& mistakes_;
  std::vector<Frame> stack_;
  std::map<YAML::anchor_t, YamlNode> anchors_;
  std::size_t documents_ = 0;
  std::size_t duplicates_ = 0;
  std::size_t values_ = 0;
  std::size_t bytes_ = 0;
};

/// The first byte that no YAML may hold (YAML 1.2, 5.1), or npos.
std::size_t unprintable(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<std::uint8_t>(text[i]);
    if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7F) return i;
  }
  return std::string_view::npos;
}

/// A directive changes what the text means: "%YAML 1.1" makes `yes` true.
void refuse_directives(std::string_view text, Mistakes& mistakes) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string_view line = text.substr(at, end - at);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.starts_with('%') && !line.starts_with("%YAML 1.2"))
      mistakes.error({at, line.size()}, "the document has a directive",
                     "only %YAML 1.2 may stand here");
    else if (!line.starts_with('%') && !line.starts_with('#') &&
             line.find_first_not_of(" \t") != std::string_view::npos)
      return;
    at = end + 1;
  }
}

}  // namespace

std::optional<YamlNode> read_yaml(const SourceText& source, Mistakes& mistakes) {
  const std::string& text = source.text();
  if (const auto at = source.not_utf8()) {
    mistakes.error({*at, 1}, "a byte that is no UTF-8 stands here", "save the file as UTF-8");
    return std::nullopt;
  }
  if (const std::size_t at = unprintable(text); at != std::string_view::npos) {
    mistakes.error({at, 1}, "a control character stands here",
                   "take it out, or write it as \"\\x..\"");
    return std::nullopt;
  }
  refuse_directives(text, mistakes);
  if (mistakes.failed()) return std::nullopt;
  TreeBuilder builder{source, mistakes};
  std::istringstream stream{text};
  try {
    YAML::Parser parser{stream};
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Stopped& stopped) {
    mistakes.error(stopped.span, stopped.message, stopped.hint);
    return std::nullopt;
  } catch (const YAML::Exception& error) {
    const bool placed = !error.mark.is_null() && error.mark.pos >= 0;
    const std::size_t at = placed ? static_cast<std::size_t>(error.mark.pos) : text.size();
    mistakes.error({std::min(at, text.size()), 1},
                   "this is not YAML: " + printable(error.msg, 200));
    return std::nullopt;
  }
  return std::move(builder.root);
}

}  // namespace runink::governance
