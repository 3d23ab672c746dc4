//! The arguments of execve, made before the first clone, because after it nothing may allocate.

use std::ffi::{CString, OsStr, c_char};
use std::os::fd::{OwnedFd, RawFd};
use std::path::Path;

use super::check::{Problem, c_string, c_strings, own_fds};
use super::descriptors::raised_by;
use crate::error::{Result, Subject};
use crate::given::{BodyPlace, Descriptor, KeeperPlan, Stdio};
use crate::handover::Handover;
use crate::keeper::BodyPlan;
use crate::plan::Plan;
use crate::seam;
use crate::sys::{self, FileId, RawLimit};

/// C strings and the array of pointers to them.
pub(super) struct StringArray {
    strings: Vec<CString>,
    pointers: Vec<*const c_char>,
}

impl StringArray {
    pub(super) fn new(strings: Vec<CString>) -> Self {
        let mut pointers: Vec<_> = strings.iter().map(|string| string.as_ptr()).collect();
        pointers.push(std::ptr::null());
        Self { strings, pointers }
    }

    fn replace_first(&mut self, string: CString) {
        if let (Some(first), Some(pointer)) = (self.strings.first_mut(), self.pointers.first_mut()) {
            *first = string;
            *pointer = first.as_ptr();
        }
    }

    /// Appends a string that the caller keeps as long as this lives.
    pub(super) fn push(&mut self, string: *const c_char) {
        let end = self.pointers.len().saturating_sub(1);
        self.pointers.insert(end, string);
    }

    pub(super) fn as_ptr(&self) -> *const *const c_char {
        self.pointers.as_ptr()
    }
}

/// A variable, and its value; `None`: there is none.
pub(super) type Variable = (&'static str, Option<String>);

/// The arguments of execve, as C strings, and values that the children set before it.
pub(super) struct Program {
    pub(super) path: CString,
    pub(super) argv: StringArray,
    pub(super) envp: StringArray,
    pub(super) folder: Option<CString>,
    pub(super) limits: Vec<RawLimit>,
    pub(super) nice: Option<i32>,
    pub(super) no_new_privileges: bool,
    /// Duplicates of the descriptors to keep, and the numbers of the originals. They are duplicates because the
    /// launcher may close the originals while the start waits for the lock, and open other files under their numbers.
    pub(super) kept: Vec<(OwnedFd, RawFd)>,
    /// The numbers of lock and channel in the program.
    pub(super) lock_fd: RawFd,
    pub(super) channel_fd: RawFd,
    /// The number of the socket, where the plan has one.
    pub(super) socket_fd: Option<RawFd>,
    is_captured: bool,
}

impl Program {
    /// Fails for a NUL byte, a limit or a descriptor that cannot be had, before anything else happens.
    pub(super) fn new(plan: &Plan) -> Result<Self> {
        plan.limits.check()?;
        let (lock_fd, channel_fd, socket_fd) = own_fds(&plan.keep_fds, plan.socket.is_some())?;
        let mut env = vec![CString::default()];
        for (name, value) in &plan.env {
            env.push(pair(name, value)?);
        }
        let args = c_strings(&plan.args, Subject::Arguments)?;
        let folder = plan.folder.as_ref().map(|path| c_string(path, Subject::Folder)).transpose()?;
        Ok(Self {
            path: c_string(&plan.program, Subject::Program)?,
            argv: StringArray::new(args),
            envp: StringArray::new(env),
            folder,
            limits: plan.limits.raw()?,
            nice: plan.limits.nice,
            no_new_privileges: plan.limits.no_new_privileges,
            kept: plan.keep_fds.iter().map(|fd| kept(*fd)).collect::<Result<_>>()?,
            lock_fd,
            channel_fd,
            socket_fd,
            is_captured: plan.stderr == Stdio::Null,
        })
    }

    /// The keeper, which has none of the limits, and nothing of the program's environment: its bodies have.
    pub(super) fn of_keeper(plan: &Plan, keeper: &KeeperPlan) -> Result<Self> {
        // What its bodies could not have is found now.
        let body = Self::new(plan)?;
        let name = keeper.program.file_name().unwrap_or(keeper.program.as_os_str());
        let args = [name, plan.pidfile.path().as_os_str()];
        let args = args.map(|arg| c_string(arg, Subject::Arguments)).into_iter().collect::<Result<_>>()?;
        Ok(Self {
            path: c_string(&keeper.program, Subject::Program)?,
            argv: StringArray::new(args),
            envp: StringArray::new([vec![CString::default()], seam::variables()].concat()),
            // The program's own may be one in another root folder.
            folder: if has_root(keeper) { Some(c"/".into()) } else { body.folder },
            limits: Vec::new(),
            nice: None,
            no_new_privileges: false,
            ..body
        })
    }

    /// A body of a keeper.
    pub(super) fn of_body(plan: &BodyPlan) -> Result<Self> {
        let (lock_fd, channel_fd, _) = own_fds(&plan.keep_fds, false)?;
        Ok(Self { lock_fd, channel_fd, ..Self::of_plan(plan, vec![CString::default()], &[])? })
    }

    /// A body of a keeper that knows nothing of it: with these variables instead of the plan's, or without them, and
    /// without a lock and a channel.
    pub(super) fn of_executable(plan: &BodyPlan, variables: &[Variable]) -> Result<Self> {
        let mut own = Vec::new();
        for (name, value) in variables {
            if let Some(value) = value {
                own.push(pair(name.as_ref(), value.as_ref())?);
            }
        }
        Self::of_plan(plan, own, variables)
    }

    fn of_plan(plan: &BodyPlan, mut env: Vec<CString>, instead: &[Variable]) -> Result<Self> {
        for (name, value) in &plan.env {
            if !instead.iter().any(|(own, _)| name == own) {
                env.push(pair(name, value)?);
            }
        }
        Ok(Self {
            path: c_string(plan.program.as_os_str(), Subject::Program)?,
            argv: StringArray::new(c_strings(&plan.args, Subject::Arguments)?),
            envp: StringArray::new(env),
            folder: plan
                .folder
                .as_ref()
                .map(|path| c_string(path.as_os_str(), Subject::Folder))
                .transpose()?,
            limits: plan.limits.clone(),
            nice: plan.nice,
            no_new_privileges: plan.no_new_privileges,
            kept: Vec::new(),
            lock_fd: -1,
            channel_fd: -1,
            socket_fd: None,
            is_captured: false,
        })
    }

    /// Puts in the variable by which a body finds what it inherits.
    pub(super) fn hand_to_body(&mut self, place: BodyPlace, is_captured: bool, path: &Path) -> Result<()> {
        let (lock, channel) = (self.lock_fd, self.channel_fd);
        let handover = Handover { lock, channel, is_captured, socket: None, body: Some(place), path };
        self.envp.replace_first(c_string(handover.variable().as_os_str(), Subject::PidFile)?);
        Ok(())
    }

    /// Puts in the variable by which a keeper finds what it inherits that is executed in the place of its process.
    pub(super) fn hand_over_in_place(&mut self, variable: CString) {
        self.envp.replace_first(variable);
    }

    /// Puts in the variable by which the daemon finds what it inherits. `socket`: the file of the one that it gets.
    pub(super) fn hand_over(&mut self, plan: &Plan, socket: Option<FileId>) -> Result<()> {
        let handover = Handover {
            lock: self.lock_fd,
            channel: self.channel_fd,
            is_captured: self.is_captured,
            socket: self.socket_fd.zip(socket),
            body: None,
            path: plan.pidfile.path(),
        };
        self.envp.replace_first(c_string(handover.variable().as_os_str(), Subject::PidFile)?);
        Ok(())
    }
}

fn has_root(keeper: &KeeperPlan) -> bool {
    keeper.executable.is_some() && keeper.root.is_some()
}

fn pair(name: &OsStr, value: &OsStr) -> Result<CString> {
    let mut pair = name.to_os_string();
    pair.push("=");
    pair.push(value);
    c_string(pair.as_os_str(), Subject::Environment)
}

/// A duplicate of a descriptor to keep, and its number.
fn kept(fd: Descriptor) -> Result<(OwnedFd, RawFd)> {
    let number = fd.number();
    let duplicate = raised_by(|lowest| sys::duplicate_number(number, lowest).transpose())?;
    Ok((duplicate.ok_or(Problem::NotOpen(fd))?, number))
}
