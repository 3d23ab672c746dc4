//! A child that does one thing with a body's rights, and in its root folder. Runs in the keeper.
#![expect(unsafe_code, reason = "raw pointers shared with a child on the keeper's memory")]

use std::ffi::{CString, c_int, c_void};

use super::body::Bodies;
use super::check::c_string;
use super::child::run_child;
use crate::error::Subject;
use crate::given::Identity;
use crate::listener::BoundFile;
use crate::sys::{self, FileId, Stack};

/// The orders for the child, which only reads them.
struct Orders {
    root: Option<CString>,
    identity: Option<Identity>,
    path: CString,
    id: FileId,
    stack: Stack,
}

impl Bodies<'_> {
    /// Removes the file of a Unix socket that a body has made, if it is still that file. Where bodies have other rights
    /// than the keeper, a child takes these first: by its own rights the keeper could remove, for a body that lies, the
    /// file of somebody else.
    pub fn remove_file(&self, file: &BoundFile) {
        let (root, identity) = (&self.plan.root, &self.plan.identity);
        if root.is_none() && identity.is_none() {
            return file.remove();
        }
        let root = root.as_ref().map(|root| c_string(root, Subject::Root)).transpose();
        let path = c_string(file.path(), Subject::Listen);
        let (Ok(root), Ok(path), Ok((own_pipe, pipe))) = (root, path, sys::error_pipe()) else { return };
        let identity = identity.clone();
        let orders = Box::new(Orders { root, identity, path, id: file.id(), stack: Stack::new() });
        // SAFETY: the stack is a part of the orders. `child` makes async-signal-safe calls alone, and the pipe, of
        // which the child has a copy, ends with it.
        let ran = unsafe { run_child(orders, |orders| orders.stack.top(), child, pipe, own_pipe) };
        // The child had this memory, and has changed its user: see `executable.rs`.
        sys::hide_memory();
        if let Ok((pid, _)) = ran {
            sys::reap(pid);
        }
    }
}

/// Removes the file, and ends. Async-signal-safe: it calls `chroot`, `chdir`, `setgroups`, `setresgid`, `setresuid`,
/// `newfstatat` and `unlinkat`, on Linux by raw calls.
///
/// # Safety
///
/// `orders` points to the keeper's `Orders`, which it frees only when this process has ended.
unsafe extern "C" fn child(orders: *mut c_void) -> c_int {
    // SAFETY: the caller vouches for the orders, which nobody writes to.
    let Orders { root, identity, path, id, .. } = unsafe { &*orders.cast::<Orders>().cast_const() };
    let has_root = root.as_ref().is_none_or(|root| sys::change_root(root).is_ok());
    let has_rights = identity
        .as_ref()
        .is_none_or(|Identity { uid, gid, groups, .. }| sys::take_ids(*uid, *gid, groups).is_ok());
    if has_root && has_rights {
        sys::remove_socket(path, *id);
    }
    sys::exit_now(0)
}
