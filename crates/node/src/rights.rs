//! The rights and the limits of a daemon.

use std::path::Path;

use daimon_core::{Account, Identity, Limit, Limits, Name};
use napi::bindgen_prelude::Either;
use napi_derive::napi;

use crate::convert::NativeError;

/// A resource limit; `Infinity` is none.
#[napi(object)]
pub struct NativeLimit {
    pub name: String,
    pub soft: f64,
    pub hard: f64,
}

/// Limits of a daemon, see the options of the same names.
#[napi(object)]
pub struct NativeLimits {
    pub resources: Vec<NativeLimit>,
    pub core_dumps: bool,
    pub nice: Option<i32>,
    pub no_new_privileges: bool,
}

impl From<NativeLimits> for Limits {
    fn from(limits: NativeLimits) -> Self {
        let resources = limits.resources.into_iter();
        let limit = |NativeLimit { name, soft, hard }| Limit { name, soft: count(soft), hard: count(hard) };
        Self {
            resources: resources.map(limit).collect(),
            core_dumps: limits.core_dumps,
            nice: limits.nice,
            no_new_privileges: limits.no_new_privileges,
        }
    }
}

/// `Infinity` saturates to the number that stands for no limit.
fn count(value: f64) -> u64 {
    value as u64
}

/// Ids to take; `account` is what the user's environment says.
#[napi(object)]
pub struct NativeIdentity {
    pub uid: Option<u32>,
    pub gid: u32,
    pub groups: Vec<u32>,
    pub account: Option<NativeAccount>,
}

#[napi(object)]
pub struct NativeAccount {
    pub name: String,
    pub home: String,
    pub shell: String,
}

impl From<Identity> for NativeIdentity {
    fn from(Identity { uid, gid, groups, account }: Identity) -> Self {
        let account = account.map(|Account { name, home, shell }| NativeAccount { name, home, shell });
        Self { uid, gid, groups, account }
    }
}

impl From<NativeIdentity> for Identity {
    fn from(NativeIdentity { uid, gid, groups, .. }: NativeIdentity) -> Self {
        Self { uid, gid, groups, account: None }
    }
}

/// Looks up a user, a group or both, by names or ids; null when their rights are this process's already.
#[napi]
pub fn resolve_identity(
    user: Option<Either<String, u32>>,
    group: Option<Either<String, u32>>,
) -> Either<Option<NativeIdentity>, NativeError> {
    match Identity::resolve(user.map(to_name).as_ref(), group.map(to_name).as_ref()) {
        Ok(identity) => Either::A(identity.map(NativeIdentity::from)),
        Err(error) => Either::B(error.into()),
    }
}

pub(crate) fn to_name(given: Either<String, u32>) -> Name {
    match given {
        Either::A(text) => Name::Text(text),
        Either::B(id) => Name::Id(id),
    }
}

/// Makes this process that user, for good; the error, if any, is returned.
#[napi]
pub fn take_identity(identity: NativeIdentity) -> Option<NativeError> {
    Identity::from(identity).take().err().map(NativeError::from)
}

/// Why these limits cannot be set by this process; null when they can.
#[napi]
pub fn check_limits(limits: NativeLimits) -> Option<NativeError> {
    Limits::from(limits).check().err().map(NativeError::from)
}

/// Sets these limits in this process; the error, if any, is returned.
#[napi]
pub fn limit_self(limits: NativeLimits) -> Option<NativeError> {
    Limits::from(limits).apply().err().map(NativeError::from)
}

/// Why the score cannot be set by this process; null when it can.
#[napi]
pub fn check_oom_score_adj(value: i32) -> Option<NativeError> {
    daimon_core::check_oom_score_adj(value).err().map(NativeError::from)
}

/// Why this process may not change its root folder; null when it may.
#[napi]
pub fn check_chroot() -> Option<NativeError> {
    daimon_core::check_chroot().err().map(NativeError::from)
}

/// Whether a descriptor of that number is open.
#[napi]
pub fn is_open(fd: i32) -> bool {
    daimon_core::is_open(fd)
}

/// Sets what Node.js changes at boot, or exec does not carry; the error, if any, is returned.
#[napi]
pub fn apply_after_boot(
    soft_nofile: Option<f64>,
    oom_score_adj: Option<i32>,
    keep_fds: Vec<i32>,
) -> Option<NativeError> {
    for fd in keep_fds {
        daimon_core::let_inherit(fd);
    }
    let nofile = soft_nofile.map_or(Ok(()), |soft| daimon_core::set_soft_nofile(count(soft)));
    let score = || oom_score_adj.map_or(Ok(()), daimon_core::set_oom_score_adj);
    nofile.and_then(|()| score()).err().map(NativeError::from)
}

/// Makes the folder this process's root; the error, if any, is returned.
#[napi]
pub fn enter_root(path: String) -> Option<NativeError> {
    daimon_core::enter_root(Path::new(&path)).err().map(NativeError::from)
}
