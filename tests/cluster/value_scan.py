"""Looks for marked values in everything that a node has written or answers.

How each kind of file is read:
- RocksDB (raft, state): neither tables nor write-ahead logs are compressed (storage/database.cpp), so the bytes
  are searched as they stand; a log record that crosses a block of 32 KiB is put together first.
- Parquet is compressed: DuckDB, loaded here through its C library, writes it out as CSV, and that is searched.
- Everything else as it stands.
A value is found in any case of its letters, as hex, and as base64 at each of its three alignments.
"""
import base64
import ctypes
import pathlib
import struct
import tempfile

from node import BIN

WAL_BLOCK = 32 * 1024


def forms_of(value):
    """(bytes to search for, whether case counts)."""
    raw = value.encode()
    forms = [(raw.lower(), False), (raw.hex().encode(), False)]
    for shift in range(3):
        # The characters that hold bits of the value alone, whatever stands before and after it.
        text = base64.b64encode(b"\0" * shift + raw + b"\0" * 3)
        first, last = (shift * 8 + 5) // 6, (shift + len(raw)) * 8 // 6
        forms.append((text[first:last], True))
    return forms


class Marks:
    """Values to look for, each under the name of the place where it was planted."""

    def __init__(self, values):
        self.forms = {name: forms_of(value) for name, value in values.items()}

    def found_in(self, data):
        lower = data.lower()
        return {name for name, forms in self.forms.items()
                if any(form in (data if exact else lower) for form, exact in forms)}


def joined_wal(data):
    """The records of a RocksDB write-ahead log without the headers that divide them."""
    out, at = [], 0
    while at + 7 <= len(data):
        left = WAL_BLOCK - at % WAL_BLOCK
        if left < 7:
            at += left
            continue
        _, length, kind = struct.unpack_from("<IHB", data, at)
        head = 11 if 5 <= kind <= 8 else 7  # recyclable records carry the number of their log
        if kind == 0 or kind > 8:
            break
        out.append(data[at + head:at + head + length])
        at += head + length
    return b"".join(out)


class Duck:
    """DuckDB as far as it is needed to write Parquet files out as text."""

    def __init__(self, library):
        self.lib = ctypes.CDLL(str(library))
        database, self.connection = ctypes.c_void_p(), ctypes.c_void_p()
        assert self.lib.duckdb_open(None, ctypes.byref(database)) == 0
        assert self.lib.duckdb_connect(database, ctypes.byref(self.connection)) == 0
        self.lib.duckdb_result_error.restype = ctypes.c_char_p

    def run(self, sql):
        result = (ctypes.c_uint64 * 16)()  # duckdb_result is smaller
        failed = self.lib.duckdb_query(self.connection, sql.encode(), ctypes.byref(result))
        error = (self.lib.duckdb_result_error(ctypes.byref(result)) or b"").decode() if failed else ""
        self.lib.duckdb_destroy_result(ctypes.byref(result))
        assert not failed, f"DuckDB: {error}"

    def csv_of(self, parquet):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "rows.csv"
            self.run(f"COPY (SELECT * FROM read_parquet('{parquet}')) TO '{path}' (FORMAT csv, HEADER)")
            return path.read_bytes()


class Scan:
    """Where which marks stand: {place: names of marks}."""

    def __init__(self, marks):
        self.marks = marks
        self.duck = Duck(BIN.parent / "lib/libduckdb.so")
        self.found = {}
        self.files = self.bytes = self.answers = 0

    def _note(self, place, names):
        if names:
            self.found.setdefault(place, set()).update(names)

    def text(self, place, text):
        self.answers += 1
        self._note(place, self.marks.found_in(text.encode(errors="surrogateescape")))

    def file(self, path, place):
        data = path.read_bytes()
        self.files += 1
        self.bytes += len(data)
        names = self.marks.found_in(data) | self.marks.found_in(str(path).encode(errors="surrogateescape"))
        if data.startswith(b"PAR1"):
            names |= self.marks.found_in(self.duck.csv_of(path))
        if path.suffix == ".log":
            names |= self.marks.found_in(joined_wal(data))
        self._note(place, names)

    def folder(self, folder, prefix):
        """Every regular file below; an artifact's place is its digest."""
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.is_symlink():
                below = path.relative_to(folder)
                stored = below.parts[0] == "artifacts" and len(below.name) == 64
                self.file(path, f"artifact {below.name}" if stored else f"{prefix}/{below}")
