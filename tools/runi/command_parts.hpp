// What the sources that describe verbs share (command_line.cpp, command_kv.cpp).
#pragma once

#include <map>
#include <string>

#include "tools/runi/command_line.hpp"

namespace runink::runi {

using Verbs = std::map<const CLI::App*, Verb>;

/// A verb of `app` with what it does and its examples, lines that begin with two spaces.
CLI::App* add(CLI::App& app, std::string name, std::string what, std::string examples);
/// -o table, json, yaml or name.
void add_form(CLI::App* verb, Arguments& a);
/// --timeout.
void add_timeout(CLI::App* verb, Arguments& a);

/// `runi cluster` with its verbs, and `runi recover`.
void add_cluster(CLI::App& app, Arguments& a, Verbs& verbs);
/// `runi kv` with its verbs.
void add_kv(CLI::App& app, Arguments& a, Verbs& verbs);

}  // namespace runink::runi
