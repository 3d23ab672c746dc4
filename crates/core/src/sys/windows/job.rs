//! Jobs: all processes that a launch has made, ended together.
#![expect(unsafe_code, reason = "std has no jobs")]

use std::os::windows::io::{AsHandle, AsRawHandle, BorrowedHandle, FromRawHandle, OwnedHandle};
use std::ptr::null;

use windows_sys::Win32::System::JobObjects::{
    AssignProcessToJobObject, CreateJobObjectW, JOB_OBJECT_LIMIT_BREAKAWAY_OK, JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE,
    JOBOBJECT_BASIC_ACCOUNTING_INFORMATION, JOBOBJECT_EXTENDED_LIMIT_INFORMATION, JobObjectBasicAccountingInformation,
    JobObjectExtendedLimitInformation, QueryInformationJobObject, SetInformationJobObject, TerminateJobObject,
};

use super::process::KILLED;
use super::{Errno, ProcessHandle};

/// A job. The processes in it end when its last handle is closed, until it is released.
#[derive(Debug)]
pub(crate) struct Job(OwnedHandle);

impl Job {
    pub(crate) fn new() -> Result<Self, Errno> {
        // SAFETY: without name and attributes the call takes nulls alone.
        let handle = unsafe { CreateJobObjectW(null(), null()) };
        if handle.is_null() {
            return Err(Errno::last());
        }
        // SAFETY: the call has just made this handle, which nobody else owns.
        let job = Self(unsafe { OwnedHandle::from_raw_handle(handle) });
        job.limit(JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | JOB_OBJECT_LIMIT_BREAKAWAY_OK)?;
        Ok(job)
    }

    /// One that this process has been given.
    pub(crate) fn given(handle: OwnedHandle) -> Self {
        Self(handle)
    }

    fn limit(&self, flags: u32) -> Result<(), Errno> {
        let mut limits = JOBOBJECT_EXTENDED_LIMIT_INFORMATION::default();
        limits.BasicLimitInformation.LimitFlags = flags;
        // SAFETY: the handle is open, and the pointer is to a structure of the kind and size that are told.
        let done = unsafe {
            SetInformationJobObject(
                self.0.as_raw_handle(),
                JobObjectExtendedLimitInformation,
                (&raw const limits).cast(),
                size_of_val(&limits) as u32,
            )
        };
        if done == 0 { Err(Errno::last()) } else { Ok(()) }
    }

    /// Puts a process that does not run yet into the job.
    pub(crate) fn take(&self, process: &ProcessHandle) -> Result<(), Errno> {
        // SAFETY: both handles are open for the whole call, which touches no memory.
        let done = unsafe {
            AssignProcessToJobObject(self.0.as_raw_handle(), process.as_handle().as_raw_handle())
        };
        if done == 0 { Err(Errno::last()) } else { Ok(()) }
    }

    /// From now on its processes outlive its handles.
    pub(crate) fn release(&self) {
        // Ignore a failure: the call fails for a wrong handle or structure alone.
        let _ = self.limit(JOB_OBJECT_LIMIT_BREAKAWAY_OK);
    }

    /// Ends all its processes.
    pub(crate) fn terminate(&self) {
        // SAFETY: the handle is open for the whole call, which touches no memory.
        unsafe { TerminateJobObject(self.0.as_raw_handle(), KILLED) };
    }

    /// How many processes are in it.
    pub(crate) fn len(&self) -> u32 {
        let mut counts = JOBOBJECT_BASIC_ACCOUNTING_INFORMATION::default();
        // SAFETY: the handle is open, and the system writes at most the size of the structure to the pointer.
        let done = unsafe {
            QueryInformationJobObject(
                self.0.as_raw_handle(),
                JobObjectBasicAccountingInformation,
                (&raw mut counts).cast(),
                size_of_val(&counts) as u32,
                std::ptr::null_mut(),
            )
        };
        if done == 0 { 0 } else { counts.ActiveProcesses }
    }
}

impl AsHandle for Job {
    fn as_handle(&self) -> BorrowedHandle<'_> {
        self.0.as_handle()
    }
}
