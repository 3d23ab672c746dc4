//! The steps of the model, by the names that the code has for them.

use std::fmt;

/// The place of a step in the core's sources.
#[derive(Clone, Copy, Debug)]
pub struct Code {
    /// Below `crates/core/src/`.
    pub file: &'static str,
    /// The function.
    pub function: &'static str,
    /// What stands in its body.
    pub call: &'static str,
}

macro_rules! steps {
    (code { $($step:ident: $file:literal $function:literal $call:literal;)* }
     world { $($world:ident: $text:literal;)* }) => {
        /// A step: one system call of the code, or several that no other process can come between with any effect.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Step {
            $(#[doc = concat!("`", $call, "` in `", $function, "`, `", $file, "`.")] $step,)*
            $(#[doc = concat!("No code of daimon's: ", $text, ".")] $world,)*
        }

        impl Step {
            /// All steps that are code of daimon's, in the order of the code.
            pub const CODE: &[Self] = &[$(Self::$step,)*];

            /// Where the code has it; `None` for a step of the system or of another program.
            pub fn code(self) -> Option<Code> {
                match self {
                    $(Self::$step => Some(Code { file: $file, function: $function, call: $call }),)*
                    $(Self::$world => None,)*
                }
            }

            fn text(self) -> &'static str {
                match self {
                    $(Self::$step => concat!($function, "/", $call),)*
                    $(Self::$world => $text,)*
                }
            }
        }
    };
}

steps! {
    code {
        // A look, as of status.
        OpenToRead: "pidfile/probe.rs" "see" "open_to_read";
        SeeNameTag: "pidfile/probe.rs" "see" "name_tag";
        SeeFlock: "pidfile/probe.rs" "see" "Flock::Shared";
        SeeStopped: "pidfile/probe.rs" "see" "is_left";
        LookNameTag: "pidfile/probe.rs" "look_at" "name_tag";
        LookReadText: "pidfile/probe.rs" "look_with_tag" "read_text";
        LookNameTagAgain: "pidfile/probe.rs" "look_with_tag" "name_tag";
        LookHoldsLock: "pidfile/probe.rs" "look_with_tag" "holds_lock";
        // The proof before a signal.
        HolderOpen: "pidfile/holder.rs" "holder" "Process::open";
        HolderProvenAgain: "pidfile/holder.rs" "holder" "second = self.proven()";
        HolderIsAlive: "pidfile/holder.rs" "holder" "is_alive";
        Signal: "process.rs" "signal" "signal.number()";
        // The lock.
        OpenOrCreate: "pidfile/round.rs" "lock_round" "open_or_create";
        FlockShared: "pidfile/round.rs" "lock_round" "Flock::Shared";
        RoundNameTag: "pidfile/round.rs" "lock_round" "name_tag";
        Names: "pidfile/round.rs" "lock_round" "names";
        ClearStaleText: "pidfile/round.rs" "lock_round" "clear_stale_text";
        FlockExclusive: "pidfile/round.rs" "lock_round" "Flock::Exclusive";
        NamesAgain: "pidfile/round.rs" "lock_round" "text != Text::Empty";
        Replaced: "pidfile/round.rs" "lock_round" "Round::Replaced";
        HeldNames: "pidfile/round.rs" "held_round" "names";
        WaitIsOver: "pidfile/lock.rs" "lock" "now >= until";
        WaitForHolder: "pidfile/lock.rs" "lock" "Holder::process";
        // The launch.
        LaunchLocked: "launch/mod.rs" "launch" "launch_locked";
        SpawnChild: "launch/child.rs" "first_child" "spawn_child";
        ReadReport: "launch/child.rs" "run_child" "read_report";
        CloseOthers: "launch/child.rs" "prepare" "place_descriptors";
        PutNameTag: "sys/linux/child.rs" "put_name_tag" "TAG";
        TagBeforeText: "launch/child.rs" "prepare" "put_name_tag";
        WritePid: "launch/child.rs" "prepare" "write_pid";
        Execute: "launch/child.rs" "second_child" "execute";
        ExecFails: "launch/child.rs" "second_child" "report";
        LockedPid: "launch/mod.rs" "identify" "locked.pid()";
        IdentifyOpen: "launch/mod.rs" "identify" "Process::open";
        IsHeldBy: "launch/mod.rs" "identify" "is_held_by";
        LeaderEnd: "launch/group.rs" "end" "leader.end";
        // The daemon.
        TakeOver: "adopt.rs" "adopt" "take_over";
        Listening: "own/mod.rs" "listening" "mark_listening";
        MarkReady: "own/mod.rs" "ready" "mark_ready";
        SendReady: "own/mod.rs" "ready" "FrameKind::Ready";
        WatchLauncher: "launcher_death.rs" "watch_launcher" "end_all";
        RemoveLstat: "own/mod.rs" "remove" "lstat";
        RemoveUnlink: "own/mod.rs" "remove" "unlink";
        RemoveTruncate: "own/mod.rs" "remove" "ftruncate";
        // The stop.
        EndsWithin: "pidfile/stop.rs" "end_itself" "ends_within";
        EndByKill: "pidfile/stop.rs" "end_itself" "Signal::KILL";
        WaitUntilFree: "pidfile/stop.rs" "wait_until_free" "status";
        LeftoverStat: "pidfile/remove.rs" "remove_leftover" "folder.stat";
        LeftoverUnlink: "pidfile/remove.rs" "remove_leftover" "folder.unlink";
        IsStale: "pidfile/stop.rs" "is_stale" "Status::Stopped";
    }
    world {
        Call: "is called";
        CallOnOldNumber: "is called, in a process that has got the number in the stale text";
        DropShared: "gives up the shared lock: the conversion is not atomic";
        DropLocked: "closes its copy of the lock: launch returns";
        Close: "closes its descriptor";
        LauncherHearsReady: "hears that the daemon is ready: the start succeeds";
        LauncherHearsEnd: "hears the end of the channel";
        LauncherTimesOut: "has waited too long for the daemon";
        BodyEnds: "the daemon's body ends by itself";
        Exit: "has exited: the kernel closes its descriptors";
        PhaseApart: "asks for the holder's phase by a question of its own";
        LooksAtOwnFile: "opens and closes its own pidfile";
        BecomesZombie: "is a zombie";
        Reaped: "is reaped: its number may be given away";
        Killed: "is killed by SIGKILL";
        StrangerBegins: "a stranger gets a number that has been seen";
        StrangerEnds: "the stranger ends";
        OutsiderUnlinks: "an outsider deletes the pidfile";
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}
