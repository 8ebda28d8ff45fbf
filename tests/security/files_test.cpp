// Certificates and keys as files: what is refused at the start of a node, and what is said of it.
#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <iterator>
#include <string>

#include "security/pem_objects.hpp"
#include "tests/security/house.hpp"
#include "tests/support/folder.hpp"
#include "vocabulary/limits.hpp"

using namespace runink;
using namespace runink::security;
using namespace runink::test;

namespace {

const Validity long_enough{in_days(-2), in_days(400)};
const PeerIdentity n1{"prod", NodeName("n1")};

std::string load_fault(const TlsFiles& files, const PeerIdentity& self = n1,
                       WallTime now = real_clock().wall()) {
  return fault_of(TlsContext::load(files, self, now));
}

std::string text_in(const Owned<bio_st>& bio) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

/// The certificate `pem`, signed again for other uses (extended key usage).
std::string certified_for(const char* uses, const std::string& pem, const CertifiedKey& authority) {
  const auto changed = good(certificate_from_pem(pem));
  const int at = X509_get_ext_by_NID(changed.get(), NID_ext_key_usage, -1);
  BOOST_REQUIRE(at >= 0);
  const Owned<X509_extension_st> gone(X509_delete_ext(changed.get(), at));
  const Owned<X509_extension_st> instead(
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_ext_key_usage, uses));
  BOOST_REQUIRE(X509_add_ext(changed.get(), instead.get(), -1) == 1);
  const auto key = good(key_from_pem(authority.key));
  BOOST_REQUIRE(X509_sign(changed.get(), key.get(), EVP_sha256()) > 0);
  const Owned<bio_st> out(BIO_new(BIO_s_mem()));
  BOOST_REQUIRE(PEM_write_bio_X509(out.get(), changed.get()) == 1);
  return text_in(out);
}

std::size_t files_below(const Folder& folder) {
  const std::filesystem::directory_iterator all(folder.path);
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

bool says(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_CASE(names_of_nodes_are_uris_of_one_form) {
  BOOST_TEST(to_uri(n1) == "raft://prod/n1");
  BOOST_TEST((good(identity_from_uri("raft://prod/n1")) == n1));
  for (const char* wrong :
       {"", "raft:", "raft://", "raft://prod", "raft://prod/", "raft:///n1", "raft://prod/n1/",
        "raft://prod/n1?x", "raft://prod//n1", "RAFT://prod/n1", "raft://Prod/n1", "raft://prod/N1",
        "https://prod/n1", "raft://prod/n1 ", "raft://a@prod/n1", "raft://prod:1/n1",
        "raft://prod/%6e1"})
    BOOST_TEST(!identity_from_uri(wrong).has_value(), wrong);
  BOOST_TEST(!identity_from_uri(std::string("raft://prod/n1\0", 15)).has_value());
}

BOOST_AUTO_TEST_CASE(an_authority_and_a_node_say_what_they_are) {
  const CertifiedKey authority = good(make_authority("prod", long_enough));
  const auto of_authority = good(read_certificate(authority.certificate));
  BOOST_TEST(of_authority.authority);
  BOOST_TEST(of_authority.cluster == "prod");
  BOOST_TEST(!of_authority.identity.has_value());
  BOOST_TEST(of_authority.fingerprint.size() == 95u);
  const auto node = good(make_node(authority, n1, {in_days(0), in_days(90)}));
  const auto of_node = good(read_certificate(node.certificate));
  BOOST_TEST(!of_node.authority);
  BOOST_TEST((of_node.identity.value() == n1));
  BOOST_TEST((of_node.validity.until <= in_days(90)));
  BOOST_TEST((of_node.validity.until > in_days(90) + seconds(-60)));
  BOOST_TEST(of_node.fingerprint != of_authority.fingerprint);
  const auto again = good(make_node(authority, n1, {in_days(0), in_days(90)}));
  BOOST_TEST(again.key != node.key);
  BOOST_TEST(good(read_certificate(again.certificate)).fingerprint != of_node.fingerprint);
}

BOOST_AUTO_TEST_CASE(an_authority_signs_only_what_it_may) {
  const CertifiedKey authority = good(make_authority("prod", long_enough));
  const CertifiedKey other = good(make_authority("prod", long_enough));
  const Validity month{in_days(0), in_days(30)};
  BOOST_TEST(says(fault_of(make_node(authority, {"test", NodeName("n1")}, month)),
                  "not that of the authority of cluster 'test', but of cluster 'prod'"));
  BOOST_TEST(says(fault_of(make_node(authority, n1, {in_days(0), in_days(500)})), "would outlive"));
  BOOST_TEST(says(fault_of(make_node({authority.certificate, other.key}, n1, month)),
                  "does not belong to its certificate"));
  BOOST_TEST(says(fault_of(make_node(authority, {"prod", NodeName("N 1")}, month)), "node name"));
  BOOST_TEST(
      says(fault_of(make_node(authority, n1, {in_days(30), in_days(0)})), "end after it begins"));
  BOOST_TEST(says(fault_of(make_node({"x", authority.key}, n1, month)), "no certificate"));
  BOOST_TEST(says(fault_of(make_node({authority.certificate, "x"}, n1, month)), "no private key"));
  BOOST_TEST(says(fault_of(make_authority("Prod", month)), "cluster name"));
  // A node's key may not sign another node.
  const CertifiedKey node = good(make_node(authority, n1, month));
  BOOST_TEST(says(fault_of(make_node(node, n1, month)), "not that of the authority"));
}

BOOST_AUTO_TEST_CASE(good_files_are_loaded) {
  const Folder folder;
  const CertifiedKey authority = good(make_authority("prod", long_enough));
  const auto context =
      good(TlsContext::load(node_files(folder, authority, n1), n1, real_clock().wall()));
  BOOST_TEST((context->self() == n1));
  BOOST_TEST((context->ends() > in_days(29)));
}

BOOST_AUTO_TEST_CASE(a_key_that_others_may_read_is_refused) {
  const Folder folder;
  const CertifiedKey authority = good(make_authority("prod", long_enough));
  const TlsFiles files = node_files(folder, authority, n1);
  for (const unsigned mode : {0644u, 0640u, 0604u, 0660u, 0601u, 0610u}) {
    BOOST_REQUIRE(::chmod(files.key.c_str(), mode) == 0);
    BOOST_TEST(says(load_fault(files), "chmod 0600 " + files.key), load_fault(files));
  }
  for (const unsigned mode : {0600u, 0400u}) {
    BOOST_REQUIRE(::chmod(files.key.c_str(), mode) == 0);
    BOOST_TEST(load_fault(files) == "no fault");
  }
  if (::geteuid() == 0) {
    BOOST_REQUIRE(::chown(files.key.c_str(), 4242, 0) == 0);
    BOOST_TEST(says(load_fault(files), "belongs to another account"));
  }
}

// Whoever can write the file decides whom the node believes.
BOOST_AUTO_TEST_CASE(an_authority_that_others_may_change_is_refused) {
  const Folder folder;
  const CertifiedKey authority = good(make_authority("prod", long_enough));
  const TlsFiles files = node_files(folder, authority, n1);
  for (const unsigned mode : {0664u, 0646u, 0666u, 0620u}) {
    BOOST_REQUIRE(::chmod(files.authority.c_str(), mode) == 0);
    BOOST_TEST(says(load_fault(files), "chmod go-w " + files.authority), load_fault(files));
  }
  for (const unsigned mode : {0644u, 0600u, 0444u}) {
    BOOST_REQUIRE(::chmod(files.authority.c_str(), mode) == 0);
    BOOST_TEST(load_fault(files) == "no fault");
  }
  if (::geteuid() == 0) {
    BOOST_REQUIRE(::chown(files.authority.c_str(), 4242, 0) == 0);
    BOOST_TEST(says(load_fault(files), "belongs to another account"));
  }
}

BOOST_AUTO_TEST_CASE(each_file_that_is_wrong_is_named_with_what_to_do) {
  const Folder folder;
  const CertifiedKey authority = good(make_authority("prod", long_enough));
  const TlsFiles files = node_files(folder, authority, n1);
  const TlsFiles n2 = node_files(folder, authority, {"prod", NodeName("n2")});
  const auto with = [&](auto change) {
    TlsFiles changed = files;
    change(changed);
    return load_fault(changed);
  };
  const std::string nothing = folder / "nothing";
  BOOST_TEST(says(with([&](TlsFiles& f) { f.authority = nothing; }),
                  "The authority's certificate '" + nothing + "' does not exist"));
  BOOST_TEST(says(with([&](TlsFiles& f) { f.certificate = nothing; }), "`runi pki node` make"));
  BOOST_TEST(says(with([&](TlsFiles& f) { f.key = nothing; }), "The node's key"));
  BOOST_TEST(says(with([&](TlsFiles& f) { f.key = folder / "."; }), "is not a file"));
  BOOST_TEST(
      says(with([&](TlsFiles& f) { f.key = n2.key; }), "does not belong to the certificate"));
  BOOST_TEST(says(with([&](TlsFiles& f) { f.certificate = n2.certificate, f.key = n2.key; }),
                  "is that of node 'n2' of cluster 'prod', and this is node 'n1'"));
  BOOST_TEST(says(with([&](TlsFiles& f) { f.certificate = f.authority; }), "does not belong"));
  const std::string large = folder / "large";
  good(write_whole_file(large, std::string(limits::pem_file.value + 1, 'x'), 0600, Existing::keep));
  BOOST_TEST(says(with([&](TlsFiles& f) { f.authority = large; }), "is larger than"));
  BOOST_TEST(says(with([&](TlsFiles& f) { f.key = large; }), "is larger than"));
  const std::string junk = folder / "junk";
  good(write_whole_file(junk, "-----BEGIN CERTIFICATE-----\nxx\n-----END CERTIFICATE-----\n", 0600,
                        Existing::keep));
  BOOST_TEST(says(with([&](TlsFiles& f) { f.authority = junk; }), "no certificate in it"));
  BOOST_TEST(says(with([&](TlsFiles& f) { f.key = junk; }), "no private key in it"));
  const std::string half = folder / "half";
  good(write_whole_file(half, content(files.authority) + content(junk), 0600, Existing::keep));
  BOOST_TEST(says(with([&](TlsFiles& f) { f.authority = half; }), "one that is damaged"));
}

// OpenSSL asked at the terminal of whoever started the node for the passphrase of such a certificate, and took an
// empty one for such a key.
BOOST_AUTO_TEST_CASE(nobody_is_asked_for_a_passphrase_and_an_empty_one_is_none) {
  const Folder folder;
  const CertifiedKey authority = good(make_authority("prod", long_enough));
  const TlsFiles files = node_files(folder, authority, n1);
  const Owned<bio_st> locked(BIO_new(BIO_s_mem()));
  const auto* passphrase = reinterpret_cast<const unsigned char*>("secret");
  const auto certificate = good(certificate_from_pem(authority.certificate));
  BOOST_REQUIRE(PEM_ASN1_write_bio(reinterpret_cast<i2d_of_void*>(i2d_X509), PEM_STRING_X509,
                                   locked.get(), certificate.get(), EVP_aes_128_cbc(), passphrase,
                                   6, nullptr, nullptr) == 1);
  good(write_whole_file(files.authority, text_in(locked), 0644, Existing::replace));
  good(write_whole_file(folder / "answers", "secret\nsecret\n", 0600, Existing::keep));
  const int answers = ::open((folder / "answers").c_str(), O_RDONLY | O_CLOEXEC);
  const OwnedFd before(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 10));
  BOOST_REQUIRE(::dup2(answers, STDIN_FILENO) == STDIN_FILENO);
  BOOST_TEST(says(load_fault(files), "no certificate in it that can be read"), load_fault(files));
  BOOST_TEST(::lseek(answers, 0, SEEK_CUR) == 0);
  ::close(answers);
  BOOST_REQUIRE(::dup2(before.get(), STDIN_FILENO) == STDIN_FILENO);

  const Owned<bio_st> locked_key(BIO_new(BIO_s_mem()));
  const auto key = good(key_from_pem(content(files.key)));
  BOOST_REQUIRE(PEM_write_bio_PKCS8PrivateKey(locked_key.get(), key.get(), EVP_aes_128_cbc(), "", 0,
                                              nullptr, nullptr) == 1);
  BOOST_TEST(says(fault_of(key_from_pem(text_in(locked_key))), "is encrypted"));
}

BOOST_AUTO_TEST_CASE(a_certificate_for_one_end_of_a_connection_is_refused_at_the_start) {
  const Folder folder;
  const CertifiedKey authority = good(make_authority("prod", long_enough));
  const TlsFiles files = node_files(folder, authority, n1);
  const std::string made = content(files.certificate);
  for (const char* uses : {"serverAuth", "clientAuth", "serverAuth,clientAuth"}) {
    good(write_whole_file(files.certificate, certified_for(uses, made, authority), 0644,
                          Existing::replace));
    const bool both = std::string(uses).find(',') != std::string::npos;
    BOOST_TEST(
        says(load_fault(files), both ? "no fault" : "is not made for both ends of a connection"),
        uses << ": " << load_fault(files));
  }
}

BOOST_AUTO_TEST_CASE(between_a_node_and_its_authority_there_may_be_three_certificates_and_no_more) {
  const Folder folder;
  const CertifiedKey authority = good(make_authority("prod", long_enough));
  const TlsFiles files = node_files(folder, authority, n1);
  const std::string more = authority.certificate + authority.certificate + authority.certificate;
  const std::string own = content(files.certificate);
  good(write_whole_file(files.certificate, own + more, 0644, Existing::replace));
  BOOST_TEST(load_fault(files) == "no fault");
  good(write_whole_file(files.certificate, own + more + own, 0644, Existing::replace));
  BOOST_TEST(says(load_fault(files), "more than 4 certificates"), load_fault(files));
}

BOOST_AUTO_TEST_CASE(an_authority_is_no_node_and_a_node_of_another_authority_is_told_at_the_start) {
  const Folder folder;
  const CertifiedKey authority = good(make_authority("prod", long_enough));
  const CertifiedKey other = good(make_authority("prod", long_enough));
  TlsFiles files = node_files(folder, authority, n1);
  good(write_whole_file(folder / "ca.key", authority.key, 0600, Existing::keep));
  BOOST_TEST(
      says(load_fault({files.authority, files.authority, folder / "ca.key"}), "names no node"));
  good(write_whole_file(files.authority, other.certificate, 0644, Existing::replace));
  BOOST_TEST(says(load_fault(files), "The certificate '" + files.certificate +
                                         "' of this node was not signed by the authority"));
}

BOOST_AUTO_TEST_CASE(a_node_with_a_certificate_out_of_its_time_does_not_start) {
  const Folder folder;
  const CertifiedKey authority = good(make_authority("prod", long_enough));
  const auto old = node_files(folder, authority, n1, {in_days(-2), in_days(-1)});
  BOOST_TEST(says(load_fault(old), "expired on " + moment_text(in_days(-1)).substr(0, 10)));
  const auto early = node_files(folder, authority, n1, {in_days(2), in_days(3)});
  BOOST_TEST(says(load_fault(early), "counts only from"));
  // The authority, too, comes to its end.
  const auto fine = node_files(folder, authority, n1, {in_days(-1), in_days(399)});
  const std::string ended = load_fault(fine, n1, in_days(401));
  BOOST_TEST(says(ended, "The authority of the certificate '" + fine.certificate +
                             "' of this node expired on"),
             ended);
  BOOST_TEST(says(ended, "`runi pki init`"), ended);
}

BOOST_AUTO_TEST_CASE(a_file_is_written_whole_with_its_mode_and_never_over_another) {
  const Folder folder;
  const std::string path = folder / "a.key";
  good(write_whole_file(path, "first", 0600, Existing::keep));
  BOOST_TEST(mode_of(path) == 0600u);
  const auto second = write_whole_file(path, "second", 0600, Existing::keep);
  BOOST_REQUIRE(!second.has_value());
  BOOST_TEST((second.error().kind == FaultKind::conflict));
  BOOST_TEST(content(path) == "first");
  good(write_whole_file(path, "third", 0644, Existing::replace));
  BOOST_TEST(content(path) == "third");
  BOOST_TEST(mode_of(path) == 0644u);
  BOOST_TEST(!write_whole_file(folder / "no/such/folder", "x", 0600, Existing::keep).has_value());
  BOOST_TEST(files_below(folder) == 1u);  // nothing half done is left
}

// The key was in its place when the certificate could not be written: the pair was half of one, and no second try
// was possible.
BOOST_AUTO_TEST_CASE(of_several_files_that_are_kept_all_are_written_or_none) {
  const Folder folder;
  good(write_whole_file(folder / "a.crt", "another's", 0644, Existing::keep));
  const std::array pair{NewFile{folder / "a.key", "key", 0600},
                        NewFile{folder / "a.crt", "certificate", 0644}};
  const auto taken = write_whole_files(pair, Existing::keep);
  BOOST_TEST((taken.error().kind == FaultKind::conflict));
  BOOST_TEST(says(fault_of(taken),
                  "'" + (folder / "a.crt") + "' exists already, and nothing was changed."));
  BOOST_TEST(content(folder / "a.crt") == "another's");
  BOOST_TEST(files_below(folder) == 1u);
  const std::array nowhere{NewFile{folder / "b.key", "key", 0600},
                           NewFile{folder / "no/such/b.crt", "certificate", 0644}};
  BOOST_TEST(!write_whole_files(nowhere, Existing::keep).has_value());
  BOOST_TEST(!write_whole_files(nowhere, Existing::replace).has_value());
  BOOST_TEST(files_below(folder) == 1u);
  std::filesystem::remove(folder / "a.crt");
  good(write_whole_files(pair, Existing::keep));
  BOOST_TEST(content(folder / "a.key") == "key");
  BOOST_TEST(mode_of(folder / "a.key") == 0600u);
  BOOST_TEST(content(folder / "a.crt") == "certificate");
  BOOST_TEST(mode_of(folder / "a.crt") == 0644u);
  BOOST_TEST(files_below(folder) == 2u);
}

BOOST_AUTO_TEST_CASE(which_of_several_files_were_replaced_is_told_when_one_cannot_be) {
  const Folder folder;
  const std::array pair{NewFile{folder / "a.key", "new", 0600},
                        NewFile{folder / "a.crt", "new", 0644}};
  good(write_whole_file(folder / "a.key", "old", 0600, Existing::keep));
  std::filesystem::create_directories(folder / "a.crt/in the way");
  const auto replaced = write_whole_files(pair, Existing::replace);
  BOOST_TEST(says(fault_of(replaced), "'" + (folder / "a.key") + "' is new already, '" +
                                          (folder / "a.crt") + "' still the old one"),
             fault_of(replaced));
  BOOST_TEST(content(folder / "a.key") == "new");
  BOOST_TEST(files_below(folder) == 2u);
}
