//! Identity: the user and groups of a daemon once its body begins, and its root folder.

mod name;
mod problem;
mod root;

use std::ffi::CString;
use std::fmt;

use nix::unistd::{Uid, geteuid, setuid};

use self::name::{find_group, find_user};
use self::problem::Problem;
pub use self::root::{check_chroot, enter_root};
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::given::{Account, Identity, Name};
use crate::own::{mark_distrusted, own_daemon};
use crate::sys::{self, Right};

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
        // A change of user has taken the tie to a keeper off.
        if let Some(daemon) = own_daemon() {
            daemon.follow_keeper();
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

#[cfg(test)]
mod tests {
    use super::*;

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
