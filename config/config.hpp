// config/: the cluster file as a checked value. Floor 2: may include vocabulary, and nothing else
// of ours. Read in this order:
//
//   cluster_file.hpp  the value, how it is read, how it is described
//   mistake.hpp       what is wrong and where, as people read it
//   machine.hpp       the capacity that this machine has
//   quantity.hpp      "500m", "512Mi", "1500ms"
//
// Promised: every mistake of a file is told at once, each with file:line:column, the line, a caret
// and what would be right; a ClusterFile that exists can be started with.
#pragma once

#include "config/cluster_file.hpp"
#include "config/machine.hpp"
#include "config/mistake.hpp"
