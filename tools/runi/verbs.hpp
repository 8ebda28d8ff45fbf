// What `runi` does, verb by verb. Each returns the exit code of the program.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tools/runi/admin_client.hpp"
#include "vocabulary/units.hpp"

namespace runink::runi {

enum class Form : std::uint8_t { table, json, yaml, name };

/// What every verb knows.
struct Common {
  std::string socket;
  Form form = Form::table;
  std::string herd;
  std::optional<std::int64_t> timeout_ms;
};

struct RunOptions {
  std::string target;  ///< a folder, or the name of a pipeline that was applied
  std::map<std::string, std::string> parameters;
  std::string logical_date;
  std::string request_id;
  bool follow = false;
  bool accept_breaking = false;  ///< new versions of contracts may break others
};

struct ContractOptions {
  std::string file;
  std::string name;  ///< "trades", "finance/trades", with "@3" for one version
  std::string object;
  std::int64_t from = 0;
  bool accept_breaking = false;
};

struct TestOptions {
  std::string folder;
  std::vector<std::string> tests;  ///< names; empty = all
  bool update = false;             ///< golden files become what came out
};

struct KvOptions {
  std::string key;
  std::string prefix;
  std::string value;
  std::string file;  ///< whose bytes are the value, or the transaction; empty: `value` is meant
  std::string expected;
  std::optional<std::int64_t> revision;  ///< nothing: `expected` is meant
  bool absent = false;
  std::optional<std::int64_t> after;
  std::int64_t limit = 0;
  std::int64_t count = 0;
  bool values = false;
  std::string request_id;
  std::optional<std::int64_t> session;  ///< nothing: the request id says what is the same
  std::int64_t seq = 0;
  std::optional<std::int64_t> first_unacked;
};

struct ClusterOptions {
  std::string name;  ///< of a node
  std::string address;
  std::string config;  ///< a cluster file
  bool worker = false;
  bool wait = false;
  bool force = false;
  bool yes = false;
};

struct LogsOptions {
  std::string run;
  std::string step;
  std::optional<std::int64_t> partition;
  std::optional<std::int64_t> attempt;
  bool follow = false;
};

int do_version(const Common& common);
int do_doctor(const Common& common);
int do_cluster_status(const Common& common);
int do_cluster_add(const Common& common, const ClusterOptions& options);
int do_cluster_remove(const Common& common, const ClusterOptions& options);
int do_cluster_promote(const Common& common, const ClusterOptions& options);
int do_cluster_transfer(const Common& common, const ClusterOptions& options);
/// Becomes `runinkd --recover`.
int do_recover(const ClusterOptions& options);
int do_compile(const Common& common, const std::string& folder, const std::string& form,
               const std::map<std::string, std::string>& parameters, const std::string& date);
int do_apply(const Common& common, const std::vector<std::string>& paths, bool accept_breaking);
int do_run(const Common& common, RunOptions options);
int do_follow(const Common& common, const std::string& run);
int do_get(const Common& common, const std::string& kind, const std::string& name,
           std::int64_t limit);
int do_describe(const Common& common, const std::string& kind, const std::string& name);
int do_logs(const Common& common, const LogsOptions& options);
int do_explain(const Common& common, const std::string& run, const std::string& step);
int do_lineage(const Common& common, const std::string& dataset, const std::string& pipeline);
int do_cancel(const Common& common, const std::string& run);
int do_contract_apply(const Common& common, const ContractOptions& options);
int do_contract_get(const Common& common, const std::string& name);
int do_contract_diff(const Common& common, const ContractOptions& options);
int do_contract_history(const Common& common, const std::string& name);
/// Ends with `exit_checks_failed` when a row or the file breaks the contract.
int do_contract_test(const Common& common, const ContractOptions& options, const std::string& data);
int do_contract_restore(const Common& common, const ContractOptions& options);
int do_kv_get(const Common& common, const KvOptions& options);
int do_kv_list(const Common& common, const KvOptions& options);
/// `verb`: "put" or "append".
int do_kv_bring(const Common& common, const KvOptions& options, std::string_view verb);
int do_kv_delete(const Common& common, const KvOptions& options);
int do_kv_cas(const Common& common, const KvOptions& options);
/// Ends with `exit_conflict` when a comparison did not hold.
int do_kv_txn(const Common& common, const KvOptions& options);
int do_kv_session(const Common& common);
int do_kv_watch(const Common& common, const KvOptions& options);
/// Ends with `exit_checks_failed` when a test does not pass.
int do_test(const Common& common, const TestOptions& options);
int do_wait(const Common& common, const std::string& run, const std::string& what);

// ---- shared by the sources of the verbs

/// Tells an error on stderr, diagnostics first, and gives its exit code.
int report(const AdminError& error);
/// Connects, asks, and gives the result; `waiting` as for AdminClient::ask.
Answer<boost::json::object> ask(const Common& common, boost::json::object request,
                                const AdminClient::Waiting& waiting = {});
/// {"verb": verb}, with `herd` and `timeout_ms` where they were given.
boost::json::object request_of(const Common& common, std::string_view verb);
/// Sends a folder and gives its digest.
Answer<std::string> put_bundle(AdminClient& client, const std::string& folder);
/// JSON or YAML; false for the other forms, which each verb writes by itself.
bool write_document(const Common& common, const boost::json::object& result);
/// The kinds of `get`: "runs", "pipelines" ...
std::span<const std::string_view> all_kinds();
/// "runs" for "run", "r", "RUNS" ...; an error that names the kinds.
Answer<std::string> kind_of(const std::string& word);
std::int64_t now_us();
/// Made once for one intention; an error when the kernel gives no random numbers.
Answer<std::string> fresh_request_id();

}  // namespace runink::runi
