//! The launch of a program of any kind as a keeper's body: clone → exec, with all that a body of Node.js does for
//! itself at its adoption. Runs in the keeper.
#![expect(unsafe_code, reason = "raw pointers shared with a child on the keeper's memory")]

use std::cell::Cell;
use std::ffi::{CString, OsStr, OsString, c_int, c_void};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;

use nix::errno::Errno;

use super::body::{Bodies, Body, begin, follow, no_descriptor};
use super::check::c_string;
use super::child::{PID_DIGITS, digits, limit, report, run_child};
use super::descriptors::{LOWEST_SOURCE, raised_above};
use super::program::{Program, Variable};
use super::steps::Step;
use crate::error::{Error, Result, Subject};
use crate::given::{Executable, Identity};
use crate::handover::OWN_FDS;
use crate::keeper::BodyPlan;
use crate::log::open_null;
use crate::own::mark_distrusted;
use crate::signal::Signal;
use crate::sys::{self, Pid, Stack};

/// The path where the environment has none, as of execvp(3).
const PATH: &str = "/bin:/usr/bin";
const STDERR: RawFd = 2;

impl Bodies<'_> {
    /// Executes a program that knows nothing of its keeper. It gets these sockets, by their names, as systemd would
    /// give them (sd_listen_fds(3)), and `NOTIFY_SOCKET` where there is a `notify`. Never waits for it.
    ///
    /// # Errors
    ///
    /// `StartFailed` or `PermissionDenied` with the step; no process is left then.
    pub fn launch_executable(
        &self,
        executable: &Executable,
        sockets: &[(&str, BorrowedFd<'_>)],
        notify: Option<&str>,
    ) -> Result<Body> {
        if self.plan.identity.is_some() {
            // With the lock the program may pass the proof of a daemon on.
            mark_distrusted();
        }
        let places = self.places(sockets.len());
        let (own_error_pipe, error_pipe) = sys::error_pipe().map_err(|errno| no_descriptor("pipe", errno))?;
        let error_pipe = places.raise(error_pipe)?;
        let mut given = Vec::with_capacity(sockets.len() + 1);
        for ((_, fd), target) in sockets.iter().zip(OWN_FDS.start..) {
            given.push((places.raise(fd)?, target));
        }
        if self.daemon.is_captured() && self.daemon.has_launcher() {
            // The memory that the launcher reads would grow for ever: the program never closes it.
            given.push((places.raise(open_null()?)?, STDERR));
        }
        let orders = Orders::new(self, &places, &given, &variables(sockets, notify))?;
        let orders = Orders { error_pipe: error_pipe.as_raw_fd(), ..orders };
        let process = self.executed(run(orders, (given, error_pipe), own_error_pipe))?;
        let body = Body { process, channel: None };
        if let Some(score) = executable.oom_score_adj {
            // Not before exec, because /proc shows the keeper's memory, which is hidden, to root alone.
            sys::set_oom_score_adj_of(body.process.pid(), score).map_err(|errno| {
                let _ = body.process.signal(Signal::KILL);
                body.collect();
                Error::system("oom-score", "write", errno, "the score for the lack of memory cannot be set")
            })?;
        }
        Ok(body)
    }

    /// The numbers of a program with so many sockets.
    fn places(&self, sockets: usize) -> Places {
        let end = OWN_FDS.start + RawFd::try_from(sockets).unwrap_or(RawFd::MAX / 2);
        let is_free = |number: &RawFd| {
            let is_kept = self.plan.keep_fds.iter().any(|fd| fd.number() == *number);
            !is_kept && *number != self.lock.as_raw_fd()
        };
        let lock = (end..).find(is_free).unwrap_or(end);
        Places { lock, lowest_source: LOWEST_SOURCE.max(lock + 1) }
    }
}

/// The number of the lock, and the numbers from which on nothing has its place.
struct Places {
    lock: RawFd,
    lowest_source: RawFd,
}

impl Places {
    fn raise(&self, fd: impl AsFd) -> Result<OwnedFd> {
        raised_above(fd, self.lowest_source)
    }
}

fn variables(sockets: &[(&str, BorrowedFd<'_>)], notify: Option<&str>) -> Vec<Variable> {
    let mut all = Vec::new();
    if !sockets.is_empty() {
        let mut names = String::new();
        for (name, _) in sockets {
            names.push_str(if names.is_empty() { "" } else { ":" });
            names.push_str(name);
        }
        all.push(("LISTEN_FDS", Some(sockets.len().to_string())));
        all.push(("LISTEN_FDNAMES", Some(names)));
        // The child has its own.
        all.push((ListenPid::NAME, None));
    }
    if let Some(address) = notify {
        all.push(("NOTIFY_SOCKET", Some(address.to_owned())));
    }
    all
}

/// The variable `LISTEN_PID`, whose value the child alone knows.
struct ListenPid(Vec<Cell<u8>>);

impl ListenPid {
    const NAME: &str = "LISTEN_PID";

    fn new() -> Self {
        let mut text = Vec::new();
        text.resize(Self::NAME.len() + PID_DIGITS + 2, Cell::new(0));
        for (place, byte) in text.iter().zip(Self::NAME.bytes()) {
            place.set(byte);
        }
        text[Self::NAME.len()].set(b'=');
        Self(text)
    }

    /// Async-signal-safe.
    fn write(&self, pid: Pid) {
        let mut room = [0; PID_DIGITS];
        let length = digits(pid, &mut room);
        let digits = room.iter().skip(PID_DIGITS - length);
        for (place, digit) in self.0.iter().skip(Self::NAME.len() + 1).zip(digits) {
            place.set(*digit);
        }
    }
}

/// The orders for the child, which only reads them, but for the one cell that it writes to.
struct Orders {
    keeper: Pid,
    umask: u32,
    root: Option<CString>,
    /// The paths to try, in their order.
    paths: Vec<CString>,
    program: Program,
    listen_pid: Option<ListenPid>,
    identity: Option<Identity>,
    /// The lock.
    lock: (RawFd, RawFd),
    /// Other descriptors, and their numbers in the program.
    descriptors: Vec<(RawFd, RawFd)>,
    error_pipe: RawFd,
    stack: Stack,
}

impl Orders {
    fn new(
        bodies: &Bodies<'_>,
        places: &Places,
        given: &[(OwnedFd, RawFd)],
        variables: &[Variable],
    ) -> Result<Self> {
        let plan = bodies.plan;
        let mut program = Program::of_executable(plan, variables)?;
        let listen_pid = variables.iter().any(|(name, _)| *name == ListenPid::NAME).then(ListenPid::new);
        if let Some(listen_pid) = &listen_pid {
            program.envp.push(listen_pid.0.as_ptr().cast());
        }
        Ok(Self {
            keeper: bodies.daemon.pid(),
            umask: plan.umask,
            root: plan.root.as_ref().map(|root| c_string(root.as_os_str(), Subject::Root)).transpose()?,
            paths: paths(plan)?,
            program,
            listen_pid,
            identity: plan.identity.clone(),
            lock: (bodies.lock.as_raw_fd(), places.lock),
            descriptors: given.iter().map(|(fd, number)| (fd.as_raw_fd(), *number)).collect(),
            error_pipe: -1,
            stack: Stack::new(),
        })
    }
}

/// The program itself; a name without a slash in each folder of the program's own PATH, as execvp(3) looks for it.
fn paths(plan: &BodyPlan) -> Result<Vec<CString>> {
    let program = plan.program.as_os_str();
    if program.as_bytes().contains(&b'/') {
        return Ok(vec![c_string(program, Subject::Program)?]);
    }
    let path = plan.env.iter().find(|(name, _)| name == "PATH").map_or(OsStr::new(PATH), |(_, value)| value);
    let in_folder = |folder: &[u8]| {
        let mut path = OsString::from(OsStr::from_bytes(if folder.is_empty() { b"." } else { folder }));
        path.push("/");
        path.push(program);
        c_string(path.as_os_str(), Subject::Program)
    };
    let mut paths = Vec::new();
    for folder in path.as_bytes().split(|byte| *byte == b':') {
        paths.push(in_folder(folder)?);
    }
    Ok(paths)
}

fn run(
    orders: Orders,
    sources: impl Sized,
    own_pipe: OwnedFd,
) -> std::result::Result<(Pid, Option<super::steps::Report>), Errno> {
    // SAFETY: the stack is a part of the orders, and the child keeps the pipe's writing end open until it has executed
    // or ended. `child` makes async-signal-safe calls alone.
    let ran = unsafe { run_child(Box::new(orders), |orders| orders.stack.top(), child, sources, own_pipe) };
    // A change of user has the kernel let others look at the memory again, as fs.suid_dumpable says: proc(5). The child
    // had that memory.
    sys::hide_memory();
    ran
}

/// Becomes the program. Async-signal-safe, as the second child of a launch: beside that one's calls it makes `getppid`,
/// `setpgid`, `chroot`, `setgroups`, `setresgid`, `setresuid` and `setuid`, on Linux all of them raw ones.
///
/// # Safety
///
/// `orders` points to the keeper's `Orders`, which it frees only when this process has executed or ended.
unsafe extern "C" fn child(orders: *mut c_void) -> c_int {
    // SAFETY: the caller vouches for the orders. Nobody else reads the cell that this child writes to.
    let orders = unsafe { &*orders.cast::<Orders>().cast_const() };
    let (step, errno) = match prepare(orders) {
        Ok(()) => (Step::Exec, execute(orders)),
        Err(failure) => failure,
    };
    report(orders.error_pipe, step, errno);
    sys::exit_now(127)
}

fn prepare(orders: &Orders) -> std::result::Result<(), (Step, i32)> {
    begin(orders.keeper, orders.umask)?;
    if let Some(root) = &orders.root {
        sys::change_root(root).map_err(|errno| (Step::Root, errno))?;
    }
    if let Some(folder) = &orders.program.folder {
        sys::change_folder(folder).map_err(|errno| (Step::Folder, errno))?;
    }
    // The lock first: its source may have the number of another target.
    for (source, target) in std::iter::once(&orders.lock).chain(&orders.descriptors) {
        // SAFETY: this process's descriptors are its own. Up to exec it uses none but those of the orders, which are
        // above all targets, and the lock, which has its place by then.
        unsafe { sys::duplicate(*source, *target) }.map_err(|errno| (Step::Descriptors, errno))?;
    }
    limit(&orders.program)?;
    if let Some(Identity { uid, gid, groups, .. }) = &orders.identity {
        sys::take_ids(*uid, *gid, groups).map_err(|errno| (Step::Identity, errno))?;
        if uid.is_some_and(|uid| uid != 0) && sys::becomes_root() {
            return Err((Step::Identity, 0));
        }
        follow(orders.keeper)?;
    }
    if let Some(listen_pid) = &orders.listen_pid {
        listen_pid.write(sys::own_pid());
    }
    sys::unblock_signals().map_err(|errno| (Step::SignalMask, errno))
}

/// Tries the paths. Gives the error number of the one that says the most: that a program is there, and may not be
/// executed.
fn execute(orders: &Orders) -> i32 {
    let Program { argv, envp, .. } = &orders.program;
    let mut denied = None;
    for path in &orders.paths {
        // SAFETY: both arrays end with a null pointer, and live as long as the orders.
        match unsafe { sys::execute(path, argv.as_ptr(), envp.as_ptr()) } {
            libc::EACCES => denied = Some(libc::EACCES),
            libc::ENOENT | libc::ENOTDIR | libc::ESTALE | libc::ENODEV | libc::ETIMEDOUT => (),
            errno => return errno,
        }
    }
    denied.unwrap_or(libc::ENOENT)
}
