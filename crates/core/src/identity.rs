//! Privileges: who a daemon is once its body begins, and where its file system ends.

use std::ffi::CString;
use std::path::Path;

use nix::errno::Errno;
use nix::unistd::{Group, Uid, User, geteuid, setuid};

use crate::error::{Error, ErrorKind, Result};
use crate::own::mark_distrusted;
use crate::sys::{self, Right};

/// A user or a group, as people give it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Name {
    /// By name; digits alone are an id, unless somebody has that name.
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

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(text) => write!(f, "'{text}'"),
            Self::Id(id) => write!(f, "{id}"),
        }
    }
}

/// Whose rights a process has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// `None`: the user does not change.
    pub uid: Option<u32>,
    /// Its group.
    pub gid: u32,
    /// All groups that it has beside.
    pub groups: Vec<u32>,
    /// What the user's environment says of him, where he is known to the system.
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
    /// Looks a user, a group or both up, and the user's supplementary groups. `None` when that is who we are already.
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
                let message =
                    format!("option user: {uid} is no known user, so his group is not known; give group");
                return Err(refused("user", message));
            }
            (None, None) => return Ok(None),
        };
        let uid = found.as_ref().map(|(uid, _)| *uid);
        let entry = found.and_then(|(_, entry)| entry);
        let groups = match entry.as_ref().map(|entry| CString::new(entry.name.as_str())) {
            Some(Ok(name)) => sys::groups_of(&name, gid).map_err(|errno| {
                refused("user", "option user: the groups cannot be listed").because("getgrouplist", errno)
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
        let (option, name) = match (user, group) {
            (Some(user), _) => ("user", user.to_string()),
            (None, Some(group)) => ("group", group.to_string()),
            (None, None) => return Ok(()),
        };
        let us = geteuid();
        let message = format!("option {option}: user {us} may not become {option} {name}; start it as root");
        Err(refused(option, message))
    }

    /// Makes this process that user, in all its threads, and proves that there is no way back.
    ///
    /// # Errors
    ///
    /// `PermissionDenied`. The process may have lost a part of its rights then, and should end.
    pub fn take(&self) -> Result<()> {
        let Self { uid, gid, groups, .. } = self;
        // From now on the lock is in hands that may pass it on.
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

fn refused(option: &'static str, message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOption, message).for_option(option)
}

fn denied(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::PermissionDenied, message).during("privileges")
}

/// An id need not be anybody's; a name must.
fn find_user(name: &Name) -> Result<(u32, Option<User>)> {
    let failed =
        |errno| refused("user", "option user: the list of users cannot be read").because("getpwnam", errno);
    let named = match name {
        Name::Text(text) => User::from_name(text).map_err(failed)?,
        Name::Id(_) => None,
    };
    if let Some(user) = named {
        return Ok((user.uid.as_raw(), Some(user)));
    }
    let id = name.id().ok_or_else(|| refused("user", format!("option user: there is no user {name}")))?;
    Ok((id, User::from_uid(Uid::from_raw(id)).map_err(failed)?))
}

fn find_group(name: &Name) -> Result<u32> {
    let failed = |errno| {
        refused("group", "option group: the list of groups cannot be read").because("getgrnam", errno)
    };
    let named = match name {
        Name::Text(text) => Group::from_name(text).map_err(failed)?,
        Name::Id(_) => None,
    };
    if let Some(group) = named {
        return Ok(group.gid.as_raw());
    }
    name.id().ok_or_else(|| refused("group", format!("option group: there is no group {name}")))
}

/// Refuses a chroot that this process may not do.
///
/// # Errors
///
/// `InvalidOption`.
pub fn check_chroot() -> Result<()> {
    if sys::may(Right::Chroot) {
        return Ok(());
    }
    Err(refused(
        "chroot",
        format!("option chroot: user {} may not change the root folder; start it as root", geteuid()),
    ))
}

/// Makes `path` this process's root folder, and its current one.
///
/// # Errors
///
/// `PermissionDenied` or `StartFailed` with step `chroot`.
pub fn enter_root(path: &Path) -> Result<()> {
    let failed = |syscall, errno: Errno| {
        Error::system("chroot", syscall, errno, format!("{}: cannot be made the root folder", path.display()))
            .at(path)
    };
    // It is wanted once more, when the capture of stderr ends, and may be missing in there.
    crate::log::keep_null();
    nix::unistd::chroot(path).map_err(|errno| failed("chroot", errno))?;
    nix::unistd::chdir("/").map_err(|errno| failed("chdir", errno))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn option(error: Option<Error>) -> Option<&'static str> {
        error.and_then(|error| error.option())
    }

    #[test]
    fn users_and_groups_are_found_by_name_and_by_number() {
        assert_eq!(find_user(&Name::Text("root".into())).unwrap().0, 0);
        let (id, entry) = find_user(&Name::Text("0".into())).unwrap();
        assert_eq!((id, entry.unwrap().name.as_str()), (0, "root"));
        assert_eq!(find_user(&Name::Id(4_000_000)).unwrap(), (4_000_000, None));
        assert_eq!(find_group(&Name::Id(77)).unwrap(), 77);
        assert_eq!(option(find_user(&Name::Text("no such user".into())).err()), Some("user"));
        assert_eq!(option(find_group(&Name::Text("no such group".into())).err()), Some("group"));
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
