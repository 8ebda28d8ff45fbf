// Two nodes meet: real handshakes, their bytes carried by hand.
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <boost/test/unit_test.hpp>
#include <fstream>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>

#include "security/pem_objects.hpp"
#include "tests/security/house.hpp"

using namespace runink;
using namespace runink::security;
using namespace runink::test;

namespace {

const Validity long_enough{in_days(-2), in_days(400)};
const PeerIdentity n1{"prod", NodeName("n1")};
const PeerIdentity n2{"prod", NodeName("n2")};

/// Two nodes of one cluster.
struct House {
  Folder folder;
  CertifiedKey authority = good(make_authority("prod", long_enough));
  std::unique_ptr<TlsContext> first = node(n1);
  std::unique_ptr<TlsContext> second = node(n2);

  std::unique_ptr<TlsContext> node(const PeerIdentity& who) {
    return good(TlsContext::load(node_files(folder, authority, who), who, real_clock().wall()));
  }
};

/// A caller that is not ours: OpenSSL itself, with what `prepare` sets.
class Stranger {
 public:
  template <class Prepare>
  explicit Stranger(Prepare prepare) : context_(SSL_CTX_new(TLS_client_method())) {
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_NONE, nullptr);
    prepare(context_.get());
    ssl_.reset(SSL_new(context_.get()));
    BIO* in = BIO_new(BIO_s_mem());
    BIO* out = BIO_new(BIO_s_mem());
    in_ = in;
    out_ = out;
    SSL_set_bio(ssl_.get(), in, out);
    SSL_set_connect_state(ssl_.get());
  }
  /// Both speak until nothing more goes over; what the stranger reads is thrown away.
  void talk_to(End& server) {
    for (int quiet = 0; quiet < 3; ++quiet) {
      char byte[256];
      (void)SSL_do_handshake(ssl_.get());
      (void)SSL_read(ssl_.get(), byte, sizeof byte);
      ERR_clear_error();
      char* data = nullptr;
      const long size = BIO_get_mem_data(out_, &data);
      if (size > 0) {
        quiet = 0;
        const std::string bytes(data, static_cast<std::size_t>(size));
        (void)BIO_reset(out_);
        if (!server.fault)
          if (auto taken = server.channel.receive(bytes, server.heard); !taken)
            server.fault = taken.error();
      }
      std::string back;
      server.channel.take_output(back);
      if (!back.empty()) {
        quiet = 0;
        BIO_write(in_, back.data(), static_cast<int>(back.size()));
      }
    }
  }
  SSL* ssl() { return ssl_.get(); }

 private:
  Owned<ssl_ctx_st> context_;
  Owned<ssl_st> ssl_;
  BIO* in_ = nullptr;
  BIO* out_ = nullptr;
};

}  // namespace

BOOST_AUTO_TEST_CASE(two_nodes_of_a_cluster_know_each_other_and_talk) {
  House house;
  End caller(house.first->call(n2.node));
  End called(house.second->answer());
  BOOST_TEST(!caller.channel.open());
  talk(caller, called);
  BOOST_REQUIRE(caller.channel.open());
  BOOST_REQUIRE(called.channel.open());
  BOOST_TEST((caller.channel.peer() == n2));
  BOOST_TEST((called.channel.peer() == n1));
  good(caller.channel.send("from n1"));
  good(called.channel.send("from n2"));
  talk(caller, called);
  BOOST_TEST(caller.heard == "from n2");
  BOOST_TEST(called.heard == "from n1");
}

BOOST_AUTO_TEST_CASE(much_at_once_arrives_whole_in_whatever_pieces) {
  House house;
  End caller(house.first->call(n2.node));
  End called(house.second->answer());
  talk(caller, called);
  std::string much;
  for (int i = 0; i < 300'000; ++i) much += static_cast<char>(i * 7 + i / 251);
  good(caller.channel.send(much));
  std::string bytes;
  caller.channel.take_output(bytes);
  BOOST_TEST(bytes.find(much.substr(0, 64)) == std::string::npos);  // it is encrypted
  std::minstd_rand chance(7);
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t size = 1 + chance() % 5'000;
    good(called.channel.receive(std::string_view(bytes).substr(at, size), called.heard));
    at += size;
  }
  BOOST_TEST((called.heard == much));
}

BOOST_AUTO_TEST_CASE(a_goodbye_is_told_from_a_connection_that_was_cut) {
  House house;
  End caller(house.first->call(n2.node));
  End called(house.second->answer());
  talk(caller, called);
  BOOST_TEST(!called.channel.closed());
  caller.channel.close();
  talk(caller, called);
  BOOST_TEST(called.channel.closed());
  BOOST_TEST(!called.fault.has_value());
}

BOOST_AUTO_TEST_CASE(a_node_that_is_not_the_one_that_was_called_is_refused) {
  House house;
  const auto third = house.node({"prod", NodeName("n3")});
  End caller(house.first->call(n2.node));
  End called(third->answer());
  talk(caller, called);
  BOOST_TEST(!caller.channel.open());
  BOOST_REQUIRE(caller.fault.has_value());
  BOOST_TEST((caller.fault->kind == FaultKind::not_allowed));
  BOOST_TEST(caller.fault->what.find("node 'n2' of cluster 'prod' shows is that of node 'n3'") !=
             std::string::npos);
  BOOST_TEST(caller.fault->what.find("compare [[nodes]]") != std::string::npos);
  // The other side is told, too.
  BOOST_REQUIRE(called.fault.has_value());
  BOOST_TEST(called.fault->what.find("not that of the node that it expects") != std::string::npos);
  BOOST_TEST(!called.channel.open());
}

BOOST_AUTO_TEST_CASE(a_node_of_another_cluster_is_refused_even_when_its_authority_is_believed) {
  House house;
  const CertifiedKey others = good(make_authority("test", long_enough));
  const PeerIdentity stranger{"test", NodeName("n2")};
  auto files = node_files(house.folder, others, stranger);
  // Both believe both authorities; the name still is another cluster's.
  const std::string both = house.authority.certificate + others.certificate;
  good(write_whole_file(files.authority, both, 0644, Existing::replace));
  const auto foreign = good(TlsContext::load(files, stranger, real_clock().wall()));
  auto own_files = node_files(house.folder, house.authority, n1);
  good(write_whole_file(own_files.authority, both, 0644, Existing::replace));
  good(house.first->reload(real_clock().wall()));

  End caller(house.first->call(n2.node));
  End called(foreign->answer());
  talk(caller, called);
  BOOST_REQUIRE(caller.fault.has_value());
  BOOST_TEST(caller.fault->what.find("is that of node 'n2' of cluster 'test'") !=
             std::string::npos);

  End foreign_caller(foreign->call(n1.node));
  End ours(house.first->answer());
  talk(foreign_caller, ours);
  // The caller looks first: it expects a node of its own cluster.
  BOOST_REQUIRE(foreign_caller.fault.has_value());
  BOOST_TEST(foreign_caller.fault->what.find("is that of node 'n1' of cluster 'prod'") !=
             std::string::npos);
  BOOST_TEST(!ours.channel.open());
}

BOOST_AUTO_TEST_CASE(a_caller_of_another_cluster_that_does_not_look_is_refused_by_the_called) {
  House house;
  const CertifiedKey others = good(make_authority("test", long_enough));
  const auto made = good(make_node(others, {"test", NodeName("n2")}, {in_days(-1), in_days(3)}));
  auto own_files = node_files(house.folder, house.authority, n1);
  good(write_whole_file(own_files.authority, house.authority.certificate + others.certificate, 0644,
                        Existing::replace));
  good(house.first->reload(real_clock().wall()));
  Stranger caller([&](SSL_CTX* context) {
    SSL_CTX_use_certificate(context, good(certificate_from_pem(made.certificate)).get());
    SSL_CTX_use_PrivateKey(context, good(key_from_pem(made.key)).get());
  });
  End called(house.first->answer());
  caller.talk_to(called);
  BOOST_REQUIRE(called.fault.has_value());
  BOOST_TEST(called.fault->what.find("the caller shows is that of node 'n2' of cluster 'test'") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_certificate_of_an_unknown_authority_is_refused_on_both_sides) {
  House house;
  const CertifiedKey forged =
      good(make_authority("prod", long_enough));  // the same name, another key
  const auto forger =
      good(TlsContext::load(node_files(house.folder, forged, n2), n2, real_clock().wall()));
  End caller(house.first->call(n2.node));
  End called(forger->answer());
  talk(caller, called);
  BOOST_REQUIRE(caller.fault.has_value());
  BOOST_TEST((caller.fault->kind == FaultKind::not_allowed));
  BOOST_TEST(caller.fault->what.find("was not signed by the authority") != std::string::npos);
  BOOST_REQUIRE(called.fault.has_value());
  BOOST_TEST(called.fault->what.find("The other side ended the connection") != std::string::npos);

  Stranger unlooking([&](SSL_CTX* context) {
    const auto made = good(make_node(forged, n2, {in_days(-1), in_days(3)}));
    SSL_CTX_use_certificate(context, good(certificate_from_pem(made.certificate)).get());
    SSL_CTX_use_PrivateKey(context, good(key_from_pem(made.key)).get());
  });
  End ours(house.first->answer());
  unlooking.talk_to(ours);
  BOOST_REQUIRE(ours.fault.has_value());
  BOOST_TEST(ours.fault->what.find("the caller shows was not signed by the authority") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_certificate_before_or_after_its_time_is_refused_with_the_date) {
  House house;
  for (const bool past : {true, false}) {
    const Validity validity =
        past ? Validity{in_days(-2), in_days(-1)} : Validity{in_days(1), in_days(2)};
    const WallTime when_it_counts = past ? in_days(-1) + seconds(-60) : in_days(1) + seconds(60);
    const auto other = good(TlsContext::load(
        node_files(house.folder, house.authority, n2, validity), n2, when_it_counts));
    End caller(house.first->call(n2.node));
    End called(other->answer());
    talk(caller, called);
    BOOST_REQUIRE(caller.fault.has_value());
    BOOST_TEST(caller.fault->what.find((past ? "expired on " : "counts only from ") +
                                       moment_text(past ? validity.until : validity.from)) !=
                   std::string::npos,
               caller.fault->what);
    BOOST_TEST(!caller.channel.open());
  }
}

// It was told as the end of the other node's own certificate, and a new one would not have helped.
BOOST_AUTO_TEST_CASE(an_authority_after_its_time_is_told_from_the_certificate_of_the_node) {
  const Folder folder;
  const CertifiedKey old = good(make_authority("prod", {in_days(-9), in_days(-1)}));
  const auto node = [&](const PeerIdentity& who) {
    return good(TlsContext::load(
        node_files(folder, old, who, {in_days(-8), in_days(-1) + seconds(-60)}), who, in_days(-2)));
  };
  const auto first = node(n1);
  const auto second = node(n2);
  End caller(first->call(n2.node));
  End called(second->answer());
  talk(caller, called);
  BOOST_REQUIRE(caller.fault.has_value());
  BOOST_TEST(caller.fault->what.starts_with(
                 "The authority of the certificate that node 'n2' of cluster 'prod' "
                 "shows expired on "),
             caller.fault->what);
  BOOST_TEST(caller.fault->what.find("Make a new authority with `runi pki init`") !=
             std::string::npos);
  // The other side learns of it, too.
  BOOST_REQUIRE(called.fault.has_value());
  BOOST_TEST(called.fault->what.find("our certificate, or its authority,") != std::string::npos,
             called.fault->what);
}

BOOST_AUTO_TEST_CASE(who_shows_no_certificate_is_refused) {
  House house;
  Stranger caller([](SSL_CTX*) {});
  End called(house.first->answer());
  caller.talk_to(called);
  BOOST_REQUIRE(called.fault.has_value());
  BOOST_TEST((called.fault->kind == FaultKind::not_allowed));
  BOOST_TEST(called.fault->what.find("shows no certificate") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_older_tls_is_refused) {
  House house;
  Stranger caller([](SSL_CTX* context) { SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION); });
  End called(house.first->answer());
  caller.talk_to(called);
  BOOST_REQUIRE(called.fault.has_value());
  BOOST_TEST(called.fault->what.find("not TLS 1.3") != std::string::npos, called.fault->what);
}

BOOST_AUTO_TEST_CASE(no_session_can_be_resumed) {
  House house;
  static int tickets;  // OpenSSL's callback is a plain function
  tickets = 0;
  const auto made = good(make_node(house.authority, n2, {in_days(-1), in_days(3)}));
  Stranger caller([&](SSL_CTX* context) {
    SSL_CTX_use_certificate(context, good(certificate_from_pem(made.certificate)).get());
    SSL_CTX_use_PrivateKey(context, good(key_from_pem(made.key)).get());
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT);
    SSL_CTX_sess_set_new_cb(context, [](SSL*, SSL_SESSION*) {
      ++tickets;
      return 0;
    });
  });
  End called(house.first->answer());
  caller.talk_to(called);
  BOOST_REQUIRE(called.channel.open());
  good(called.channel.send("something, behind which a ticket could come"));
  caller.talk_to(called);
  BOOST_TEST(SSL_is_init_finished(caller.ssl()));
  BOOST_TEST(tickets == 0);
}

BOOST_AUTO_TEST_CASE(garbage_is_refused_and_never_believed) {
  House house;
  std::minstd_rand chance(11);
  for (int round = 0; round < 300; ++round) {
    End called(house.first->answer());
    std::string bytes;
    if (round % 3 != 0) {  // a real beginning with one byte wrong
      End caller(house.second->call(n1.node));
      caller.channel.take_output(bytes);
      bytes[chance() % bytes.size()] ^= static_cast<char>(1 + chance() % 255);
    } else {
      for (int i = 0; i < 600; ++i) bytes += static_cast<char>(chance());
    }
    const auto taken = called.channel.receive(bytes, called.heard);
    BOOST_TEST(called.heard.empty());
    BOOST_TEST(!called.channel.open());
    if (!taken)
      BOOST_TEST((taken.error().kind == FaultKind::corrupt ||
                  taken.error().kind == FaultKind::not_allowed));
  }
  End plain(house.first->answer());
  const auto taken = plain.channel.receive("GET / HTTP/1.1\r\n\r\n", plain.heard);
  BOOST_TEST((!taken && taken.error().kind == FaultKind::corrupt));
}

BOOST_AUTO_TEST_CASE(a_record_that_was_changed_on_its_way_ends_the_connection) {
  House house;
  End caller(house.first->call(n2.node));
  End called(house.second->answer());
  talk(caller, called);
  good(caller.channel.send("an order"));
  std::string bytes;
  caller.channel.take_output(bytes);
  bytes[bytes.size() / 2] ^= 1;
  const auto taken = called.channel.receive(bytes, called.heard);
  BOOST_TEST((!taken && taken.error().kind == FaultKind::corrupt));
  BOOST_TEST(called.heard.empty());
}

BOOST_AUTO_TEST_CASE(certificates_are_exchanged_while_the_node_runs) {
  House house;
  End caller(house.first->call(n2.node));
  End called(house.second->answer());
  talk(caller, called);

  // A new authority: first both nodes believe both, then they show the new certificates.
  const CertifiedKey next = good(make_authority("prod", long_enough));
  const std::string both = house.authority.certificate + next.certificate;
  for (const auto& [context, who] : {std::pair(house.first.get(), n1), {house.second.get(), n2}}) {
    const auto files = node_files(house.folder, next, who);
    good(write_whole_file(files.authority, both, 0644, Existing::replace));
    good(context->reload(real_clock().wall()));
  }
  End new_caller(house.first->call(n2.node));
  End new_called(house.second->answer());
  talk(new_caller, new_called);
  BOOST_TEST(new_caller.channel.open());
  BOOST_TEST(new_called.channel.open());
  // What was open goes on.
  good(caller.channel.send("still here"));
  talk(caller, called);
  BOOST_TEST(called.heard == "still here");

  // The old authority is no longer believed: a node with an old certificate stays outside.
  const auto left_behind =
      good(TlsContext::load(node_files(house.folder, house.authority, {"prod", NodeName("n3")}),
                            {"prod", NodeName("n3")}, real_clock().wall()));
  const auto files = node_files(house.folder, next, n1);  // believes `next` alone
  good(house.first->reload(real_clock().wall()));
  End old_caller(left_behind->call(n1.node));
  End strict(house.first->answer());
  talk(old_caller, strict);
  BOOST_TEST(!strict.channel.open());
  BOOST_TEST(files.key == house.folder / "n1.key");
}

BOOST_AUTO_TEST_CASE(a_reload_of_bad_files_changes_nothing) {
  House house;
  const WallTime ends = house.first->ends();
  std::ofstream(house.folder / "n1.crt") << "not a certificate\n";
  const auto reloaded = house.first->reload(real_clock().wall());
  BOOST_REQUIRE(!reloaded.has_value());
  BOOST_TEST(reloaded.error().what.find("no certificate in it that can be read") !=
             std::string::npos);
  BOOST_TEST((house.first->ends() == ends));
  End caller(house.first->call(n2.node));
  End called(house.second->answer());
  talk(caller, called);
  BOOST_TEST(called.channel.open());
}
