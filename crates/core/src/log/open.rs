//! Opening the files of stdin, stdout and stderr.

use std::os::fd::OwnedFd;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl, open};
use nix::sys::stat::{FileStat, Mode, SFlag, fchmod, fstat};
use nix::unistd::{Gid, Uid, fchown};

use super::place::Place;
use crate::error::{Error, Result};

/// Never follow a link, wait for a FIFO's reader, gain a terminal or leak into a child.
pub(super) const FLAGS: OFlag =
    OFlag::O_CLOEXEC.union(OFlag::O_NOFOLLOW).union(OFlag::O_NONBLOCK).union(OFlag::O_NOCTTY);

/// What a new log may be used for by others, where nothing else is said: read by the group.
const MODE: u32 = 0o640;

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
    pub(super) fn of(stat: &FileStat) -> Self {
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
pub(super) fn belong_and_permit(made: &OwnedFd, mode: u32, owner: Option<Owner>) {
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
pub(super) fn mode_of(stat: &FileStat) -> u32 {
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
