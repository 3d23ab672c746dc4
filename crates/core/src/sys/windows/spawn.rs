//! Making a process that does not run yet, and giving it handles.
#![expect(unsafe_code, reason = "std cannot make a suspended process, nor give it handles")]

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::os::windows::ffi::{OsStrExt, OsStringExt};
use std::os::windows::io::{AsHandle, AsRawHandle, BorrowedHandle, FromRawHandle, OwnedHandle};
use std::path::Path;
use std::ptr::{null, null_mut};

use windows_sys::Win32::Foundation::{
    DUPLICATE_SAME_ACCESS, DuplicateHandle, HANDLE, HANDLE_FLAG_INHERIT, SetHandleInformation,
};
use windows_sys::Win32::System::Pipes::CreatePipe;
use windows_sys::Win32::System::Threading::{
    CREATE_BREAKAWAY_FROM_JOB, CREATE_NEW_PROCESS_GROUP, CREATE_NO_WINDOW, CREATE_SUSPENDED,
    CREATE_UNICODE_ENVIRONMENT, CreateProcessW, EXTENDED_STARTUPINFO_PRESENT, GetCurrentProcess,
    PROCESS_INFORMATION, ResumeThread, STARTF_USESTDHANDLES, STARTUPINFOEXW,
};

use super::attributes::Attributes;
use super::{Errno, Job, ProcessHandle, is_denial, wide};
use crate::sys::Pid;

/// What a process is made with.
pub(crate) struct Spawn<'a> {
    pub(crate) program: &'a Path,
    /// Its arguments, the program's name first.
    pub(crate) args: &'a [OsString],
    pub(crate) env: &'a [(OsString, OsString)],
    pub(crate) folder: Option<&'a Path>,
    /// Standard input, output and error output.
    pub(crate) stdio: [BorrowedHandle<'a>; 3],
    /// A further handle that it inherits, with the same value.
    pub(crate) boot: BorrowedHandle<'a>,
    /// The job that it is in from its making on.
    pub(crate) job: &'a Job,
}

/// A process that does not run yet.
pub(crate) struct Suspended {
    pub(crate) pid: Pid,
    pub(crate) process: ProcessHandle,
    thread: OwnedHandle,
}

impl Spawn<'_> {
    /// Makes the process: suspended, without a window, in a process group of its own, outside of the launcher's job
    /// where that allows it.
    pub(crate) fn suspended(&self) -> Result<Suspended, Errno> {
        let stdio = self.stdio.map(|handle| handle.as_raw_handle());
        // A list that names a handle twice is refused.
        let mut handles: Vec<HANDLE> = stdio.into_iter().chain([self.boot.as_raw_handle()]).collect();
        handles.sort_unstable();
        handles.dedup();
        let jobs = [self.job.as_raw()];
        let mut attributes = Attributes::of(&handles, &jobs)?;
        let mut startup = STARTUPINFOEXW::default();
        startup.StartupInfo.cb = size_of::<STARTUPINFOEXW>() as u32;
        startup.StartupInfo.dwFlags = STARTF_USESTDHANDLES;
        let info = &mut startup.StartupInfo;
        [info.hStdInput, info.hStdOutput, info.hStdError] = stdio;
        startup.lpAttributeList = attributes.pointer();
        let program = wide(self.program);
        let environment = self.environment();
        let folder = self.folder.map(wide);
        let flags = CREATE_NO_WINDOW
            | CREATE_NEW_PROCESS_GROUP
            | CREATE_UNICODE_ENVIRONMENT
            | EXTENDED_STARTUPINFO_PRESENT
            | CREATE_SUSPENDED;
        let make = |flags| {
            // The system writes to the command line.
            let mut command = wide(command_line(self.args));
            let mut made = PROCESS_INFORMATION::default();
            // SAFETY: all texts end with a zero, the environment with two; they, the list and the structures live
            // through the call, and the handles in them are open.
            let done = unsafe {
                CreateProcessW(
                    program.as_ptr(),
                    command.as_mut_ptr(),
                    null(),
                    null(),
                    1,
                    flags,
                    environment.as_ptr().cast(),
                    folder.as_ref().map_or(null(), Vec::as_ptr),
                    (&raw const startup).cast(),
                    &raw mut made,
                )
            };
            if done == 0 { Err(Errno::last()) } else { Ok(made) }
        };
        // Not every job lets go.
        let made = match make(flags | CREATE_BREAKAWAY_FROM_JOB) {
            Err(errno) if is_denial(errno) => make(flags)?,
            other => other?,
        };
        // SAFETY: the call has just made this handle, which nobody else owns.
        let process = unsafe { OwnedHandle::from_raw_handle(made.hProcess) };
        // SAFETY: as above.
        let thread = unsafe { OwnedHandle::from_raw_handle(made.hThread) };
        Ok(Suspended { pid: made.dwProcessId.cast_signed(), process: ProcessHandle::of(process), thread })
    }

    /// Each `NAME=value` with a zero, and one more zero; sorted without regard to case, as the system wants it.
    fn environment(&self) -> Vec<u16> {
        let mut pairs: Vec<_> = self.env.iter().collect();
        pairs.sort_by_key(|(name, _)| name.to_string_lossy().to_uppercase());
        let mut block: Vec<u16> = Vec::new();
        for (name, value) in pairs {
            block.extend(name.encode_wide().chain(OsStr::new("=").encode_wide()).chain(value.encode_wide()));
            block.push(0);
        }
        if block.is_empty() {
            block.push(0);
        }
        block.push(0);
        block
    }
}

impl Suspended {
    /// Gives it a duplicate of a handle; the value that it has there. Nothing else can inherit it at any time.
    pub(crate) fn give(&self, handle: BorrowedHandle<'_>) -> Result<usize, Errno> {
        let mut theirs = null_mut();
        // SAFETY: the call takes nothing, and gives a value that stands for this process.
        let own = unsafe { GetCurrentProcess() };
        // SAFETY: all handles are open for the whole call, and the system writes one value to the pointer.
        let done = unsafe {
            DuplicateHandle(
                own,
                handle.as_raw_handle(),
                self.process.as_handle().as_raw_handle(),
                &raw mut theirs,
                0,
                0,
                DUPLICATE_SAME_ACCESS,
            )
        };
        if done == 0 { Err(Errno::last()) } else { Ok(theirs as usize) }
    }

    /// Lets it run.
    pub(crate) fn resume(self) -> Result<ProcessHandle, Errno> {
        // SAFETY: the handle is open for the whole call, which touches no memory.
        let before = unsafe { ResumeThread(self.thread.as_raw_handle()) };
        if before == u32::MAX { Err(Errno::last()) } else { Ok(self.process) }
    }
}

/// The arguments as one text, which the C runtime of the program takes apart again: by the rules of
/// `CommandLineToArgvW`, with quotes around all but plain words.
pub(crate) fn command_line(args: &[OsString]) -> OsString {
    const QUOTE: u16 = b'"' as u16;
    const SLASH: u16 = b'\\' as u16;
    const SPACE: u16 = b' ' as u16;
    let special = |unit: &u16| [SPACE, QUOTE, u16::from(b'\t'), u16::from(b'\n'), 0x0b].contains(unit);
    let mut line = Vec::new();
    for (at, arg) in args.iter().enumerate() {
        if at > 0 {
            line.push(SPACE);
        }
        let units: Vec<u16> = arg.encode_wide().collect();
        if !units.is_empty() && !units.iter().any(special) {
            line.extend(units);
            continue;
        }
        line.push(QUOTE);
        let mut slashes = 0;
        for unit in units {
            if unit == SLASH {
                slashes += 1;
            } else {
                // Before a quote each backslash is doubled, and one more stands for the quote.
                let more = if unit == QUOTE { slashes + 1 } else { 0 };
                line.extend(std::iter::repeat_n(SLASH, more));
                slashes = 0;
            }
            line.push(unit);
        }
        line.extend(std::iter::repeat_n(SLASH, slashes));
        line.push(QUOTE);
    }
    OsString::from_wide(&line)
}

/// Lets the next process that is made inherit the handle, if its list names it.
pub(crate) fn let_inherit(handle: BorrowedHandle<'_>) -> Result<(), Errno> {
    // SAFETY: the handle is open for the whole call, which touches no memory.
    let done =
        unsafe { SetHandleInformation(handle.as_raw_handle(), HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT) };
    if done == 0 { Err(Errno::last()) } else { Ok(()) }
}

/// A pipe without a name: the end to read from, and the end to write to.
pub(crate) fn small_pipe() -> Result<(File, File), Errno> {
    let (mut read, mut write) = (null_mut(), null_mut());
    // SAFETY: the system writes one handle to each of the pointers.
    let done = unsafe { CreatePipe(&raw mut read, &raw mut write, null(), 0) };
    if done == 0 {
        return Err(Errno::last());
    }
    // SAFETY: the call has just made this handle, which nobody else owns.
    let read = unsafe { OwnedHandle::from_raw_handle(read) };
    // SAFETY: as above.
    let write = unsafe { OwnedHandle::from_raw_handle(write) };
    Ok((read.into(), write.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::FileId;
    use std::time::Duration;

    #[test]
    fn a_process_is_in_its_job_from_its_making_on_and_ends_with_it() {
        let job = Job::nameless().unwrap();
        let program = std::env::current_exe().unwrap();
        let null = File::options().read(true).write(true).open("NUL").unwrap();
        let (boot, _end) = small_pipe().unwrap();
        for handle in [null.as_handle(), boot.as_handle()] {
            let_inherit(handle).unwrap();
        }
        let env: Vec<_> = std::env::vars_os().collect();
        let spawn = Spawn {
            program: &program,
            args: &["test".into(), "--list".into()],
            env: &env,
            folder: None,
            stdio: [null.as_handle(); 3],
            boot: boot.as_handle(),
            job: &job,
        };
        let made = spawn.suspended().unwrap();
        assert!(job.has(&made.process));
        let named = Job::new(FileId::NONE, made.pid).unwrap();
        named.take(&made.process).unwrap();
        assert!(job.has(&made.process) && named.has(&made.process));
        assert!(Job::of(FileId::NONE, made.pid, &made.process).is_some());
        assert!(Job::of_this_process(FileId::NONE, made.pid).is_none(), "it is in none of them");
        // Both end it.
        drop(job);
        assert!(super::super::process::ends_within(made.process.as_handle(), Duration::from_secs(30)));
    }

    #[test]
    fn arguments_are_quoted_as_the_runtime_reads_them() {
        let line = |args: &[&str]| {
            let args: Vec<OsString> = args.iter().map(OsString::from).collect();
            command_line(&args).into_string().unwrap()
        };
        assert_eq!(line(&["node", "a b", ""]), r#"node "a b" """#);
        assert_eq!(line(&[r"C:\x\", r"C:\x y\", r#"say "hi""#]), r#"C:\x\ "C:\x y\\" "say \"hi\"""#);
        assert_eq!(line(&[r#"\\" x"#]), r#""\\\\\" x""#);
    }
}
