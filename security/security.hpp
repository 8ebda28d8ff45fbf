// security/: who a node is, and how it proves it. Floor 2: may include vocabulary/, and nothing else
// of ours; actors/ and tools/ may come in. OpenSSL 3 lives in the sources, never in a header. Read in
// this order:
//
//   peer_identity.hpp  raft://<cluster>/<node>: the name in a node's certificate
//   authority.hpp      the cluster's own CA: makes and reads certificates
//   pem_file.hpp       files of certificates and keys: bounded, guarded, written whole or not at all
//   tls_context.hpp    what a node shows and whom it believes; can be read anew while it is in use
//   tls_channel.hpp    TLS 1.3 over bytes that somebody else carries
//   pem_objects.hpp    certificates and keys as OpenSSL's objects  } for the sources of this room
//   owned.hpp          OpenSSL's objects with one owner            }
//
// Promised: both sides show a certificate and are checked before a byte of theirs is believed; only
// TLS 1.3; no session is ever resumed, so a certificate that was taken away stays away at the next
// connection; a key that others can read is refused; what went wrong is said so that it can be mended.
#pragma once

#include "security/authority.hpp"
#include "security/peer_identity.hpp"
#include "security/pem_file.hpp"
#include "security/tls_channel.hpp"
#include "security/tls_context.hpp"
