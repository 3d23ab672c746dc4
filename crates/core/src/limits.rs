//! Limits: what a daemon may use up, and how much it counts against others.

use nix::errno::Errno;

use crate::error::{Error, ErrorKind, Result};
use crate::sys::{self, RawLimit, Right};

/// One resource limit, by its name as in getrlimit(2), in lower case without `RLIMIT_`. `u64::MAX` is no limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit {
    /// `nofile`, `as` and so on.
    pub name: String,
    /// What counts now; the process may raise it.
    pub soft: u64,
    /// Up to here.
    pub hard: u64,
}

/// All limits of a daemon.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Resource limits; what is not named stays as it is.
    pub resources: Vec<Limit>,
    /// Whether a crash may leave a core file. If not, RLIMIT_CORE is 0.
    pub core_dumps: bool,
    /// The nice value, from -20 (first) to 19 (last), setpriority(2).
    pub nice: Option<i32>,
    /// Whether nothing that the daemon executes can gain rights (`PR_SET_NO_NEW_PRIVS`, Linux).
    pub no_new_privileges: bool,
}

impl Limits {
    /// Finds what this process may not set, before anything happens.
    ///
    /// # Errors
    ///
    /// `InvalidOption` naming `limits` or `nice`.
    pub fn check(&self) -> Result<()> {
        self.raw().map(drop)?;
        let Some(nice) = self.nice else { return Ok(()) };
        let present = sys::nice();
        if nice >= present.min(sys::lowest_nice()) || sys::may(Right::Nice) {
            return Ok(());
        }
        let message = format!(
            "option nice: {nice} is below the present {present}, which needs root's rights (on Linux CAP_SYS_NICE)"
        );
        Err(Error::new(ErrorKind::InvalidOption, message).for_option("nice"))
    }

    /// Sets them in this process, all its threads included, but for `no_new_privileges`: that is for a process which
    /// has only one.
    ///
    /// # Errors
    ///
    /// `PermissionDenied` or `StartFailed` with the step `nice` or `limits`.
    pub fn apply(&self) -> Result<()> {
        if let Some(nice) = self.nice {
            sys::set_nice_everywhere(nice).map_err(|errno| {
                Error::system("nice", "setpriority", errno, "the nice value cannot be set")
            })?;
        }
        for limit in self.raw()? {
            sys::set_limit(limit).map_err(|errno| {
                Error::system("limits", "setrlimit", Errno::from_raw(errno), "a limit cannot be set")
            })?;
        }
        Ok(())
    }

    pub(crate) fn raw(&self) -> Result<Vec<RawLimit>> {
        let mut all = self.resources.iter().map(raw_limit).collect::<Result<Vec<_>>>()?;
        if let Some((_, resource)) = sys::LIMITS.iter().find(|(name, _)| *name == "core") {
            if !self.core_dumps {
                all.retain(|limit| limit.resource != *resource);
                all.push(RawLimit { resource: *resource, soft: 0, hard: 0 });
            } else if let (Some((_, hard)), true) =
                (sys::limit_of(*resource), all.iter().all(|limit| limit.resource != *resource))
            {
                all.push(RawLimit { resource: *resource, soft: hard, hard });
            }
        }
        Ok(all)
    }
}

fn raw_limit(limit: &Limit) -> Result<RawLimit> {
    let Limit { name, soft, hard } = limit;
    let refused = |message: String| Error::new(ErrorKind::InvalidOption, message).for_option("limits");
    let Some((_, resource)) = sys::LIMITS.iter().find(|(known, _)| known == name) else {
        return Err(refused(format!("option limits: this system has no limit '{name}'")));
    };
    if soft > hard {
        return Err(refused(format!(
            "option limits: the soft limit of {name}, {soft}, is above the hard one, {hard}"
        )));
    }
    let (_, present) = sys::limit_of(*resource).unwrap_or((u64::MAX, u64::MAX));
    let highest = sys::highest_limit(name);
    if *hard > present && (!sys::may(Right::Resource) || *hard > highest) {
        let most = if sys::may(Right::Resource) { highest } else { present };
        return Err(refused(format!(
            "option limits: {name} cannot be raised to {}: {most} is the most that this user may set",
            shown(*hard)
        )));
    }
    Ok(RawLimit { resource: *resource, soft: *soft, hard: *hard })
}

fn shown(limit: u64) -> String {
    if limit == u64::MAX { "no limit".into() } else { limit.to_string() }
}

/// Sets the soft limit of open files, which Node.js has lifted to the hard one at its boot.
///
/// # Errors
///
/// `StartFailed` with step `limits`.
pub fn set_soft_nofile(soft: u64) -> Result<()> {
    let Some((_, resource)) = sys::LIMITS.iter().find(|(name, _)| *name == "nofile") else { return Ok(()) };
    let hard = sys::limit_of(*resource).map_or(soft, |(_, hard)| hard);
    sys::set_limit(RawLimit { resource: *resource, soft: soft.min(hard), hard }).map(drop).map_err(|errno| {
        let message = "the soft limit of open files cannot be set again";
        Error::system("limits", "setrlimit", nix::errno::Errno::from_raw(errno), message)
    })
}

/// Refuses a score that this process may not set: a lower one needs a right.
///
/// # Errors
///
/// `InvalidOption`; `Unsupported` where the system has no such score.
pub fn check_oom_score_adj(value: i32) -> Result<()> {
    let Some(present) = sys::oom_score_adj() else {
        let message = "Option 'oomScoreAdj' is not supported by this system. Leave it out.";
        return Err(Error::new(ErrorKind::Unsupported, message).for_feature("oomScoreAdj"));
    };
    if value >= present || sys::may(Right::Resource) {
        return Ok(());
    }
    let message = format!(
        "option oomScoreAdj: {value} is below the present {present}, which needs root's rights (CAP_SYS_RESOURCE)"
    );
    Err(Error::new(ErrorKind::InvalidOption, message).for_option("oomScoreAdj"))
}

/// Sets how readily the kernel ends this process when memory runs out, from -1000 (never) to 1000, proc(5).
///
/// # Errors
///
/// `PermissionDenied` or `StartFailed` with step `limits`.
pub fn set_oom_score_adj(value: i32) -> Result<()> {
    sys::set_oom_score_adj(value)
        .map_err(|errno| Error::system("limits", "write", errno, "oom_score_adj cannot be set"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(name: &str, soft: u64, hard: u64) -> Limits {
        let resources = vec![Limit { name: name.into(), soft, hard }];
        Limits { resources, core_dumps: true, ..Limits::default() }
    }

    #[test]
    fn unknown_names_and_crossed_limits_are_refused() {
        for wrong in [limit("files", 1, 1), limit("nofile", 2, 1)] {
            assert_eq!(wrong.check().unwrap_err().option(), Some("limits"));
        }
    }

    #[test]
    fn every_limit_of_the_platform_can_be_read() {
        for (name, resource) in sys::LIMITS {
            assert!(sys::limit_of(*resource).is_some(), "{name}");
        }
    }

    #[test]
    fn without_core_dumps_there_is_no_core_limit_but_zero() {
        let (_, core) = sys::LIMITS.iter().find(|(name, _)| *name == "core").unwrap();
        let none = RawLimit { resource: *core, soft: 0, hard: 0 };
        assert_eq!(Limits::default().raw().unwrap(), [none]);
        assert!(
            !Limits { core_dumps: true, ..Limits::default() }.raw().unwrap().contains(&none)
                || sys::limit_of(*core) == Some((0, 0))
        );
    }
}
