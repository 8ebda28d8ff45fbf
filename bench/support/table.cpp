#include "bench/support/table.hpp"

#include <sys/statfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <thread>

namespace runink::bench {
namespace {
namespace json = boost::json;

std::string processor() {
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);)
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  return "unknown";
}

double load() {
  double one = 0;
  std::ifstream("/proc/loadavg") >> one;
  return one;
}

json::object machine(const Options& options) {
  utsname system{};
  ::uname(&system);
  struct statfs disk {};
  ::statfs(options.folder.c_str(), &disk);
  char kind[32];
  std::snprintf(kind, sizeof kind, "%lx", static_cast<unsigned long>(disk.f_type));
  return {{"processor", processor()}, {"cores", std::thread::hardware_concurrency()},
          {"kernel", system.release}, {"file_system_magic", kind},
          {"load", load()},           {"rest_us", options.rest_us},
          {"root", ::geteuid() == 0}};
}

double us(std::int64_t ns) { return static_cast<double>(ns) / 1e3; }

json::object to_json(const Row& row) {
  json::object one{{"case", row.name}, {"n", row.ns.size()}};
  if (!row.ns.empty()) {
    one["p50_us"] = us(permille_of(row.ns, 500));
    one["p99_us"] = us(permille_of(row.ns, 990));
  }
  if (!row.floor_ns.empty()) {
    one["floor_p50_us"] = us(permille_of(row.floor_ns, 500));
    one["floor_p99_us"] = us(permille_of(row.floor_ns, 990));
    one["ratio"] = us(permille_of(row.ns, 500)) / us(permille_of(row.floor_ns, 500));
    one["ratio_p99"] = us(permille_of(row.ns, 990)) / us(permille_of(row.floor_ns, 990));
  }
  for (const auto& [name, value] : row.more) one[name] = value;
  return one;
}

void print_cell(const json::object& row, const char* name, int width, int digits) {
  if (const json::value* value = row.if_contains(name))
    std::printf(" %*.*f", width, digits, value->to_number<double>());
  else
    std::printf(" %*s", width, "-");
}

}  // namespace

Options read_options(int argc, char** argv, int rounds_by_default) {
  Options options;
  options.rounds = rounds_by_default;
  options.folder = std::filesystem::temp_directory_path().string();
  int option = 0;
  while ((option = ::getopt(argc, argv, "n:o:f:r:m:t:")) != -1) {
    if (option == 'n') options.rounds = std::atoi(optarg);
    if (option == 'n') options.rounds_given = true;
    if (option == 'm') options.mode = optarg;
    if (option == 't') options.time_ms = std::atoi(optarg);
    if (option == 'o') options.json = std::string(optarg) == "json";
    if (option == 'f') options.folder = optarg;
    if (option == 'r') options.rest_us = std::atoi(optarg);
    const bool known_form = option != 'o' || options.json || std::string(optarg) == "table";
    if (option == '?' || options.rounds < 1 || options.time_ms < 1 || !known_form) {
      std::fprintf(
          stderr,
          "usage: %s [-n ROUNDS] [-o table|json] [-f FOLDER] [-r REST_US] [-m MODE] [-t MS]\n",
          argv[0]);
      std::exit(2);
    }
  }
  return options;
}

void give_up(const std::string& sentence) {
  std::fprintf(stderr, "bench: %s\n", sentence.c_str());
  std::exit(1);
}

std::int64_t permille_of(std::vector<std::int64_t> ns, int permille) {
  const std::size_t at =
      std::min(ns.size() - 1, ns.size() * static_cast<std::size_t>(permille) / 1000);
  std::nth_element(ns.begin(), ns.begin() + static_cast<std::ptrdiff_t>(at), ns.end());
  return ns[at];
}

void print(const std::string& bench, const Options& options, const std::vector<Row>& rows,
           const std::vector<std::string>& notes) {
  const json::object on = machine(options);
  if (options.json) {
    json::array list;
    for (const Row& row : rows) list.push_back(to_json(row));
    json::array said(notes.begin(), notes.end());
    std::cout << json::object{{"bench", bench}, {"rows", list}, {"machine", on}, {"notes", said}}
              << "\n";
    return;
  }
  std::printf("%s, %s\n\n", bench.c_str(), json::serialize(on).c_str());
  std::printf("%-34s %6s %11s %11s %11s %11s %7s %9s\n", "case", "n", "p50 us", "p99 us",
              "floor p50", "floor p99", "ratio", "ratio p99");
  for (const Row& row : rows) {
    const json::object one = to_json(row);
    std::printf("%-34s %6zu", row.name.c_str(), row.ns.size());
    for (const char* name : {"p50_us", "p99_us", "floor_p50_us", "floor_p99_us"})
      print_cell(one, name, 11, 1);
    print_cell(one, "ratio", 7, 2);
    print_cell(one, "ratio_p99", 9, 2);
    for (const auto& [name, value] : row.more) std::printf("  %s %.6g", name.c_str(), value);
    std::printf("\n");
  }
  std::printf("\n");
  for (const std::string& note : notes) std::printf("%s\n", note.c_str());
}

}  // namespace runink::bench
