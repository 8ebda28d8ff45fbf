// Instead of etcds.cpp where the build found no gRPC.
#include "bench/support/contender.hpp"

namespace runink::bench {

std::unique_ptr<Contender> three_etcds(const std::string&, Transport, std::string& why) {
  why =
      "etcd was left out: this build found no gRPC. Debian: apt-get install libgrpc++-dev "
      "protobuf-compiler-grpc, then configure again.";
  return nullptr;
}

}  // namespace runink::bench
