#include "isolation/slice_end.hpp"

#include <signal.h>
#include <sys/wait.h>

namespace runink::isolation {

void judge_end(const EndFacts& facts, ExitReport& report) {
  report.oom_kills = facts.oom_kills;
  if (facts.setup_failure) {
    report.end = SliceEnd::setup_failed;
    report.setup_step = facts.setup_failure->step;
    report.setup_errno = facts.setup_failure->error;
    return;
  }
  const bool exited = facts.program_status && WIFEXITED(*facts.program_status);
  if (exited)
    report.exit_code = WEXITSTATUS(*facts.program_status);
  else  // without a status its whole namespace was killed
    report.signal = facts.program_status && WIFSIGNALED(*facts.program_status)
                        ? WTERMSIG(*facts.program_status)
                        : SIGKILL;
  if (facts.kill) {
    report.end = facts.kill->end;
    report.reason = facts.kill->reason;
  } else if (facts.oom_kills > 0 && !(exited && report.exit_code == 0)) {
    report.end = SliceEnd::out_of_memory;
  } else {
    report.end = exited ? SliceEnd::exited : SliceEnd::signalled;
  }
}

}  // namespace runink::isolation
