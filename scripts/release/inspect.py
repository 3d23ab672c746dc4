"""Reads binaries by LIEF and prints facts about them as JSON, for scripts/release/check-binaries.js."""

import hashlib
import json
import re
import struct
import sys

import lief

# LIEF complains about empty load commands, which do no harm.
lief.logging.disable()

# From `mach-o/nlist.h`: a symbol for debuggers, and an external symbol.
N_STAB, N_EXT = 0xE0, 0x01

PRINTABLE = re.compile(rb"[\x20-\x7e]{6,}")


def elf(binary):
    versions = {aux.name for need in binary.symbols_version_requirement for aux in need.get_auxiliary_symbols()}
    return {
        "format": "elf",
        "arch": str(binary.header.machine_type).split(".")[-1].lower(),
        "libraries": sorted(binary.libraries),
        "versions": sorted(versions),
        "runpath": [str(entry) for entry in binary.dynamic_entries if "PATH" in str(entry.tag)],
        # Symbols with a version are the C library's; Node.js must provide the others. Weak symbols may be missing.
        "undefined": sorted(
            symbol.name
            for symbol in binary.dynamic_symbols
            if symbol.name and symbol.shndx == 0 and symbol.binding != lief.ELF.Symbol.BINDING.WEAK
            if not (symbol.has_version and symbol.symbol_version.has_auxiliary_version)
        ),
        "exported": [symbol.name for symbol in binary.exported_symbols],
        "debug": any(section.name.startswith(".debug") or section.name == ".symtab" for section in binary.sections),
    }


def signature(binary, data):
    """The fault of the code signature, or None. macOS on arm64 kills a process that maps a page with a wrong hash."""
    if not binary.has_code_signature:
        return "none"
    start = binary.code_signature.data_offset
    magic, _, count = struct.unpack_from(">III", data, start)
    if magic != 0xFADE0CC0:
        return f"no SuperBlob: {magic:#x}"
    for index in range(count):
        _, offset = struct.unpack_from(">II", data, start + 12 + 8 * index)
        directory = start + offset
        if struct.unpack_from(">I", data, directory)[0] != 0xFADE0C02:
            continue
        hashes, slots, limit = (struct.unpack_from(">I", data, directory + at)[0] for at in (16, 28, 32))
        size, kind, _, page = data[directory + 36 : directory + 40]
        if kind != 2:
            return f"hashes of kind {kind}, not SHA-256"
        for slot in range(slots):
            end = min((slot + 1) << page, limit)
            want = data[directory + hashes + slot * size :][:size]
            if hashlib.sha256(data[slot << page : end]).digest() != want:
                return f"page {slot} has another hash"
        return None
    return "no code directory"


def macho(binary, data):
    undefined = [symbol for symbol in binary.imported_symbols]
    flat = [s.name for s in undefined if s.has_binding_info and s.binding_info.library_ordinal < 0]
    return {
        "format": "macho",
        "arch": str(binary.header.cpu_type).split(".")[-1].lower(),
        "libraries": sorted(library.name for library in binary.libraries if "LOAD" in str(library.command)),
        "id": next((library.name for library in binary.libraries if "ID_DYLIB" in str(library.command)), None),
        "minos": ".".join(map(str, binary.build_version.minos[:2])),
        "signature": signature(binary, data),
        # Symbols that no library is named for: the process, Node.js, must provide them.
        "undefined": sorted(flat),
        "exported": [symbol.name.removeprefix("_") for symbol in binary.exported_symbols],
        # A stripped binary has external symbols only.
        "debug": any(symbol.raw_type & N_STAB or not symbol.raw_type & N_EXT for symbol in binary.symbols),
    }


def inspect(path):
    with open(path, "rb") as file:
        data = file.read()
    fat = lief.MachO.parse(path) if lief.is_macho(path) else None
    facts = macho(fat.at(0), data) if fat else elf(lief.ELF.parse(path))
    facts["strings"] = [text.decode() for text in PRINTABLE.findall(data) if b"/" in text or b"." in text]
    return {"path": path, "size": len(data), **facts}


print(json.dumps([inspect(path) for path in sys.argv[1:]]))
