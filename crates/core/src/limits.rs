//! Limits: a daemon's resource limits, and its priority against other processes.

use std::fmt;

use nix::errno::Errno;

use crate::error::{Error, Result, Subject};
use crate::given::{Limit, Limits};
use crate::sys::{self, RawLimit, Right};

/// The fault of a limit.
enum Problem<'a> {
    UnknownLimit(&'a str),
    Crossed(&'a Limit),
    TooHigh { limit: &'a Limit, most: u64 },
    NiceTooLow { wanted: i32, present: i32 },
    NoOomScore,
    OomScoreTooLow { wanted: i32, present: i32 },
}

impl fmt::Display for Problem<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownLimit(name) => write!(f, "this system has no limit '{name}'"),
            Self::Crossed(Limit { name, soft, hard }) => {
                write!(f, "the soft limit of {name}, {soft}, is above the hard one, {hard}")
            }
            Self::TooHigh { limit: Limit { name, hard, .. }, most } => {
                let hard = shown(*hard);
                write!(f, "{name} cannot be raised to {hard}: {most} is the most that this user may set")
            }
            Self::NiceTooLow { wanted, present } => write!(
                f,
                "{wanted} is below the present {present}, which needs root's rights (on Linux CAP_SYS_NICE)"
            ),
            Self::NoOomScore => f.write_str("this system has no such score"),
            Self::OomScoreTooLow { wanted, present } => write!(
                f,
                "{wanted} is below the present {present}, which needs root's rights (CAP_SYS_RESOURCE)"
            ),
        }
    }
}

impl From<Problem<'_>> for Error {
    fn from(problem: Problem<'_>) -> Self {
        match problem {
            Problem::UnknownLimit(_) | Problem::Crossed(_) | Problem::TooHigh { .. } => {
                Self::invalid(Subject::Limits, problem)
            }
            Problem::NiceTooLow { .. } => Self::invalid(Subject::Nice, problem),
            Problem::NoOomScore => Self::unsupported(Subject::OomScore, problem),
            Problem::OomScoreTooLow { .. } => Self::invalid(Subject::OomScore, problem),
        }
    }
}

fn shown(limit: u64) -> String {
    if limit == u64::MAX { "no limit".into() } else { limit.to_string() }
}

impl Limits {
    /// Refuses limits that this process may not set, before the launch.
    ///
    /// # Errors
    ///
    /// `InvalidOption` about [`Subject::Limits`] or [`Subject::Nice`].
    pub fn check(&self) -> Result<()> {
        self.raw().map(drop)?;
        let Some(wanted) = self.nice else { return Ok(()) };
        let present = sys::nice();
        if wanted >= present.min(sys::lowest_nice()) || sys::may(Right::Nice) {
            return Ok(());
        }
        Err(Problem::NiceTooLow { wanted, present }.into())
    }

    /// Sets them in this process, all its threads included, but for `no_new_privileges`, which is for a process with a
    /// single thread.
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
            set(limit, "a limit cannot be set")?;
        }
        Ok(())
    }

    pub(crate) fn raw(&self) -> Result<Vec<RawLimit>> {
        let mut all = self.resources.iter().map(raw_limit).collect::<Result<Vec<_>>>()?;
        let Some(core) = resource("core") else { return Ok(all) };
        if !self.core_dumps {
            all.retain(|limit| limit.resource != core);
            all.push(RawLimit { resource: core, soft: 0, hard: 0 });
        } else if let (Some((_, hard)), true) =
            (sys::limit_of(core), all.iter().all(|limit| limit.resource != core))
        {
            all.push(RawLimit { resource: core, soft: hard, hard });
        }
        Ok(all)
    }
}

fn resource(name: &str) -> Option<sys::Resource> {
    sys::LIMITS.iter().find(|(known, _)| *known == name).map(|(_, resource)| *resource)
}

fn raw_limit(limit: &Limit) -> Result<RawLimit> {
    let Limit { name, soft, hard } = limit;
    let resource = resource(name).ok_or(Problem::UnknownLimit(name))?;
    if soft > hard {
        return Err(Problem::Crossed(limit).into());
    }
    let (_, present) = sys::limit_of(resource).unwrap_or((u64::MAX, u64::MAX));
    let highest = sys::highest_limit(name);
    if *hard > present && (!sys::may(Right::Resource) || *hard > highest) {
        let most = if sys::may(Right::Resource) { highest } else { present };
        return Err(Problem::TooHigh { limit, most }.into());
    }
    Ok(RawLimit { resource, soft: *soft, hard: *hard })
}

fn set(limit: RawLimit, problem: &str) -> Result<()> {
    sys::set_limit(limit)
        .map_err(|errno| Error::system("limits", sys::SET_LIMIT, Errno::from_raw(errno), problem))
}

/// Sets the soft limit of open files, which Node.js has raised to the hard one at its boot.
///
/// ```
/// daimon_core::set_soft_nofile(256)?;
/// # Ok::<(), daimon_core::Error>(())
/// ```
///
/// # Errors
///
/// `StartFailed` with step `limits`.
pub fn set_soft_nofile(soft: u64) -> Result<()> {
    let Some(resource) = resource("nofile") else { return Ok(()) };
    let hard = sys::limit_of(resource).map_or(soft, |(_, hard)| hard);
    let limit = RawLimit { resource, soft: soft.min(hard), hard };
    set(limit, "the soft limit of open files cannot be set again")
}

/// Refuses a score that this process may not set: a lower one needs a right.
///
/// ```no_run
/// daimon_core::check_oom_score_adj(500)?;
/// daimon_core::set_oom_score_adj(500)?;
/// # Ok::<(), daimon_core::Error>(())
/// ```
///
/// # Errors
///
/// `InvalidOption`; `Unsupported` where the system has no such score.
pub fn check_oom_score_adj(wanted: i32) -> Result<()> {
    let present = sys::oom_score_adj().ok_or(Problem::NoOomScore)?;
    if wanted >= present || sys::may(Right::Resource) {
        return Ok(());
    }
    Err(Problem::OomScoreTooLow { wanted, present }.into())
}

/// Sets how readily the kernel ends this process when memory runs out, from -1000 (never) to 1000, proc(5).
///
/// # Errors
///
/// `PermissionDenied` or `StartFailed` with step `limits`; `Unsupported` where the system has no such score.
pub fn set_oom_score_adj(value: i32) -> Result<()> {
    sys::set_oom_score_adj(value)
        .ok_or(Problem::NoOomScore)?
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
            assert_eq!(wrong.check().unwrap_err().subject(), Some(Subject::Limits));
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
