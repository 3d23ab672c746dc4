//! What of a plan is found wrong before anything happens, and what is told of one that was too large.

use std::os::fd::RawFd;

use super::plan::Plan;
use crate::error::{Error, ErrorKind, Result};
use crate::handover::OWN_FDS;
use crate::own::is_own_file;
use crate::sys;

impl Plan {
    /// How large what the program is given is, for one to which that is too much. What is in it is nobody's business.
    pub(super) fn size(&self) -> String {
        // With the byte that ends each string, and the `=`.
        let args = self.args.iter().map(|arg| arg.len() + 1);
        let env = self.env.iter().map(|(name, value)| (name.len() + value.len() + 2, name));
        let largest = match (args.clone().max().unwrap_or(0), env.clone().max()) {
            (arg, Some((size, name))) if size > arg => {
                format!("the variable {} alone {size}", name.display())
            }
            (arg, _) => format!("the largest argument {arg}"),
        };
        let (args, env): (usize, usize) = (args.sum(), env.map(|(size, _)| size).sum());
        format!(
            "its arguments have {args} bytes and its environment {env}, {largest}, which is more than \
             the system takes; leave some out, or put it into a file"
        )
    }
}

/// Numbers for lock and channel that are not to be kept for anything else.
pub(super) fn own_fds(keep: &[RawFd]) -> Result<(RawFd, RawFd)> {
    let refused = |message: String| Error::new(ErrorKind::InvalidOption, message).for_option("keepFds");
    if let Some(fd) = keep.iter().find(|fd| **fd < OWN_FDS.start || !sys::is_open(**fd)) {
        return Err(refused(format!("option keepFds: {fd} is not an open descriptor from 3 on")));
    }
    // With it the daemon's lock would live on in another's.
    if let Some(fd) = keep.iter().find(|fd| sys::stat_of(**fd).is_some_and(|stat| is_own_file(&stat))) {
        return Err(refused(format!("option keepFds: {fd} is this daemon's own lock")));
    }
    let mut free = OWN_FDS.filter(|fd| !keep.contains(fd));
    match (free.next(), free.next()) {
        (Some(lock), Some(channel)) => Ok((lock, channel)),
        _ => Err(refused("option keepFds: two numbers from 3 to 15 must be left for daimon itself".into())),
    }
}
