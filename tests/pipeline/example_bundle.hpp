// The folder that the pipelines of these tests lie in.
#pragma once

#include <string>
#include <utility>

#include "pipeline/compile.hpp"
#include "pipeline/quantity.hpp"

namespace runink::pipeline::test {

inline Bundle example_bundle(std::string pipeline) {
  Bundle bundle;
  bundle.files = {{"confirm.py", false, "print('confirmed')\n"},
                  {"contracts/trades.odcs.yaml", false, "kind: DataContract\n"},
                  {"data/a.csv", false, "id\n1\n"},
                  {"data/b.csv", false, "id\n2\n"},
                  {"pipeline.toml", false, std::move(pipeline)},
                  {"tool", true, "#!/bin/sh\n"}};
  return bundle;
}

/// As herd finance sees the cluster on 2026-11-20 at 08:00 UTC.
inline CompileRequest example_request(std::string pipeline) {
  CompileRequest request;
  request.bundle = example_bundle(std::move(pipeline));
  request.digest = sha256("the bundle");
  request.logical_date = *parse_moment("2026-11-20T08:00:00Z");
  request.volumes = {{HerdName{"finance"},
                      {{VolumeName{"lake"}, {true, false}}, {VolumeName{"reports"}, {true, true}}}},
                     {HerdName{"risk"}, {{VolumeName{"vault"}, {true, true}}}}};
  request.herds = {HerdName{"finance"}, HerdName{"risk"}};
  return request;
}

}  // namespace runink::pipeline::test
