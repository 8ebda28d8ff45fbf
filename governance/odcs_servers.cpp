// The servers of an ODCS document: each type has keys of its own.
#include <algorithm>

#include "governance/odcs_check.hpp"

namespace runink::governance {
namespace {

constexpr OdcsCheck::Field api_server[] = {
    {"location", odcs_uri, true},
};

constexpr OdcsCheck::Field athena_server[] = {
    {"stagingDir", odcs_uri, true},
    {"schema", odcs_text, true},
    {"catalog", odcs_text},
    {"regionName", odcs_text},
};

constexpr OdcsCheck::Field azure_server[] = {
    {"location", odcs_uri, true},
    {"format", odcs_text, true},
    {"delimiter", odcs_text},
};

constexpr OdcsCheck::Field bigquery_server[] = {
    {"project", odcs_text, true},
    {"dataset", odcs_text, true},
};

constexpr OdcsCheck::Field clickhouse_server[] = {
    {"host", odcs_text, true},
    {"port", odcs_whole_number, true},
    {"database", odcs_text, true},
};

constexpr OdcsCheck::Field databricks_server[] = {
    {"host", odcs_text},
    {"catalog", odcs_text, true},
    {"schema", odcs_text, true},
};

constexpr OdcsCheck::Field denodo_server[] = {
    {"host", odcs_text, true},
    {"port", odcs_whole_number, true},
    {"database", odcs_text},
};

constexpr OdcsCheck::Field dremio_server[] = {
    {"host", odcs_text, true},
    {"port", odcs_whole_number, true},
    {"schema", odcs_text},
};

constexpr OdcsCheck::Field duckdb_server[] = {
    {"database", odcs_text, true},
    {"schema", odcs_text},
};

constexpr OdcsCheck::Field glue_server[] = {
    {"account", odcs_text, true},
    {"database", odcs_text, true},
    {"location", odcs_uri},
    {"format", odcs_text},
};

constexpr OdcsCheck::Field cloudsql_server[] = {
    {"host", odcs_text, true},
    {"port", odcs_whole_number, true},
    {"database", odcs_text, true},
    {"schema", odcs_text, true},
};

constexpr OdcsCheck::Field db2_server[] = {
    {"host", odcs_text, true},
    {"port", odcs_whole_number, true},
    {"database", odcs_text, true},
    {"schema", odcs_text},
};

constexpr OdcsCheck::Field hive_server[] = {
    {"host", odcs_text, true},
    {"port", odcs_whole_number},
    {"database", odcs_text, true},
};

constexpr OdcsCheck::Field custom_server[] = {
    {"account", odcs_text},     {"catalog", odcs_text},      {"database", odcs_text},
    {"dataset", odcs_text},     {"delimiter", odcs_text},    {"endpointUrl", odcs_uri},
    {"format", odcs_text},      {"host", odcs_text},         {"location", odcs_uri},
    {"path", odcs_text},        {"port", odcs_whole_number}, {"project", odcs_text},
    {"region", odcs_text},      {"regionName", odcs_text},   {"schema", odcs_text},
    {"serviceName", odcs_text}, {"stagingDir", odcs_text},   {"warehouse", odcs_text},
    {"stream", odcs_text},
};

constexpr OdcsCheck::Field kafka_server[] = {
    {"host", odcs_text, true},
    {"format", odcs_text},
};

constexpr OdcsCheck::Field kinesis_server[] = {
    {"region", odcs_text},
    {"format", odcs_text},
};

constexpr OdcsCheck::Field local_server[] = {
    {"path", odcs_text, true},
    {"format", odcs_text, true},
};

constexpr OdcsCheck::Field oracle_server[] = {
    {"host", odcs_text, true},
    {"port", odcs_whole_number, true},
    {"serviceName", odcs_text, true},
};

constexpr OdcsCheck::Field presto_server[] = {
    {"host", odcs_text, true},
    {"catalog", odcs_text},
    {"schema", odcs_text},
};

constexpr OdcsCheck::Field pubsub_server[] = {
    {"project", odcs_text, true},
};

constexpr OdcsCheck::Field redshift_server[] = {
    {"host", odcs_text},   {"database", odcs_text, true}, {"schema", odcs_text, true},
    {"region", odcs_text}, {"account", odcs_text},
};

constexpr OdcsCheck::Field s3_server[] = {
    {"location", odcs_uri, true},
    {"endpointUrl", odcs_uri},
    {"format", odcs_text},
    {"delimiter", odcs_text},
};

constexpr OdcsCheck::Field sftp_server[] = {
    {"location", odcs_uri, true},
    {"format", odcs_text},
    {"delimiter", odcs_text},
};

constexpr OdcsCheck::Field snowflake_server[] = {
    {"host", odcs_text},           {"port", odcs_whole_number}, {"account", odcs_text, true},
    {"database", odcs_text, true}, {"schema", odcs_text, true}, {"warehouse", odcs_text},
};

constexpr OdcsCheck::Field sqlserver_server[] = {
    {"host", odcs_text, true},
    {"port", odcs_whole_number},
    {"database", odcs_text, true},
    {"schema", odcs_text, true},
};

constexpr OdcsCheck::Field trino_server[] = {
    {"host", odcs_text, true},
    {"port", odcs_whole_number, true},
    {"catalog", odcs_text, true},
    {"schema", odcs_text, true},
};

struct Server {
  std::string_view type;
  OdcsCheck::Fields fields;
};
constexpr Server servers[] = {
    {"api", api_server},
    {"athena", athena_server},
    {"azure", azure_server},
    {"bigquery", bigquery_server},
    {"clickhouse", clickhouse_server},
    {"databricks", databricks_server},
    {"denodo", denodo_server},
    {"dremio", dremio_server},
    {"duckdb", duckdb_server},
    {"glue", glue_server},
    {"cloudsql", cloudsql_server},
    {"db2", db2_server},
    {"hive", hive_server},
    {"impala", hive_server},
    {"informix", hive_server},
    {"zen", hive_server},
    {"custom", custom_server},
    {"kafka", kafka_server},
    {"kinesis", kinesis_server},
    {"local", local_server},
    {"mysql", clickhouse_server},
    {"oracle", oracle_server},
    {"postgresql", cloudsql_server},
    {"postgres", cloudsql_server},
    {"presto", presto_server},
    {"pubsub", pubsub_server},
    {"redshift", redshift_server},
    {"s3", s3_server},
    {"sftp", sftp_server},
    {"snowflake", snowflake_server},
    {"sqlserver", sqlserver_server},
    {"synapse", clickhouse_server},
    {"trino", trino_server},
    {"vertica", cloudsql_server},
};

void server_type(OdcsCheck& check, const YamlNode& node) {
  std::string_view types[std::size(servers)];
  std::ranges::transform(servers, types, &Server::type);
  odcs_word(check, node, types);
}

constexpr OdcsCheck::Field any_server[] = {
    {"id", odcs_stable_id},
    {"server", odcs_text, true},
    {"type", server_type, true},
    {"description", odcs_text},
    {"environment", odcs_text},
    {"roles", odcs_list_of<odcs_role>},
    {"customProperties", odcs_custom_properties},
};

}  // namespace

void odcs_server(OdcsCheck& check, const YamlNode& node) {
  const YamlNode* type = node.find("type");
  const auto* known =
      type == nullptr ? std::end(servers) : std::ranges::find(servers, type->text, &Server::type);
  // Which keys a server of an unknown type may have nobody knows: its type is mistake enough.
  if (known == std::end(servers))
    check.map(node, {any_server}, true);
  else
    check.map(node, {any_server, known->fields});
}

}  // namespace runink::governance
