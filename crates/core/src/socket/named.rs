//! A socket that is bound to a name in an open folder.

use std::ffi::OsStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use nix::fcntl::{AtFlags, open};
use nix::sys::stat::{FileStat, Mode, SFlag, fstatat};
use nix::unistd::{Gid, Uid, fchownat, geteuid};

use super::address::{address_in, split, too_long};
use crate::error::{Error, Result};
use crate::given::{Owner, SocketPlan};
use crate::listener::{BACKLOG, BoundFile};
use crate::seam;
use crate::sys::{self, Failure, FileId};

/// Binds a socket to the name, with its mode and owner. Nobody listens at it yet.
///
/// # Errors
///
/// The system's: EADDRINUSE when the name is taken.
pub(super) fn bind_name(
    plan: &SocketPlan,
    folder: BorrowedFd<'_>,
    name: &OsStr,
    owner: Option<Owner>,
) -> Result<(OwnedFd, BoundFile)> {
    let system = |(syscall, errno)| failed(plan, syscall, errno);
    let fd = sys::stream_socket().map_err(|errno| system(("socket", errno)))?;
    address_in(folder, &plan.path, name)
        .and_then(|address| sys::bind_with_mode(&fd, &address, &plan.path, plan.mode))
        .map_err(|errno| system(("bind", errno)))?;
    let stat =
        fstatat(folder, name, AtFlags::AT_SYMLINK_NOFOLLOW).map_err(|errno| system(("fstatat", errno)))?;
    let file = BoundFile::new(&plan.path, FileId::of(&stat));
    seam::at("socket.bound");
    settle(plan, folder, name, &file, owner, &stat).map_err(|failure| {
        file.remove();
        system(failure)
    })?;
    Ok((fd, file))
}

/// Gives the socket's file its mode and owner.
fn settle(
    plan: &SocketPlan,
    folder: BorrowedFd<'_>,
    name: &OsStr,
    file: &BoundFile,
    owner: Option<Owner>,
    stat: &FileStat,
) -> std::result::Result<(), Failure> {
    if stat.st_mode & 0o777 != plan.mode as nix::sys::stat::mode_t {
        // The umask, which is the whole program's, has taken bits away.
        sys::widen(folder, name, file.id(), plan.mode).map_err(|errno| ("chmod", errno))?;
    }
    if let Some(Owner { uid, gid }) = owner {
        let (uid, gid) = (uid.map(Uid::from_raw), Some(Gid::from_raw(gid)));
        fchownat(folder, name, uid, gid, AtFlags::AT_SYMLINK_NOFOLLOW)
            .map_err(|errno| ("fchownat", errno))?;
    }
    Ok(())
}

/// Binds and listens at the path of a socket that this daemon had there before, and has removed. The launch has looked
/// at the folder, so that whoever can change it since is trusted. A socket of ours that is left there, at which nobody
/// listens, is replaced.
///
/// # Errors
///
/// The system's: EADDRINUSE when another process has taken the path meanwhile.
pub(crate) fn listen_again(plan: &SocketPlan, owner: Option<Owner>) -> Result<(OwnedFd, BoundFile)> {
    let (folder, name) = split(&plan.path);
    let folder = open(folder.as_path(), sys::FOLDER_FLAGS, Mode::empty())
        .map_err(|errno| failed(plan, "open", errno))?;
    let bind = || bind_name(plan, folder.as_fd(), name, owner);
    let (fd, file) = bind().or_else(|error| match error.errno() {
        Some(Errno::EADDRINUSE) if remove_left(plan, folder.as_fd(), name, owner).is_ok() => bind(),
        _ => Err(error),
    })?;
    sys::listen_with(fd.as_fd(), BACKLOG).map_err(|errno| {
        file.remove();
        failed(plan, "listen", errno)
    })?;
    Ok((fd, file))
}

/// Removes a socket that a process has left there since, as one that was begun by hand.
fn remove_left(
    plan: &SocketPlan,
    folder: BorrowedFd<'_>,
    name: &OsStr,
    owner: Option<Owner>,
) -> std::result::Result<(), Errno> {
    let stat = fstatat(folder, name, AtFlags::AT_SYMLINK_NOFOLLOW)?;
    let ours = [Some(geteuid().as_raw()), owner.and_then(|owner| owner.uid)];
    // A file refuses connections, too.
    let is_socket = stat.st_mode & SFlag::S_IFMT.bits() == SFlag::S_IFSOCK.bits();
    if !is_socket || !ours.contains(&Some(stat.st_uid)) {
        return Err(Errno::EADDRINUSE);
    }
    match sys::connect_to(&sys::stream_socket()?, &address_in(folder, &plan.path, name)?) {
        Err(Errno::ECONNREFUSED) => {
            BoundFile::new(&plan.path, FileId::of(&stat)).remove();
            Ok(())
        }
        _ => Err(Errno::EADDRINUSE),
    }
}

pub(super) fn failed(plan: &SocketPlan, syscall: &'static str, errno: Errno) -> Error {
    if errno == Errno::ENAMETOOLONG {
        return too_long(&plan.path);
    }
    let message = format!("{}: no socket can be made", plan.path.to_string_lossy());
    Error::system("socket", syscall, errno, message).at(&plan.path)
}
