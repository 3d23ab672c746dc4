//! The order of a keeper: the daemon's program, how it is kept, and what each body is told. The keeper's launcher sends
//! it as the payload; the body's own payload is its end.

use std::ffi::OsString;
use std::path::PathBuf;

use super::codec::{Reader, Writer};
use crate::given::{
    Descriptor, Executable, Identity, KeeperPlan, ListenAddress, ListenPlan, Owner, Readiness, Respawn,
    RespawnWhen, Stdio,
};
use crate::plan::Plan;
use crate::signal::Signal;
use crate::sys::{LIMITS, RawLimit};

/// Keeper and launcher may be of different versions of this library.
const VERSION: u64 = 4;
/// Instead of the place of a limit that this version does not know.
const UNKNOWN: u64 = u64::MAX;

/// The program of a body, and everything that its process starts with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BodyPlan {
    /// The program, absolute; for an [`Executable`] as it was given.
    pub program: PathBuf,
    /// Its arguments, the program's name first.
    pub args: Vec<OsString>,
    /// Its whole environment.
    pub env: Vec<(OsString, OsString)>,
    /// Its current folder; `None`: the keeper's.
    pub folder: Option<PathBuf>,
    /// Its file mode creation mask.
    pub umask: u32,
    /// Its limits, as the kernel takes them.
    pub(crate) limits: Vec<RawLimit>,
    /// Its nice value; `None`: the keeper's.
    pub nice: Option<i32>,
    /// Whether it can gain no rights by executing files.
    pub no_new_privileges: bool,
    /// Descriptors of the keeper, from 3 on, that it has under the same numbers.
    pub keep_fds: Vec<Descriptor>,
    /// The files that its outputs, 1 and 2, go to; `None`: to something else.
    pub outputs: [Option<OutputFile>; 2],
    /// The owner of files that are made for it; `None`: the keeper's user.
    pub owner: Option<Owner>,
    /// Files that it cannot begin without.
    pub needs: Vec<PathBuf>,
    /// Its root folder, as in [`KeeperPlan`].
    pub root: Option<PathBuf>,
    /// The user and the groups that it has; `None`: the keeper's.
    pub identity: Option<Identity>,
}

/// A file that output goes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputFile {
    /// Absolute.
    pub path: PathBuf,
    /// The permissions of a file that is made; `None`: 0640.
    pub mode: Option<u32>,
}

/// All that a keeper is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeeperOrder {
    /// The bodies' program.
    pub body: BodyPlan,
    /// How they are kept.
    pub keeper: KeeperPlan,
    /// What each body is told.
    pub payload: Vec<u8>,
}

impl OutputFile {
    fn of(stdio: &Stdio) -> Option<Self> {
        match stdio {
            Stdio::File { path, mode, .. } => Some(Self { path: path.clone(), mode: *mode }),
            Stdio::Null | Stdio::Inherit => None,
        }
    }
}

impl KeeperOrder {
    /// Writes the order for the plan's daemon.
    pub(crate) fn encode(plan: &Plan, keeper: &KeeperPlan, payload: &[u8]) -> Vec<u8> {
        let mut to = Writer(Vec::with_capacity(payload.len() + 4_096));
        to.number(VERSION);
        to.path(&plan.program);
        to.list(&plan.args, |to, arg| to.text(arg));
        to.list(&plan.env, |to, (name, value)| {
            to.text(name);
            to.text(value);
        });
        to.list(plan.folder.as_slice(), |to, folder| to.path(folder));
        to.number(plan.umask.into());
        // The launch has checked them, by which they are known to the system.
        to.list(&plan.limits.raw().unwrap_or_default(), |to, RawLimit { resource, soft, hard }| {
            let place = LIMITS.iter().position(|(_, known)| known == resource);
            to.number(place.map_or(UNKNOWN, |place| place as u64));
            to.number(*soft);
            to.number(*hard);
        });
        to.list(plan.limits.nice.as_slice(), |to, nice| to.signed(*nice));
        to.number(plan.limits.no_new_privileges.into());
        to.list(&plan.keep_fds, |to, fd| to.signed(fd.number()));
        for stdio in [&plan.stdout, &plan.stderr] {
            to.list(OutputFile::of(stdio).as_slice(), |to, OutputFile { path, mode }| {
                to.path(path);
                to.list(mode.as_slice(), |to, mode| to.number((*mode).into()));
            });
        }
        to.list(plan.owner.as_slice(), |to, Owner { uid, gid }| {
            to.list(uid.as_slice(), |to, uid| to.number((*uid).into()));
            to.number((*gid).into());
        });
        to.list(&keeper.needs, |to, path| to.path(path));
        to.list(keeper.root.as_slice(), |to, root| to.path(root));
        to.list(keeper.identity.as_slice(), |to, Identity { uid, gid, groups, .. }| {
            to.list(uid.as_slice(), |to, uid| to.number((*uid).into()));
            to.number((*gid).into());
            to.list(groups, |to, group| to.number((*group).into()));
        });
        write_keeper(&mut to, keeper);
        to.bytes(payload);
        to.0
    }

    /// Reads an order; `None` for anything that no launcher of this version writes.
    pub fn decode(bytes: &[u8]) -> Option<Box<Self>> {
        let mut from = Reader::new(bytes);
        if from.number() != VERSION {
            return None;
        }
        let from = &mut from;
        let (body, keeper) = (read_body(from), read_keeper(from));
        let order = Box::new(Self { body, keeper, payload: from.bytes().to_vec() });
        from.is_whole().then_some(order)
    }
}

fn write_keeper(to: &mut Writer, keeper: &KeeperPlan) {
    let KeeperPlan { program, respawn, instances, ready_timeout, stop_timeout, stop_signal, .. } = keeper;
    let Respawn { when, delay, max_delay, limit, window } = respawn;
    to.path(program);
    to.number(match when {
        RespawnWhen::Never => 0,
        RespawnWhen::Failure => 1,
        RespawnWhen::Always => 2,
    });
    to.time(Some(*delay));
    to.time(Some(*max_delay));
    to.bound(*limit);
    to.time(Some(*window));
    to.number((*instances).into());
    to.time(*ready_timeout);
    to.time(Some(*stop_timeout));
    to.signed(stop_signal.number());
    to.time(Some(keeper.drain_timeout));
    to.list(&keeper.listen, |to, ListenPlan { name, address, backlog }| {
        to.text(name.as_ref());
        match address {
            ListenAddress::Tcp { host, port } => {
                to.number(0);
                to.host(*host);
                to.number((*port).into());
            }
            ListenAddress::Path { path, mode } => {
                to.number(1);
                to.path(path);
                to.number((*mode).into());
            }
        }
        to.list(backlog.as_slice(), |to, backlog| to.signed(*backlog));
    });
    to.list(keeper.executable.as_slice(), write_executable);
    to.number(keeper.args_at as u64);
}

fn write_executable(to: &mut Writer, Executable { oom_score_adj, ready }: &Executable) {
    to.list(oom_score_adj.as_slice(), |to, score| to.signed(*score));
    match ready {
        Readiness::Running => to.number(0),
        Readiness::Notify => to.number(1),
        Readiness::Port { host, port } => {
            to.number(2);
            to.host(*host);
            to.number((*port).into());
        }
        Readiness::Path(path) => {
            to.number(3);
            to.path(path);
        }
    }
}

fn read_body(from: &mut Reader<'_>) -> BodyPlan {
    BodyPlan {
        program: from.path(),
        args: from.list(Reader::text),
        env: from.list(|from| (from.text(), from.text())),
        folder: from.option(Reader::path),
        umask: from.small(),
        limits: from.list(read_limit),
        nice: from.option(Reader::signed),
        no_new_privileges: from.flag(),
        keep_fds: from.list(|from| Descriptor::from(from.signed())),
        outputs: [from.option(read_output), from.option(read_output)],
        owner: from.option(|from| Owner { uid: from.option(Reader::small), gid: from.small() }),
        needs: from.list(Reader::path),
        root: from.option(Reader::path),
        identity: from.option(|from| Identity {
            uid: from.option(Reader::small),
            gid: from.small(),
            groups: from.list(Reader::small),
            account: None,
        }),
    }
}

fn read_limit(from: &mut Reader<'_>) -> RawLimit {
    let known = LIMITS.get(from.small::<usize>());
    from.demand(known.is_some());
    let (_, resource) = known.unwrap_or(&LIMITS[0]);
    RawLimit { resource: *resource, soft: from.number(), hard: from.number() }
}

fn read_output(from: &mut Reader<'_>) -> OutputFile {
    OutputFile { path: from.path(), mode: from.option(Reader::small) }
}

fn read_keeper(from: &mut Reader<'_>) -> KeeperPlan {
    KeeperPlan {
        program: from.path(),
        respawn: Respawn {
            when: read_when(from),
            delay: from.finite(),
            max_delay: from.finite(),
            limit: from.bound(),
            window: from.finite(),
        },
        instances: from.small(),
        ready_timeout: from.time(),
        stop_timeout: from.finite(),
        stop_signal: Signal::from(from.signed()),
        drain_timeout: from.finite(),
        listen: from.list(read_listen),
        // These are the body plan's.
        needs: Vec::new(),
        root: None,
        identity: None,
        executable: from.option(read_executable),
        args_at: from.small(),
    }
}

fn read_when(from: &mut Reader<'_>) -> RespawnWhen {
    match from.number() {
        1 => RespawnWhen::Failure,
        2 => RespawnWhen::Always,
        other => {
            from.demand(other == 0);
            RespawnWhen::Never
        }
    }
}

fn read_executable(from: &mut Reader<'_>) -> Executable {
    Executable {
        oom_score_adj: from.option(Reader::signed),
        ready: match from.number() {
            1 => Readiness::Notify,
            2 => Readiness::Port { host: from.host(), port: from.small() },
            3 => Readiness::Path(from.path()),
            other => {
                from.demand(other == 0);
                Readiness::Running
            }
        },
    }
}

fn read_listen(from: &mut Reader<'_>) -> ListenPlan {
    ListenPlan {
        name: from.string(),
        address: match from.number() {
            0 => ListenAddress::Tcp { host: from.host(), port: from.small() },
            other => {
                from.demand(other == 1);
                ListenAddress::Path { path: from.path(), mode: from.small() }
            }
        },
        backlog: from.option(Reader::signed),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::given::Limits;
    use crate::pidfile::{LockOptions, PidFile};

    fn encoded() -> Vec<u8> {
        let plan = Plan {
            pidfile: PidFile::new("/run/a.pid").unwrap(),
            lock: LockOptions::default(),
            program: "/bin/web".into(),
            args: vec!["web".into()],
            env: vec![("SECRET".into(), "hunter2".into())],
            folder: Some("/srv".into()),
            umask: 0o027,
            limits: Limits { nice: Some(5), no_new_privileges: true, ..Limits::default() },
            keep_fds: vec![Descriptor::from(7)],
            stdin: Stdio::Null,
            stdout: Stdio::Null,
            stderr: Stdio::Null,
            owner: None,
            socket: None,
            keeper: None,
        };
        let keeper = KeeperPlan {
            program: "/bin/keeper".into(),
            respawn: Respawn::default(),
            instances: 2,
            ready_timeout: None,
            stop_timeout: Duration::from_secs(1),
            stop_signal: Signal::TERM,
            drain_timeout: Duration::from_secs(30),
            listen: Vec::new(),
            needs: Vec::new(),
            root: None,
            identity: None,
            executable: None,
            args_at: 3,
        };
        KeeperOrder::encode(&plan, &keeper, b"payload")
    }

    #[test]
    fn an_order_arrives_as_it_was_given() {
        let KeeperOrder { body, keeper, payload } = *KeeperOrder::decode(&encoded()).unwrap();
        assert_eq!((body.umask, body.nice, body.no_new_privileges), (0o027, Some(5), true));
        assert_eq!(body.folder, Some("/srv".into()));
        assert_eq!(body.keep_fds, [Descriptor::from(7)]);
        assert_eq!((keeper.instances, keeper.ready_timeout, keeper.args_at), (2, None, 3));
        assert_eq!(payload, b"payload");
    }

    #[test]
    fn one_of_another_version_or_a_part_of_one_is_none() {
        let bytes = encoded();
        let mut other = bytes.clone();
        other.splice(..8, (VERSION + 1).to_le_bytes());
        assert_eq!(KeeperOrder::decode(&other), None);
        other.splice(..8, VERSION.to_le_bytes());
        assert!(KeeperOrder::decode(&other).is_some());
        for length in 0..bytes.len() {
            assert_eq!(KeeperOrder::decode(&bytes[..length]), None, "{length}");
        }
    }
}
