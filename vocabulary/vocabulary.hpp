// vocabulary/: the words everyone speaks. Floor 0: includes nothing of ours, and every room may
// come in. Read in this order:
//
//   ids.hpp         strong types for every identity
//   units.hpp       Bytes, MilliCpu, Duration, Instant, WallTime
//   fault.hpp       errors as values; FaultKind has one kind for each reaction
//   ensure.hpp      ENSURE: what must be true of our own memory
//   limits.hpp      every limit
//   codec.hpp       the bounded binary codec and `fields`
//   digest.hpp      SHA-256, CRC32C, XXH64
//   names.hpp       what a name may look like; the nearest known name
//   report.hpp      the slice report's form
//   setup_step.hpp  the steps in which its sandbox is set up
//   text.hpp        texts that strangers wrote: UTF-8, widths, globs
//   json_text.hpp   JSON taken apart where it stands, with every digit
//   source_text.hpp, diagnostic.hpp   a text, the mistakes found in it, and how they are shown
//   clock.hpp, randomness.hpp   time and chance are arguments; clock.cpp reads the real clock
//   owned_fd.hpp    a descriptor with one owner
//   fault_point.hpp named moments at which tests kill the daemon
//
// Promised: no allocation on a liar's word, no value without a unit, no error without a sentence.
#pragma once

#include "vocabulary/clock.hpp"
#include "vocabulary/codec.hpp"
#include "vocabulary/diagnostic.hpp"
#include "vocabulary/digest.hpp"
#include "vocabulary/ensure.hpp"
#include "vocabulary/fault.hpp"
#include "vocabulary/fault_point.hpp"
#include "vocabulary/ids.hpp"
#include "vocabulary/json_text.hpp"
#include "vocabulary/limits.hpp"
#include "vocabulary/names.hpp"
#include "vocabulary/owned_fd.hpp"
#include "vocabulary/randomness.hpp"
#include "vocabulary/report.hpp"
#include "vocabulary/setup_step.hpp"
#include "vocabulary/source_text.hpp"
#include "vocabulary/text.hpp"
#include "vocabulary/units.hpp"
