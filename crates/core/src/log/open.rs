//! Opening the files of stdin, stdout and stderr.

use std::fmt;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl, open};
use nix::sys::stat::{FileStat, Mode, SFlag, fchmod, fstat};
use nix::unistd::{Gid, Uid, fchown};

use super::place::{Place, Refusal};
use crate::astray::{LED_ASTRAY, LINKED_ASTRAY};
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::given::Owner;
use crate::trusted_path::SAFE_OPEN;

/// The default permissions of a new log: the group may read it.
const MODE: u32 = 0o640;

/// The null device, for reading and writing.
pub(crate) fn open_null() -> Result<OwnedFd> {
    let path = Path::new("/dev/null");
    open(path, OFlag::O_RDWR | OFlag::O_CLOEXEC | OFlag::O_NOCTTY, Mode::empty())
        .map_err(|errno| Error::system("stdio", "open", errno, "/dev/null: cannot be opened").at(path))
}

impl Owner {
    pub(super) fn of(stat: &FileStat) -> Self {
        Self { uid: Some(stat.st_uid), gid: stat.st_gid }
    }
}

/// Opens a file to append to. A missing file is made with `owner` and with exactly the permissions `mode`, or 0640 for
/// `None`; an existing file keeps its own. An error is about the subject.
pub(crate) fn open_output(
    path: &Path,
    subject: Subject,
    mode: Option<u32>,
    owner: Option<Owner>,
) -> Result<OwnedFd> {
    const FOR_APPEND: OFlag = OFlag::O_WRONLY.union(OFlag::O_APPEND).union(SAFE_OPEN);
    const ABSENT: Refusal = Refusal::System(Errno::ENOENT);
    let refused = |refusal| refused(path, subject, "open", &refusal);
    let place = Place::of(path).map_err(refused)?;
    // Made exclusively, to know whether the file is ours to give a mode. A file that others make and remove all the
    // time gets the plain error.
    for _ in 0..8 {
        let refusal = match place.make(FOR_APPEND, owner) {
            Ok(made) => {
                belong_and_permit(&made, mode.unwrap_or(MODE), owner);
                return blocking(made, path, subject);
            }
            Err(refusal) => refusal,
        };
        match (open_checked(&place, FOR_APPEND), refusal) {
            (Ok(fd), _) => return blocking(fd, path, subject),
            // It has gone since.
            (Err(ABSENT), Refusal::System(Errno::EEXIST)) => (),
            // If the file exists, the error of opening it says more than that of creating it; otherwise report the
            // latter.
            (Err(ABSENT), refusal) => return Err(refused(refusal)),
            (Err(refusal), _) => return Err(refused(refusal)),
        }
    }
    let fd = open_checked(&place, FOR_APPEND).map_err(refused)?;
    blocking(fd, path, subject)
}

/// Gives a file that we have made its permissions, and, where we may, its owner.
pub(super) fn belong_and_permit(made: &OwnedFd, mode: u32, owner: Option<Owner>) {
    if let Some(Owner { uid, gid }) = owner {
        // Only root may give files away; any other user keeps the file that it has made.
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

/// Opens a file to read from. An error is about the subject.
pub(crate) fn open_input(path: &Path, subject: Subject) -> Result<OwnedFd> {
    let opened = Place::of(path).and_then(|place| open_checked(&place, OFlag::O_RDONLY | SAFE_OPEN));
    blocking(opened.map_err(|refusal| refused(path, subject, "open", &refusal))?, path, subject)
}

fn refused(path: &Path, subject: Subject, syscall: &'static str, refusal: &Refusal) -> Error {
    let message = format!("{} {refusal}", path.to_string_lossy());
    let error = match refusal {
        Refusal::System(errno) => Error::system("stdio", syscall, *errno, message),
        _ => Error::new(ErrorKind::InvalidOption, message).during("stdio"),
    };
    let error = error.at(path);
    // If the system is short of a resource, another file would change nothing: the subject is not to blame.
    if refusal.is_shortage() { error } else { error.of_kind(ErrorKind::InvalidOption).about(subject) }
}

impl Refusal {
    fn is_shortage(&self) -> bool {
        use Errno::{EDQUOT, EIO, EMFILE, ENFILE, ENOMEM, ENOSPC};
        matches!(self, Self::System(EMFILE | ENFILE | ENOMEM | ENOSPC | EDQUOT | EIO))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::System(Errno::ENOENT | Errno::ENOTDIR) => {
                "does not exist, or its folder does not; create it first"
            }
            Self::System(Errno::ELOOP) => "is a symbolic link; give the path of the file itself",
            Self::System(Errno::ENXIO) => "is a FIFO or a socket; give the path of a regular file",
            Self::System(Errno::EISDIR) | Self::Folder => "is a folder; give the path of a file",
            Self::System(Errno::EROFS) => "is on a file system that is read-only; choose another path",
            Self::System(Errno::EMFILE | Errno::ENFILE) => {
                "cannot be opened, for want of descriptors; raise their limit (ulimit -n)"
            }
            Self::System(Errno::ENOSPC | Errno::EDQUOT) => {
                "cannot be made, for want of room; free some on its disk"
            }
            Self::System(_) => "cannot be opened",
            Self::LedAstray => LED_ASTRAY,
            Self::LinkedAstray => LINKED_ASTRAY,
            Self::OtherKind => "is neither a regular file nor a character device",
        })
    }
}

fn open_checked(place: &Place<'_>, flags: OFlag) -> std::result::Result<OwnedFd, Refusal> {
    let fd = place.open(flags)?;
    let kind = SFlag::from_bits_truncate(fstat(&fd)?.st_mode & SFlag::S_IFMT.bits());
    if kind == SFlag::S_IFREG || kind == SFlag::S_IFCHR { Ok(fd) } else { Err(Refusal::OtherKind) }
}

/// Makes writes wait for a slow terminal: non-blocking was for the open alone.
fn blocking(fd: OwnedFd, path: &Path, subject: Subject) -> Result<OwnedFd> {
    let status = fcntl(fd.as_fd(), FcntlArg::F_GETFL).map_or(OFlag::empty(), OFlag::from_bits_retain);
    fcntl(fd.as_fd(), FcntlArg::F_SETFL(status - OFlag::O_NONBLOCK))
        .map_err(|errno| refused(path, subject, "fcntl", &Refusal::System(errno)))?;
    Ok(fd)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_made_gets_the_mode_and_one_that_is_there_keeps_its_own() {
        let path = std::env::temp_dir().join(format!("daimon-mode-{}", std::process::id()));
        let mode = || mode_of(&fstat(open_output(&path, Subject::Log, Some(0o606), None).unwrap()).unwrap());
        assert_eq!(mode(), 0o606);
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        assert_eq!(mode(), 0o600);
        std::fs::remove_file(path).unwrap();
    }
}
