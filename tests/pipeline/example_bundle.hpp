// The folder that the pipelines of these tests lie in.
#pragma once

#include <string>
#include <utility>

#include "governance/contract_reader.hpp"
#include "pipeline/compile.hpp"
#include "pipeline/quantity.hpp"

namespace runink::pipeline::test {

/// One object with a key, a classified column and a number.
inline const std::string trades_contract =
    "apiVersion: v3.1.0\n"
    "kind: DataContract\n"
    "id: trades-of-finance\n"
    "name: trades\n"
    "version: 1.0.0\n"
    "status: active\n"
    "schema:\n"
    "- name: trades\n"
    "  properties:\n"
    "  - name: trade_id\n"
    "    description: The number on the slip\n"
    "    logicalType: string\n"
    "    required: true\n"
    "    primaryKey: true\n"
    "    primaryKeyPosition: 1\n"
    "  - name: email\n"
    "    logicalType: string\n"
    "    classification: confidential\n"
    "  - name: quantity\n"
    "    logicalType: integer\n";

/// Two objects, the second with a key into the first.
inline const std::string book_contract =
    "apiVersion: v3.1.0\n"
    "kind: DataContract\n"
    "id: book\n"
    "version: 2.0.0\n"
    "status: active\n"
    "schema:\n"
    "- name: parties\n"
    "  properties:\n"
    "  - name: party_id\n"
    "    logicalType: string\n"
    "    required: true\n"
    "    unique: true\n"
    "  - name: iban\n"
    "    logicalType: string\n"
    "    classification: restricted\n"
    "- name: deals\n"
    "  properties:\n"
    "  - name: deal_id\n"
    "    logicalType: string\n"
    "  - name: party_id\n"
    "    logicalType: string\n"
    "    relationships:\n"
    "    - to: parties.party_id\n";

inline Bundle example_bundle(std::string pipeline) {
  Bundle bundle;
  bundle.files = {{"confirm.py", false, "print('confirmed')\n"},
                  {"contracts/trades.odcs.yaml", false, trades_contract},
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
  request.herd_views.emplace();
  HerdView& finance = (*request.herd_views)[HerdName{"finance"}];
  finance.policy.masking.by_classification = {{"confidential", governance::MaskMethod::tokenise}};
  finance.policy.masking.by_field = {{"iban", governance::MaskMethod::partial}};
  const std::string book = book_contract;
  finance.contracts[ContractName{"book"}] = {
      3, sha256(book), governance::parse_contract("book.odcs.yaml", book)->contract};
  request.herds = {HerdName{"finance"}, HerdName{"risk"}};
  return request;
}

}  // namespace runink::pipeline::test
