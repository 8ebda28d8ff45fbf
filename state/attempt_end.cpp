// What the end of an attempt means, in sentences: what happened, why, and what to do. They are made of
// codes alone: no text of a program and no value of a row is in them.
#include <algorithm>
#include <string>
#include <string_view>

#include "state/errno_text.hpp"
#include "state/run_view.hpp"
#include "vocabulary/setup_step.hpp"

namespace runink::state {
namespace {

struct ReasonWords {
  std::string_view why;
  std::string_view advice;  ///< empty = the log says more than we can
};

// In the order of the numbers of SliceReason.
constexpr ReasonWords reason_words[] = {
    {"", ""},
    {"its SQL cannot be parsed", ""},
    {"its SQL names a column that is not there", ""},
    {"a name in its SQL or in its result stands for several columns",
     "Give each column a name of its own with AS"},
    {"its SQL names a table that is not there", ""},
    {"its SQL calls a function that is not there", ""},
    {"its SQL puts types together that do not fit", "Cast one of them"},
    {"a constant of its SQL, or a format of its contract, cannot be read", ""},
    {"a value of the data cannot be cast to the type that is asked for",
     "Use try_cast, or validate the data before"},
    {"a number does not fit the type that is asked for", "Use a wider type"},
    {"its SQL raised an error, or a function refused a value", ""},
    {"it needed more memory than it may use", "Raise requires.memory"},
    {"what it spilled to disk is more than it may use", "Raise requires.disk"},
    {"the disk is full", "Make room and run it again"},
    {"a file that it reads is not there", "Put the file there and run it again"},
    {"it may not read a file: only regular files that lie below their volume or bundle are read",
     ""},
    {"it was told to stop", ""},
    {"something failed that its data and its text are not to blame for", ""},
    {"the first line of a file does not name the columns as it must",
     "Mend the file and run it again"},
    {"a file is not what the format of its source says", "Mend the file and run it again"},
    {"it ended well and wrote nothing to one of its datasets",
     "Write at least one file to $RUNINK_OUT/<dataset>/, or declare fewer `outputs`"},
    {"what it left is not only regular files in the folders of its datasets",
     "Write regular files to $RUNINK_OUT/<dataset>/ and nothing else"},
    {"a file changed while it was read",
     "Write new files aside, rename them into place, and run it again"},
    {"its data breaks its contract", ""},
    {"the columns of its files are not those of its contract",
     "Mend the files, apply a new version of the contract, or let drift pass with block_on_drift = "
     "false in the herd file"},
    {"the key of its herd is missing or damaged",
     "Put <data>/keys/<herd>.key back from a copy, mode 0600"},
};
static_assert(std::size(reason_words) == std::size(slice_reasons));

/// " (bad_value): a value ... . Use try_cast ..." or only the full stop.
std::string because(SliceReason reason) {
  if (reason == SliceReason::none || !known(reason)) return ".";
  const ReasonWords& words = reason_words[static_cast<std::uint8_t>(reason)];
  std::string text = " (" + std::string(to_string(reason)) + "): " + std::string(words.why) + ".";
  if (!words.advice.empty()) text += " " + std::string(words.advice) + ".";
  return text;
}

struct Numbered {
  std::int32_t number;
  std::string_view name;
};

constexpr Numbered signals[] = {{1, "SIGHUP"},   {2, "SIGINT"},   {3, "SIGQUIT"},  {4, "SIGILL"},
                                {5, "SIGTRAP"},  {6, "SIGABRT"},  {7, "SIGBUS"},   {8, "SIGFPE"},
                                {9, "SIGKILL"},  {11, "SIGSEGV"}, {13, "SIGPIPE"}, {14, "SIGALRM"},
                                {15, "SIGTERM"}, {24, "SIGXCPU"}, {25, "SIGXFSZ"}, {31, "SIGSYS"}};

std::string signal_text(std::int32_t number) {
  const Numbered* one = std::ranges::find(signals, number, &Numbered::number);
  return std::to_string(number) +
         (one == std::end(signals) ? "" : " (" + std::string(one->name) + ")");
}

std::string setup_failure(const AttemptView& attempt) {
  const SetupStep step{attempt.setup_step};
  if (step == SetupStep::none) return "It could not be prepared" + because(attempt.reason);
  if (step == SetupStep::execute)
    return "Its program could not be started: " + exec_error_text(attempt.setup_errno) +
           ". `exec` names a file of the bundle or a program of the node's system.";
  const std::string number = std::to_string(attempt.setup_step);
  return "Its sandbox could not be built: " +
         (known(step) ? std::string(to_string(step)) + " (step " + number + ")"
                      : "step " + number) +
         " failed: " + errno_text(attempt.setup_errno) + ". `runi doctor` looks for the cause.";
}

}  // namespace

std::string describe_end(const AttemptView& attempt) {
  if (attempt.status == AttemptStatus::committed) return "It was committed.";
  if (!attempt.end) return "It has not ended.";
  switch (*attempt.end) {
    case AttemptEnd::exited:
      return "Its program exited with code " + std::to_string(attempt.exit_code) +
             because(attempt.reason);
    case AttemptEnd::signalled:
      return "Its program was killed by signal " + signal_text(attempt.signal) + ".";
    case AttemptEnd::out_of_memory:
      return "It used more memory than it requires; raise requires.memory.";
    case AttemptEnd::timed_out:
      return "It ran past its time-out; raise `timeout`, or let it do less.";
    case AttemptEnd::setup_failed: return setup_failure(attempt);
    case AttemptEnd::bad_output: return "Its outputs cannot be taken" + because(attempt.reason);
    case AttemptEnd::cancelled: return "It was ended because its run ended.";
    case AttemptEnd::lost:
      if (attempt.reason == SliceReason::none) return "Its node or its spawner was lost.";
      return "Its node could not go on with it" + because(attempt.reason);
  }
  return "It ended in a way that this build does not know.";
}

}  // namespace runink::state
