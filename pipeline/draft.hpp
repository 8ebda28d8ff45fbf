// Inside: a pipeline file that was read and not yet resolved.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "pipeline/compile.hpp"
#include "pipeline/section.hpp"
#include "pipeline/template.hpp"
#include "pipeline/toml_file.hpp"
#include "vocabulary/source_text.hpp"

namespace runink::pipeline {

/// A dataset as the text names it.
struct Reference {
  std::string name;
  Span span;
};

/// One table of [source], [step] or [sink]. `step.inputs` stay empty until all names are known.
struct DraftStep {
  Step step;
  Span name_span;
  std::vector<Span> output_spans;  ///< as many as step.outputs
  std::vector<Reference> reads;
  /// For SQL: its question, and the way from a byte of the question to the file.
  std::optional<std::size_t> question;
  const Value* sql = nullptr;
  Rendered rendered;

  Span in_file(std::size_t at, std::size_t length) const;
};

struct Draft::State {
  explicit State(CompileRequest asked, std::string path, std::string_view text)
      : request(std::move(asked)), source(std::move(path), text), mistakes(source) {
    for (const BundleFile& file : request.bundle.files) paths.push_back(file.path);
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  CompileRequest request;
  SourceText source;
  Mistakes mistakes;
  std::vector<std::string> paths;  ///< of the bundle, for suggestions
  Value root;
  Names names;
  PipelineName pipeline;
  HerdName herd;
  std::string description;
  std::vector<DraftStep> steps;  ///< in the order of the file
  std::vector<SqlQuestion> questions;
};

/// Reads the values of [parameters] and of the request into `state.names`; also the logical date,
/// when a parameter gives it.
void read_parameters(Draft::State& state, Section& top);
/// Reads [source], [step] and [sink].
void read_steps(Draft::State& state, Section& top);
/// A text of the file with its templates rendered; the mistakes in it are told, and then nothing is
/// given back.
std::optional<Rendered> render_value(Draft::State& state, const Value& value, Tongue tongue);

}  // namespace runink::pipeline
