//! Users and groups, as people name them.

use nix::unistd::{Group, Uid, User};

use super::problem::Problem;
use crate::error::{Result, Subject};
use crate::given::Name;

/// The next one is -1 for the kernel: no change.
const LAST_ID: u32 = u32::MAX - 1;

impl Name {
    /// The id of the user of this name. A number need not be any user's.
    ///
    /// ```
    /// use daimon_core::Name;
    ///
    /// assert_eq!(Name::Text("root".into()).user_id()?, 0);
    /// # Ok::<(), daimon_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `InvalidOption` when there is no such user.
    pub fn user_id(&self) -> Result<u32> {
        find_user(self).map(|(uid, _)| uid)
    }

    fn id(&self) -> Option<u32> {
        match self {
            Self::Text(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok(),
            Self::Text(_) => None,
            Self::Id(id) => Some(*id),
        }
        .filter(|id| *id <= LAST_ID)
    }
}

/// A number need not be any user's; a name must be one's.
pub(super) fn find_user(name: &Name) -> Result<(u32, Option<User>)> {
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

pub(super) fn find_group(name: &Name) -> Result<u32> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

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
}
