//! The root folder of a daemon.

use std::path::Path;

use nix::errno::Errno;

use super::problem::Problem;
use crate::error::{Error, Result};
use crate::log::keep_null;
use crate::sys::{self, Right};

/// Refuses a change of the root folder that this process may not do.
///
/// # Errors
///
/// `InvalidOption`.
pub fn check_chroot() -> Result<()> {
    if sys::may(Right::Chroot) { Ok(()) } else { Err(Problem::MayNotChangeRoot.into()) }
}

/// Makes `path` this process's root folder, and its current one.
///
/// ```no_run
/// daimon_core::check_chroot()?;
/// daimon_core::enter_root(std::path::Path::new("/srv/web"))?;
/// # Ok::<(), daimon_core::Error>(())
/// ```
///
/// # Errors
///
/// `PermissionDenied` or `StartFailed` with step `chroot`.
pub fn enter_root(path: &Path) -> Result<()> {
    let failed = |syscall, errno: Errno| {
        Error::system("chroot", syscall, errno, format!("{}: cannot be made the root folder", path.display()))
            .at(path)
    };
    // The null device is needed once more, when the capture of stderr ends, and may be missing in the new root.
    keep_null();
    nix::unistd::chroot(path).map_err(|errno| failed("chroot", errno))?;
    nix::unistd::chdir("/").map_err(|errno| failed("chdir", errno))
}
