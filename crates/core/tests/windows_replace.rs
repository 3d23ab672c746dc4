//! Evidence for a rotation of logs on Windows, which has no dup2: another file behind the same handle while threads
//! write to it. A value that has just been freed is given out again, and nobody else can take it while all other
//! threads stand still. The core does not do this yet.
#![cfg(all(windows, target_arch = "x86_64"))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::mem::ManuallyDrop;
use std::os::windows::io::{AsRawHandle, FromRawHandle, IntoRawHandle, OwnedHandle, RawHandle};
use std::path::Path;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use common::Folder;
use windows_sys::Win32::Foundation::{
    CloseHandle, DUPLICATE_SAME_ACCESS, DuplicateHandle, INVALID_HANDLE_VALUE,
};
use windows_sys::Win32::System::Diagnostics::Debug::{CONTEXT, CONTEXT_CONTROL_AMD64, GetThreadContext};
use windows_sys::Win32::System::Diagnostics::ToolHelp::{
    CreateToolhelp32Snapshot, TH32CS_SNAPTHREAD, THREADENTRY32, Thread32First, Thread32Next,
};
use windows_sys::Win32::System::Threading::{
    GetCurrentProcess, GetCurrentProcessId, GetCurrentThreadId, OpenThread, ResumeThread, SuspendThread,
    THREAD_GET_CONTEXT, THREAD_SUSPEND_RESUME,
};

const WRITERS: usize = 4;
const FILES: usize = 100;
/// How many values the system may give out before the one that was freed.
const TRIES: usize = 1_024;

fn log(path: &Path) -> File {
    OpenOptions::new().append(true).create_new(true).open(path).unwrap()
}

/// All threads of this process but the calling one.
fn others() -> Vec<OwnedHandle> {
    // SAFETY: the call takes numbers.
    let snapshot = unsafe { CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0) };
    assert!(snapshot != INVALID_HANDLE_VALUE);
    // SAFETY: the call has just made this handle, which nobody else owns.
    let snapshot = unsafe { OwnedHandle::from_raw_handle(snapshot) };
    // SAFETY: the call takes nothing.
    let process = unsafe { GetCurrentProcessId() };
    // SAFETY: as above.
    let own = unsafe { GetCurrentThreadId() };
    let mut entry = THREADENTRY32 { dwSize: size_of::<THREADENTRY32>() as u32, ..THREADENTRY32::default() };
    let mut threads = Vec::new();
    // SAFETY: the handle is open, and the structure says its size.
    let mut more = unsafe { Thread32First(snapshot.as_raw_handle(), &raw mut entry) };
    while more != 0 {
        if entry.th32OwnerProcessID == process && entry.th32ThreadID != own {
            let rights = THREAD_SUSPEND_RESUME | THREAD_GET_CONTEXT;
            // SAFETY: the call takes numbers.
            let thread = unsafe { OpenThread(rights, 0, entry.th32ThreadID) };
            if !thread.is_null() {
                // SAFETY: the call has just made this handle, which nobody else owns.
                threads.push(unsafe { OwnedHandle::from_raw_handle(thread) });
            }
        }
        // SAFETY: as above.
        more = unsafe { Thread32Next(snapshot.as_raw_handle(), &raw mut entry) };
    }
    threads
}

#[repr(C, align(16))]
struct Registers(CONTEXT);

/// Puts `new` behind the handle `old`; whether the system has given that value out again. Between the suspension and
/// the resumption nothing is allocated and no lock taken: a thread that stands still may have it.
fn replace(old: RawHandle, new: &File) -> bool {
    let threads = others();
    let mut copies: Vec<RawHandle> = Vec::with_capacity(TRIES);
    let mut registers = Registers(CONTEXT { ContextFlags: CONTEXT_CONTROL_AMD64, ..CONTEXT::default() });
    for thread in &threads {
        // SAFETY: the handle is open, and the thread is resumed below.
        unsafe { SuspendThread(thread.as_raw_handle()) };
    }
    for thread in &threads {
        // Only a thread whose registers have been read is sure to stand still.
        // SAFETY: the handle is open, and the structure is as large and as aligned as the system wants it.
        unsafe { GetThreadContext(thread.as_raw_handle(), &raw mut registers.0) };
    }
    // SAFETY: the caller's handle is open, and is open again below.
    unsafe { CloseHandle(old) };
    while copies.last() != Some(&old) && copies.len() < TRIES {
        let mut copy = null_mut();
        // SAFETY: the call takes nothing, and gives a value that stands for this process.
        let own = unsafe { GetCurrentProcess() };
        // SAFETY: the handle is open, and the system writes one value to the pointer.
        unsafe { DuplicateHandle(own, new.as_raw_handle(), own, &raw mut copy, 0, 0, DUPLICATE_SAME_ACCESS) };
        copies.push(copy);
    }
    for thread in &threads {
        // SAFETY: the handle is open; the thread was suspended above.
        unsafe { ResumeThread(thread.as_raw_handle()) };
    }
    let is_done = copies.last() == Some(&old);
    for copy in copies.into_iter().filter(|copy| *copy != old && !copy.is_null()) {
        // SAFETY: the loop above has made this handle, which nobody else owns.
        drop(unsafe { OwnedHandle::from_raw_handle(copy) });
    }
    is_done
}

/// The file of a handle that is never closed by this.
fn borrowed(handle: usize) -> ManuallyDrop<File> {
    // SAFETY: the handle is open for as long as the test writes, whatever file is behind it.
    ManuallyDrop::new(unsafe { File::from_raw_handle(handle as RawHandle) })
}

#[test]
fn another_file_behind_a_handle_loses_no_line_of_the_threads_that_write_to_it() {
    let folder = Folder::new();
    let path = |number: usize| folder.file(&format!("{number}.log"));
    let handle = log(&path(0)).into_raw_handle() as usize;
    let over = AtomicBool::new(false);
    let written: Vec<u32> = thread::scope(|scope| {
        let write = |writer: usize| {
            let mut lines = 0;
            while !over.load(Ordering::Relaxed) {
                borrowed(handle)
                    .write_all(format!("{writer} {lines} {}\n", "x".repeat(80)).as_bytes())
                    .unwrap();
                lines += 1;
            }
            lines
        };
        let writers: Vec<_> = (0..WRITERS).map(|writer| scope.spawn(move || write(writer))).collect();
        // Others take and free handles all the time.
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                drop(File::open(path(0)));
            }
        });
        let replaced: Vec<bool> =
            (1..FILES).map(|number| replace(handle as RawHandle, &log(&path(number)))).collect();
        over.store(true, Ordering::Relaxed);
        let written = writers.into_iter().map(|writer| writer.join().unwrap()).collect();
        assert_eq!(replaced, vec![true; FILES - 1]);
        written
    });
    drop(ManuallyDrop::into_inner(borrowed(handle)));
    assert!(written.iter().all(|lines| *lines > 0), "{written:?}");
    let mut found: HashMap<String, u32> = HashMap::new();
    for number in 0..FILES {
        for line in fs::read_to_string(path(number)).unwrap().lines() {
            assert_eq!(line.split(' ').nth(2), Some("x".repeat(80).as_str()), "{line}");
            *found.entry(line.into()).or_default() += 1;
        }
    }
    assert_eq!(found.len(), written.iter().sum::<u32>() as usize);
    assert!(found.values().all(|times| *times == 1));
}
