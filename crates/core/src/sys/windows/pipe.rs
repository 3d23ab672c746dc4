//! Named pipes, of which the kernel names both ends.
#![expect(unsafe_code, reason = "std has no named pipes")]

use std::os::windows::io::{AsHandle, AsRawHandle, BorrowedHandle, FromRawHandle, OwnedHandle};
use std::ptr::{null, null_mut};
use std::time::{Duration, Instant};

use windows_sys::Win32::Foundation::{GENERIC_READ, GENERIC_WRITE, INVALID_HANDLE_VALUE};
use windows_sys::Win32::Storage::FileSystem::{
    CreateFileW, FILE_FLAG_FIRST_PIPE_INSTANCE, FILE_FLAG_OVERLAPPED, OPEN_EXISTING, PIPE_ACCESS_DUPLEX,
    SECURITY_IDENTIFICATION, SECURITY_SQOS_PRESENT, WriteFile,
};
use windows_sys::Win32::System::IO::{CancelIoEx, GetOverlappedResult, OVERLAPPED};
use windows_sys::Win32::System::Pipes::{
    CreateNamedPipeW, DisconnectNamedPipe, GetNamedPipeClientProcessId, GetNamedPipeServerProcessId,
    PIPE_READMODE_BYTE, PIPE_REJECT_REMOTE_CLIENTS, PIPE_TYPE_BYTE, PIPE_UNLIMITED_INSTANCES, PeekNamedPipe,
    WaitNamedPipeW,
};

use super::event::Event;
use super::operation::{Operation, Progress};
use super::process::ends_within;
use super::security::{Access, is_of_trusted};
use super::{Errno, wide};
use crate::sys::Pid;

/// The space that the system keeps for each direction, in bytes.
const BUFFER: u32 = 131_072;

/// How many clients may come and go before one can be waited for.
const ATTEMPTS: usize = 64;

/// The longest name, in UTF-16 units, as the system documents it.
pub(crate) const LONGEST_NAME: usize = 256;

/// One end of a pipe, and the one operation of it that may go on.
pub(crate) struct Pipe {
    operation: Operation,
}

impl std::fmt::Debug for Pipe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pipe").field("handle", self.operation.pipe()).finish_non_exhaustive()
    }
}

impl Pipe {
    /// The server's end of a pipe of that name, for one client. With `is_first` it is refused where somebody serves
    /// that name already.
    pub(crate) fn serve(name: &str, is_first: bool) -> Result<Self, Errno> {
        let name = wide(name);
        let first = if is_first { FILE_FLAG_FIRST_PIPE_INSTANCE } else { 0 };
        let open = PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED | first;
        let mode = PIPE_TYPE_BYTE | PIPE_READMODE_BYTE | PIPE_REJECT_REMOTE_CLIENTS;
        let access = Access::of_owner()?;
        let attributes = access.attributes();
        // SAFETY: the name ends with a zero; name, attributes and access list live through the call; the rest are
        // numbers.
        let handle = unsafe {
            CreateNamedPipeW(
                name.as_ptr(),
                open,
                mode,
                PIPE_UNLIMITED_INSTANCES,
                BUFFER,
                BUFFER,
                0,
                &raw const attributes,
            )
        };
        // SAFETY: `own` takes a handle that the call has just made, or learns that it has failed.
        unsafe { Self::own(handle) }
    }

    /// The client's end. Waits for a free server for `patience`.
    pub(crate) fn connect(name: &str, patience: Duration) -> Result<Self, Errno> {
        let name = wide(name);
        let until = Instant::now() + patience;
        loop {
            // The server learns who the client is, and cannot act as the client.
            let flags = FILE_FLAG_OVERLAPPED | SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION;
            let rights = GENERIC_READ | GENERIC_WRITE;
            // SAFETY: the name ends with a zero and lives through the call; the rest are numbers and nulls.
            let handle =
                unsafe { CreateFileW(name.as_ptr(), rights, 0, null(), OPEN_EXISTING, flags, null_mut()) };
            // SAFETY: as in `serve`.
            match unsafe { Self::own(handle) } {
                Err(Errno::PIPE_BUSY) if Instant::now() < until => {
                    // SAFETY: the name ends with a zero and lives through the call.
                    unsafe { WaitNamedPipeW(name.as_ptr(), 20) };
                }
                other => return other,
            }
        }
    }

    /// An end that this process has been given.
    pub(crate) fn given(handle: OwnedHandle) -> Result<Self, Errno> {
        Ok(Self { operation: Operation::new(handle)? })
    }

    /// # Safety
    ///
    /// The handle is new and nobody's, or stands for a failure that this thread has just had.
    unsafe fn own(handle: *mut std::ffi::c_void) -> Result<Self, Errno> {
        if handle == INVALID_HANDLE_VALUE || handle.is_null() {
            return Err(Errno::last());
        }
        // SAFETY: promised by the caller.
        Self::given(unsafe { OwnedHandle::from_raw_handle(handle) })
    }

    /// A second handle on this end, for another thread.
    pub(crate) fn try_clone(&self) -> Result<Self, Errno> {
        let handle = self.operation.pipe().try_clone().map_err(|error| super::errno_of(&error))?;
        Self::given(handle)
    }

    pub(crate) fn handle(&self) -> BorrowedHandle<'_> {
        self.operation.pipe().as_handle()
    }

    /// Set when the operation that goes on is done.
    pub(crate) fn event(&self) -> BorrowedHandle<'_> {
        self.operation.event()
    }

    /// Waits for a client, of the server's end. [`Pipe::progress`] tells when one is there.
    pub(crate) fn accept(&mut self) -> Result<(), Errno> {
        for _ in 1..ATTEMPTS {
            match self.begin_to_accept() {
                // A client has come and gone before.
                Err(errno) if errno.is_gone() => self.disconnect(),
                other => return other,
            }
        }
        self.begin_to_accept()
    }

    fn begin_to_accept(&mut self) -> Result<(), Errno> {
        self.operation.accept()
    }

    /// Lets the present client go, so that the next one can be accepted. It may not have read all.
    pub(crate) fn disconnect(&mut self) {
        self.operation.cancel();
        // SAFETY: the handle is open for the whole call, which touches no memory.
        unsafe { DisconnectNamedPipe(self.operation.pipe().as_raw_handle()) };
    }

    /// Begins to read what comes. Nothing to do if a read goes on already.
    pub(crate) fn begin_read(&mut self) -> Result<(), Errno> {
        self.begin_read_of(usize::MAX)
    }

    /// As [`Pipe::begin_read`], of so many bytes at most: what follows them stays in the pipe.
    pub(crate) fn begin_read_of(&mut self, most: usize) -> Result<(), Errno> {
        if self.operation.goes_on() { Ok(()) } else { self.operation.read(most) }
    }

    /// As [`Pipe::begin_read`]; after a failure the event is set, so that whoever waits for it sees the failure.
    pub(crate) fn read_on(&mut self) {
        if self.begin_read().is_err() {
            self.operation.notice();
        }
    }

    /// How far the operation has come; at most after `patience`. Where none goes on, it is done.
    pub(crate) fn progress(&mut self, patience: Duration) -> Progress {
        self.operation.progress(patience)
    }

    /// Writes all of it, beside a read that may go on; no longer than `patience`.
    ///
    /// # Errors
    ///
    /// The system's when the other end is closed; ERROR_PIPE_BUSY when it does not read in time. A part may be under
    /// way then.
    pub(crate) fn write_all(&self, mut bytes: &[u8], patience: Duration) -> Result<(), Errno> {
        let event = Event::new()?;
        let until = Instant::now() + patience;
        while !bytes.is_empty() {
            event.reset();
            let mut overlapped =
                OVERLAPPED { hEvent: event.as_handle().as_raw_handle(), ..OVERLAPPED::default() };
            let handle = self.operation.pipe().as_raw_handle();
            let size = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
            // SAFETY: the handle is open; bytes and structure live to the end of this turn, in which the operation
            // ends.
            let done = unsafe { WriteFile(handle, bytes.as_ptr(), size, null_mut(), &raw mut overlapped) };
            if done == 0 {
                let errno = Errno::last();
                if !errno.is_pending() {
                    return Err(errno);
                }
            }
            let in_time = ends_within(event.as_handle(), until.saturating_duration_since(Instant::now()));
            if !in_time {
                // SAFETY: as above.
                unsafe { CancelIoEx(handle, &raw const overlapped) };
            }
            let mut count = 0;
            // SAFETY: as above. This returns when the operation is over.
            let done = unsafe { GetOverlappedResult(handle, &raw const overlapped, &raw mut count, 1) };
            if done == 0 {
                return Err(if in_time { Errno::last() } else { Errno::PIPE_BUSY });
            }
            bytes = &bytes[(count as usize).min(bytes.len())..];
        }
        Ok(())
    }

    /// The end itself, for somebody else; an operation that goes on is ended.
    pub(crate) fn into_handle(self) -> Result<OwnedHandle, Errno> {
        self.operation.pipe().try_clone().map_err(|error| super::errno_of(&error))
    }

    /// Whether the pipe, which somebody else may have made first, belongs to this process's user, the system or
    /// administrators: nobody else decides who may use it.
    pub(crate) fn is_of_trusted(&self) -> bool {
        is_of_trusted(self.operation.pipe().as_handle())
    }

    /// Whether the other end is open, or what it has sent is still to be read.
    pub(crate) fn is_open(&self) -> bool {
        let handle = self.operation.pipe().as_raw_handle();
        // SAFETY: the handle is open, and nothing is to be written to.
        unsafe { PeekNamedPipe(handle, null_mut(), 0, null_mut(), null_mut(), null_mut()) != 0 }
    }

    /// The process at the client's end, of the server's end.
    pub(crate) fn client(&self) -> Option<Pid> {
        let mut pid = 0;
        // SAFETY: the handle is open, and the system writes one number to the pointer.
        let done =
            unsafe { GetNamedPipeClientProcessId(self.operation.pipe().as_raw_handle(), &raw mut pid) };
        (done != 0).then(|| Pid::try_from(pid).ok()).flatten()
    }

    /// The process that serves this pipe, of the client's end.
    pub(crate) fn server(&self) -> Option<Pid> {
        let mut pid = 0;
        // SAFETY: the handle is open, and the system writes one number to the pointer.
        let done =
            unsafe { GetNamedPipeServerProcessId(self.operation.pipe().as_raw_handle(), &raw mut pid) };
        (done != 0).then(|| Pid::try_from(pid).ok()).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_ends_no_operation_that_goes_on() {
        let name = format!(r"\\.\pipe\daimon-notice-{:016x}", crate::sys::random());
        let mut server = Pipe::serve(&name, true).unwrap();
        server.accept().unwrap();
        server.operation.notice();
        assert_eq!(server.progress(Duration::ZERO), Progress::Pending);
        let client = Pipe::connect(&name, Duration::from_secs(10)).unwrap();
        assert_eq!(server.progress(Duration::from_secs(10)), Progress::Done(Vec::new()));
        server.begin_read().unwrap();
        server.operation.notice();
        assert_eq!(server.progress(Duration::ZERO), Progress::Pending);
        client.write_all(b"x", Duration::from_secs(10)).unwrap();
        assert_eq!(server.progress(Duration::from_secs(10)), Progress::Done(b"x".to_vec()));
        server.begin_read().unwrap();
        drop(client);
        assert_eq!(server.progress(Duration::from_secs(10)), Progress::Ended);
    }
}
