//! The arguments of execve, made before the first clone, because after it nothing may allocate.

use std::ffi::{CString, c_char};
use std::os::fd::{OwnedFd, RawFd};

use super::check::{Problem, c_string, own_fds};
use super::descriptors::raised_by;
use super::plan::{Plan, Stdio};
use crate::descriptor::Descriptor;
use crate::error::{Result, Subject};
use crate::handover::Handover;
use crate::sys::{self, RawLimit};

/// C strings and the array of pointers to them.
pub(super) struct StringArray {
    _strings: Vec<CString>,
    pointers: Vec<*const c_char>,
}

impl StringArray {
    fn new(strings: Vec<CString>) -> Self {
        let mut pointers: Vec<_> = strings.iter().map(|string| string.as_ptr()).collect();
        pointers.push(std::ptr::null());
        Self { _strings: strings, pointers }
    }

    pub(super) fn as_ptr(&self) -> *const *const c_char {
        self.pointers.as_ptr()
    }
}

/// The arguments of execve, as C strings, and values that the children set before it.
pub(super) struct Program {
    pub(super) path: CString,
    pub(super) argv: StringArray,
    pub(super) envp: StringArray,
    pub(super) folder: Option<CString>,
    pub(super) limits: Vec<RawLimit>,
    /// Duplicates of the descriptors to keep, and the numbers of the originals. They are duplicates because the
    /// launcher may close the originals while the start waits for the lock, and open other files under their numbers.
    pub(super) kept: Vec<(OwnedFd, RawFd)>,
    /// The numbers of lock and channel in the program.
    pub(super) lock_fd: RawFd,
    pub(super) channel_fd: RawFd,
}

impl Program {
    /// Fails for a NUL byte, a limit or a descriptor that cannot be had, before anything else happens.
    pub(super) fn new(plan: &Plan) -> Result<Self> {
        plan.limits.check()?;
        let (lock_fd, channel_fd) = own_fds(&plan.keep_fds)?;
        let handover = Handover {
            lock: lock_fd,
            channel: channel_fd,
            is_captured: plan.stderr == Stdio::Null,
            path: plan.pidfile.path(),
        };
        let mut env = vec![c_string(handover.variable(), Subject::PidFile)?];
        for (name, value) in &plan.env {
            let mut pair = name.clone();
            pair.push("=");
            pair.push(value);
            env.push(c_string(pair, Subject::Environment)?);
        }
        let args = plan.args.iter().map(|arg| c_string(arg, Subject::Arguments)).collect::<Result<_>>()?;
        let folder = plan.folder.as_ref().map(|path| c_string(path, Subject::Folder)).transpose()?;
        Ok(Self {
            path: c_string(&plan.program, Subject::Program)?,
            argv: StringArray::new(args),
            envp: StringArray::new(env),
            folder,
            limits: plan.limits.raw()?,
            kept: plan.keep_fds.iter().map(|fd| kept(*fd)).collect::<Result<_>>()?,
            lock_fd,
            channel_fd,
        })
    }
}

/// A duplicate of a descriptor to keep, and its number.
fn kept(fd: Descriptor) -> Result<(OwnedFd, RawFd)> {
    let number = fd.number();
    let duplicate = raised_by(|lowest| sys::duplicate_number(number, lowest).transpose())?;
    Ok((duplicate.ok_or(Problem::NotOpen(fd))?, number))
}
