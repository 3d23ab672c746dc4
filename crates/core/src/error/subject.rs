//! The subjects of errors.

/// The value or feature of the caller that an error is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// The path of the pidfile.
    PidFile,
    /// The file of stdout and stderr.
    Log,
    /// The size at which that file is rotated.
    LogRotation,
    /// The file of stdin.
    Stdin,
    /// The file of stdout.
    Stdout,
    /// The file of stderr.
    Stderr,
    /// The program that is executed.
    Program,
    /// The program's arguments.
    Arguments,
    /// The program's environment.
    Environment,
    /// The folder that the program is executed in.
    Folder,
    /// The descriptors that the program keeps.
    KeptDescriptors,
    /// The resource limits.
    Limits,
    /// The nice value.
    Nice,
    /// How readily the kernel ends the process when memory runs out.
    OomScore,
    /// The user that the daemon becomes.
    User,
    /// The group that the daemon takes.
    Group,
    /// The root folder.
    Root,
    /// The signal to be sent.
    Signal,
    /// To become a daemon without a launch.
    Foreground,
    /// The address of the supervisor's socket.
    NotifySocket,
    /// The path of the daemon's socket.
    Socket,
    /// The sockets that a keeper opens.
    Listen,
}
