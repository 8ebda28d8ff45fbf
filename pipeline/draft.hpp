// Inside: a pipeline file that was read and not yet resolved.
#pragma once

#include <cstddef>
#include <map>
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

/// What [contracts] names, or what the herd has registered under that name.
struct DraftContract {
  Span span;
  std::string path;  ///< in the bundle; empty = registered
  Digest document;
  Bytes size;
  std::uint32_t version = 0;
  std::optional<governance::Contract> contract;  ///< nothing: it is broken, and that was told
  const governance::Contract* newest =
      nullptr;  ///< the herd's, where the bundle holds an older one
  bool used = false;
};
/// What a source or a validate step goes by; `schema` lies in `Draft::State::contracts`.
struct BoundContract {
  ContractUse use;
  const governance::SchemaObject* schema = nullptr;
  /// The object in the herd's newest version, where that is another; it lies in the request.
  const governance::SchemaObject* newest = nullptr;
};
/// One of `masks = { column = "method" }`.
struct DraftMask {
  std::string column;
  governance::MaskMethod method = governance::MaskMethod::keep;
  Span span;
};

/// One table of [source], [step] or [sink]. `step.inputs` stay empty until all names are known.
struct DraftStep {
  Step step;
  Span name_span;
  std::vector<Span> output_spans;  ///< as many as step.outputs
  std::vector<Reference> reads;
  /// Of a source or validate step that names its contract.
  std::optional<BoundContract> contract;
  bool contract_told = false;  ///< the key is there, and what is wrong with it was told
  std::vector<DraftMask> masks;
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

  /// Mistakes in other files of the bundle, beside `mistakes`.
  void add_others(const Diagnostics& more);
  bool failed() const { return mistakes.failed() || others.failed(); }
  /// All mistakes: of the pipeline file, then of the other files.
  Diagnostics diagnostics() const;
  /// What the herd demands; nothing in particular when the request does not say.
  const governance::HerdPolicy& policy() const;

  CompileRequest request;
  SourceText source;
  Mistakes mistakes;
  Diagnostics others;
  std::vector<std::string> paths;  ///< of the bundle, for suggestions
  Value root;
  Names names;
  PipelineName pipeline;
  HerdName herd;
  std::string description;
  std::map<ContractName, DraftContract> contracts;
  /// The documents of [contracts] that were read; nothing: it is broken, and that was told.
  std::map<Digest, std::optional<governance::Contract>> documents;
  std::vector<std::string> contract_names;  ///< of [contracts], in the order of the file
  std::vector<DraftStep> steps;             ///< in the order of the file
  std::vector<SqlQuestion> questions;
};

/// Reads the values of [parameters] and of the request into `state.names`; also the logical date,
/// when a parameter gives it.
void read_parameters(Draft::State& state, Section& top);
/// Reads [contracts] and their documents.
void read_contracts(Draft::State& state, Section& top);
/// The key `contract` of a source or a validate step.
void read_contract(Draft::State& state, Section& section, DraftStep& draft);
/// A step with the key `validate`, or `mask`: all but what every step has.
void read_validate(Draft::State& state, Section& section, DraftStep& draft);
void read_mask(Draft::State& state, Section& section, DraftStep& draft);
/// A method of masking, or nothing and a mistake.
std::optional<governance::MaskMethod> read_mask_method(const Value& value, Mistakes& mistakes);
/// Reads [source], [step] and [sink].
void read_steps(Draft::State& state, Section& top);
/// A text of the file with its templates rendered; the mistakes in it are told, and then nothing is
/// given back.
std::optional<Rendered> render_value(Draft::State& state, const Value& value, Tongue tongue);

}  // namespace runink::pipeline
