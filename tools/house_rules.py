#!/usr/bin/env python3
"""The house rules that a compiler cannot keep; part of every build.

    tools/house_rules.py [FOLDER]        checks the tree, prints file:line: rule: what and how to fix
    tools/house_rules.py --self-test     feeds a violation of each rule and expects it to be caught

CMake orders the rooms, but its links are transitive and every Debian header can be reached from
everywhere. So each room's allow-list of direct includes stands here, with the words that a pure
room may not speak, and the rules for names and sizes. An exception stands in EXCEPTIONS with its
reason, and one that is no longer needed is itself a mistake.
"""
import os
import re
import sys
from dataclasses import dataclass
from typing import NamedTuple

FILE_LINES, FUNCTION_LINES = 600, 70

# ---- what a room may include -------------------------------------------------------------------

# The small headers of the standard library: no clock, disk, thread, stream or chance in them.
SMALL_STD = frozenset(
    """algorithm array bit cctype cerrno charconv compare concepts cstddef cstdint cstring cstdio deque
    expected functional initializer_list iterator limits list map memory new numeric optional queue
    ranges set span stack stdexcept string string_view tuple type_traits utility variant
    vector version""".split()
)
UNORDERED = frozenset({"unordered_map", "unordered_set"})
# With two sets of macros in one program toml++'s inline functions are of two kinds under one name:
# it crashed. So there is one way to include it.
TOML_GUARD = "vocabulary/toml_guarded.hpp"
# Third parties by the beginning of the header's path; the first that fits counts.
THIRD_PARTIES = (
    ("boost/test/", "boost-test"), ("boost/asio", "asio"), ("boost/beast", "beast"),
    ("boost/json", "json"), ("boost/url", "url"), ("boost/system/", "asio"), ("boost/", "boost"),
    ("caf/", "caf"), ("rocksdb/", "rocksdb"), ("openssl/", "openssl"), ("xxhash.h", "xxhash"),
    ("toml++/", "toml++"), (TOML_GUARD, "guarded-toml"), ("yaml-cpp/", "yaml-cpp"), ("libcgroup", "libcgroup"),
    ("seccomp.h", "libseccomp"), ("duckdb.h", "duckdb"), ("spdlog/", "spdlog"),
    ("prometheus/", "prometheus"), ("CLI/", "cli11"), ("date/", "date"), ("zstd", "zstd"),
    ("lz4", "lz4"),
)
ANY = None  # every header of the standard library, or of the system


@dataclass(frozen=True)
class Room:
    """What files of one folder may include directly, beside the folder itself."""

    rooms: frozenset = frozenset()
    third: frozenset = frozenset()         # in any file
    third_in_cpp: frozenset = frozenset()  # hidden behind a plain header
    std: frozenset | None = ANY
    system: frozenset | None = ANY         # <unistd.h>, <sys/...>, <linux/...>
    speaks: tuple = ()                     # names of FORBIDDEN_WORDS that hold here
    door: bool = True                      # has the header that bears its name


def room(rooms="", third="", cpp="", **more):
    return Room(frozenset(rooms.split()), frozenset(third.split()), frozenset(cpp.split()), **more)


NOTHING = frozenset()
DECIDES = ("outside", "chance", "floating", "unordered")
ALL_FLOORS_BELOW = ("vocabulary raft governance pipeline state scheduler storage isolation security "
                    "config")
ROOMS = {
    "vocabulary": room(third="toml++", cpp="openssl xxhash"),
    "raft": room("vocabulary", std=SMALL_STD, system=NOTHING, speaks=DECIDES),
    "governance": room("vocabulary", cpp="yaml-cpp", std=SMALL_STD, system=NOTHING, speaks=DECIDES),
    "pipeline": room("vocabulary governance", cpp="guarded-toml", std=SMALL_STD | UNORDERED,
                     system=NOTHING, speaks=("outside", "chance")),
    "state": room("vocabulary pipeline governance", std=SMALL_STD, system=NOTHING, speaks=DECIDES),
    "scheduler": room("vocabulary state", std=SMALL_STD, system=NOTHING, speaks=DECIDES),
    "storage": room("vocabulary raft", third="rocksdb"),
    "isolation": room("vocabulary", third="libcgroup libseccomp"),
    "security": room("vocabulary", third="json", cpp="openssl"),
    "config": room("vocabulary", cpp="guarded-toml"),
    "actors": room(ALL_FLOORS_BELOW, third="caf asio beast json url boost spdlog prometheus"),
    "steps": room("vocabulary pipeline governance", third="duckdb json"),
    "tools": room(ALL_FLOORS_BELOW + " actors steps", third="cli11 json asio", door=False),
    "bench": room(ALL_FLOORS_BELOW + " actors steps", door=False,
                  third="cli11 json asio caf rocksdb duckdb boost openssl"),
    "tests": room(ALL_FLOORS_BELOW + " actors steps tools", door=False,
                  # cli11: the tests of runi walk its tree of verbs
                  third="boost-test json asio beast caf boost rocksdb duckdb openssl xxhash "
                        "libcgroup guarded-toml prometheus cli11"),
}
# Rooms of which only these headers may be included from another room.
ONLY_THESE = {("state", "pipeline"): {"pipeline/plan.hpp"},
              ("storage", "raft"): {"raft/ports.hpp"}}

# ---- words ---------------------------------------------------------------------------------------

FORBIDDEN_WORDS = {
    "outside": (
        r"\b(?:steady_clock|system_clock|high_resolution_clock|std::(?:jthread|thread|mutex|async|"
        r"condition_variable|atomic|[io]?fstream|cout|cerr|cin|filesystem|chrono|random_device)|"
        r"(?:f?printf|puts|getenv|fopen|gettimeofday|clock_gettime|nanosleep|usleep|system|popen)"
        r"(?=\s*\())",
        "a pure room has no clock, disk, thread or stream: take it as an argument, or through a port"),
    "chance": (
        r"\b(?:random_device|mt19937(?:_64)?|default_random_engine|s?rand(?=\s*\())",
        "chance is an argument: take a Randomness&"),
    "floating": (
        r"\b(?:float|double)\b",
        "the log's rooms use no floating point: count in whole units (milli, permille, nanoseconds)"),
    "unordered": (
        r"\bunordered_(?:multi)?(?:map|set)\b",
        "nothing unordered decides: use std::map, std::set or a sorted vector"),
}
# The names are put together here, so that this file does not break its own rule.
EVERYWHERE = (
    ("unfinished", r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X)\b", "finish it, or write down the limit in docs/"),
    ("machine-path", r"(?<![\w.}$])/wo" r"rk/", "no path of one machine: make it relative to the repository"),
    ("registry", r"\b(?:registry\.np" r"mjs|registry\.ya" r"rnpkg|deb\.deb" r"ian|py" r"pi\.org|"
                 r"files\.python" r"hosted|crat" r"es\.io|ghcr\.i" r"o|docker\.i" r"o)\b",
     "name the package, not the host: the client knows its registry"),
)
BAD_FILE_WORDS = frozenset("utils util common helper helpers misc manager base impl".split())
BAD_TYPE = re.compile(
    r"\b(?:class|struct|enum class)\s+(\w*(?:Manager|Helpers?|Utils?|Impl|Misc))\b(?!\s*\()")

# ---- exceptions: (path, rule) -> why ---------------------------------------------------------------

EXCEPTIONS = {
    ("tests/data/raft/interaction/confchange_v1_remove_leader.txt", "unfinished"): "others' data, kept as it is",
    ("tests/data/raft/interaction/confchange_v2_add_double_implicit.txt", "unfinished"): "others' data, kept as it is",
}

TEXT_ENDINGS = (".cpp", ".hpp", ".h", ".c", ".py", ".txt", ".cmake", ".md", ".toml", ".json", ".sh", ".yaml",
                ".yml", ".sql", "")
SKIPPED_FOLDERS = frozenset({".git", ".data", "build", "node_modules", "__pycache__", ".cache"})


class Violation(NamedTuple):
    path: str
    line: int
    rule: str
    what: str


# ---- reading C++ -----------------------------------------------------------------------------------

_NOISE = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<d>[^()\s\\]{0,16})\(.*?\)(?P=d)"|"(?:[^"\\\n]|\\.)*"'
    r"|(?<![0-9a-zA-Z_])'(?:[^'\\\n]|\\.)+'", re.S)
_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)


def without_noise(text):
    """Comments, texts and characters blanked out; lines stay where they are."""
    def blank(match):
        piece = match.group()
        if "\n" not in piece:
            return " " if piece.startswith("/") else '""'
        return "\n" * piece.count("\n")
    return _NOISE.sub(blank, text)


def line_at(text, position):
    return text.count("\n", 0, position) + 1


_BRACES = re.compile(r"[{};]")
_TYPE_HEAD = re.compile(r"\b(?:class|struct|union|enum)\b[^()=]*$")
_SCOPE_HEAD = re.compile(r"\b(?:namespace|extern\s*\"\")\s*[\w:]*\s*$")


def long_functions(code):
    """[(line, lines)] of the functions over the limit; lambdas count into the function around them."""
    found, stack, last = [], [], 0
    for match in _BRACES.finditer(code):
        mark = match.group()
        if mark == "{":
            head = code[last:match.start()]
            inside = stack and stack[-1][0] != "scope"
            if inside:
                kind = "inner"
            elif _SCOPE_HEAD.search(head) or _TYPE_HEAD.search(head.split("\n#")[0]) \
                    and "(" not in head.rsplit(">", 1)[-1]:
                kind = "scope"
            elif "(" in head:
                kind = "function"
            else:
                kind = "inner"
            stack.append((kind, match.start() - len(head.lstrip())))
        elif mark == "}" and stack:
            kind, start = stack.pop()
            if kind == "function":
                lines = code.count("\n", start, match.end()) + 1
                if lines > FUNCTION_LINES:
                    found.append((line_at(code, start), lines))
        last = match.end()
    return found


# ---- rules on one file -----------------------------------------------------------------------------

def check_include(path, line, bracket, header):
    folder = path.split("/", 1)[0]
    here = ROOMS[folder]
    if bracket == '"' and header != TOML_GUARD and header.split("/", 1)[0] in ROOMS:
        return check_our_header(path, line, folder, header)
    for beginning, third in THIRD_PARTIES:
        if not header.startswith(beginning):
            continue
        if third in here.third:
            return None
        if third not in here.third_in_cpp:
            return Violation(path, line, "third-party", f"{folder}/ may not include <{header}> ({third}): "
                             f"it belongs to {owners_of(third)}; go through a port or a value")
        if path.endswith(".hpp"):
            return Violation(path, line, "third-party", f"<{header}> may stand only in a .cpp of {folder}/: "
                             "hide it behind a plain header")
        return None
    if "/" in header or header.endswith(".h"):
        if here.system is not ANY and header not in here.system:
            return Violation(path, line, "system-header", f"{folder}/ is pure and may not include <{header}>")
        return None
    if here.std is not ANY and header not in here.std:
        return Violation(path, line, "std-header", f"{folder}/ may not include <{header}>: a pure room uses the "
                         "small headers of the standard library only")
    if header == "chrono" and folder == "vocabulary":
        return Violation(path, line, "std-header", "vocabulary/ may not include <chrono>, which costs 0.4 s in "
                         "every file: use vocabulary/units.hpp")
    return None


def owners_of(third):
    owners = [name for name, one in ROOMS.items()
              if third in one.third | one.third_in_cpp and name not in ("tests", "bench", "tools")]
    return " and ".join(owner + "/" for owner in owners) or "no room"


def check_our_header(path, line, folder, header):
    other = header.split("/", 1)[0]
    if other == folder:
        return None
    if other not in ROOMS[folder].rooms:
        return Violation(path, line, "floor", f"{folder}/ may not include {other}/ ({header}): it may use "
                         f"{', '.join(sorted(ROOMS[folder].rooms)) or 'no other room'}")
    only = ONLY_THESE.get((folder, other))
    if only and header not in only:
        return Violation(path, line, "floor", f"{folder}/ may include only {', '.join(sorted(only))} of {other}/")
    return None


def check_cpp(path, text):
    folder = path.split("/", 1)[0]
    code = without_noise(text)
    for match in _INCLUDE.finditer(text):
        bad = check_include(path, line_at(text, match.start()), match.group(1), match.group(2))
        if bad:
            yield bad
    for name in ROOMS[folder].speaks:
        pattern, fix = FORBIDDEN_WORDS[name]
        for match in re.finditer(pattern, code):
            yield Violation(path, line_at(code, match.start()), "pure", f"'{match.group()}' in {folder}/: {fix}")
    for line, lines in long_functions(code):
        yield Violation(path, line, "function-size",
                        f"a function of {lines} lines; at most {FUNCTION_LINES}: give its parts names")
    for match in BAD_TYPE.finditer(code):
        yield Violation(path, line_at(code, match.start()), "name",
                        f"'{match.group(1)}' says nothing of what it is: name the noun it holds")
    if path.endswith(".hpp") and not re.search(r"^#pragma once$", text, re.M):
        yield Violation(path, 1, "pragma-once", "a header begins with #pragma once")


def check_text(path, text):
    """Every violation of one file, exceptions not yet taken out."""
    lines = text.count("\n") + 1
    folder = path.split("/", 1)[0]
    stem = re.split(r"[/.]", path)[-2] if "." in os.path.basename(path) else os.path.basename(path)
    for word in sorted(BAD_FILE_WORDS & set(re.split(r"[_-]", stem.lower()))):
        yield Violation(path, 1, "name", f"'{word}' in a file's name says nothing: name the noun it holds")
    if lines > FILE_LINES and path.endswith((".cpp", ".hpp", ".py", ".c")):
        yield Violation(path, FILE_LINES, "file-size",
                        f"{lines} lines; at most {FILE_LINES}: split it by theme")
    for rule, pattern, fix in EVERYWHERE:
        for match in re.finditer(pattern, text):
            yield Violation(path, line_at(text, match.start()), rule, f"'{match.group()}': {fix}")
    if folder in ROOMS and path.endswith((".cpp", ".hpp", ".h", ".c")):
        yield from check_cpp(path, text)


def check_tree(paths):
    """What only shows in the list of all files."""
    for name, one in ROOMS.items():
        files = [path for path in paths if path.startswith(name + "/") and path.endswith((".hpp", ".cpp"))]
        if one.door and files and f"{name}/{name}.hpp" not in paths:
            yield Violation(files[0], 1, "door", f"{name}/ has no door: write {name}/{name}.hpp, which opens with "
                            "the map of the room")


_LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")
_NAMED = re.compile(r"`([a-z_]+(?:/[\w.-]+)+)`")


def check_links(path, text, there):
    """Links of a document, and every file that the walk names; `there` says whether a path exists."""
    folder = os.path.dirname(path)
    named = [(match, os.path.normpath(os.path.join(folder, match.group(1)))) for match in _LINK.finditer(text)]
    if path == "docs/WALK.md":
        named += [(match, match.group(1)) for match in _NAMED.finditer(text)]
    for match, target in named:
        if not there(target):
            yield Violation(path, line_at(text, match.start()), "dead-link",
                            f"'{match.group(1)}' does not exist: name the file that took its place")


# ---- the whole tree --------------------------------------------------------------------------------

def files_of(root):
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in SKIPPED_FOLDERS)
        for name in sorted(set(names) - SKIPPED_FOLDERS):  # in a linked working tree .git is a file
            if os.path.splitext(name)[1] in TEXT_ENDINGS:
                yield os.path.relpath(os.path.join(folder, name), root)


def check_house(root):
    found, paths = [], []
    for path in files_of(root):
        try:
            with open(os.path.join(root, path), encoding="utf-8") as file:
                text = file.read()
        except (UnicodeDecodeError, FileNotFoundError):
            continue  # not a text, or gone while we looked
        paths.append(path)
        found += check_text(path, text)
        if path.endswith(".md"):
            found += check_links(path, text, lambda target: os.path.exists(os.path.join(root, target)))
    found += check_tree(set(paths))
    needed = {(one.path, one.rule) for one in found}
    stale = [Violation("tools/house_rules.py", 1, "exception", f"the exception {key} is no longer needed: remove it")
             for key in EXCEPTIONS if key not in needed]
    return [one for one in found if (one.path, one.rule) not in EXCEPTIONS] + stale


# ---- self-test -------------------------------------------------------------------------------------

def samples():
    """(path, text, rule or None): each violating sample, and good ones that look like violations."""
    body = "  f();\n" * 80
    yield "raft/core.cpp", '#include "state/commands.hpp"\n', "floor"
    yield "vocabulary/ids.hpp", '#pragma once\n#include "raft/core.hpp"\n', "floor"
    yield "storage/a.cpp", '#include "isolation/step.hpp"\n', "floor"
    yield "storage/a.cpp", '#include "raft/core.hpp"\n', "floor"
    yield "storage/a.cpp", '#include "raft/ports.hpp"\n', None
    yield "config/a.cpp", '#include "pipeline/plan.hpp"\n', "floor"
    yield "steps/a.cpp", '#include "actors/node.hpp"\n', "floor"
    yield "state/a.cpp", '#include "pipeline/plan.hpp"\n', None
    yield "state/a.cpp", '#include "pipeline/compile.hpp"\n', "floor"
    yield "state/a.cpp", "#include <caf/all.hpp>\n", "third-party"
    yield "raft/a.hpp", "#pragma once\n#include <rocksdb/db.h>\n", "third-party"
    yield "pipeline/a.cpp", '#include "duckdb.h"\n', "third-party"
    yield "actors/a.cpp", "#include <duckdb.h>\n", "third-party"
    yield "steps/a.cpp", "#include <caf/all.hpp>\n", "third-party"
    yield "pipeline/a.cpp", f'#include "{TOML_GUARD}"\n', None
    yield "pipeline/a.hpp", f'#pragma once\n#include "{TOML_GUARD}"\n', "third-party"
    yield "actors/a.cpp", f'#include "{TOML_GUARD}"\n', "third-party"
    yield "config/a.cpp", "#include <toml++/toml.h>\n", "third-party"
    yield "vocabulary/a.hpp", "#pragma once\n#include <openssl/evp.h>\n", "third-party"
    yield "scheduler/a.cpp", "#include <unistd.h>\n", "system-header"
    yield "raft/a.cpp", "#include <chrono>\n", "std-header"
    yield "raft/a.cpp", "#include <thread>\n", "std-header"
    yield "state/a.cpp", "#include <unordered_map>\n", "std-header"
    yield "governance/a.cpp", "#include <fstream>\n", "std-header"
    yield "vocabulary/a.hpp", "#pragma once\n#include <chrono>\n", "std-header"
    yield "raft/a.cpp", "auto t = std::chrono::steady_clock::now();\n", "pure"
    yield "pipeline/a.cpp", "std::random_device seed;\n", "pure"
    yield "raft/a.cpp", "std::thread t;\n", "pure"
    yield "scheduler/a.cpp", "double score = 0;\n", "pure"
    yield "scheduler/a.cpp", '// a double word\nauto text = "float"; // float\n', None
    yield "pipeline/a.cpp", "double number = 0;\n", None
    yield "state/a.cpp", "std::unordered_map<int, int> x;\n", "pure"
    yield "raft/a.cpp", "int x;\n" * 700, "file-size"
    yield "raft/a.cpp", "namespace a {\nint g(int x) {\n" + body + "}\n}\n", "function-size"
    yield "raft/a.cpp", "struct A {\n  void g() const noexcept {\n" + body + "  }\n};\n", "function-size"
    yield "raft/a.cpp", "A::A(int b) : b_{b}, c_(2) {\n" + body + "}\n", "function-size"
    yield "raft/a.cpp", "template <class T>\nauto f(T t) -> int {\n  if (t) {\n" + body + "  }\n}\n", "function-size"
    yield "raft/a.cpp", "namespace a {\nstruct B {\n" + "  int x;\n" * 90 + "};\n}\n", None
    yield "raft/a.cpp", "const int table[] = {\n" + "  1,\n" * 90 + "};\n", None
    yield "raft/a.cpp", "namespace {\n" + "int f() {\n  return '{';\n}\n" * 40 + "}\n", None
    yield "raft/utils.hpp", "#pragma once\n", "name"
    yield "state/slice_manager.cpp", "int x;\n", "name"
    yield "state/a.cpp", "class SliceManager {};\n", "name"
    yield "state/a.hpp", "int x;\n", "pragma-once"
    yield "state/a.cpp", "// TO" "DO: later\n", "unfinished"
    yield "docs/a.md", "see /wo" "rk/main\n", "machine-path"
    yield "docs/a.md", "a frame" "work/part\n", None
    yield "tools/setup", "https://registry.np" "mjs.org\n", "registry"


def self_test():
    wrong = 0
    for path, text, rule in samples():
        rules = {one.rule for one in check_text(path, text)}
        if (rule and rule not in rules) or (not rule and rules):
            wrong += 1
            print(f"self-test: {path}: expected {rule or 'nothing'}, found {sorted(rules) or 'nothing'}:\n{text[:200]}")
    trees = (({"raft/core.cpp"}, True), ({"raft/core.cpp", "raft/raft.hpp"}, False), ({"tools/a.cpp"}, False))
    for tree, expected in trees:
        if bool(list(check_tree(tree))) != expected:
            wrong += 1
            print(f"self-test: {tree}: a missing door was not told rightly")
    walk = "[a](b.md) [c](https://c) `state/gone.cpp` `state/here.cpp`\n"
    dead = [one.what.split("'")[1] for one in check_links("docs/WALK.md", walk, {"state/here.cpp"}.__contains__)]
    if dead != ["b.md", "state/gone.cpp"]:
        wrong += 1
        print(f"self-test: dead links {dead}")
    print(f"self-test: {len(list(samples())) + len(trees) + 1} samples, {wrong} wrong")
    return wrong


def main():
    if sys.argv[1:] == ["--self-test"]:
        return 1 if self_test() else 0
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "..")
    found = check_house(root)
    for one in sorted(found):
        print(f"{one.path}:{one.line}: {one.rule}: {one.what}")
    if found:
        print(f"house rules: {len(found)} broken; what each one asks stands in its line")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
