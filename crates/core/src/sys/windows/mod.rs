//! Windows: share modes, process handles, named pipes, the pool of waiting threads.

mod attributes;
mod capture;
pub(crate) mod control;
mod descriptor;
mod errno;
mod event;
mod exit;
mod file;
mod folder;
pub(crate) mod inherited;
mod job;
mod operation;
mod parent;
mod peek;
mod pipe;
mod priority;
mod process;
mod security;
mod select;
pub(crate) mod service;
mod spawn;

use std::ffi::OsStr;
use std::os::windows::ffi::OsStrExt;

pub(crate) use capture::{capture_file, captured_stderr};
pub(crate) use descriptor::into_descriptor;
pub(crate) use errno::{Errno, errno_of, is_denial, is_no_process, is_no_signal, is_of_system, number_of};
pub(crate) use event::Event;
pub(crate) use exit::{at_exit, end_now};
pub(crate) use file::{
    FileId, FileInfo, file_info, is_folder, is_lock, is_remote, open_locked, open_shared, open_to_append,
    open_unless_held, remove_by_handle,
};
pub(crate) use folder::{is_of_trusted, local_folder, make_folder_of_machine};
pub(crate) use job::Job;
pub(crate) use operation::Progress;
pub(crate) use parent::is_child_of;
pub(crate) use peek::line_length;
pub(crate) use pipe::{LONGEST_NAME, Pipe};
pub(crate) use priority::{set_own_priority, set_priority};
pub(crate) use process::{
    ProcessHandle, TERMINATED, is_launched, is_main_thread, launched_group, openers, raw_stats, signal_group,
    wait_for_any,
};
pub(crate) use security::is_administrator;
pub(crate) use select::{Armed, Selector, Source, SourceRef, borrow};
pub(crate) use spawn::{Spawn, Suspended, let_inherit, small_pipe};

/// The numbers of signals: those of Linux, since Windows has hardly any.
pub(crate) mod numbers {
    pub(crate) use super::control::{
        CONT as SIGCONT, HUP as SIGHUP, INT as SIGINT, KILL as SIGKILL, QUIT as SIGQUIT, STOP as SIGSTOP,
        TERM as SIGTERM,
    };
}

/// The text as the system takes it, with a zero at its end. What follows a zero in the text is not seen by the system.
fn wide(text: impl AsRef<OsStr>) -> Vec<u16> {
    text.as_ref().encode_wide().chain([0]).collect()
}

/// A number that others do not guess, for a name.
pub(crate) fn random() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(std::process::id())
}

/// There are no signals to keep away from a thread.
pub(crate) fn block_all() {}

/// Sends a signal to a process without any proof: only by force, and only in tests.
pub(crate) fn signal_process(pid: super::Pid, signal: i32) -> Result<(), super::Unreached> {
    ProcessHandle::open(pid)?.signal(pid, signal)
}
