// Every limit, in one file, related by static_assert with the reason above it.
#pragma once

#include "vocabulary/units.hpp"

namespace runink::limits {

// ---- the log
/// One command, encoded. Bodies live in the artifact store; the log holds decisions and digests.
inline constexpr Bytes command = KiB(256);
/// One append batch: what accumulates while a sync runs.
inline constexpr Bytes append_batch = MiB(1);
inline constexpr std::uint32_t append_batch_entries = 1024;
/// Entries proposed and not yet committed.
inline constexpr Bytes uncommitted = MiB(64);
/// Committed and not yet applied.
inline constexpr Bytes unapplied = MiB(64);
inline constexpr std::uint32_t unapplied_entries = 10'000;
/// A snapshot of the state is made when so much was applied since the last one, counting 32 bytes for each entry
/// beside its payload; with a large state twice its size, at most `log_longest`: the log is in memory, too.
inline constexpr Bytes log_most = MiB(64);
inline constexpr Bytes log_longest = MiB(128);
static_assert(log_most <= log_longest);
/// Of what a snapshot holds, so much of the log stays, for followers that lag a little.
inline constexpr Bytes log_trailing = MiB(4);
static_assert(log_trailing < log_most);
/// Members compare the hashes of their states at every index that this divides.
inline constexpr std::uint64_t state_hash_every = 1024;
/// Hashes that a leader remembers, to compare them with those of followers that lag.
inline constexpr std::uint32_t state_hashes = 16;
/// Waiting proposals of one actor; more are answered with `exhausted` at once.
inline constexpr std::uint32_t waiting_proposals = 4096;
// A batch must hold the largest command, or that command could never be replicated.
static_assert(command < append_batch);
static_assert(append_batch < uncommitted);
static_assert(append_batch < unapplied);

// ---- codec
/// Elements of any list in any encoded value; a length beyond it is corrupt input, not memory.
inline constexpr std::uint32_t codec_list = 1u << 20;
inline constexpr Bytes codec_text = MiB(64);

// ---- names and requests
inline constexpr std::uint32_t name_bytes = 63;  // like a DNS label
/// A dataset's name may end in ".rejected".
inline constexpr std::uint32_t dataset_name_bytes = name_bytes + 9;
inline constexpr std::uint32_t request_id_bytes = 128;
/// A herd's file up to this is parsed where it came in; a larger one on a disk thread. To wait for a thread takes
/// longer than to parse so little.
inline constexpr Bytes herd_file_at_once = KiB(4);
inline constexpr std::uint32_t parameters = 64;
inline constexpr Bytes parameter_value = KiB(4);
/// One line on the admin socket. It must hold a whole bundle in base64.
inline constexpr Bytes admin_line = MiB(32);
inline constexpr std::uint32_t admin_connections = 256;
inline constexpr Duration admin_request = seconds(60);

// ---- bundles
inline constexpr Bytes bundle = MiB(16);
inline constexpr Bytes bundle_file = MiB(8);
inline constexpr std::uint32_t bundle_files = 2'000;
inline constexpr std::uint32_t path_bytes = 1024;
// base64 makes 4 bytes out of 3.
static_assert(bundle.value * 4 / 3 + KiB(1024).value < admin_line.value);

// ---- pipelines
inline constexpr Bytes pipeline_file = MiB(1);
inline constexpr std::uint32_t steps = 1'000;
inline constexpr std::uint32_t inputs_of_a_step = 64;
inline constexpr std::uint32_t diagnostics = 200;
inline constexpr std::uint32_t retry_attempts = 100;
inline constexpr Duration timeout_longest = seconds(7 * 24 * 3600);
/// A typed plan must fit a command together with its envelope.
inline constexpr Bytes plan = KiB(240);
static_assert(plan < command);

// ---- contracts
/// One ODCS document; its depth; its values once every alias is resolved.
inline constexpr Bytes contract_document = MiB(1);
inline constexpr std::uint32_t contract_depth = 64;
inline constexpr std::uint32_t contract_nodes = 100'000;
/// What of it is checked, encoded: it must fit a command and, with the steps around it, a plan.
inline constexpr Bytes contract_typed = KiB(200);
static_assert(contract_typed < plan);
/// Rules of one schema object, those of its types and options included; they are numbered in 16 bits.
inline constexpr std::uint32_t contract_rules = 8'000;
static_assert(contract_rules < 0xFFFF);
/// A name within a contract: of an object, a property with its path, a quality rule.
inline constexpr std::uint32_t contract_name_bytes = 256;

// ---- links between nodes
/// One frame of the Raft lane: an append batch with what is around it.
inline constexpr Bytes peer_frame = MiB(4);
static_assert(append_batch.value * 2 < peer_frame.value);
/// What a caller may send before it is known who calls.
inline constexpr Bytes peer_hello = KiB(4);
/// Starts of a node that its hello names; it is not known any more to whom it has met since none of them.
inline constexpr std::uint32_t starts_remembered = 256;
static_assert(starts_remembered * 8 + KiB(1).value < peer_hello.value);
/// What waits for one peer; more is dropped whole, and Raft sends what is missing again.
inline constexpr Bytes peer_queue = MiB(16);
inline constexpr std::uint32_t peer_queue_messages = 4096;
static_assert(peer_frame.value * 2 < peer_queue.value);
/// What came from one peer and Raft has not looked at; more stays in the kernel.
inline constexpr Bytes peer_unread = MiB(16);
/// Connections of which nobody knows yet who calls, of all and of one address, and how long that may last.
inline constexpr std::uint32_t peer_strangers = 256;
inline constexpr std::uint32_t peer_strangers_of_one = 16;
static_assert(peer_strangers_of_one < peer_strangers);
inline constexpr Duration peer_handshake = seconds(5);
/// One frame of the lane of questions: a request of the admin socket with what is around it.
inline constexpr Bytes peer_question = MiB(36);
static_assert(admin_line.value + MiB(1).value < peer_question.value);
/// Questions of one node that are worked on at once; more are refused.
inline constexpr std::uint32_t peer_questions = 512;
/// Parts of one answer that are on their way; the answerer waits until some were taken.
inline constexpr Bytes peer_parts = KiB(512);
/// One part of a node's work; all of its work.
inline constexpr Bytes peer_work_part = KiB(256);
inline constexpr Bytes peer_work = MiB(256);
static_assert(peer_work_part < peer_parts);
/// The largest payload of a question, part or last word, with room for what is around it in a frame.
inline constexpr Bytes peer_answer = {peer_question.value - KiB(1).value};
static_assert(peer_parts < peer_answer);

// ---- snapshots between nodes
/// What one node sends of a snapshot to one other in a second.
inline constexpr Bytes snapshot_rate = MiB(64);
/// A transfer of which nothing arrives for so long is given up; it goes on there when it is offered again.
inline constexpr Duration snapshot_stall = seconds(15);
/// Between two attempts to go on with one, and before one that failed is begun again.
inline constexpr Duration snapshot_pause = milliseconds(500);
static_assert(snapshot_pause < snapshot_stall);
/// Chunks of one transfer that may arrive damaged.
inline constexpr std::uint32_t snapshot_damaged_chunks = 8;
/// Waiting for state.db to write, or flush, what was applied.
inline constexpr Duration state_written = seconds(60);
/// How often it is looked which snapshots nobody needs any more.
inline constexpr Duration snapshots_tidied = seconds(5);
/// Of what was sealed before it was cut off the log.
inline constexpr Bytes archive = GiB(4);

// ---- the disk of the data folder
/// Left on the disk, below which no new work is taken. What runs may fill it further.
inline constexpr Bytes disk_reserve = MiB(64);
/// Left on the disk, below which nothing is written to the log: RocksDB needs room for two write-ahead
/// logs and a table of its own, and a failed write ends the node.
inline constexpr Bytes disk_least = MiB(24);
static_assert(disk_least < disk_reserve);
/// Thrown out below disk_least, so that what must be written all the same finds room: votes, tables of what
/// is in memory, the end of what runs.
inline constexpr Bytes disk_ballast = MiB(32);
/// More than a level's line must be left before that level is over.
inline constexpr Bytes disk_slack = MiB(16);
static_assert(disk_slack < disk_least);
/// How often it is looked how much is left: what is asked sooner after the disk became full may still be taken.
inline constexpr Duration disk_look = milliseconds(20);
/// How often it is looked how large the files of the log are, for /metrics.
inline constexpr Duration disk_log_look = seconds(1);
/// Before the ballast is tried again that could not be taken on or thrown out.
inline constexpr Duration disk_ballast_again = seconds(10);
/// How long the outputs of a program that ended well wait for room on the disk, before the work counts as lost.
inline constexpr Duration room_wait = seconds(3600);

// ---- questions between nodes
/// What waits to be sent to one peer on one lane of questions; a question beyond it is refused.
inline constexpr Bytes peer_unsent = MiB(72);
static_assert(peer_question.value * 2 <= peer_unsent.value);
/// A peer of whose answer nothing came for so long is not waited for any longer.
inline constexpr Duration peer_silence = seconds(10);
/// Who works on a question says so that often within this time.
inline constexpr std::int64_t peer_words = 5;
static_assert(peer_words >= 2);
/// How long the state is waited for, by those who ask it and by a leader on behalf of another node's worker;
/// that worker waits longer.
inline constexpr Duration state_wait = seconds(30);
inline constexpr Duration peer_submit_silence = seconds(40);
static_assert(state_wait < peer_submit_silence);

// ---- leases of nodes
inline constexpr Duration lease_shortest = milliseconds(100);
inline constexpr Duration lease_longest = seconds(3600);
/// The leader's margin over the worker's own lease: drift and the kill itself.
inline constexpr Duration lease_margin = milliseconds(500);
/// A leader looks so often whether it heard a quorum since it looked last; else it steps down.
inline constexpr Duration check_quorum = milliseconds(300);
/// So one that is cut off may believe for two of these times that it leads, and renew the leases of nodes that
/// are cut off with it. Its successor, which does not know of them, waits as much longer.
inline constexpr Duration isolated_leader = check_quorum * 2;

// ---- slices
inline constexpr std::uint32_t arguments = 256;
inline constexpr Bytes argument = KiB(64);
inline constexpr std::uint32_t output_files = 10'000;
/// Files of one partition commit; more must be fewer, larger files.
inline constexpr std::uint32_t commit_files = 1'000;
/// What a slice may write to its log and its report; the rest is dropped and counted.
inline constexpr Bytes slice_log = MiB(16);
inline constexpr Bytes slice_report = MiB(1);
inline constexpr Bytes report_line = KiB(64);
/// Files that one source may import; each gives a line of the report.
inline constexpr std::uint32_t source_files = 1'000;
/// One record of CSV or JSON lines; a longer one is set apart.
inline constexpr Bytes record = MiB(1);
/// Of a record that is set apart, what is kept as it was read.
inline constexpr Bytes raw_record = KiB(64);
inline constexpr Duration kill_grace = seconds(5);
inline constexpr std::uint32_t live_slices = 512;
/// Attempts lost to the platform itself (node, spawner) do not count against `retry`, up to here.
inline constexpr std::uint32_t lost_attempts = 10;

// ---- the tables of the state
inline constexpr std::uint32_t nodes = 1024;
/// Members of Raft's group: each of them costs the leader a copy of every entry.
inline constexpr std::uint32_t members = 64;
/// Ids of removed members are remembered for ever.
inline constexpr std::uint32_t removed_members = 10'000;
/// "host:port" of a member.
inline constexpr std::uint32_t address_bytes = 262;
inline constexpr std::uint32_t herds = 10'000;
inline constexpr std::uint32_t bundles_stored = 1'000'000;
inline constexpr std::uint32_t pipelines_stored = 100'000;
/// Live runs of all herds together; more are refused.
inline constexpr std::uint32_t runs_live = 100'000;
/// Partitions of one step, and of all steps of one plan.
inline constexpr std::uint32_t partitions = 256;
inline constexpr std::uint32_t partitions_of_a_plan = 10'000;
/// Placements of one command; each takes well under 256 bytes.
inline constexpr std::uint32_t placements = 512;
static_assert(placements * 256 <= command.value);
/// Request ids of ended runs that are remembered, the newest; an older one would run again.
inline constexpr std::uint32_t finished_requests = 10'000;
/// Versions of one dataset and of one pipeline in memory; older ones are history.
inline constexpr std::uint32_t dataset_versions = 4;
inline constexpr std::uint32_t pipeline_versions = 64;
/// Contracts of all herds together, and versions of one in memory; older ones are history.
inline constexpr std::uint32_t contracts_stored = 10'000;
inline constexpr std::uint32_t contract_versions = 8;
/// Contracts that one pipeline may name.
inline constexpr std::uint32_t contracts_of_a_plan = 64;
/// Rules of one kind in a herd's masking policy.
inline constexpr std::uint32_t masking_rules = 256;
/// A rule's name as a step reports it: a name of the contract, and what it is about.
inline constexpr std::uint32_t rule_name_bytes = 512;
/// What one node or one step may say of cpu, memory and disk: sums of them can never overflow.
inline constexpr std::uint64_t cpu_largest = 1'000'000'000;
inline constexpr Bytes memory_largest = {1ull << 50};
inline constexpr Duration backoff_longest = seconds(3600);

// ---- keys and values of herds
inline constexpr std::uint32_t kv_key_bytes = 512;
inline constexpr Bytes kv_value = KiB(64);
/// Comparisons of one transaction, and operations of each of its branches.
inline constexpr std::uint32_t kv_operations = 64;
/// Keys, values and texts of one transaction together; what it reads and leaves together.
inline constexpr Bytes kv_transaction = KiB(192);
static_assert(kv_key_bytes + kv_value.value <= kv_transaction.value);
// Beside its texts each comparison and operation takes well under 64 bytes, and the envelope with caller,
// herd and request id well under 4 KiB.
static_assert(kv_transaction.value + 3 * kv_operations * 64 + KiB(4).value <= command.value);
/// Keys of one herd, and bytes of its keys and values; the same of all herds together.
inline constexpr std::uint32_t kv_herd_keys = 10'000;
inline constexpr Bytes kv_herd = MiB(16);
inline constexpr std::uint32_t kv_keys = 200'000;
inline constexpr Bytes kv_all = MiB(128);
static_assert(kv_herd_keys <= kv_keys && kv_herd <= kv_all);
/// What a watcher may lag behind: the newest transactions of one herd that changed something, the bytes of
/// what they left, and those of all herds together.
inline constexpr std::uint32_t kv_history_entries = 4'096;
inline constexpr Bytes kv_history = MiB(4);
inline constexpr Bytes kv_history_all = MiB(64);
// The newest one must have room, or a watcher that waits for it would never see it: the keys that its
// transaction names, and the values that it leaves.
static_assert(2 * kv_transaction.value < kv_history.value && kv_history <= kv_history_all);
/// Who waits for changes in one herd.
inline constexpr std::uint32_t kv_watchers = 1'024;
static_assert(admin_connections <= kv_watchers);
/// Answers that are kept for repeated requests, the newest of one herd; bytes of what was read in them.
inline constexpr std::uint32_t kv_answers = 1'024;
inline constexpr Bytes kv_answered = MiB(1);
inline constexpr Bytes kv_answered_all = MiB(16);
static_assert(kv_transaction.value + request_id_bytes < kv_answered.value);
static_assert(kv_answered <= kv_answered_all);
/// Sessions of clients, in the whole cluster; for one more, the one that was quiet longest goes.
inline constexpr std::uint32_t kv_sessions = 1'000;
/// A session whose client asked nothing for so long, by the cluster's time, is over.
inline constexpr Duration kv_session_idle = seconds(3600);
/// Sessions that one entry of the log ends because they are over; the rest go with the next ones.
inline constexpr std::uint32_t kv_sessions_ended = 8;
static_assert(kv_sessions_ended < kv_sessions);
/// Results that one client has not acknowledged, and bytes of them from which on it gets no more.
inline constexpr std::uint32_t kv_session_results = 1'024;
inline constexpr Bytes kv_session = MiB(1);
/// Bytes of the results of all clients; beyond it the sessions that were quiet longest go.
inline constexpr Bytes kv_sessions_all = MiB(32);
// Sessions as large as they may be, and one result more, leave room for many others.
static_assert(8 * (kv_session.value + 2 * kv_transaction.value) <= kv_sessions_all.value);

// ---- analysis of SQL in the sandbox
inline constexpr Duration analyse = seconds(20);
inline constexpr Bytes analyse_answer = MiB(4);

// ---- the cluster file
inline constexpr Bytes cluster_file = MiB(1);
inline constexpr std::uint32_t cluster_nodes = 64;
inline constexpr std::uint32_t cluster_volumes = 256;

// ---- certificates
/// A file of certificates, or of one key.
inline constexpr Bytes pem_file = KiB(64);
/// Authorities that one node believes: more than one only while they are changed.
inline constexpr std::uint32_t authorities = 16;

}  // namespace runink::limits
