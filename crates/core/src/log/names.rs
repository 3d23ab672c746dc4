//! One rotation: the log becomes `LOG.1`, `LOG.1` becomes `LOG.2`, and the outputs go on in a new file.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::sys::stat::{FileStat, Mode, lstat};

use super::archive;
use super::open::{belong_and_permit, mode_of};
use super::reopen::{exchange, regular};
use crate::error::{Error, Result};
use crate::given::{Outputs, Owner, Rotation};
use crate::seam;
use crate::sys::FileId;
use crate::sys::{stderr, stdout};
use crate::trusted_path::SAFE_OPEN;

/// A rotated log is plain or compressed.
const FORMS: [&str; 2] = ["", ".gz"];

/// The result of a look at the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// The log was large enough, and has been rotated; it had this size.
    Rotated(u64),
    /// The log is not large enough yet; it has this size.
    Size(u64),
    /// The file of the log's name is not where the outputs go: the program that renamed the log will have it opened
    /// again.
    NotOurs,
}

/// The names of a log, of the rotated logs and of unfinished files.
#[derive(Debug)]
pub(super) struct Names {
    log: PathBuf,
}

impl Names {
    pub(super) fn of(log: &Path) -> Self {
        Self { log: log.to_path_buf() }
    }

    fn rotated(&self, number: u32, form: &str) -> PathBuf {
        let mut name = self.log.clone().into_os_string();
        name.push(format!(".{number}{form}"));
        name.into()
    }

    /// The name of an unfinished file: in the same folder, because a rename works within one file system, and always
    /// the same, so that the next rotation finds what a crash has left.
    fn unfinished(&self, what: &str) -> PathBuf {
        let mut name = OsString::from(".");
        name.push(self.log.file_name().unwrap_or_default());
        name.push(what);
        self.log.with_file_name(name)
    }

    /// Rotates the log if it is large enough and still is the file of our outputs. A step that fails is undone.
    pub(super) fn rotate(&self, rotation: &Rotation) -> Result<Look> {
        let Some((present, _)) = self.present() else { return Ok(Look::NotOurs) };
        let size = u64::try_from(present.st_size).unwrap_or(0);
        if size < rotation.max_size {
            return Ok(Look::Size(size));
        }
        let _exclusive = exchange();
        // Look again: a reopening may have come in between.
        let Some((present, outputs)) = self.present() else { return Ok(Look::NotOurs) };
        let unfinished = self.unfinished(".new");
        seam::at("rotate.begun");
        let next = make(&unfinished, rotation.mode, &present)?;
        seam::at("rotate.made");
        let done = self.shift(rotation.keep).and_then(|()| self.exchange(&unfinished, &next, outputs));
        if done.is_err() {
            // The next try needs the name to be free.
            let _ = fs::remove_file(&unfinished);
        }
        seam::at("rotate.done");
        done.map(|()| Look::Rotated(size))
    }

    /// The log and the outputs that go there; `None` when it is no regular file, or none of our outputs.
    fn present(&self) -> Option<(FileStat, Outputs)> {
        let id = FileId::of(&lstat(&self.log).ok()?);
        let stdout = regular(stdout().as_fd()).filter(|stat| FileId::of(stat) == id);
        let stderr = regular(stderr().as_fd()).filter(|stat| FileId::of(stat) == id);
        let outputs = Outputs { stdout: stdout.is_some(), stderr: stderr.is_some() };
        stdout.or(stderr).map(|stat| (stat, outputs))
    }

    /// Makes room for a new first log, beginning with the last one, so that none is overwritten. Logs beyond `keep` are
    /// removed. Logs after a gap stay: a rotation that fails again and again must not push the old logs out.
    fn shift(&self, keep: u32) -> Result<()> {
        self.forget_unfinished()?;
        // Logs that were kept under a larger `keep`.
        let mut beyond = keep.saturating_add(1);
        while self.remove(beyond)? {
            beyond = beyond.saturating_add(1);
        }
        let gap = (1..=keep).find(|number| !self.exists(*number));
        if gap.is_none() {
            self.remove(keep)?;
        }
        for number in (1..gap.unwrap_or(keep)).rev() {
            for form in FORMS {
                let (from, to) = (self.rotated(number, form), self.rotated(number + 1, form));
                absent_is_fine(fs::rename(&from, &to)).map_err(failed(
                    "rename",
                    &from,
                    "cannot be renamed",
                ))?;
            }
        }
        Ok(())
    }

    fn exists(&self, number: u32) -> bool {
        FORMS.iter().any(|form| fs::symlink_metadata(self.rotated(number, form)).is_ok())
    }

    /// A crash between the two steps of an exchange leaves the log with two names.
    fn forget_unfinished(&self) -> Result<()> {
        let first = self.rotated(1, "");
        let id = |path: &Path| lstat(path).ok().map(|stat| FileId::of(&stat));
        let doubled = id(&first).is_some_and(|found| Some(found) == id(&self.log));
        let removed = if doubled { fs::remove_file(&first) } else { Ok(()) };
        removed.map_err(failed("unlink", &first, "cannot be removed"))
    }

    /// Removes a rotated log, plain or compressed; false if there is none.
    fn remove(&self, number: u32) -> Result<bool> {
        let mut found = false;
        for form in FORMS {
            let path = self.rotated(number, form);
            found |= absent_is_fine(fs::remove_file(&path)).map_err(failed(
                "unlink",
                &path,
                "cannot be removed",
            ))?;
        }
        Ok(found)
    }

    /// Gives the log its second name and the new file the log's name, then sends the outputs there. The log's name
    /// leads to a file at every moment. A link never overwrites: should another program rename the log just now, none
    /// of its files is lost.
    fn exchange(&self, unfinished: &Path, next: &OwnedFd, outputs: Outputs) -> Result<()> {
        let first = self.rotated(1, "");
        fs::hard_link(&self.log, &first)
            .or_else(|error| match error.kind() {
                io::ErrorKind::AlreadyExists => Err(error),
                // A file system without links, or a log of which we are not the owner (fs.protected_hardlinks).
                _ => fs::rename(&self.log, &first),
            })
            .map_err(failed("link", &first, "cannot be made"))?;
        seam::at("rotate.linked");
        let placed = fs::rename(unfinished, &self.log)
            .map_err(failed("rename", &self.log, "cannot be replaced"))
            .and_then(|()| {
                seam::at("rotate.renamed");
                outputs.replace(next).map_err(|errno| {
                    let message = format!("{}: cannot be put in place", self.log.display());
                    Error::system("rotate", "dup2", errno, message).at(&self.log)
                })
            });
        if placed.is_err() {
            // Two names of one file, or the log under its second name alone.
            let _ = self.forget_unfinished();
            let _ = fs::rename(&first, &self.log);
        }
        placed
    }

    /// Compresses all rotated logs but the first, into which a write that was under way may still go.
    pub(super) fn compress(&self, keep: u32) -> Result<()> {
        for number in 2..=keep {
            let plain = self.rotated(number, "");
            let packed = self.rotated(number, ".gz");
            seam::at("compress.begun");
            absent_is_fine(archive::pack(&plain, &self.unfinished(".gz"), &packed)).map_err(failed(
                "write",
                &plain,
                "cannot be compressed, and stays as it is",
            ))?;
        }
        Ok(())
    }
}

/// Makes the file that the outputs go on in, with the owner of the present log.
fn make(path: &Path, mode: Option<u32>, present: &FileStat) -> Result<OwnedFd> {
    absent_is_fine(fs::remove_file(path)).map_err(failed("unlink", path, "cannot be removed"))?;
    let flags =
        OFlag::O_WRONLY | OFlag::O_APPEND | OFlag::O_CREAT | OFlag::O_EXCL | (SAFE_OPEN - OFlag::O_NONBLOCK);
    let made = open(path, flags, Mode::S_IRUSR | Mode::S_IWUSR).map_err(|errno| {
        let advice = match errno {
            Errno::EACCES | Errno::EPERM | Errno::EROFS => "; the folder must be writable",
            _ => "",
        };
        let message = format!("{}: cannot be made{advice}", path.display());
        Error::system("rotate", "open", errno, message).at(path)
    })?;
    belong_and_permit(&made, mode.unwrap_or(mode_of(present)), Some(Owner::of(present)));
    Ok(made)
}

/// Whether it was there.
fn absent_is_fine(result: io::Result<()>) -> io::Result<bool> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        result => result.map(|()| true),
    }
}

fn failed(syscall: &'static str, path: &Path, what: &str) -> impl Fn(io::Error) -> Error {
    let message = format!("{}: {what}", path.display());
    move |error| Error::io("rotate", syscall, &error, &message).at(path)
}

#[cfg(test)]
mod tests;
