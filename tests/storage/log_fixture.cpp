#include "tests/storage/log_fixture.hpp"

#include <rocksdb/db.h>

#include <memory>

namespace runink::test {
namespace {

std::unique_ptr<rocksdb::DB> open(const std::string& path) {
  rocksdb::DB* db = nullptr;
  BOOST_REQUIRE(rocksdb::DB::Open(rocksdb::Options{}, path, &db).ok());
  return std::unique_ptr<rocksdb::DB>(db);
}

}  // namespace

std::string raw_value(const std::string& path, const std::string& key) {
  std::string value;
  const auto status = open(path)->Get(rocksdb::ReadOptions{}, key, &value);
  BOOST_REQUIRE_MESSAGE(status.ok(), status.ToString());
  return value;
}

void put_raw(const std::string& path, const std::string& key, const std::string& value) {
  BOOST_REQUIRE(open(path)->Put(rocksdb::WriteOptions{}, key, value).ok());
}

}  // namespace runink::test
