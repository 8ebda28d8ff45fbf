// The bounded binary codec. One rule for every value that outlives us or leaves the process:
// little-endian fixed-width integers, u32 counts before lists and texts, u8 presence before
// optionals, u8 index before variants, fields in the order of `T::fields`. Decoding checks every
// count against what is left and against a limit; it never allocates on a liar's word.
#pragma once

#include <array>
#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <variant>
#include <vector>

#include "vocabulary/fault.hpp"
#include "vocabulary/ids.hpp"
#include "vocabulary/limits.hpp"

namespace runink {

/// A struct that names its fields once: `static auto fields(auto& self) { return std::tie(...); }`.
/// New fields go to the end of a new version of the struct, never into the middle of an old one.
template <class T>
concept HasFields = requires(T& t) {
  T::fields(t);
};

class Encoder {
 public:
  /// Appends to `out`, which the caller owns.
  explicit Encoder(std::string& out) : out_(out) {}

  template <std::integral T>
  void operator()(T v) {
    using U = std::make_unsigned_t<std::conditional_t<std::same_as<T, bool>, std::uint8_t, T>>;
    U u = static_cast<U>(v);
    if constexpr (std::endian::native == std::endian::big) u = std::byteswap(u);
    char b[sizeof(U)];
    std::memcpy(b, &u, sizeof(U));
    out_.append(b, sizeof(U));
  }
  template <class T>
  requires std::is_enum_v<T>
  void operator()(T v) { (*this)(static_cast<std::underlying_type_t<T>>(v)); }
  void operator()(const std::string& s) {
    (*this)(static_cast<std::uint32_t>(s.size()));
    out_.append(s);
  }
  template <class Tag, class Rep>
  void operator()(const Strong<Tag, Rep>& s) {
    (*this)(s.value);
  }
  template <std::size_t N>
  void operator()(const std::array<std::uint8_t, N>& a) {
    out_.append(reinterpret_cast<const char*>(a.data()), N);
  }
  template <class T>
  void operator()(const std::vector<T>& v) {
    (*this)(static_cast<std::uint32_t>(v.size()));
    for (const auto& x : v) (*this)(x);
  }
  template <class T>
  void operator()(const std::set<T>& v) {
    (*this)(static_cast<std::uint32_t>(v.size()));
    for (const auto& x : v) (*this)(x);
  }
  template <class K, class V>
  void operator()(const std::map<K, V>& m) {
    (*this)(static_cast<std::uint32_t>(m.size()));
    for (const auto& [k, v] : m) {
      (*this)(k);
      (*this)(v);
    }
  }
  template <class A, class B>
  void operator()(const std::pair<A, B>& p) {
    (*this)(p.first);
    (*this)(p.second);
  }
  template <class T>
  void operator()(const std::optional<T>& o) {
    (*this)(o.has_value());
    if (o) (*this)(*o);
  }
  template <class... Ts>
  void operator()(const std::variant<Ts...>& v) {
    static_assert(sizeof...(Ts) < 256);
    (*this)(static_cast<std::uint8_t>(v.index()));
    std::visit([this](const auto& x) { (*this)(x); }, v);
  }
  template <HasFields T>
  void operator()(const T& t) {
    std::apply([this](const auto&... f) { ((*this)(f), ...); }, T::fields(t));
  }

 private:
  std::string& out_;
};

/// Reads what Encoder wrote. The first mistake makes it `bad()`; after that it yields nothing.
class Decoder {
 public:
  explicit Decoder(std::string_view in) : in_(in) {}

  bool bad() const { return bad_; }
  std::size_t left() const { return in_.size(); }
  /// True when all was read and nothing was wrong.
  bool complete() const { return !bad_ && in_.empty(); }

  void operator()(bool& v) {
    std::uint8_t u = 0;
    (*this)(u);
    if (u > 1) bad_ = true;
    v = u == 1;
  }
  template <std::integral T>
  void operator()(T& v) {
    using U = std::make_unsigned_t<T>;
    U u = 0;
    if (!take(&u, sizeof(U))) return;
    if constexpr (std::endian::native == std::endian::big) u = std::byteswap(u);
    v = static_cast<T>(u);
  }
  /// An enum must offer `bool known(E)`, found by argument-dependent lookup, or be checked by the
  /// caller; unknown numbers are corrupt.
  template <class T>
  requires std::is_enum_v<T>
  void operator()(T& v) {
    std::underlying_type_t<T> u{};
    (*this)(u);
    v = static_cast<T>(u);
    if constexpr (requires { known(v); }) {
      if (!known(v)) bad_ = true;
    }
  }
  void operator()(std::string& s) {
    const std::uint32_t n = count(1, limits::codec_text.value);
    if (bad_) return;
    s.assign(in_.data(), n);
    in_.remove_prefix(n);
  }
  template <class Tag, class Rep>
  void operator()(Strong<Tag, Rep>& s) {
    (*this)(s.value);
  }
  template <std::size_t N>
  void operator()(std::array<std::uint8_t, N>& a) {
    take(a.data(), N);
  }
  template <class T>
  void operator()(std::vector<T>& v) {
    const std::uint32_t n = count(1, limits::codec_list);
    v.clear();
    for (std::uint32_t i = 0; i < n && !bad_; ++i) (*this)(v.emplace_back());
  }
  template <class T>
  void operator()(std::set<T>& v) {
    const std::uint32_t n = count(1, limits::codec_list);
    v.clear();
    for (std::uint32_t i = 0; i < n && !bad_; ++i) {
      T x{};
      (*this)(x);
      if (!v.empty() && !(*v.rbegin() < x)) bad_ = true;  // one set, one encoding
      v.insert(v.end(), std::move(x));
    }
  }
  template <class K, class V>
  void operator()(std::map<K, V>& m) {
    const std::uint32_t n = count(1, limits::codec_list);
    m.clear();
    for (std::uint32_t i = 0; i < n && !bad_; ++i) {
      K k{};
      V v{};
      (*this)(k);
      (*this)(v);
      if (!m.empty() && !(m.rbegin()->first < k)) bad_ = true;  // one map, one encoding
      m.emplace_hint(m.end(), std::move(k), std::move(v));
    }
  }
  template <class A, class B>
  void operator()(std::pair<A, B>& p) {
    (*this)(p.first);
    (*this)(p.second);
  }
  template <class T>
  void operator()(std::optional<T>& o) {
    bool has = false;
    (*this)(has);
    o.reset();
    if (has && !bad_) (*this)(o.emplace());
  }
  template <class... Ts>
  void operator()(std::variant<Ts...>& v) {
    std::uint8_t index = 0;
    (*this)(index);
    if (index >= sizeof...(Ts)) bad_ = true;
    if (bad_) return;
    emplace(v, index, std::index_sequence_for<Ts...>{});
    std::visit([this](auto& x) { (*this)(x); }, v);
  }
  template <HasFields T>
  void operator()(T& t) {
    std::apply([this](auto&... f) { ((*this)(f), ...); }, T::fields(t));
  }

 private:
  bool take(void* to, std::size_t n) {
    if (bad_ || in_.size() < n) {
      bad_ = true;
      return false;
    }
    std::memcpy(to, in_.data(), n);
    in_.remove_prefix(n);
    return true;
  }
  /// A count, refused when `n * least` bytes are not there or it passes `most`.
  std::uint32_t count(std::size_t least, std::uint64_t most) {
    std::uint32_t n = 0;
    (*this)(n);
    if (bad_ || n > most || n * least > in_.size()) {
      bad_ = true;
      return 0;
    }
    return n;
  }
  template <class V, std::size_t... I>
  static void emplace(V& v, std::size_t index, std::index_sequence<I...>) {
    (void)((index == I ? (v.template emplace<I>(), true) : false) || ...);
  }

  std::string_view in_;
  bool bad_ = false;
};

/// The encoded bytes of one value.
template <class T>
std::string encode(const T& value) {
  std::string out;
  Encoder{out}(value);
  return out;
}

/// One value that must fill `in` exactly; otherwise `corrupt`, naming `what`.
template <class T>
Result<T> decode(std::string_view in, std::string_view what) {
  T value{};
  Decoder decoder{in};
  decoder(value);
  if (!decoder.complete())
    return fail(FaultKind::corrupt, std::string(what) +
                                        " cannot be decoded: its bytes are damaged, or a " +
                                        "newer version wrote them");
  return value;
}

}  // namespace runink
