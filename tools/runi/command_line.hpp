// The words of `runi` on the command line.
#pragma once

namespace runink::runi {

/// Reads the arguments, does what they say, returns the exit code.
int run_command_line(int count, char** arguments);

}  // namespace runink::runi
