#include "bench/support/trades.hpp"

#include <cstdio>

#include "bench/support/table.hpp"

namespace runink::bench {
namespace {
namespace fs = std::filesystem;
using governance::LogicalType;
using governance::MaskMethod;
using governance::Property;

constexpr const char* currencies[] = {"EUR", "USD", "GBP", "CHF", "JPY", "SEK"};
constexpr const char* venues[] = {"XETR", "XLON", "XNYS", "XPAR", "XTKS"};

/// SplitMix64.
struct Chance {
  std::uint64_t state = 0x5eed;
  std::uint64_t next() {
    std::uint64_t z = (state += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  unsigned below(unsigned n) { return static_cast<unsigned>(next() % n); }
};

Property& column(governance::SchemaObject& object, const std::string& name, LogicalType type,
                 const std::string& physical = "", bool required = false) {
  Property property;
  property.name = name;
  property.type = type;
  property.type_given = true;
  property.physical_type = physical;
  property.required = required;
  return object.properties.emplace_back(std::move(property));
}

/// 20 rules beside the types.
governance::SchemaObject trades_contract() {
  governance::SchemaObject object;
  object.name = "trades";
  column(object, "id", LogicalType::integer, "BIGINT", true);
  auto& day = column(object, "trade_date", LogicalType::date, "", true);
  day.options.minimum = governance::Limit{"2020-01-01", false};
  day.options.maximum = governance::Limit{"2030-01-01", true};
  column(object, "booked", LogicalType::timestamp);
  auto& party = column(object, "counterparty", LogicalType::string, "", true);
  party.options.min_length = 3;
  party.options.max_length = 12;
  auto& email = column(object, "email", LogicalType::string);
  email.options.pattern = "@.+\\.";
  email.options.max_length = 80;
  auto& iban = column(object, "iban", LogicalType::string);
  iban.options.min_length = 15;
  iban.options.max_length = 34;
  auto& currency = column(object, "currency", LogicalType::string, "", true);
  currency.options.pattern = "^[A-Z]{3}$";
  auto& quantity = column(object, "quantity", LogicalType::integer, "", true);
  quantity.options.minimum = governance::Limit{"1", false};
  quantity.options.maximum = governance::Limit{"100000", false};
  auto& price = column(object, "price", LogicalType::number, "DECIMAL(18,4)", true);
  price.options.minimum = governance::Limit{"0", true};
  auto& fee = column(object, "fee", LogicalType::number, "DECIMAL(9,2)");
  fee.options.minimum = governance::Limit{"0", false};
  fee.options.maximum = governance::Limit{"1000", false};
  column(object, "venue", LogicalType::string);
  column(object, "active", LogicalType::boolean);
  governance::QualityRule venue;
  venue.name = "venue";
  venue.metric = governance::Metric::invalid_values;
  venue.columns = {"venue"};
  for (const char* one : venues) venue.values.emplace_back(one);
  object.quality.push_back(std::move(venue));
  return object;
}

/// 12 rules beside the types.
governance::SchemaObject flights_contract() {
  governance::SchemaObject object;
  object.name = "flights";
  auto& date = column(object, "date", LogicalType::timestamp, "", true);
  date.options.minimum = governance::Limit{"2001-01-01T00:00:00", false};
  date.options.maximum = governance::Limit{"2002-01-01T00:00:00", true};
  auto& delay = column(object, "delay", LogicalType::integer, "BIGINT", true);
  delay.options.minimum = governance::Limit{"-2000", false};
  delay.options.maximum = governance::Limit{"3000", false};
  auto& distance = column(object, "distance", LogicalType::integer, "BIGINT", true);
  distance.options.minimum = governance::Limit{"0", false};
  distance.options.maximum = governance::Limit{"10000", false};
  for (const char* name : {"origin", "destination"})
    column(object, name, LogicalType::string, "", true).options.pattern = "^[A-Z0-9]{3}$";
  object.properties.back().options.max_length = 3;
  return object;
}

pipeline::Step validation(const governance::SchemaObject& object) {
  pipeline::ValidateWork rules;
  rules.input = DatasetName{object.name};
  rules.contract.name = ContractName{object.name};
  rules.contract.object = object.name;
  rules.rules = object;
  pipeline::Step step;
  step.name = StepName{"checked"};
  step.inputs = {rules.input};
  step.outputs = {DatasetName{"checked"}, DatasetName{"checked.rejected"}};
  step.work = std::move(rules);
  return step;
}

pipeline::Step masking(std::vector<governance::ColumnMask> masks) {
  pipeline::Step step;
  step.name = StepName{"masked"};
  step.work = pipeline::MaskWork{DatasetName{"checked"}, std::move(masks), {}};
  step.inputs = {DatasetName{"checked"}};
  step.outputs = {DatasetName{"masked"}};
  return step;
}

pipeline::Step grouping(const std::string& select, const std::string& input) {
  pipeline::SqlWork sql;
  sql.text = select + " FROM " + input + " GROUP BY ALL ORDER BY ALL";
  pipeline::Step step;
  step.name = StepName{"grouped"};
  step.work = std::move(sql);
  step.inputs = {DatasetName{input}};
  step.outputs = {DatasetName{"grouped"}};
  return step;
}

void add_steps(Case& to, const governance::SchemaObject& object,
               const std::vector<governance::ColumnMask>& masks, const std::string& select) {
  pipeline::Step both = validation(object);
  auto& work = std::get<pipeline::ValidateWork>(both.work);
  work.rejected_masks = masks;
  work.masks_accepted = true;
  to.steps = {std::move(both), grouping(select, "checked")};
  to.apart = {validation(object), masking(masks), grouping(select, "masked")};
}

std::string parquet(const fs::path& file) { return "read_parquet('" + file.string() + "')"; }
std::string copy_to(const std::string& select, const fs::path& file) {
  return "COPY (" + select + ") TO '" + file.string() + "' (FORMAT parquet)";
}

}  // namespace

void write_trades(const fs::path& file, std::uint64_t rows) {
  fs::create_directories(file.parent_path());
  std::FILE* out = std::fopen(file.c_str(), "wb");
  if (!out) give_up(file.string() + " cannot be written");
  std::fputs(
      "id,trade_date,booked,counterparty,email,iban,currency,quantity,price,fee,venue,active\n",
      out);
  Chance chance;
  for (std::uint64_t id = 1; id <= rows; ++id) {
    const unsigned customer = chance.below(1'000'000), party = chance.below(5'000);
    const unsigned day = 1 + chance.below(28), month = 1 + chance.below(12);
    const bool broken = id % 10'000 == 77;
    std::fprintf(
        out,
        "%llu,2026-%02u-%02u,2026-%02u-%02uT%02u:%02u:%02u,CP%05u,customer%u@bank%u.example,"
        "DE%02u%018llu,%s,%u,%u.%04u,%u.%02u,%s,%s\n",
        static_cast<unsigned long long>(id), month, day, month, day, chance.below(24),
        chance.below(60), chance.below(60), party, customer, customer % 97, customer % 90 + 10,
        static_cast<unsigned long long>(chance.next() % 1'000'000'000'000'000'000ull),
        broken ? "euro" : currencies[chance.below(6)], 1 + chance.below(100'000),
        1 + chance.below(5'000), chance.below(10'000), chance.below(1'000), chance.below(100),
        venues[chance.below(5)], chance.below(2) ? "true" : "false");
  }
  if (std::fclose(out) != 0) give_up(file.string() + " cannot be written");
}

Case trades_case(const fs::path& root, std::uint64_t rows) {
  const std::string read =
      "read_csv('" + (root / "in/trades/trades.csv").string() +
      "', header = true, auto_detect = false, delim = ',', quote = '\"', escape = '\"', "
      "ignore_errors = true, "
      "columns = {'id': 'BIGINT', 'trade_date': 'DATE', 'booked': 'TIMESTAMP', 'counterparty': "
      "'VARCHAR', "
      "'email': 'VARCHAR', 'iban': 'VARCHAR', 'currency': 'VARCHAR', 'quantity': 'INTEGER', "
      "'price': "
      "'DECIMAL(18,4)', 'fee': 'DECIMAL(9,2)', 'venue': 'VARCHAR', 'active': 'BOOLEAN'})";
  const std::string select =
      "SELECT currency, venue, count(*) AS trades, sum(quantity * price) AS notional";
  const std::string rules =
      " WHERE id IS NOT NULL AND trade_date IS NOT NULL AND counterparty IS NOT NULL AND currency "
      "IS NOT NULL AND "
      "quantity IS NOT NULL AND price IS NOT NULL AND trade_date >= DATE '2020-01-01' AND "
      "trade_date < DATE "
      "'2030-01-01' AND length(counterparty) BETWEEN 3 AND 12 AND length(email) <= 80 AND "
      "regexp_matches(email, "
      "'@.+\\.') AND length(iban) BETWEEN 15 AND 34 AND regexp_matches(currency, '^[A-Z]{3}$') AND "
      "quantity BETWEEN 1 "
      "AND 100000 AND price > 0 AND fee BETWEEN 0 AND 1000 AND venue IN ('XETR', 'XLON', 'XNYS', "
      "'XPAR', 'XTKS')";
  const fs::path typed = root / "plain/typed.parquet", masked = root / "plain/masked.parquet";
  Case one;
  one.name = "trades";
  one.rows = rows;
  add_steps(one, trades_contract(),
            {{"email", MaskMethod::tokenise, ""}, {"iban", MaskMethod::partial, ""}}, select);
  one.one_query =
      copy_to(select + " FROM " + read + " GROUP BY ALL ORDER BY ALL", root / "plain/g.parquet");
  one.copy = copy_to("SELECT * FROM " + read, typed);
  one.group = copy_to(select + " FROM " + parquet(typed) + " GROUP BY ALL ORDER BY ALL",
                      root / "plain/g.parquet");
  one.by_hand = {copy_to("SELECT * REPLACE ('tok_' || left(sha256('key' || email), 32) AS email, "
                         "repeat('*', length(iban) - 4) || "
                         "right(iban, 4) AS iban) FROM " +
                             read + rules,
                         masked),
                 copy_to(select + " FROM " + parquet(masked) + " GROUP BY ALL ORDER BY ALL",
                         root / "plain/g.parquet")};
  return one;
}

Case flights_case(const fs::path& root) {
  const std::string read = parquet(root / "in/flights/flights.parquet");
  const std::string select =
      "SELECT strftime(date, '%Y-%m') AS month, origin, count(*) AS flights, sum(delay) AS "
      "minutes, max(delay) AS worst";
  const fs::path typed = root / "plain/typed.parquet", masked = root / "plain/masked.parquet";
  Case one;
  one.name = "flights";
  one.rows = 3'000'000;
  add_steps(one, flights_contract(), {{"destination", MaskMethod::tokenise, ""}}, select);
  one.one_query =
      copy_to(select + " FROM " + read + " GROUP BY ALL ORDER BY ALL", root / "plain/g.parquet");
  one.copy = copy_to("SELECT * FROM " + read, typed);
  one.group = copy_to(select + " FROM " + parquet(typed) + " GROUP BY ALL ORDER BY ALL",
                      root / "plain/g.parquet");
  one.by_hand = {
      copy_to("SELECT * REPLACE ('tok_' || left(sha256('key' || destination), 32) AS destination) "
              "FROM " +
                  read +
                  " WHERE date >= TIMESTAMP '2001-01-01' AND date < TIMESTAMP '2002-01-01' AND "
                  "delay BETWEEN -2000 "
                  "AND 3000 AND distance BETWEEN 0 AND 10000 AND regexp_matches(origin, "
                  "'^[A-Z0-9]{3}$') AND "
                  "regexp_matches(destination, '^[A-Z0-9]{3}$') AND length(destination) <= 3",
              masked),
      copy_to(select + " FROM " + parquet(masked) + " GROUP BY ALL ORDER BY ALL",
              root / "plain/g.parquet")};
  return one;
}

}  // namespace runink::bench
