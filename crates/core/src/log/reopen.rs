//! Exchanging the files of the outputs while the daemon runs.

use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::{Mutex, MutexGuard};

use nix::errno::Errno;
use nix::sys::stat::{FileStat, SFlag, fstat};
use nix::unistd::{dup2_stderr, dup2_stdout};

use super::open::open_output;
use crate::error::{Error, Result, Subject};
use crate::given::{Outputs, Owner};
use crate::mutex::lock;
use crate::seam;
use crate::sys::{stderr, stdout};

/// Held while the outputs' files are exchanged: a reopening and a rotation must not meet half way.
static EXCHANGE: Mutex<()> = Mutex::new(());

pub(super) fn exchange() -> MutexGuard<'static, ()> {
    lock(&EXCHANGE)
}

/// Opens `path` again and puts it in place of this process's outputs, in one step each: a line written meanwhile is in
/// exactly one of the two files. A missing file is made with `mode`, as at the launch.
///
/// ```
/// use std::path::Path;
/// use daimon_core::{Outputs, reopen};
///
/// // Neither output is exchanged: only the file is made.
/// let path = std::env::temp_dir().join(format!("daimon-doc-{}.log", std::process::id()));
/// reopen(&path, Outputs { stdout: false, stderr: false }, Some(0o600))?;
/// std::fs::remove_file(&path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Outputs that are no regular files are left alone: libuv keeps pipes and terminals in its epoll set.
///
/// # Errors
///
/// `InvalidOption` when the file cannot be opened; the present one then stays in place.
pub fn reopen(path: &Path, outputs: Outputs, mode: Option<u32>) -> Result<()> {
    let _exclusive = exchange();
    seam::at("reopen.begun");
    let (stdout, stderr) = (stdout(), stderr());
    let present = |wanted: bool, fd: &dyn AsFd| if wanted { regular(fd.as_fd()) } else { None };
    let (former_out, former_err) = (present(outputs.stdout, &stdout), present(outputs.stderr, &stderr));
    let file =
        open_output(path, Subject::Log, mode, former_out.as_ref().or(former_err.as_ref()).map(Owner::of))?;
    seam::at("reopen.opened");
    let replaced = Outputs { stdout: former_out.is_some(), stderr: former_err.is_some() };
    let done = replaced.replace(&file);
    seam::at("reopen.replaced");
    done.map_err(|errno| {
        let message = format!("{}: cannot be put in place", path.to_string_lossy());
        Error::system("reopen", "dup2", errno, message).at(path)
    })
}

impl Outputs {
    /// Puts the file in place of the outputs, in one step each.
    pub(super) fn replace(self, file: &OwnedFd) -> nix::Result<()> {
        if self.stdout {
            insist(|| dup2_stdout(file))?;
        }
        if self.stderr {
            insist(|| dup2_stderr(file))?;
        }
        Ok(())
    }
}

/// Tries again as long as dup2 says EBUSY: another thread is about to get the same number by an open, dup2(2).
pub(crate) fn insist(mut replace: impl FnMut() -> nix::Result<()>) -> nix::Result<()> {
    loop {
        match replace() {
            Err(Errno::EINTR | Errno::EBUSY) => (),
            result => return result,
        }
    }
}

/// The stat of the file behind the descriptor; `None` unless it is a regular file.
pub(super) fn regular(fd: impl AsFd) -> Option<FileStat> {
    fstat(fd).ok().filter(|stat| stat.st_mode & SFlag::S_IFMT.bits() == SFlag::S_IFREG.bits())
}
