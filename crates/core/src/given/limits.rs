//! Limits of a daemon.

/// One resource limit, by its name as in getrlimit(2), in lower case without `RLIMIT_`. `u64::MAX` is no limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit {
    /// `nofile`, `as` and so on.
    pub name: String,
    /// The limit in force; the process may raise it.
    pub soft: u64,
    /// The highest value that the soft limit can be raised to.
    pub hard: u64,
}

/// All limits of a daemon.
///
/// ```
/// use daimon_core::{Limit, Limits};
///
/// let nofile = Limit { name: "nofile".into(), soft: 64, hard: 64 };
/// Limits { resources: vec![nofile], ..Limits::default() }.check()?;
/// # Ok::<(), daimon_core::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Resource limits; all others stay as they are.
    pub resources: Vec<Limit>,
    /// Whether a crash may leave a core file. If not, RLIMIT_CORE is 0.
    pub core_dumps: bool,
    /// The nice value, from -20 (first) to 19 (last), setpriority(2).
    pub nice: Option<i32>,
    /// Whether no program that the daemon executes can gain rights (`PR_SET_NO_NEW_PRIVS`, Linux).
    pub no_new_privileges: bool,
}
