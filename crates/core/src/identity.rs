//! Privileges: who a daemon is once its body begins, and where its file system ends.

use std::ffi::CString;
use std::fmt;
use std::path::Path;

use nix::errno::Errno;
use nix::unistd::{Group, Uid, User, geteuid, setuid};

use crate::error::{Error, ErrorKind, Result, Subject};
use crate::own::mark_distrusted;
use crate::sys::{self, Right};

/// A user or a group, as people give it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Name {
    /// By name; digits alone are a number, unless a user has that name.
    Text(String),
    /// By number.
    Id(u32),
}

/// The next one is -1 for the kernel: no change.
const LAST_ID: u32 = u32::MAX - 1;

impl Name {
    fn id(&self) -> Option<u32> {
        match self {
            Self::Text(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok(),
            Self::Text(_) => None,
            Self::Id(id) => Some(*id),
        }
        .filter(|id| *id <= LAST_ID)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "'{text}'"),
            Self::Id(id) => write!(f, "{id}"),
        }
    }
}

/// Why rights cannot be taken, or given up.
enum Problem<'a> {
    /// The system's lists cannot be read: by this call, with this error.
    Unlisted {
        what: &'static str,
        subject: Subject,
        syscall: &'static str,
        errno: Errno,
    },
    NoSuchUser(&'a Name),
    NoSuchGroup(&'a Name),
    GroupUnknown(u32),
    /// The present user may not.
    MayNotBecome {
        subject: Subject,
        kind: &'static str,
        name: &'a Name,
    },
    MayNotChangeRoot,
}

impl fmt::Display for Problem<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let us = geteuid();
        match self {
            Self::Unlisted { what, .. } => write!(f, "{what}"),
            Self::NoSuchUser(name) => write!(f, "there is no user {name}"),
            Self::NoSuchGroup(name) => write!(f, "there is no group {name}"),
            Self::GroupUnknown(uid) => {
                write!(f, "{uid} is no known user, so his group is not known; give group")
            }
            Self::MayNotBecome { kind, name, .. } => {
                write!(f, "user {us} may not become {kind} {name}; start it as root")
            }
            Self::MayNotChangeRoot => {
                write!(f, "user {us} may not change the root folder; start it as root")
            }
        }
    }
}

impl From<Problem<'_>> for Error {
    fn from(problem: Problem<'_>) -> Self {
        match problem {
            Problem::Unlisted { subject, syscall, errno, .. } => {
                Self::invalid(subject, problem).because(syscall, errno)
            }
            Problem::NoSuchUser(_) | Problem::GroupUnknown(_) => Self::invalid(Subject::User, problem),
            Problem::NoSuchGroup(_) => Self::invalid(Subject::Group, problem),
            Problem::MayNotBecome { subject, .. } => Self::invalid(subject, problem),
            Problem::MayNotChangeRoot => Self::invalid(Subject::Root, problem),
        }
    }
}

/// Whose rights a process has.
///
/// ```
/// use daimon_core::{Identity, Name};
///
/// // Neither a user nor a group is asked for: nothing changes.
/// assert_eq!(Identity::resolve(None, None)?, None);
/// let error = Identity::resolve(Some(&Name::Text("no such user".into())), None).unwrap_err();
/// assert_eq!(error.message(), "there is no user 'no such user'");
/// # Ok::<(), daimon_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// `None`: the user does not change.
    pub uid: Option<u32>,
    /// Its group.
    pub gid: u32,
    /// All its other groups.
    pub groups: Vec<u32>,
    /// What the user's environment says, where the system knows the user.
    pub account: Option<Account>,
}

/// An entry of the system's list of users.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// USER and LOGNAME.
    pub name: String,
    /// HOME.
    pub home: String,
    /// SHELL.
    pub shell: String,
}

impl Identity {
    /// Looks up a user, a group or both, and the user's supplementary groups. `None` when this process is that user
    /// already.
    ///
    /// # Errors
    ///
    /// `InvalidOption` when there is no such user or group, or when this process may not take its rights.
    pub fn resolve(user: Option<&Name>, group: Option<&Name>) -> Result<Option<Self>> {
        let found = user.map(find_user).transpose()?;
        let gid = match (group.map(find_group).transpose()?, &found) {
            (Some(gid), _) => gid,
            (None, Some((_, Some(entry)))) => entry.gid.as_raw(),
            (None, Some((uid, None))) => {
                return Err(Problem::GroupUnknown(*uid).into());
            }
            (None, None) => return Ok(None),
        };
        let uid = found.as_ref().map(|(uid, _)| *uid);
        let entry = found.and_then(|(_, entry)| entry);
        let groups = match entry.as_ref().map(|entry| CString::new(entry.name.as_str())) {
            Some(Ok(name)) => sys::groups_of(&name, gid).map_err(|errno| {
                let what = "the groups cannot be listed";
                Problem::Unlisted { what, subject: Subject::User, syscall: "getgrouplist", errno }
            })?,
            _ => vec![gid],
        };
        let account = entry.map(|entry| Account {
            name: entry.name,
            home: entry.dir.to_string_lossy().into_owned(),
            shell: entry.shell.to_string_lossy().into_owned(),
        });
        let identity = Self { uid, gid, groups, account };
        if identity.is_ours() {
            return Ok(None);
        }
        identity.check_rights(user, group)?;
        Ok(Some(identity))
    }

    /// Nothing to give up, for an ordinary user. Root's groups are dropped even if the user stays the same.
    fn is_ours(&self) -> bool {
        let same_user = self.uid.is_none_or(|uid| is_everywhere(sys::user_ids_of_self(), uid));
        let same_group = is_everywhere(sys::group_ids_of_self(), self.gid);
        same_user && same_group && !geteuid().is_root()
    }

    fn check_rights(&self, user: Option<&Name>, group: Option<&Name>) -> Result<()> {
        if sys::may(Right::SetGid) && (self.uid.is_none() || sys::may(Right::SetUid)) {
            return Ok(());
        }
        let (subject, kind, name) = match (user, group) {
            (Some(user), _) => (Subject::User, "user", user),
            (None, Some(group)) => (Subject::Group, "group", group),
            (None, None) => return Ok(()),
        };
        Err(Problem::MayNotBecome { subject, kind, name }.into())
    }

    /// Makes this process that user, in all its threads, and proves that there is no way back.
    ///
    /// # Errors
    ///
    /// `PermissionDenied`. The process may have lost a part of its rights then, and should end.
    pub fn take(&self) -> Result<()> {
        let Self { uid, gid, groups, .. } = self;
        // From now on this process may pass the lock on to others.
        mark_distrusted();
        sys::set_ids(*uid, *gid, groups).map_err(|(syscall, errno)| {
            denied("the rights of another user cannot be taken").because(syscall, errno)
        })?;
        let user_fits = uid.is_none_or(|uid| is_everywhere(sys::user_ids_of_self(), uid));
        if !user_fits || !is_everywhere(sys::group_ids_of_self(), *gid) {
            return Err(denied("the system has not changed the ids, though it says so"));
        }
        if let Some(thread) = sys::thread_with_other_ids(*uid, *gid, groups) {
            return Err(denied(format!("thread {thread} has kept other ids")));
        }
        let leaves_root = uid.is_some_and(|uid| uid != 0);
        if leaves_root && setuid(Uid::from_raw(0)).is_ok() {
            return Err(denied("root's rights can be regained, by a capability that the daemon has kept"));
        }
        Ok(())
    }
}

fn is_everywhere(ids: Option<[u32; 3]>, id: u32) -> bool {
    ids.is_some_and(|ids| ids.iter().all(|one| *one == id))
}

fn denied(message: impl fmt::Display) -> Error {
    Error::new(ErrorKind::PermissionDenied, message).during("privileges")
}

/// A number need not be any user's; a name must be one's.
fn find_user(name: &Name) -> Result<(u32, Option<User>)> {
    let failed = |errno| {
        let what = "the list of users cannot be read";
        Problem::Unlisted { what, subject: Subject::User, syscall: "getpwnam", errno }
    };
    let named = match name {
        Name::Text(text) => User::from_name(text).map_err(failed)?,
        Name::Id(_) => None,
    };
    if let Some(user) = named {
        return Ok((user.uid.as_raw(), Some(user)));
    }
    let id = name.id().ok_or(Problem::NoSuchUser(name))?;
    Ok((id, User::from_uid(Uid::from_raw(id)).map_err(failed)?))
}

fn find_group(name: &Name) -> Result<u32> {
    let failed = |errno| {
        let what = "the list of groups cannot be read";
        Problem::Unlisted { what, subject: Subject::Group, syscall: "getgrnam", errno }
    };
    let named = match name {
        Name::Text(text) => Group::from_name(text).map_err(failed)?,
        Name::Id(_) => None,
    };
    if let Some(group) = named {
        return Ok(group.gid.as_raw());
    }
    Ok(name.id().ok_or(Problem::NoSuchGroup(name))?)
}

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
    crate::log::keep_null();
    nix::unistd::chroot(path).map_err(|errno| failed("chroot", errno))?;
    nix::unistd::chdir("/").map_err(|errno| failed("chdir", errno))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(error: Option<Error>) -> Option<Subject> {
        error.and_then(|error| error.subject())
    }

    #[test]
    fn users_and_groups_are_found_by_name_and_by_number() {
        assert_eq!(find_user(&Name::Text("root".into())).unwrap().0, 0);
        let (id, entry) = find_user(&Name::Text("0".into())).unwrap();
        assert_eq!((id, entry.unwrap().name.as_str()), (0, "root"));
        assert_eq!(find_user(&Name::Id(4_000_000)).unwrap(), (4_000_000, None));
        assert_eq!(find_group(&Name::Id(77)).unwrap(), 77);
        assert_eq!(subject(find_user(&Name::Text("no such user".into())).err()), Some(Subject::User));
        assert_eq!(subject(find_group(&Name::Text("no such group".into())).err()), Some(Subject::Group));
    }

    #[test]
    fn an_unknown_id_needs_a_group() {
        let error = Identity::resolve(Some(&Name::Id(4_000_000)), None).unwrap_err();
        assert!(error.message().contains("give group"), "{error}");
    }

    #[test]
    fn nothing_asked_for_is_nothing_to_change() {
        assert_eq!(Identity::resolve(None, None).unwrap(), None);
    }
}
