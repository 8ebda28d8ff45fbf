#include "tools/runi/verbs_pki.hpp"

#include <algorithm>
#include <array>
#include <boost/json/object.hpp>
#include <filesystem>
#include <system_error>

#include "security/authority.hpp"
#include "security/pem_file.hpp"
#include "tools/runi/terminal.hpp"
#include "tools/runi/texts.hpp"
#include "vocabulary/clock.hpp"
#include "vocabulary/names.hpp"

namespace runink::runi {
namespace {

using security::CertifiedKey;
using security::Existing;
using security::Validity;

constexpr unsigned open_mode = 0644, key_mode = 0600;
constexpr int exit_not_allowed = 3, exit_conflict = 5;
/// A machine whose clock is behind by less still believes a certificate that was just made.
constexpr Duration clock_slack = seconds(3'600);

int report_fault(const Fault& fault) {
  int exit = exit_error;
  if (fault.kind == FaultKind::conflict) exit = exit_conflict;
  if (fault.kind == FaultKind::not_allowed) exit = exit_not_allowed;
  if (fault.kind == FaultKind::no_such_thing) exit = exit_not_found;
  return report(error_of(fault, exit));
}

/// Where a pair lies, or will.
struct Pair {
  std::string certificate;
  std::string key;
};
Pair pair_in(const std::string& folder, const std::string& name) {
  const auto base = std::filesystem::absolute(folder).lexically_normal() / name;
  return {base.string() + ".crt", base.string() + ".key"};
}

Validity days_from_now(std::int64_t days) {
  const WallTime now = real_clock().wall();
  return {now + clock_slack * -1, now + seconds(days * 24 * 3'600)};
}

/// The key first: a certificate without its key is worth nothing.
Result<void> write_pair(const Pair& at, const CertifiedKey& made, bool force,
                        const std::string& what_force_does) {
  const std::array files{security::NewFile{at.key, made.key, key_mode},
                         security::NewFile{at.certificate, made.certificate, open_mode}};
  auto wrote = security::write_whole_files(files, force ? Existing::replace : Existing::keep);
  if (!wrote && wrote.error().kind == FaultKind::conflict)
    return fail(FaultKind::conflict, wrote.error().what + " " + what_force_does);
  return wrote;
}

boost::json::object facts_json(const Pair& at, const security::CertificateFacts& facts) {
  boost::json::object result;
  result["certificate"] = at.certificate;
  result["key"] = at.key;
  result["fingerprint"] = facts.fingerprint;
  result["counts_until"] = to_rfc3339(facts.validity.until);
  return result;
}

/// Gives the result in the form that was asked for; `text` for people.
int show(const Common& common, const boost::json::object& result, const Pair& at,
         const std::string& text) {
  if (write_document(common, result)) return exit_ok;
  write_out(common.form == Form::name ? at.certificate + "\n" + at.key + "\n" : text);
  return exit_ok;
}

}  // namespace

int do_pki_init(const Common& common, const PkiOptions& options) {
  const Pair at = pair_in(options.folder, "ca");
  const std::int64_t days = options.days > 0 ? options.days : authority_days;
  const auto made = security::make_authority(options.cluster, days_from_now(days));
  if (!made) return report_fault(made.error());
  const auto facts = security::read_certificate(made->certificate);
  if (!facts) return report_fault(facts.error());
  std::error_code error;
  std::filesystem::create_directories(options.folder, error);
  if (error)
    return report_fault({FaultKind::outside_failed, "The folder '" + printable(options.folder) +
                                                        "' cannot be made: " + error.message() +
                                                        "."});
  const auto wrote = write_pair(
      at, *made, options.force,
      "--force replaces an authority; then every node needs a new certificate. For another cluster "
      "name another folder with --dir.");
  if (!wrote) return report_fault(wrote.error());
  boost::json::object result = facts_json(at, *facts);
  result["cluster"] = options.cluster;
  return show(common, result, at,
              "The authority of cluster " + options.cluster + " was made.\n\n  " + at.certificate +
                  "\n      its certificate: every node gets a copy\n  " + at.key +
                  "\n      its key: whoever has it can make nodes. Keep it, with a copy, where no "
                  "node is.\n\nSHA-256      " +
                  facts->fingerprint + "\ncounts until " +
                  security::moment_text(facts->validity.until) +
                  "\n\nNext, for each node of the cluster file: runi pki node NAME --dir " +
                  options.folder + "\n");
}

int do_pki_node(const Common& common, const PkiOptions& options) {
  // Before a path is made of it.
  if (auto fine = check_name("node", options.node); !fine) return report_fault(fine.error());
  if (options.node == "ca")
    return report_fault({FaultKind::bad_input,
                         "No node can be called 'ca': its files would be the "
                         "authority's. Choose another name."});
  const Pair authority = pair_in(options.folder, "ca");
  const auto certificate =
      security::read_pem_file("The authority's certificate", authority.certificate);
  if (!certificate) return report_fault(certificate.error());
  const auto key = security::read_key_file("The authority's key", authority.key);
  if (!key) return report_fault(key.error());
  const auto of_authority = security::read_certificate(*certificate);
  if (!of_authority || of_authority->cluster.empty())
    return report_fault(
        {FaultKind::bad_input, "'" + authority.certificate +
                                   "' is not the certificate of a cluster's authority. "
                                   "`runi pki init` makes one."});
  const std::int64_t days = options.days > 0 ? options.days : node_days;
  const auto made = security::make_node(
      {*certificate, *key}, {of_authority->cluster, NodeName(options.node)}, days_from_now(days));
  if (!made) return report_fault(made.error());
  const auto facts = security::read_certificate(made->certificate);
  if (!facts) return report_fault(facts.error());
  const Pair at = pair_in(options.folder, options.node);
  const auto wrote =
      write_pair(at, *made, options.force,
                 "--force replaces them; the old ones go on to count until they end.");
  if (!wrote) return report_fault(wrote.error());
  const std::string uri = security::to_uri(*facts->identity);
  boost::json::object result = facts_json(at, *facts);
  result["cluster"] = of_authority->cluster;
  result["node"] = options.node;
  result["uri"] = uri;
  result["ca"] = authority.certificate;
  return show(
      common, result, at,
      "A certificate of node " + options.node + " of cluster " + of_authority->cluster +
          " was made.\n\n  " + at.certificate + "\n  " + at.key + "\n\nname         " + uri +
          "\nSHA-256      " + facts->fingerprint + "\ncounts until " +
          security::moment_text(facts->validity.until) +
          "\n\nCopy both, and ca.crt, to that node. The key must belong to the account of its "
          "daemon and stay\nat mode 0600. In the node's cluster file, with the paths that they "
          "have "
          "there:\n\n  [tls]\n  ca   = \"" +
          authority.certificate + "\"\n  cert = \"" + at.certificate + "\"\n  key  = \"" + at.key +
          "\"\n");
}

}  // namespace runink::runi
