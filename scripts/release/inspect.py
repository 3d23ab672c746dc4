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


def pe(binary):
    imports = [*binary.imports, *binary.delay_imports]
    return {
        # Node.js loads a DLL only, whatever its name.
        "format": "pe" if binary.header.has_characteristic(lief.PE.Header.CHARACTERISTICS.DLL) else "pe, but no DLL",
        "arch": str(binary.header.machine).split(".")[-1].lower(),
        "libraries": sorted({library.name.lower() for library in imports}),
        "subsystem": ".".join(
            str(number)
            for number in (
                binary.optional_header.major_subsystem_version,
                binary.optional_header.minor_subsystem_version,
            )
        ),
        # Functions of Node.js must be looked up, because an import names the file of the program that has them.
        "undefined": sorted(
            entry.name
            for library in imports
            for entry in library.entries
            if entry.name.startswith(("napi_", "node_api_"))
        ),
        "exported": [entry.name for entry in binary.get_export().entries],
        "times": sorted({binary.header.time_date_stamps, binary.get_export().timestamp}),
        # A debug entry names the file that has the symbols, by its path.
        "debug": binary.header.numberof_symbols > 0
        or len(binary.debug) > 0
        or any(section.name.startswith((".debug", "/")) for section in binary.sections),
    }


def facts(path, data):
    if lief.is_macho(path):
        return macho(lief.MachO.parse(path).at(0), data)
    if lief.is_pe(path):
        return pe(lief.PE.parse(path))
    return elf(lief.ELF.parse(path))


def inspect(path):
    with open(path, "rb") as file:
        data = file.read()
    strings = [text.decode() for text in PRINTABLE.findall(data) if b"/" in text or b"." in text]
    return {"path": path, "size": len(data), "strings": strings, **facts(path, data)}


print(json.dumps([inspect(path) for path in sys.argv[1:]]))
