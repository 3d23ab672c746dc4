//! Users and groups, as people name them, and the ids that a process takes.

use std::fmt;

/// A user or a group, as people give it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Name {
    /// By name; digits alone are a number, unless a user has that name.
    Text(String),
    /// By number.
    Id(u32),
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "'{text}'"),
            Self::Id(id) => write!(f, "{id}"),
        }
    }
}

/// The user and groups that a process takes.
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
    /// The account, for the environment, if the system knows the user.
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
