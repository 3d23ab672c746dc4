//! Processes, by handles that keep their PIDs from being used again.
#![expect(unsafe_code, reason = "std opens only processes that it has made")]

use std::mem::MaybeUninit;
use std::os::windows::io::{AsHandle, AsRawHandle, BorrowedHandle, FromRawHandle, OwnedHandle};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use windows_sys::Win32::Foundation::{FILETIME, WAIT_FAILED, WAIT_OBJECT_0};
use windows_sys::Win32::System::ProcessStatus::{K32GetProcessMemoryInfo, PROCESS_MEMORY_COUNTERS};
use windows_sys::Win32::System::Threading::{
    GetExitCodeProcess, GetProcessTimes, OpenProcess, PROCESS_QUERY_INFORMATION,
    PROCESS_QUERY_LIMITED_INFORMATION, PROCESS_SYNCHRONIZE, PROCESS_TERMINATE, TerminateProcess,
    WaitForMultipleObjects, WaitForSingleObject,
};

use super::control::{self, Reached};
use super::job::Job;
use super::{Errno, FileId};
use crate::sys::{Pid, RawExit, RawStats, Unreached};

/// The code of a process that was ended by force: 128 and SIGKILL, as shells tell it.
pub(crate) const KILLED: u32 = 137;
/// The same of SIGTERM.
pub(crate) const TERMINATED: u32 = 143;

/// How long a daemon may take to serve its name tag, or to end, before it is taken for one that does neither.
const PATIENCE: Duration = Duration::from_secs(1);
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);
/// How old a connection may be by which a signal is sent. A daemon lets a client go after a second.
const FRESH: Duration = Duration::from_millis(500);
/// How many connections may be lost before a signal is given up.
const ATTEMPTS: usize = 3;

/// A process that was alive when this was opened.
#[derive(Debug)]
pub(crate) struct ProcessHandle {
    handle: OwnedHandle,
    /// The pidfile that it has been proven to hold, by which it hears signals.
    held: OnceLock<FileId>,
    /// Whether its signals tell it that it makes way for another version.
    displaced: AtomicBool,
    /// Its job, where what it leaves behind is to be ended.
    group: OnceLock<Job>,
    /// The connection for the next signal, see [`ProcessHandle::prepare`].
    line: Mutex<Option<(Instant, Reached)>>,
}

impl ProcessHandle {
    pub(crate) fn open(pid: Pid) -> Result<Self, Unreached> {
        let rights = PROCESS_SYNCHRONIZE | PROCESS_TERMINATE | PROCESS_QUERY_LIMITED_INFORMATION;
        // wine asks for more than Windows to tell whether a process is in a job.
        let handle = open(pid, rights | PROCESS_QUERY_INFORMATION).or_else(|_| open(pid, rights))?;
        let opened = Self::of(handle);
        // The system finds a process that has ended, too, as long as somebody has a handle on it.
        if opened.is_alive(pid) { Ok(opened) } else { Err(Unreached::Ended) }
    }

    /// One that this process has made.
    pub(crate) fn of(handle: OwnedHandle) -> Self {
        Self {
            handle,
            held: OnceLock::new(),
            displaced: AtomicBool::new(false),
            group: OnceLock::new(),
            line: Mutex::default(),
        }
    }

    /// It has been proven to hold that pidfile.
    pub(crate) fn holds(&self, file: FileId) {
        // It holds one pidfile at most, for its whole life.
        let _ = self.held.set(file);
    }

    /// From now on its signals tell it that it makes way for another version.
    pub(crate) fn displace(&self) {
        self.displaced.store(true, Ordering::Release);
    }

    /// Holds its job, whose name ends with it, for [`ProcessHandle::end_group`].
    pub(crate) fn hold_group(&self, pid: Pid) {
        // There is none for a daemon that was not launched.
        if let Some(job) = self.held.get().and_then(|file| Job::of(*file, pid, self)) {
            let _ = self.group.set(job);
        }
    }

    /// Ends the processes that it has left behind: those of its job; unless this process is one of them, such as the
    /// helper that starts the daemon anew.
    pub(crate) fn end_group(&self) {
        if let Some(job) = self.group.get().filter(|job| !job.has_this_process()) {
            job.terminate();
        }
    }

    pub(crate) fn is_alive(&self, _pid: Pid) -> bool {
        !ends_within(self.handle.as_handle(), Duration::ZERO)
    }

    /// Signals are messages to the daemon's own thread, but for SIGKILL.
    pub(crate) fn signal(&self, pid: Pid, signal: i32) -> Result<(), Unreached> {
        if !self.is_alive(pid) {
            return Err(Unreached::Ended);
        }
        match signal {
            0 | control::CONT => Ok(()),
            control::KILL => self.terminate(KILLED),
            signal if control::is_known(signal) => self.tell(pid, signal),
            _ => Err(Unreached::System("TerminateProcess", Errno::NOT_SUPPORTED)),
        }
    }

    /// Connects to the daemon's own thread, for the signal that is sent next, until `is_over` or for a second.
    pub(crate) fn prepare(&self, pid: Pid, signal: i32, is_over: &dyn Fn() -> bool) {
        if let Some(file) = self.held.get().filter(|_| control::is_known(signal)) {
            let line = self.reach(*file, pid, is_over);
            *self.line() = line.ok().map(|line| (Instant::now(), line));
        }
    }

    fn line(&self) -> MutexGuard<'_, Option<(Instant, Reached)>> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Connects, and waits for a daemon that does not take the connection yet.
    fn reach(&self, file: FileId, pid: Pid, is_over: &dyn Fn() -> bool) -> Result<Reached, Unreached> {
        let until = Instant::now() + PATIENCE;
        loop {
            let reached = control::reach(file, pid)?;
            if matches!(reached, Reached::Daemon(_)) {
                return Ok(reached);
            }
            if ends_within(self.handle.as_handle(), BETWEEN_LOOKS) {
                return Err(Unreached::Ended);
            }
            if is_over() || Instant::now() >= until {
                return Ok(reached);
            }
        }
    }

    /// Sends a message to the daemon's own thread. A process that has no such thread yet does with SIGTERM what every
    /// process does that has no handler for it.
    fn tell(&self, pid: Pid, signal: i32) -> Result<(), Unreached> {
        let Some(file) = self.held.get() else {
            return Err(Unreached::System("CreateFileW", Errno::NOT_SUPPORTED));
        };
        // The signal may have been prepared long ago.
        let prepared = self.line().take().filter(|(at, _)| at.elapsed() < FRESH);
        let mut reached =
            prepared.map(|(_, line)| line).map_or_else(|| self.reach(*file, pid, &|| false), Ok)?;
        for _ in 0..ATTEMPTS {
            match reached {
                Reached::Daemon(line) => {
                    if line.send(signal, self.displaced.load(Ordering::Acquire)) {
                        return Ok(());
                    }
                    // The daemon lets go of clients that take their time.
                    if !self.is_alive(pid) {
                        return Err(Unreached::Ended);
                    }
                }
                Reached::Nobody if signal == control::TERM => return self.terminate(TERMINATED),
                Reached::Nobody | Reached::Other => break,
            }
            reached = self.reach(*file, pid, &|| false)?;
        }
        Err(Unreached::System("CreateFileW", Errno::PIPE_BUSY))
    }

    fn terminate(&self, code: u32) -> Result<(), Unreached> {
        // SAFETY: the handle is open for the whole call, which touches no memory of this process.
        let done = unsafe { TerminateProcess(self.handle.as_raw_handle(), code) };
        let error = Errno::last();
        if done != 0 {
            Ok(())
        // The system denies it for a process that is about to end, too.
        } else if ends_within(self.handle.as_handle(), PATIENCE) {
            Err(Unreached::Ended)
        } else {
            Err(Unreached::System("TerminateProcess", error))
        }
    }

    pub(crate) fn exit(&self, pid: Pid) -> Option<RawExit> {
        // The code alone does not tell: 259, which the system gives for a process that runs, may be its own.
        if self.is_alive(pid) {
            return None;
        }
        let mut code = 0;
        // SAFETY: the handle is open for the whole call, and the system writes one number to the pointer.
        let done = unsafe { GetExitCodeProcess(self.handle.as_raw_handle(), &raw mut code) };
        (done != 0).then(|| RawExit::Code(code.cast_signed()))
    }
}

impl AsHandle for ProcessHandle {
    fn as_handle(&self) -> BorrowedHandle<'_> {
        self.handle.as_handle()
    }
}

fn open(pid: Pid, rights: u32) -> Result<OwnedHandle, Unreached> {
    let Ok(number @ 1..) = u32::try_from(pid) else { return Err(Unreached::Ended) };
    // SAFETY: the call takes three numbers and touches no memory.
    let handle = unsafe { OpenProcess(rights, 0, number) };
    if handle.is_null() {
        return Err(Unreached::System("OpenProcess", Errno::last()));
    }
    // SAFETY: the call has just made this handle, which nobody else owns.
    Ok(unsafe { OwnedHandle::from_raw_handle(handle) })
}

/// Whether process `pid` is in the job that the launch for that pidfile has made for a process of that number.
pub(crate) fn is_launched(pid: Pid, file: FileId) -> bool {
    // The handle first, so that the number cannot come to mean another process.
    ProcessHandle::open(pid).is_ok_and(|process| Job::of(file, pid, &process).is_some())
}

/// A time to wait, in the system's milliseconds: rounded up, because a zero would spin; and never the largest number,
/// which would mean for ever.
fn millis_of(time: Duration) -> u32 {
    u32::try_from(time.as_micros().div_ceil(1_000)).unwrap_or(u32::MAX).min(u32::MAX - 1)
}

/// Whether a process, or anything else that can be waited for, is done within that time.
pub(crate) fn ends_within(handle: BorrowedHandle<'_>, time: Duration) -> bool {
    // SAFETY: the handle is open for the whole call, which touches no memory.
    unsafe { WaitForSingleObject(handle.as_raw_handle(), millis_of(time)) == WAIT_OBJECT_0 }
}

/// The first of the handles that is set or has ended within that time.
pub(crate) fn wait_for_any(handles: &[BorrowedHandle<'_>], time: Duration) -> Result<Option<usize>, Errno> {
    let raw: Vec<_> = handles.iter().map(AsRawHandle::as_raw_handle).collect();
    let count = u32::try_from(raw.len()).unwrap_or(u32::MAX);
    // SAFETY: all handles are open for the whole call, which reads as many of them as is told.
    let found = unsafe { WaitForMultipleObjects(count, raw.as_ptr(), 0, millis_of(time)) };
    if found == WAIT_FAILED {
        return Err(Errno::last());
    }
    let at = found.checked_sub(WAIT_OBJECT_0).and_then(|at| usize::try_from(at).ok());
    Ok(at.filter(|at| *at < raw.len()))
}

/// There are no process groups that a launch could have made: signals go to the daemon.
pub(crate) fn launched_group(_pid: Pid) -> Option<Pid> {
    None
}

/// As [`launched_group`].
pub(crate) fn signal_group(_group: Pid, _signal: i32) -> Result<(), Unreached> {
    Err(Unreached::Ended)
}

/// Whether this is the thread that has asked first. Node.js knows its main thread; other programs ask there first.
pub(crate) fn is_main_thread() -> bool {
    static MAIN: OnceLock<thread::ThreadId> = OnceLock::new();
    *MAIN.get_or_init(|| thread::current().id()) == thread::current().id()
}

/// 100 nanoseconds, in which the system counts.
fn duration(time: FILETIME) -> Duration {
    let count = u64::from(time.dwHighDateTime) << 32 | u64::from(time.dwLowDateTime);
    Duration::from_micros(count / 10)
}

/// From 1601, where the system begins to count, to 1970.
const TO_1970: Duration = Duration::from_secs(11_644_473_600);

pub(crate) fn raw_stats(pid: Pid) -> Option<RawStats> {
    let process = open(pid, PROCESS_SYNCHRONIZE | PROCESS_QUERY_LIMITED_INFORMATION).ok()?;
    if ends_within(process.as_handle(), Duration::ZERO) {
        return None;
    }
    let mut times = [FILETIME { dwLowDateTime: 0, dwHighDateTime: 0 }; 4];
    let [created, exited, kernel, user] = &mut times;
    // SAFETY: the handle is open for the whole call, and the system writes one structure to each of the pointers.
    let done = unsafe { GetProcessTimes(process.as_raw_handle(), created, exited, kernel, user) };
    if done == 0 {
        return None;
    }
    let started = UNIX_EPOCH + duration(times[0]).checked_sub(TO_1970)?;
    Some(RawStats {
        uptime: SystemTime::now().duration_since(started).unwrap_or_default(),
        memory: memory(&process)?,
        cpu: duration(times[2]) + duration(times[3]),
    })
}

fn memory(process: &OwnedHandle) -> Option<u64> {
    let mut counters = MaybeUninit::<PROCESS_MEMORY_COUNTERS>::zeroed();
    let size = size_of::<PROCESS_MEMORY_COUNTERS>() as u32;
    // SAFETY: the handle is open for the whole call, and the system writes at most `size` bytes to the pointer.
    let done = unsafe { K32GetProcessMemoryInfo(process.as_raw_handle(), counters.as_mut_ptr(), size) };
    if done == 0 {
        return None;
    }
    // SAFETY: it was zeroed, and all its bytes are numbers.
    let counters = unsafe { counters.assume_init() };
    u64::try_from(counters.WorkingSetSize).ok()
}

/// The processes that have the file open: the system does not tell.
pub(crate) fn openers(_path: &std::path::Path) -> Vec<(Pid, Vec<u8>)> {
    Vec::new()
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_code_that_means_a_running_process_elsewhere_is_an_exit_too() {
        let mut child = Command::new("cmd").args(["/c", "exit 259"]).spawn().unwrap();
        let pid = child.id().cast_signed();
        let process = ProcessHandle::open(pid).unwrap();
        child.wait().unwrap();
        assert!(matches!(process.exit(pid), Some(RawExit::Code(259))));
    }

    #[test]
    fn no_time_is_taken_for_ever_or_for_none() {
        assert_eq!(millis_of(Duration::ZERO), 0);
        assert_eq!(millis_of(Duration::from_nanos(1_001)), 1);
        assert_eq!(millis_of(Duration::MAX), u32::MAX - 1);
    }
}
