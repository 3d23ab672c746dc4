//! Output files: opened for append, reopened, rotated, and read back when a start failed.

mod archive;
mod pace;
mod place;
mod rotate;
mod rotation;
mod tail;

use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl, open};
use nix::sys::stat::{FileStat, Mode, SFlag, fchmod, fstat};
use nix::unistd::{Gid, Uid, dup2_stderr, dup2_stdout, fchown};

use crate::error::{Error, Result};

use place::Place;
pub use rotation::{Rotation, check_rotation, start_rotation};
pub use tail::LogTail;

/// Never follow a link, wait for a FIFO's reader, gain a terminal or leak into a child.
const FLAGS: OFlag =
    OFlag::O_CLOEXEC.union(OFlag::O_NOFOLLOW).union(OFlag::O_NONBLOCK).union(OFlag::O_NOCTTY);

/// What a new log may be used for by others, where nothing else is said: read by the group.
const MODE: u32 = 0o640;

/// Held by whoever exchanges the outputs' files: a reopening and a rotation must not meet half way.
static EXCHANGE: Mutex<()> = Mutex::new(());

fn exchange() -> MutexGuard<'static, ()> {
    // It guards no data, only an order.
    EXCHANGE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The null device, for reading and writing.
pub(crate) fn open_null() -> Result<OwnedFd> {
    let path = Path::new("/dev/null");
    open(path, OFlag::O_RDWR | OFlag::O_CLOEXEC | OFlag::O_NOCTTY, Mode::empty())
        .map_err(|errno| Error::system("stdio", "open", errno, "/dev/null: cannot be opened").at(path))
}

/// Whom a file belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The user; `None`: whoever makes it.
    pub uid: Option<u32>,
    /// The group.
    pub gid: u32,
}

impl Owner {
    fn of(stat: &FileStat) -> Self {
        Self { uid: Some(stat.st_uid), gid: stat.st_gid }
    }
}

/// Opens a file to append to, for the option of that name. One that is not there is made, with `mode`, or 0640 where
/// that is `None`, whatever the umask, and with `owner`; one that is there keeps its own.
pub(crate) fn open_output(
    path: &Path,
    option: &'static str,
    mode: Option<u32>,
    owner: Option<Owner>,
) -> Result<OwnedFd> {
    const FOR_APPEND: OFlag = OFlag::O_WRONLY.union(OFlag::O_APPEND).union(FLAGS);
    let place = Place::of(path).map_err(|errno| refused(path, option, "open", errno, reason(errno)))?;
    // Made exclusively, or nobody knows whose mode to set. Whoever makes and removes it all the time gets the plain
    // error.
    for _ in 0..8 {
        match place.make(FOR_APPEND, owner) {
            Ok(made) => {
                belong_and_permit(&made, mode.unwrap_or(MODE), owner);
                return blocking(made, path, option);
            }
            Err(Errno::EEXIST) => match open_checked(&place, path, FOR_APPEND, option) {
                Err(error) if error.errno() == Some(libc::ENOENT) => (),
                opened => return opened,
            },
            // Said in full by an opening that makes nothing, but for the folder that may not be written.
            Err(errno) => {
                return open_checked(&place, path, FOR_APPEND, option).map_err(|error| match error.errno() {
                    Some(libc::ENOENT) => refused(path, option, "open", errno, reason(errno)),
                    _ => error,
                });
            }
        }
    }
    open_checked(&place, path, FOR_APPEND, option)
}

/// Gives a file that we have made its permissions, and, where we may, its owner.
fn belong_and_permit(made: &OwnedFd, mode: u32, owner: Option<Owner>) {
    if let Some(Owner { uid, gid }) = owner {
        // Anyone but root makes files of their own alone, and that is what they are then.
        let _ = fchown(made, uid.map(Uid::from_raw), Some(Gid::from_raw(gid)));
    }
    // A file system without modes (FAT) refuses; the log is more important than its mode.
    let _ = fchmod(made, permissions(mode));
}

/// Its permission bits.
#[cfg_attr(
    target_os = "linux",
    expect(clippy::useless_conversion, reason = "the field is narrower on macOS")
)]
fn mode_of(stat: &FileStat) -> u32 {
    u32::from(stat.st_mode) & 0o777
}

fn permissions(mode: u32) -> Mode {
    // Nine bits: they fit into the `u16` that modes are on macOS.
    Mode::from_bits_truncate((mode & 0o777) as libc::mode_t)
}

/// Opens a file to read from.
pub(crate) fn open_input(path: &Path, option: &'static str) -> Result<OwnedFd> {
    let place = Place::of(path).map_err(|errno| refused(path, option, "open", errno, reason(errno)))?;
    open_checked(&place, path, OFlag::O_RDONLY | FLAGS, option)
}

fn refused(path: &Path, option: &'static str, syscall: &'static str, errno: Errno, what: &str) -> Error {
    let about = |subject: &str| {
        let message = format!("{subject}{} {what}", path.display());
        Error::system("stdio", syscall, errno, message).at(path)
    };
    // Another value would change nothing.
    if is_shortage(errno) { about("") } else { about(&format!("option {option}: ")).for_option(option) }
}

fn is_shortage(errno: Errno) -> bool {
    matches!(
        errno,
        Errno::EMFILE | Errno::ENFILE | Errno::ENOMEM | Errno::ENOSPC | Errno::EDQUOT | Errno::EIO
    )
}

fn reason(errno: Errno) -> &'static str {
    match errno {
        Errno::ENOENT | Errno::ENOTDIR => "does not exist, or its folder does not; create it first",
        Errno::ELOOP => "is a symbolic link; give the path of the file itself",
        Errno::ENXIO => "is a FIFO or a socket; give the path of a regular file",
        Errno::EISDIR => "is a folder; give the path of a file",
        Errno::EROFS => "is on a file system that is read-only; choose another path",
        Errno::EXDEV => {
            "is reached by somebody's symbolic link, and does not belong to them; give the path without links"
        }
        Errno::EMFILE | Errno::ENFILE => {
            "cannot be opened, for want of descriptors; raise their limit (ulimit -n)"
        }
        Errno::ENOSPC | Errno::EDQUOT => "cannot be made, for want of room; free some on its disk",
        _ => "cannot be opened",
    }
}

fn open_checked(place: &Place<'_>, path: &Path, flags: OFlag, option: &'static str) -> Result<OwnedFd> {
    let refuse = |syscall, errno, message: &str| refused(path, option, syscall, errno, message);
    let fd = place.open(flags).map_err(|errno| refuse("open", errno, reason(errno)))?;
    let stat = fstat(&fd).map_err(|errno| refuse("fstat", errno, "cannot be examined"))?;
    let kind = SFlag::from_bits_truncate(stat.st_mode & SFlag::S_IFMT.bits());
    if kind != SFlag::S_IFREG && kind != SFlag::S_IFCHR {
        return Err(refuse("open", Errno::EINVAL, "is neither a regular file nor a character device"));
    }
    blocking(fd, path, option)
}

/// Non-blocking was for the open alone; the daemon's writes shall wait for a slow terminal.
fn blocking(fd: OwnedFd, path: &Path, option: &'static str) -> Result<OwnedFd> {
    let status = fcntl(&fd, FcntlArg::F_GETFL).map_or(OFlag::empty(), OFlag::from_bits_retain);
    fcntl(&fd, FcntlArg::F_SETFL(status - OFlag::O_NONBLOCK))
        .map_err(|errno| refused(path, option, "fcntl", errno, "cannot be made blocking"))?;
    Ok(fd)
}

/// Which of the two outputs a file takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outputs {
    /// Descriptor 1.
    pub stdout: bool,
    /// Descriptor 2.
    pub stderr: bool,
}

/// Opens `path` again and puts it in place of this process's outputs, in one step each: a line written meanwhile is in
/// exactly one of the two files. One that has to be made gets `mode`, as at the launch.
///
/// Outputs that are no regular files are left alone: libuv keeps pipes and terminals in its epoll set.
///
/// # Errors
///
/// `InvalidOption` when the file cannot be opened; the present one then stays in place.
pub fn reopen(path: &Path, outputs: Outputs, mode: Option<u32>) -> Result<()> {
    let _exclusive = exchange();
    let (stdout, stderr) = (std::io::stdout(), std::io::stderr());
    let present = |wanted: bool, fd: &dyn AsFd| if wanted { regular(fd.as_fd()) } else { None };
    let (former_out, former_err) = (present(outputs.stdout, &stdout), present(outputs.stderr, &stderr));
    let file = open_output(path, "log", mode, former_out.as_ref().or(former_err.as_ref()).map(Owner::of))?;
    let replaced = Outputs { stdout: former_out.is_some(), stderr: former_err.is_some() };
    replaced.replace(&file).map_err(|errno| {
        let message = format!("{}: cannot be put in place", path.display());
        Error::system("reopen", "dup2", errno, message).at(path)
    })
}

impl Outputs {
    /// Puts the file in place of the outputs, in one step each.
    fn replace(self, file: &OwnedFd) -> nix::Result<()> {
        if self.stdout {
            insist(|| dup2_stdout(file))?;
        }
        if self.stderr {
            insist(|| dup2_stderr(file))?;
        }
        Ok(())
    }
}

/// dup2 is told EBUSY while another thread is about to get the same number by an open, dup2(2).
pub(crate) fn insist(mut replace: impl FnMut() -> nix::Result<()>) -> nix::Result<()> {
    loop {
        match replace() {
            Err(Errno::EINTR | Errno::EBUSY) => (),
            result => return result,
        }
    }
}

/// What the descriptor is on, when that is a regular file.
fn regular(fd: impl AsFd) -> Option<FileStat> {
    fstat(fd).ok().filter(|stat| stat.st_mode & SFlag::S_IFMT.bits() == SFlag::S_IFREG.bits())
}

/// The null device, for a process that will not find it any more.
static NULL: Mutex<Option<OwnedFd>> = Mutex::new(None);

/// Opens the null device for [`silence_stderr`].
pub(crate) fn keep_null() {
    *NULL.lock().unwrap_or_else(PoisonError::into_inner) = open_null().ok();
}

/// Ends the capture of stderr: from now on it goes to the null device.
pub(crate) fn silence_stderr() {
    let kept = NULL.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(null) = kept.or_else(|| open_null().ok()) {
        // Both numbers are good, and nothing else can be wrong.
        let _ = insist(|| dup2_stderr(&null));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_made_gets_the_mode_and_one_that_is_there_keeps_its_own() {
        let path = std::env::temp_dir().join(format!("daimon-mode-{}", std::process::id()));
        let mode = || mode_of(&fstat(open_output(&path, "log", Some(0o606), None).unwrap()).unwrap());
        assert_eq!(mode(), 0o606);
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        assert_eq!(mode(), 0o600);
        std::fs::remove_file(path).unwrap();
    }
}
