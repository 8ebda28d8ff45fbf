// storage/: what must outlive the process, on the disk of this node. Floor 2: includes vocabulary/
// and the ports of raft/. Nothing here decides: it keeps what it is given and says when it cannot.
// All calls block, so they belong on the two writer threads or on the disk threads, never in a
// handler. Read in this order:
//
//   beneath.hpp         opening, walking and removing below a folder without following links
//   data_folder.hpp     <data>: one daemon at a time, format version, identity of the node
//   ballast.hpp         room that is kept back on the disk
//   founders.hpp        which nodes founded the cluster: the same list at every start
//   removal.hpp         that the cluster has removed this node
//   lives.hpp           which life of each node was met: no other folder comes back under its name
//   record.hpp          a value with its checksum: the bytes in both databases
//   database.hpp        how RocksDB is opened: strict, quiet, never made by accident
//   record_log.hpp      a strict look at its record files, before RocksDB is asked
//   log_store.hpp       <data>/raft/raft.db: log entries and hard state, synced
//   log_writer.hpp      the one thread that writes it: all that waits becomes one sync
//   merkle.hpp          one digest for a list of values (RFC 6962)
//   archive_segment.hpp one file of entries that were cut from the log, with its Merkle root
//   archive_store.hpp   <data>/archive: those files, sealed before the log is cut, kept by policy
//   state_store.hpp     <data>/state/state.db: rows it does not interpret, not synced
//   state_writer.hpp    the one thread that writes it, in order
//   snapshot_manifest.hpp  what a snapshot of the state consists of
//   snapshot_store.hpp  <data>/snapshots: taken, received (snapshot_receiver.hpp), made state.db
//                       (snapshot_switch.hpp)
//   artifact_store.hpp  <data>/artifacts: immutable files named by their SHA-256, and pins
//
// Promised: what was acknowledged as durable is there after a power cut; a damaged byte is a fault
// that names the file and what to do, never a silently shorter log; an artifact that is visible is
// whole, and one that somebody pinned is not removed; the log is never cut above what state.db has
// flushed. RocksDB appears in .cpp files only.
//
// Who holds the data folder open? Exactly one daemon (DataFolder::open). Everything else takes a
// path below it and relies on that.
#pragma once

#include "storage/archive_store.hpp"
#include "storage/artifact_store.hpp"
#include "storage/ballast.hpp"
#include "storage/beneath.hpp"
#include "storage/data_folder.hpp"
#include "storage/founders.hpp"
#include "storage/lives.hpp"
#include "storage/log_store.hpp"
#include "storage/log_writer.hpp"
#include "storage/removal.hpp"
#include "storage/snapshot_store.hpp"
#include "storage/state_store.hpp"
#include "storage/state_writer.hpp"
