//! An operation of a pipe that goes on while its thread does other things, and the memory that the system writes to
//! meanwhile.
#![expect(unsafe_code, reason = "std has no operations that go on")]

use std::os::windows::io::{AsHandle, AsRawHandle, BorrowedHandle, OwnedHandle};
use std::ptr::{NonNull, null_mut};
use std::time::Duration;

use windows_sys::Win32::Foundation::HANDLE;
use windows_sys::Win32::Storage::FileSystem::ReadFile;
use windows_sys::Win32::System::IO::{CancelIoEx, GetOverlappedResult, OVERLAPPED};
use windows_sys::Win32::System::Pipes::ConnectNamedPipe;

use super::Errno;
use super::event::Event;
use super::process::ends_within;

/// How much a read takes.
const CHUNK: usize = 16_384;

/// How far an operation has come.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// It goes on; its event tells when it is done.
    Pending,
    /// It is done; a read with these bytes. Without any it is to be begun again.
    Done(Vec<u8>),
    /// The other end is closed.
    Ended,
}

struct Memory {
    overlapped: OVERLAPPED,
    bytes: [u8; CHUNK],
}

/// An end of a pipe, and the one operation of it that may go on. They belong together: the memory of an operation is
/// freed when that pipe says that it is over, and never where it does not.
pub(super) struct Operation {
    pipe: OwnedHandle,
    event: Event,
    /// That of the operation that goes on. A pointer and no box, which nobody else may write through, and which would
    /// be moved with this value.
    memory: Option<NonNull<Memory>>,
}

// SAFETY: the memory belongs to this value alone, and the system writes to it whichever thread asks.
unsafe impl Send for Operation {}

/// What is begun.
#[derive(Clone, Copy)]
enum Kind {
    Accept,
    /// So many bytes at most.
    Read(usize),
}

impl Operation {
    pub(super) fn new(pipe: OwnedHandle) -> Result<Self, Errno> {
        Ok(Self { pipe, event: Event::new()?, memory: None })
    }

    pub(super) fn pipe(&self) -> &OwnedHandle {
        &self.pipe
    }

    /// Set when the operation is done.
    pub(super) fn event(&self) -> BorrowedHandle<'_> {
        self.event.as_handle()
    }

    pub(super) fn goes_on(&self) -> bool {
        self.memory.is_some()
    }

    /// Lets whoever waits for the event look.
    pub(super) fn notice(&self) {
        self.event.set();
    }

    /// Begins to wait for a client, of the server's end.
    pub(super) fn accept(&mut self) -> Result<(), Errno> {
        self.begin(Kind::Accept)
    }

    /// Begins to read what comes, so many bytes of it at most.
    pub(super) fn read(&mut self, most: usize) -> Result<(), Errno> {
        self.begin(Kind::Read(most))
    }

    fn begin(&mut self, kind: Kind) -> Result<(), Errno> {
        // The memory of an operation that goes on must not be given to another.
        self.cancel();
        self.event.reset();
        let event = self.event.as_handle().as_raw_handle();
        let overlapped = OVERLAPPED { hEvent: event, ..OVERLAPPED::default() };
        let memory = NonNull::from(Box::leak(Box::new(Memory { overlapped, bytes: [0; CHUNK] })));
        // SAFETY: the pipe is open, and the memory has been made above; it is neither moved, freed nor used by anybody
        // else until the operation is over.
        let begun = unsafe { start(self.pipe.as_raw_handle(), memory, kind) };
        match begun {
            Ok(()) => self.memory = Some(memory),
            Err(errno) if errno.is_pending() => self.memory = Some(memory),
            Err(errno) => {
                // SAFETY: it was made above, and the operation has failed at once, so that the system does not use it.
                drop(unsafe { Box::from_raw(memory.as_ptr()) });
                if !errno.is_connected() {
                    return Err(errno);
                }
                self.event.set();
            }
        }
        Ok(())
    }

    /// How far it has come; at most after `patience`. Where none goes on, it is done.
    pub(super) fn progress(&mut self, patience: Duration) -> Progress {
        if !ends_within(self.event.as_handle(), patience) {
            return Progress::Pending;
        }
        let Some(memory) = self.memory else { return Progress::Done(Vec::new()) };
        // The event may be set though this operation goes on. It is reset before the look, so that an operation that is
        // over meanwhile sets it again.
        self.event.reset();
        // SAFETY: the pipe is open, and the memory is that of its operation.
        let result = unsafe { result(self.pipe.as_raw_handle(), memory, false) };
        if result.is_err_and(Errno::is_incomplete) {
            return Progress::Pending;
        }
        self.event.set();
        self.memory = None;
        // SAFETY: `begin` has made it, and the pipe has said that the operation is over, so that the system does not
        // use it any more.
        let memory = unsafe { Box::from_raw(memory.as_ptr()) };
        match result {
            Ok(count) => Progress::Done(memory.bytes[..count.min(CHUNK)].to_vec()),
            // The thread that has begun it has ended, and the system has cancelled what it had begun.
            Err(errno) if errno.is_cancelled() => Progress::Done(Vec::new()),
            Err(_) => Progress::Ended,
        }
    }

    /// Ends the operation, if one goes on.
    pub(super) fn cancel(&mut self) {
        let Some(memory) = self.memory.take() else { return };
        let pipe = self.pipe.as_raw_handle();
        // SAFETY: the memory lives on.
        let overlapped = unsafe { overlapped_of(memory) };
        // SAFETY: the pipe is open, and the structure is that of its operation.
        unsafe { CancelIoEx(pipe, overlapped) };
        // SAFETY: as above. This returns when the operation is over, whether it was cancelled or has come first; or
        // when the wait itself has failed, which the next call tells.
        let _ = unsafe { result(pipe, memory, true) };
        // SAFETY: as above.
        let result = unsafe { result(pipe, memory, false) };
        // The memory of an operation that goes on is the system's, for ever.
        if !result.is_err_and(Errno::is_incomplete) {
            // SAFETY: `begin` has made it, and the pipe has said that the operation is over.
            drop(unsafe { Box::from_raw(memory.as_ptr()) });
        }
    }
}

impl Drop for Operation {
    fn drop(&mut self) {
        self.cancel();
    }
}

/// # Safety
///
/// The memory lives.
unsafe fn overlapped_of(memory: NonNull<Memory>) -> *mut OVERLAPPED {
    // SAFETY: promised by the caller. No reference is made, because the system writes there.
    unsafe { &raw mut (*memory.as_ptr()).overlapped }
}

/// # Safety
///
/// The pipe is open, and the memory stays until the operation is over.
unsafe fn start(pipe: HANDLE, memory: NonNull<Memory>, kind: Kind) -> Result<(), Errno> {
    // SAFETY: promised by the caller.
    let overlapped = unsafe { overlapped_of(memory) };
    let done = match kind {
        // SAFETY: promised by the caller.
        Kind::Accept => unsafe { ConnectNamedPipe(pipe, overlapped) },
        Kind::Read(most) => {
            // SAFETY: promised by the caller. No reference is made, because the system writes there.
            let bytes = unsafe { (&raw mut (*memory.as_ptr()).bytes).cast() };
            // SAFETY: promised by the caller, and there is room for so many bytes.
            unsafe { ReadFile(pipe, bytes, CHUNK.min(most) as u32, null_mut(), overlapped) }
        }
    };
    if done == 0 { Err(Errno::last()) } else { Ok(()) }
}

/// How many bytes the operation has brought. With `wait` this returns when it is over.
///
/// # Safety
///
/// The operation is of this pipe, which is open, and the memory is the operation's.
unsafe fn result(pipe: HANDLE, memory: NonNull<Memory>, wait: bool) -> Result<usize, Errno> {
    // SAFETY: promised by the caller.
    let overlapped = unsafe { overlapped_of(memory) };
    let mut count = 0;
    // SAFETY: promised by the caller; the system writes one number to the pointer.
    let done = unsafe { GetOverlappedResult(pipe, overlapped, &raw mut count, i32::from(wait)) };
    if done == 0 { Err(Errno::last()) } else { Ok(count as usize) }
}
