//! Folders that the system knows, where it has a table of them, and the one of the machine that daemons share.

use std::path::{Path, PathBuf};

use crate::error::{Error, ErrorKind, PidFileReason, Result};
use crate::sys;

/// Gives the folder for files of this user, or of the machine, by the system's own table; `None` where the system has
/// none.
pub fn local_folder(for_machine: bool) -> Option<PathBuf> {
    sys::local_folder(for_machine)
}

/// Tells whether this process has the rights of an administrator: root's; on Windows those of its system's services and
/// of elevated administrators.
pub fn is_administrator() -> bool {
    sys::is_administrator()
}

/// Makes a folder of the machine, in which administrators alone can change anything, and which others can read. Only on
/// Windows, whose folder for such folders is open to everybody.
///
/// # Errors
///
/// `PidFile` with the reason `unsafe-directory` where there is one already that belongs to somebody else, or to a user
/// whose processes have not all the rights of this one: they could replace what is in it. `PermissionDenied` or
/// `StartFailed` with the system's.
pub fn make_machine_folder(path: &Path) -> Result<()> {
    let failed = |syscall, errno| {
        let message = format!("{}: the folder for pidfiles cannot be made", path.display());
        Error::system("folder", syscall, errno, message).at(path)
    };
    if sys::make_folder_of_machine(path).map_err(|errno| failed("CreateDirectoryW", errno))?
        || sys::is_of_trusted(path).map_err(|errno| failed("GetSecurityInfo", errno))?
    {
        return Ok(());
    }
    let message = format!(
        "{}: the folder belongs neither to administrators nor to the system, so that its owner could replace what is \
         in it; remove it, and have it made by a start",
        path.display()
    );
    Err(Error::new(ErrorKind::PidFile(PidFileReason::UnsafeDirectory), message).at(path))
}
