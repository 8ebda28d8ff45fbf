// pipeline/: what a pipeline means. Floor 1, pure: may include vocabulary and governance. Read in
// this order:
//
//   plan.hpp         the typed plan that enters the log
//   compile.hpp      from a bundle to a plan, in two phases
//   bundle.hpp       a pipeline's folder as one artifact
//   sql_reader.hpp   the port that knows SQL
//   column_flow.hpp  which columns hold what must be masked, behind SQL too
//   step_file.hpp    what a built-in step is given
//   herd_file.hpp    a herd's file
//   test_set.hpp     the tests of a bundle: test_file (one of them), test_plan (how it runs), golden
//                    (rows that are compared)
//   render.hpp       a plan as text, JSON, Graphviz, Mermaid
//
// Inside, in the order of their use: toml_file (the only file that knows toml++), quantity,
// template, reader (keys of a table), draft (the parsed file), resolve (references, cycles, order).
//
// Promised: no input crashes it, a Plan that exists can be submitted, every mistake is told at
// once.
#pragma once

#include "pipeline/bundle.hpp"
#include "pipeline/compile.hpp"
#include "pipeline/herd_file.hpp"
#include "pipeline/plan.hpp"
#include "pipeline/render.hpp"
#include "pipeline/sql_reader.hpp"
#include "pipeline/step_file.hpp"
