//! All that a launch needs, put in place before the first clone: nothing allocates after it.

use std::ffi::{CString, OsStr, OsString, c_char};
use std::ops::Range;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};

use crate::adopt::{ADOPTION_VARIABLE, is_own_lock};
use crate::error::{Error, ErrorKind, Result};
use crate::limits::{Limits, RawLimit};
use crate::log::{LogTail, Owner, open_input, open_null, open_output};
use crate::pidfile::{LockOptions, Locked, PidFile};
use crate::sys;

/// Numbers that lock and channel can have in the daemon: those Node makes close-on-exec at boot, before any preload of
/// `NODE_OPTIONS` could leak them.
pub(crate) const OWN_FDS: Range<RawFd> = 3..16;

/// Descriptors that become others in the child are moved above those, so that none is overwritten before its turn.
const LOWEST_SOURCE: RawFd = OWN_FDS.end;

/// Where one of the three standard descriptors goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stdio {
    /// The null device.
    Null,
    /// The launcher's own.
    Inherit,
    /// A file; output is appended to it.
    File {
        /// Absolute.
        path: PathBuf,
        /// The option to name when it cannot be opened.
        option: &'static str,
        /// The permissions of a file that is made; `None`: 0640.
        mode: Option<u32>,
    },
}

/// What is executed, and how.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The pidfile that the daemon will hold.
    pub pidfile: PidFile,
    /// How to lock it.
    pub lock: LockOptions,
    /// The program, absolute.
    pub program: PathBuf,
    /// Its arguments, the program's name first.
    pub args: Vec<OsString>,
    /// Its whole environment.
    pub env: Vec<(OsString, OsString)>,
    /// The folder that it is executed in; `None`: the launcher's present one.
    pub folder: Option<PathBuf>,
    /// Its file mode creation mask.
    pub umask: u32,
    /// What it may use up.
    pub limits: Limits,
    /// Descriptors of the launcher, from 3 on, that it has under the same numbers. All others are closed.
    pub keep_fds: Vec<RawFd>,
    /// Descriptor 0.
    pub stdin: Stdio,
    /// Descriptor 1.
    pub stdout: Stdio,
    /// Descriptor 2. With `Null` it is captured until the daemon is ready.
    pub stderr: Stdio,
    /// Whom the files of its output belong to where they are made; `None`: the launcher's user.
    pub owner: Option<Owner>,
}

impl Plan {
    /// How large what the program is given is, for one to which that is too much. What is in it is nobody's business.
    pub(super) fn size(&self) -> String {
        // With the byte that ends each string, and the `=`.
        let args = self.args.iter().map(|arg| arg.len() + 1);
        let env = self.env.iter().map(|(name, value)| (name.len() + value.len() + 2, name));
        let largest = match (args.clone().max().unwrap_or(0), env.clone().max()) {
            (arg, Some((size, name))) if size > arg => {
                format!("the variable {} alone {size}", name.display())
            }
            (arg, _) => format!("the largest argument {arg}"),
        };
        let (args, env): (usize, usize) = (args.sum(), env.map(|(size, _)| size).sum());
        format!(
            "its arguments have {args} bytes and its environment {env}, {largest}, which is more than \
             the system takes; leave some out, or put it into a file"
        )
    }
}

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

/// What execve needs, as C strings.
pub(super) struct Program {
    pub(super) path: CString,
    pub(super) argv: StringArray,
    pub(super) envp: StringArray,
    pub(super) folder: Option<CString>,
    pub(super) limits: Vec<RawLimit>,
    /// Duplicates of the descriptors to be kept, and their numbers: while a start waits for the lock, the launcher may
    /// close the originals and use their numbers for something else.
    pub(super) kept: Vec<(OwnedFd, RawFd)>,
    /// What numbers they will have.
    pub(super) lock_fd: RawFd,
    pub(super) channel_fd: RawFd,
}

impl Program {
    /// Fails for a NUL byte, a limit or a descriptor that cannot be had, before anything else happens.
    pub(super) fn new(plan: &Plan) -> Result<Self> {
        plan.limits.check()?;
        let (lock_fd, channel_fd) = own_fds(&plan.keep_fds)?;
        let captured = if plan.stderr == Stdio::Null { 1 } else { 0 };
        let mut adoption =
            OsString::from(format!("{ADOPTION_VARIABLE}=1:{lock_fd}:{channel_fd}:{captured}:"));
        adoption.push(plan.pidfile.path());
        let mut env = vec![c_string(&adoption, "pidFile")?];
        for (name, value) in &plan.env {
            let mut pair = name.clone();
            pair.push("=");
            pair.push(value);
            env.push(c_string(&pair, "env")?);
        }
        let args = plan.args.iter().map(|arg| c_string(arg, "scriptArgs")).collect::<Result<_>>()?;
        let folder = plan.folder.as_ref().map(|path| c_string(path.as_os_str(), "cwd")).transpose()?;
        Ok(Self {
            path: c_string(plan.program.as_os_str(), "execPath")?,
            argv: StringArray::new(args),
            envp: StringArray::new(env),
            folder,
            limits: plan.limits.raw()?,
            kept: plan
                .keep_fds
                .iter()
                .map(|fd| Ok((raised(sys::borrow(*fd))?, *fd)))
                .collect::<Result<_>>()?,
            lock_fd,
            channel_fd,
        })
    }
}

/// Numbers for lock and channel that are not to be kept for anything else.
fn own_fds(keep: &[RawFd]) -> Result<(RawFd, RawFd)> {
    let refused = |message: String| Error::new(ErrorKind::InvalidOption, message).for_option("keepFds");
    if let Some(fd) = keep.iter().find(|fd| **fd < OWN_FDS.start || !sys::is_open(**fd)) {
        return Err(refused(format!("option keepFds: {fd} is not an open descriptor from 3 on")));
    }
    // With it the daemon's lock would live on in another's.
    if let Some(fd) = keep.iter().find(|fd| is_own_lock(sys::borrow(**fd))) {
        return Err(refused(format!("option keepFds: {fd} is this daemon's own lock")));
    }
    let mut free = OWN_FDS.filter(|fd| !keep.contains(fd));
    match (free.next(), free.next()) {
        (Some(lock), Some(channel)) => Ok((lock, channel)),
        _ => Err(refused("option keepFds: two numbers from 3 to 15 must be left for daimon itself".into())),
    }
}

fn c_string(text: &OsStr, option: &'static str) -> Result<CString> {
    CString::new(text.as_bytes()).map_err(|_| {
        let message = format!("option {option}: {text:?} holds a NUL byte, which no system call can carry");
        Error::new(ErrorKind::InvalidOption, message).for_option(option)
    })
}

/// Descriptors for the child, all close-on-exec and from [`LOWEST_SOURCE`] on, and the launcher's ends.
pub(super) struct Descriptors {
    pub(super) lock: OwnedFd,
    pub(super) channel: OwnedFd,
    pub(super) error_pipe: OwnedFd,
    /// Sources of 0, 1 and 2.
    pub(super) stdio: [OwnedFd; 3],
    pub(super) own_channel: OwnedFd,
    pub(super) own_error_pipe: OwnedFd,
    pub(super) log: Option<LogTail>,
}

impl Descriptors {
    /// In the child those to be kept get their numbers, which none of ours may have then.
    pub(super) fn collides_with(&self, kept: &[RawFd]) -> Option<RawFd> {
        let stdio = self.stdio.iter().map(AsRawFd::as_raw_fd);
        let own = [self.lock.as_raw_fd(), self.channel.as_raw_fd(), self.error_pipe.as_raw_fd()];
        stdio.chain(own).find(|fd| kept.contains(fd))
    }

    pub(super) fn open(plan: &Plan, locked: &Locked) -> Result<Self> {
        let (stdio, log) = open_stdio(plan)?;
        let failed = |syscall| {
            move |errno| Error::system("descriptors", syscall, errno, "no descriptor could be made")
        };
        let (own_channel, channel) = sys::channel_pair().map_err(failed("socketpair"))?;
        let (own_error_pipe, error_pipe) = sys::error_pipe().map_err(failed("pipe"))?;
        Ok(Self {
            lock: raised(locked.file())?,
            channel: raised(&channel)?,
            error_pipe: raised(&error_pipe)?,
            stdio,
            own_channel: raised(&own_channel)?,
            own_error_pipe: raised(&own_error_pipe)?,
            log,
        })
    }
}

type Sources = [OwnedFd; 3];

fn open_stdio(plan: &Plan) -> Result<(Sources, Option<LogTail>)> {
    let null = open_null()?;
    let stdin = match &plan.stdin {
        Stdio::Null => raised(&null)?,
        Stdio::Inherit => inherited(std::io::stdin(), &null)?,
        Stdio::File { path, option, .. } => raised(open_input(path, option)?)?,
    };
    let stdout = match &plan.stdout {
        Stdio::Null => raised(&null)?,
        Stdio::Inherit => inherited(std::io::stdout(), &null)?,
        Stdio::File { path, option, mode } => raised(open_output(path, option, *mode, plan.owner)?)?,
    };
    let (stderr, log) = match &plan.stderr {
        // Syntax errors, wrong flags and a lack of memory speak only there.
        Stdio::Null => {
            let failed = |errno| Error::system("stdio", "memfd_create", errno, "stderr cannot be captured");
            let file = sys::capture_file().map_err(failed)?;
            (raised(&file)?, Some(LogTail::Captured(file)))
        }
        Stdio::Inherit => (inherited(std::io::stderr(), &null)?, None),
        Stdio::File { path, option, mode } => {
            // One open file for both keeps the order of their lines.
            let shared = plan.stderr == plan.stdout;
            let file = if shared {
                raised(&stdout)?
            } else {
                raised(open_output(path, option, *mode, plan.owner)?)?
            };
            let tail = LogTail::of(path, &file);
            (file, tail)
        }
    };
    Ok(([stdin, stdout, stderr], log))
}

/// A duplicate of the launcher's own descriptor, which Node has marked close-on-exec at its boot; the null device where
/// that is closed: else the next file opened would take its number.
fn inherited(own: impl AsFd, null: &OwnedFd) -> Result<OwnedFd> {
    if sys::is_open(own.as_fd().as_raw_fd()) { raised(own) } else { raised(null) }
}

/// A duplicate out of the way of all targets, close-on-exec from birth.
fn raised(fd: impl AsFd) -> Result<OwnedFd> {
    let fd = fd.as_fd();
    match fcntl(fd, FcntlArg::F_DUPFD_CLOEXEC(LOWEST_SOURCE)) {
        Ok(number) => Ok(sys::own(number)),
        Err(errno) => {
            let message = match errno {
                Errno::EMFILE | Errno::EINVAL => {
                    "the launcher has no descriptors left; raise its limit (ulimit -n)"
                }
                _ => "no descriptor could be made",
            };
            Err(Error::system("descriptors", "fcntl", errno, message))
        }
    }
}
