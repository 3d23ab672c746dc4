//! The kinds of failures.

/// The kind of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// Another daemon holds the pidfile; [`Error::pid`] names it.
    AlreadyRunning,
    /// No daemon holds the pidfile.
    NotRunning,
    /// The daemon has not ended in time; [`Error::pid`] names it.
    StopTimeout,
    /// A step of the launch failed; [`Error::step`] names it.
    StartFailed,
    /// The pidfile, or the folder it is in, cannot be trusted or used.
    PidFile(PidFileReason),
    /// The holder of the pidfile cannot be proven from here, or its end cannot be seen because no descriptor is left;
    /// [`Error::reason`] says why.
    Unverified,
    /// A value that the caller gave is wrong; [`Error::subject`] tells which.
    InvalidOption,
    /// The kernel refuses for lack of rights; [`Error::syscall`] names the call.
    PermissionDenied,
    /// This platform or program cannot do it; [`Error::subject`] tells what.
    Unsupported,
}

/// Why a pidfile is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PidFileReason {
    /// Its folder does not exist.
    MissingDirectory,
    /// It is a symbolic link, dangling or not.
    Symlink,
    /// It is a folder, a FIFO, a device or a socket.
    NotRegular,
    /// It has a second name.
    HardLinked,
    /// It belongs to neither the caller nor root.
    ForeignOwner,
    /// Every user may write to it.
    WorldWritable,
    /// Another user could replace files in its folder.
    UnsafeDirectory,
    /// It holds something that no daemon wrote.
    Garbage,
    /// It is locked, but no daemon that holds the lock can be found.
    LockLeaked,
    /// Probes and rival starts kept the lock away for too long.
    Contended,
    /// At the path of the daemon's socket there is something else than a socket.
    NotASocket,
    /// The socket at that path is another user's.
    SocketForeign,
    /// Somebody who is not the daemon listens at that path.
    InUse,
}

impl PidFileReason {
    /// Gives the stable word for the reason.
    ///
    /// ```
    /// assert_eq!(daimon_core::PidFileReason::HardLinked.as_str(), "hard-linked");
    /// ```
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MissingDirectory => "missing-directory",
            Self::Symlink => "symlink",
            Self::NotRegular => "not-regular",
            Self::HardLinked => "hard-linked",
            Self::ForeignOwner => "foreign-owner",
            Self::WorldWritable => "world-writable",
            Self::UnsafeDirectory => "unsafe-directory",
            Self::Garbage => "garbage",
            Self::LockLeaked => "lock-leaked",
            Self::Contended => "contended",
            Self::NotASocket => "not-a-socket",
            Self::SocketForeign => "socket-foreign",
            Self::InUse => "in-use",
        }
    }
}
