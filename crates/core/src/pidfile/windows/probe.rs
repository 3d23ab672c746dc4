//! Looking at a pidfile without disturbing anyone, by its lock and its name tag.

use std::fs::File;
use std::os::windows::fs::FileExt;

use crate::error::{Error, Pid, Result};
use crate::own;
use crate::pidfile::PidFile;
use crate::pidfile::flaw::Flaw;
use crate::pidfile::status::{Held, Seen};
use crate::pidfile::text::{READ_LIMIT, Text};
use crate::process::Process;
use crate::sys::control::{Served, name_tag};
use crate::sys::{self, Errno, FileId, FileInfo, Phase};

/// A holder that a look has proven.
pub(crate) struct Proven {
    pub(crate) pid: Pid,
    pub(crate) phase: Phase,
    /// `None` for this process's own pidfile.
    pub(crate) file: Option<FileId>,
}

impl Proven {
    /// Tells the handle which pidfile it holds, by which it hears signals.
    pub(crate) fn tell(&self, process: &Process) {
        if let Some(file) = self.file {
            process.handle().holds(file);
        }
    }

    /// Whether it was launched. No process group depends on that here.
    pub(crate) fn is_detached(&self) -> bool {
        false
    }
}

/// The holder of a file that is held, by its text and its name tag.
pub(super) enum Look {
    Running(Pid, Phase),
    Unproven { pid: Option<Pid>, reason: &'static str },
}

pub(super) fn look_at(file: &File, id: FileId) -> Look {
    let Ok(text) = read_text(file) else {
        return Look::Unproven { pid: None, reason: "its text cannot be read" };
    };
    let Some(pid) = text.pid() else {
        return Look::Unproven { pid: None, reason: "it is locked, but names no process" };
    };
    let reason = match name_tag(id) {
        Served::By(tag) if tag.pid == pid => return Look::Running(pid, tag.phase),
        Served::By(_) => "it names another process than the one that holds it",
        // It has not adopted itself yet, or is about to end.
        Served::ByNobody if sys::is_launched(pid, id) => return Look::Running(pid, Phase::Deaf),
        Served::ByNobody => "it is locked, but not provably by the process it names",
        Served::Unanswered => "the process that it names does not answer",
    };
    Look::Unproven { pid: Some(pid), reason }
}

pub(crate) fn read_text(file: &File) -> std::result::Result<Text, Errno> {
    let mut bytes = [0; READ_LIMIT];
    let length = file.seek_read(&mut bytes, 0).map_err(|error| sys::errno_of(&error))?;
    Ok(Text::parse(&bytes[..length]))
}

/// The PID in the text of an open pidfile.
pub(crate) fn pid_in(file: &File) -> Option<Pid> {
    read_text(file).ok()?.pid()
}

impl PidFile {
    /// The PID in the text, without any proof.
    pub(crate) fn text_alone(&self) -> Option<Pid> {
        read_text(&sys::open_shared(&self.path).ok()?).ok()?.pid()
    }

    pub(in crate::pidfile) fn see(&self) -> Result<Seen> {
        let file = match sys::open_shared(&self.path) {
            Ok(file) => file,
            Err(errno) if errno.is_missing() => return Ok(Seen::Stopped { stale: false }),
            Err(errno) => return self.unopened(errno),
        };
        let info = self.examine(&file)?;
        if let Some(pid) = own::own_pid(&self.path, Some(info.id)) {
            let phase = if own::is_starting() { Phase::Starting } else { Phase::Serving };
            return Ok(Seen::Running(Proven { pid, phase, file: None }));
        }
        match sys::open_unless_held(&self.path) {
            // It is left with text in it if the last holder has crashed.
            Ok(file) => return Ok(Seen::Stopped { stale: file.metadata().is_ok_and(|file| file.len() > 0) }),
            Err(errno) if errno.is_missing() => return Ok(Seen::Stopped { stale: false }),
            Err(Errno::SHARING_VIOLATION) => (),
            Err(errno) => return self.unopened(errno),
        }
        Ok(match look_at(&file, info.id) {
            Look::Running(pid, phase) => Seen::Running(Proven { pid, phase, file: Some(info.id) }),
            // A launch under way and a daemon that ends look like this for a moment.
            Look::Unproven { pid, reason } => {
                Seen::Unverified(Held { pid, reason: reason.into(), transient: true })
            }
        })
    }

    /// What cannot be opened, though it is there.
    fn unopened(&self, errno: Errno) -> Result<Seen> {
        // The system denies to open a folder, too.
        if sys::is_folder(&self.path) == Ok(true) {
            return Err(self.refuse(Flaw::NotRegular));
        }
        // A file that has been removed, and is still open, is denied to all, as one that this user may not read is.
        if errno == Errno::ACCESS_DENIED {
            let reason = "this user may not read it, or it is being removed".into();
            return Ok(Seen::Unverified(Held { pid: None, reason, transient: true }));
        }
        let error = self.system("CreateFileW", errno, "cannot be opened");
        Ok(Seen::Unreadable(error))
    }

    /// Refuses all but regular files.
    pub(super) fn examine(&self, file: &File) -> Result<FileInfo> {
        let info = sys::file_info(file)
            .map_err(|errno| self.system("GetFileInformationByHandle", errno, "cannot be examined"))?;
        if info.is_link {
            return Err(self.refuse(Flaw::Symlink));
        }
        if info.is_folder {
            return Err(self.refuse(Flaw::NotRegular));
        }
        Ok(info)
    }

    /// Refuses a share of another machine.
    pub(super) fn check_local(&self) -> Result<()> {
        if sys::is_remote(&self.path, &self.folder) {
            let message = format!(
                "{}: a pidfile must be on a drive of this machine, because its name tag is; choose a local folder",
                self.path.display()
            );
            return Err(Error::invalid(crate::error::Subject::PidFile, message).at(&self.path));
        }
        Ok(())
    }
}
