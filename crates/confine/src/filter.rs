//! A filter of system calls for this process and all that it executes and makes, seccomp(2).
#![expect(unsafe_code, reason = "prctl(2) has no safe face here")]

use std::io;

use libc::{
    BPF_ABS, BPF_ALU, BPF_AND, BPF_JEQ, BPF_JMP, BPF_K, BPF_LD, BPF_RET, BPF_W, SECCOMP_RET_ALLOW,
    SECCOMP_RET_ERRNO, sock_filter, sock_fprog,
};

use crate::calls::Rule;

/// Offsets in `struct seccomp_data`: the call's number, and its arguments of 64 bits, of which the lower half comes
/// first on both processors that we build for.
const NUMBER: u32 = 0;
const ARGUMENTS: u32 = 16;

const fn step(code: u32, k: u32) -> sock_filter {
    sock_filter { code: code as u16, jt: 0, jf: 0, k }
}

/// Goes on with the next step if the value is `k`, otherwise after `over` more.
const fn unless(k: u32, over: u8) -> sock_filter {
    sock_filter { jf: over, ..step(BPF_JMP | BPF_JEQ | BPF_K, k) }
}

const fn load(offset: u32) -> sock_filter {
    step(BPF_LD | BPF_W | BPF_ABS, offset)
}

fn steps(rule: &Rule) -> Vec<sock_filter> {
    let refuse = step(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | rule.errno);
    let number = rule.number as u32;
    match rule.argument {
        None => vec![load(NUMBER), unless(number, 1), refuse],
        Some(argument) => vec![
            load(NUMBER),
            unless(number, 4),
            load(ARGUMENTS + 8 * argument.index),
            step(BPF_ALU | BPF_AND | BPF_K, argument.mask),
            unless(argument.value, 1),
            refuse,
        ],
    }
}

/// Installs the filter. It forbids new privileges, because only root may have a filter without that.
pub(crate) fn install(rules: &[Rule]) -> io::Result<()> {
    let mut program: Vec<_> = rules.iter().flat_map(steps).collect();
    program.push(step(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    let filter = sock_fprog { len: program.len() as u16, filter: program.as_mut_ptr() };
    // SAFETY: PR_SET_NO_NEW_PRIVS takes numbers alone.
    let forbidden = unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
    // SAFETY: PR_SET_SECCOMP reads the struct and the steps that it points to, which live across the call.
    let installed =
        unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const filter) };
    if forbidden == 0 && installed == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
