//! Jobs: all processes that a launch has made, ended together.
#![expect(unsafe_code, reason = "std has no jobs")]

use std::os::windows::io::{AsHandle, AsRawHandle, BorrowedHandle, FromRawHandle, OwnedHandle};
use std::ptr::{null, null_mut};

use windows_sys::Win32::Foundation::{HANDLE, SetLastError};
use windows_sys::Win32::System::JobObjects::{
    AssignProcessToJobObject, CreateJobObjectW, IsProcessInJob, JOB_OBJECT_LIMIT_BREAKAWAY_OK,
    JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE, JOBOBJECT_BASIC_ACCOUNTING_INFORMATION,
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION, JobObjectBasicAccountingInformation, JobObjectBasicProcessIdList,
    JobObjectExtendedLimitInformation, OpenJobObjectW, QueryInformationJobObject, SetInformationJobObject,
    TerminateJobObject,
};
use windows_sys::Win32::System::Threading::GetCurrentProcess;

use super::process::KILLED;
use super::security::Access;
use super::{Errno, FileId, ProcessHandle, wide};
use crate::sys::Pid;

/// JOB_OBJECT_ALL_ACCESS of winnt.h.
const JOB_OBJECT_ALL_ACCESS: u32 = 0x001f_003f;

/// How many members of a job are listed.
const MOST: usize = 64;

/// JOBOBJECT_BASIC_PROCESS_ID_LIST with room for so many.
#[repr(C)]
struct Members {
    assigned: u32,
    listed: u32,
    pids: [usize; MOST],
}

/// A job. The processes in it end when its last handle is closed, until it is released.
#[derive(Debug)]
pub(crate) struct Job(OwnedHandle);

impl Job {
    /// Makes a job without a name, for a process that is about to be made.
    pub(crate) fn nameless() -> Result<Self, Errno> {
        // SAFETY: without attributes and name the call takes nulls alone.
        let handle = unsafe { CreateJobObjectW(null(), null()) };
        if handle.is_null() {
            return Err(Errno::last());
        }
        // SAFETY: the call has just made this handle, which nobody else owns.
        let job = Self(unsafe { OwnedHandle::from_raw_handle(handle) });
        job.limit(JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | JOB_OBJECT_LIMIT_BREAKAWAY_OK)?;
        Ok(job)
    }

    /// Makes the job of that pidfile and daemon. Its handles are with its maker alone, so that the maker's death ends
    /// its processes.
    pub(crate) fn new(file: FileId, daemon: Pid) -> Result<Self, Errno> {
        // Somebody of another session may have taken the name.
        Self::named(Space::Machine, file, daemon).or_else(|_| Self::named(Space::Session, file, daemon))
    }

    fn named(space: Space, file: FileId, daemon: Pid) -> Result<Self, Errno> {
        let name = wide(name_of(space, file, daemon));
        let access = Access::of_owner()?;
        let attributes = access.attributes();
        // SAFETY: the call takes a number. Only a job of somebody else's changes it below.
        unsafe { SetLastError(0) };
        // SAFETY: the name ends with a zero; name, attributes and access list live through the call.
        let handle = unsafe { CreateJobObjectW(&raw const attributes, name.as_ptr()) };
        let errno = Errno::last();
        if handle.is_null() {
            return Err(errno);
        }
        // SAFETY: the call has just made this handle, which nobody else owns.
        let job = Self(unsafe { OwnedHandle::from_raw_handle(handle) });
        // Somebody else's, of the same name, is not ours to use.
        if errno.is_taken() {
            return Err(errno);
        }
        job.limit(JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | JOB_OBJECT_LIMIT_BREAKAWAY_OK)?;
        Ok(job)
    }

    /// Opens the job of that pidfile and daemon, if the daemon is in it. As long as the handle is open, its maker's
    /// death ends nothing.
    pub(crate) fn of(file: FileId, daemon: Pid, process: &ProcessHandle) -> Option<Self> {
        Self::open(file, daemon, |job| job.has(process))
    }

    /// Opens the job of that pidfile that this process is in.
    pub(crate) fn of_this_process(file: FileId, own: Pid) -> Option<Self> {
        Self::open(file, own, Self::has_this_process)
    }

    /// A job of that name that does not have the daemon in it is somebody else's.
    fn open(file: FileId, daemon: Pid, has: impl Fn(&Self) -> bool) -> Option<Self> {
        [Space::Machine, Space::Session].into_iter().find_map(|space| {
            let name = wide(name_of(space, file, daemon));
            // SAFETY: the name ends with a zero and lives through the call.
            let handle = unsafe { OpenJobObjectW(JOB_OBJECT_ALL_ACCESS, 0, name.as_ptr()) };
            if handle.is_null() {
                return None;
            }
            // SAFETY: the call has just made this handle, which nobody else owns.
            let job = Self(unsafe { OwnedHandle::from_raw_handle(handle) });
            has(&job).then_some(job)
        })
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
        let done =
            unsafe { AssignProcessToJobObject(self.0.as_raw_handle(), process.as_handle().as_raw_handle()) };
        if done == 0 { Err(Errno::last()) } else { Ok(()) }
    }

    /// Whether that process is in it.
    pub(crate) fn has(&self, process: &ProcessHandle) -> bool {
        let mut is_in = 0;
        // SAFETY: both handles are open for the whole call, and the system writes one number to the pointer.
        let done = unsafe {
            IsProcessInJob(process.as_handle().as_raw_handle(), self.0.as_raw_handle(), &raw mut is_in)
        };
        done != 0 && is_in != 0
    }

    /// Whether this process is in it, or that cannot be told.
    pub(crate) fn has_this_process(&self) -> bool {
        let mut is_in = 0;
        // SAFETY: the call takes nothing, and gives a value that stands for this process.
        let own = unsafe { GetCurrentProcess() };
        // SAFETY: the handle is open for the whole call, and the system writes one number to the pointer.
        let done = unsafe { IsProcessInJob(own, self.0.as_raw_handle(), &raw mut is_in) };
        done == 0 || is_in != 0
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

    pub(super) fn as_raw(&self) -> HANDLE {
        self.0.as_raw_handle()
    }

    /// This handle, if the job is one that has this process.
    pub(crate) fn given(handle: OwnedHandle) -> Option<Self> {
        let job = Self(handle);
        let mut is_in = 0;
        // SAFETY: the call takes nothing, and gives a value that stands for this process.
        let own = unsafe { GetCurrentProcess() };
        // SAFETY: the handle is open for the whole call, which fails for what is no job; the system writes one number
        // to the pointer.
        let done = unsafe { IsProcessInJob(own, job.0.as_raw_handle(), &raw mut is_in) };
        (done != 0 && is_in != 0).then_some(job)
    }

    /// The handle, for the daemon.
    pub(crate) fn handle(&self) -> BorrowedHandle<'_> {
        self.0.as_handle()
    }

    /// The processes in it, or as many as can be told.
    pub(crate) fn members(&self) -> Vec<Pid> {
        // The system counts all members, and lists those that there is room for.
        let mut list = Members { assigned: 0, listed: 0, pids: [0; MOST] };
        // SAFETY: the handle is open, and the system writes at most the size of the structure to the pointer.
        unsafe {
            QueryInformationJobObject(
                self.0.as_raw_handle(),
                JobObjectBasicProcessIdList,
                (&raw mut list).cast(),
                size_of_val(&list) as u32,
                null_mut(),
            )
        };
        let listed = usize::try_from(list.listed).unwrap_or(0).min(MOST);
        list.pids[..listed].iter().filter_map(|pid| Pid::try_from(*pid).ok()).collect()
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
                null_mut(),
            )
        };
        if done == 0 { 0 } else { counts.ActiveProcesses }
    }
}

/// Who finds a job by its name.
#[derive(Clone, Copy, Debug)]
enum Space {
    /// Those of every session: a service has one of its own, and each user who has logged in. To make such a job needs
    /// no privilege, which only sections of memory and links do.
    Machine,
    /// Those of this session.
    Session,
}

fn name_of(space: Space, file: FileId, daemon: Pid) -> String {
    let space = match space {
        Space::Machine => "Global",
        Space::Session => "Local",
    };
    format!(r"{space}\daimon-{file}-{daemon}")
}
