//! What the kernel tells a program at its start.
#![expect(unsafe_code, reason = "getauxval(3) has no safe face")]

use libc::c_ulong;

/// How many ticks a second has in the times of `/proc`.
pub(super) fn ticks_in_a_second() -> Option<u64> {
    value_of(libc::AT_CLKTCK)
}

/// How many bytes a page of memory has.
pub(super) fn page() -> Option<u64> {
    value_of(libc::AT_PAGESZ)
}

fn value_of(kind: c_ulong) -> Option<u64> {
    // SAFETY: it takes a number, and reads a table that libc has made at the start. Beside that it may set `errno`.
    let value = unsafe { libc::getauxval(kind) };
    Some(value).filter(|value| *value != 0)
}
