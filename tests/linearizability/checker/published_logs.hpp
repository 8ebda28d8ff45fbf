// The labelled histories of porcupine's tests (Anish Athalye, MIT): registers as Jepsen wrote them
// when it tested etcd, and tables of keys.
#pragma once

#include <filesystem>
#include <iosfwd>
#include <string>
#include <vector>

#include "checker/check.hpp"
#include "checker/history.hpp"
#include "vocabulary/fault.hpp"

namespace runink::linearizability {

/// Jepsen's log of one register, which begins as nil:
/// `INFO  jepsen.util - PROCESS\t:invoke|:ok|:fail|:info\t:read|:write|:cas\tVALUE`. A compare and
/// set that failed saw another value; anything else that failed had no effect or told nothing;
/// what has no end, or ends in :info, may take effect at any time. Lines of other parts of Jepsen and
/// of its nemesis are passed over.
Result<History> read_jepsen_log(std::istream& in, const std::string& name);

/// `{:process P, :type :invoke|:ok, :f :get|:put|:append, :key "K", :value "V"|nil}`, line by line.
/// A key that was never written holds an empty text.
Result<History> read_key_value_log(std::istream& in, const std::string& name);

/// One line of verdicts.txt: what is known of one history.
struct Labelled {
  std::string file;  ///< below the folder: jepsen/NAME.log, kv/NAME.txt
  Verdict verdict = Verdict::linearizable;
};

/// `FILE linearizable|not-linearizable`, line by line.
Result<std::vector<Labelled>> read_verdicts(const std::filesystem::path& folder);

/// What `check` says of that history.
Result<Judgement> judge(const std::filesystem::path& folder, const Labelled& one);

}  // namespace runink::linearizability
