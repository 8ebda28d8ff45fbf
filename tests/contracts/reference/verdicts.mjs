// ajv's verdicts. usage: node verdicts.mjs FOLDER_WITH_NODE_MODULES SCHEMA < JSON list of YAML texts
// Prints a JSON list: null for a valid document, otherwise why it is none.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";

const require = createRequire(resolve(process.argv[2], "package.json"));
const Ajv = require("ajv/dist/2019").default;
const addFormats = require("ajv-formats").default;
const YAML = require("yaml");

// Lenient to the schema's own style, but as strict with numbers as by default: JSON has no infinity.
const ajv = new Ajv({ strict: false, strictNumbers: true });
addFormats(ajv);
const validate = ajv.compile(JSON.parse(readFileSync(process.argv[3], "utf8")));

function verdict(text) {
  const document = YAML.parseDocument(text, { version: "1.2", uniqueKeys: true, logLevel: "error" });
  if (document.errors.length > 0) return "YAML: " + document.errors[0].message.split("\n")[0];
  let value;
  try {
    value = document.toJS();
  } catch (error) {
    return "YAML: " + error.message;
  }
  if (validate(value)) return null;
  const first = validate.errors[0];
  return `${first.instancePath} ${first.message}`;
}

const texts = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(texts.map(verdict)));
