//! The folder of an output file. Root is not led by anybody's links to where these have no rights themselves: what a log
//! takes in, its daemon chooses (CVE-2016-1247).

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::os::fd::OwnedFd;
use std::path::{Component, Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, open, openat, readlinkat};
use nix::sys::stat::{FileStat, Mode, SFlag, fstat, fstatat};
use nix::unistd::geteuid;

use crate::sys;

/// As many as the kernel follows, path_resolution(7).
const MAX_LINKS: usize = 40;

/// Where a path leads, up to its last part.
pub(super) struct Folder {
    /// Held open, so that what has been looked at is what is used; `None` where the kernel may find it by the path.
    fd: Option<OwnedFd>,
    path: PathBuf,
    name: OsString,
    /// The users, other than root, whose links have led here.
    led_by: Vec<u32>,
}

impl Folder {
    /// The folder that the file of this path is in.
    ///
    /// # Errors
    ///
    /// The system's. `EXDEV`, as openat2(2) has it for a path that leads elsewhere, when a link of a user leads to a
    /// folder of somebody else's.
    pub(super) fn of(path: &Path) -> Result<Self, Errno> {
        let name = path.file_name().ok_or(Errno::EISDIR)?.to_os_string();
        let mut folder = Self { fd: None, path: path.to_path_buf(), name, led_by: Vec::new() };
        let parent = path.parent().unwrap_or(Path::new("."));
        // Anybody else has no more rights than the links' owners could ask them for.
        if geteuid().is_root() {
            let fd = folder.walk(parent)?;
            if !folder.is_led_well(&fstat(&fd)?) {
                return Err(Errno::EXDEV);
            }
            folder.fd = Some(fd);
        }
        Ok(folder)
    }

    /// Part by part, as the kernel does it, with a look at each link's owner.
    fn walk(&mut self, path: &Path) -> Result<OwnedFd, Errno> {
        let mut at = open(".", sys::FOLDER_FLAGS, Mode::empty())?;
        let mut parts: VecDeque<OsString> = parts_of(path);
        let mut links = 0;
        while let Some(part) = parts.pop_front() {
            let is_link = |stat: &FileStat| stat.st_mode & SFlag::S_IFMT.bits() == SFlag::S_IFLNK.bits();
            let found = fstatat(&at, part.as_os_str(), AtFlags::AT_SYMLINK_NOFOLLOW)?;
            if !is_link(&found) {
                at = openat(&at, part.as_os_str(), sys::FOLDER_FLAGS | OFlag::O_NOFOLLOW, Mode::empty())?;
                continue;
            }
            links += 1;
            if links > MAX_LINKS {
                return Err(Errno::ELOOP);
            }
            // Whoever owns its folder can put another one in its place.
            for uid in [found.st_uid, fstat(&at)?.st_uid] {
                if uid != 0 && !self.led_by.contains(&uid) {
                    self.led_by.push(uid);
                }
            }
            let target = readlinkat(&at, part.as_os_str())?;
            for part in parts_of(Path::new(&target)).into_iter().rev() {
                parts.push_front(part);
            }
        }
        Ok(at)
    }

    /// Whether all who have led here own what is found: a folder, or a file in it.
    fn is_led_well(&self, found: &FileStat) -> bool {
        self.led_by.iter().all(|uid| *uid == found.st_uid)
    }

    /// Opens the file, which is not led anywhere itself.
    ///
    /// # Errors
    ///
    /// The system's. `EXDEV` when links have led here to a file of somebody else's.
    pub(super) fn open(&self, flags: OFlag, mode: Mode) -> Result<OwnedFd, Errno> {
        let Some(fd) = &self.fd else { return open(&self.path, flags, mode) };
        let file = openat(fd, OsStr::new(&self.name), flags, mode)?;
        if flags.contains(OFlag::O_EXCL) || self.is_led_well(&fstat(&file)?) {
            return Ok(file);
        }
        Err(Errno::EXDEV)
    }
}

/// `/` is a part of its own.
fn parts_of(path: &Path) -> VecDeque<OsString> {
    let named = path.components().filter(|part| *part != Component::CurDir);
    named.map(|part| part.as_os_str().to_os_string()).collect()
}
