//! The order of a keeper: the daemon's program, how it is kept, and what each body is told. The keeper's launcher sends
//! it as the payload; the body's own payload is its end.

use std::ffi::{OsStr, OsString};
use std::net::IpAddr;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;
use std::time::Duration;

use super::whole_millis;
use crate::given::{
    Descriptor, Executable, Identity, KeeperPlan, ListenAddress, ListenPlan, Owner, Readiness, Respawn,
    RespawnWhen, Stdio,
};
use crate::plan::Plan;
use crate::signal::Signal;
use crate::sys::{LIMITS, RawLimit};

/// Keeper and launcher may be of different versions of this library.
const VERSION: u64 = 4;
/// Instead of a time or a number that has no bound.
const UNBOUNDED: u64 = u64::MAX;

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
        to.text(plan.program.as_os_str());
        to.list(&plan.args, |to, arg| to.text(arg));
        to.list(&plan.env, |to, (name, value)| {
            to.text(name);
            to.text(value);
        });
        to.list(plan.folder.as_slice(), |to, folder| to.text(folder.as_os_str()));
        to.number(plan.umask.into());
        // The launch has checked them, by which they are known to the system.
        to.list(&plan.limits.raw().unwrap_or_default(), |to, RawLimit { resource, soft, hard }| {
            let place = LIMITS.iter().position(|(_, known)| known == resource);
            to.number(place.map_or(UNBOUNDED, |place| place as u64));
            to.number(*soft);
            to.number(*hard);
        });
        to.list(plan.limits.nice.as_slice(), |to, nice| to.signed(*nice));
        to.number(plan.limits.no_new_privileges.into());
        to.list(&plan.keep_fds, |to, fd| to.signed(fd.number()));
        for stdio in [&plan.stdout, &plan.stderr] {
            to.list(OutputFile::of(stdio).as_slice(), |to, OutputFile { path, mode }| {
                to.text(path.as_os_str());
                to.list(mode.as_slice(), |to, mode| to.number((*mode).into()));
            });
        }
        to.list(plan.owner.as_slice(), |to, Owner { uid, gid }| {
            to.list(uid.as_slice(), |to, uid| to.number((*uid).into()));
            to.number((*gid).into());
        });
        to.list(&keeper.needs, |to, path| to.text(path.as_os_str()));
        to.list(keeper.root.as_slice(), |to, root| to.text(root.as_os_str()));
        to.list(keeper.identity.as_slice(), |to, Identity { uid, gid, groups, .. }| {
            to.list(uid.as_slice(), |to, uid| to.number((*uid).into()));
            to.number((*gid).into());
            to.list(groups, |to, group| to.number((*group).into()));
        });
        to.keeper(keeper);
        to.bytes(payload);
        to.0
    }

    /// Reads an order; `None` for anything that no launcher of this version writes.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut from = Reader(bytes);
        if from.number()? != VERSION {
            return None;
        }
        let body = BodyPlan {
            program: PathBuf::from(from.text()?),
            args: from.list(Reader::text)?,
            env: from.list(|from| Some((from.text()?, from.text()?)))?,
            folder: from.option(|from| from.text().map(PathBuf::from))?,
            umask: from.number()?.try_into().ok()?,
            limits: from.list(|from| {
                let (_, resource) = LIMITS.get(usize::try_from(from.number()?).ok()?)?;
                Some(RawLimit { resource: *resource, soft: from.number()?, hard: from.number()? })
            })?,
            nice: from.option(Reader::signed)?,
            no_new_privileges: from.flag()?,
            keep_fds: from.list(|from| from.signed().map(Descriptor::from))?,
            outputs: [from.option(Reader::output)?, from.option(Reader::output)?],
            owner: from.option(|from| {
                let uid = from.option(Reader::small)?;
                Some(Owner { uid, gid: from.small()? })
            })?,
            needs: from.list(|from| from.text().map(PathBuf::from))?,
            root: from.option(|from| from.text().map(PathBuf::from))?,
            identity: from.option(|from| {
                Some(Identity {
                    uid: from.option(Reader::small)?,
                    gid: from.small()?,
                    groups: from.list(Reader::small)?,
                    account: None,
                })
            })?,
        };
        let keeper = from.keeper()?;
        let payload = from.bytes()?.to_vec();
        from.0.is_empty().then_some(Self { body, keeper, payload })
    }
}

pub(super) struct Writer(pub(super) Vec<u8>);

impl Writer {
    pub(super) fn number(&mut self, value: u64) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    pub(super) fn signed(&mut self, value: i32) {
        self.0.extend_from_slice(&i64::from(value).to_le_bytes());
    }

    fn time(&mut self, value: Option<Duration>) {
        self.number(value.map_or(UNBOUNDED, whole_millis));
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    pub(super) fn text(&mut self, text: &OsStr) {
        self.bytes(text.as_bytes());
    }

    pub(super) fn list<T>(&mut self, items: &[T], mut write: impl FnMut(&mut Self, &T)) {
        self.number(items.len() as u64);
        for item in items {
            write(self, item);
        }
    }

    fn keeper(&mut self, keeper: &KeeperPlan) {
        let KeeperPlan { program, respawn, instances, ready_timeout, stop_timeout, stop_signal, .. } = keeper;
        let Respawn { when, delay, max_delay, limit, window } = respawn;
        self.text(program.as_os_str());
        self.number(match when {
            RespawnWhen::Never => 0,
            RespawnWhen::Failure => 1,
            RespawnWhen::Always => 2,
        });
        self.time(Some(*delay));
        self.time(Some(*max_delay));
        self.number(limit.map_or(UNBOUNDED, u64::from));
        self.time(Some(*window));
        self.number((*instances).into());
        self.time(*ready_timeout);
        self.time(Some(*stop_timeout));
        self.signed(stop_signal.number());
        self.time(Some(keeper.drain_timeout));
        self.list(&keeper.listen, |to, ListenPlan { name, address, backlog }| {
            to.text(name.as_ref());
            match address {
                ListenAddress::Tcp { host, port } => {
                    to.number(0);
                    to.host(*host);
                    to.number((*port).into());
                }
                ListenAddress::Path { path, mode } => {
                    to.number(1);
                    to.text(path.as_os_str());
                    to.number((*mode).into());
                }
            }
            to.list(backlog.as_slice(), |to, backlog| to.signed(*backlog));
        });
        self.list(keeper.executable.as_slice(), Self::executable);
        self.number(keeper.args_at as u64);
    }

    fn executable(&mut self, Executable { oom_score_adj, ready }: &Executable) {
        self.list(oom_score_adj.as_slice(), |to, score| to.signed(*score));
        match ready {
            Readiness::Running => self.number(0),
            Readiness::Notify => self.number(1),
            Readiness::Port { host, port } => {
                self.number(2);
                self.host(*host);
                self.number((*port).into());
            }
            Readiness::Path(path) => {
                self.number(3);
                self.text(path.as_os_str());
            }
        }
    }

    fn host(&mut self, host: Option<IpAddr>) {
        match host {
            None => self.bytes(&[]),
            Some(IpAddr::V4(host)) => self.bytes(&host.octets()),
            Some(IpAddr::V6(host)) => self.bytes(&host.octets()),
        }
    }
}

pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn number(&mut self) -> Option<u64> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u64::from_le_bytes(*bytes))
    }

    pub(super) fn signed(&mut self) -> Option<i32> {
        i32::try_from(self.number()?.cast_signed()).ok()
    }

    pub(super) fn flag(&mut self) -> Option<bool> {
        Some(self.number()? != 0)
    }

    fn time(&mut self) -> Option<Option<Duration>> {
        let millis = self.number()?;
        Some((millis != UNBOUNDED).then(|| Duration::from_millis(millis)))
    }

    pub(super) fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    pub(super) fn text(&mut self) -> Option<OsString> {
        Some(OsString::from_vec(self.bytes()?.to_vec()))
    }

    pub(super) fn list<T>(&mut self, mut read: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let mut all = Vec::new();
        for _ in 0..self.number()? {
            all.push(read(self)?);
        }
        Some(all)
    }

    pub(super) fn option<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<Option<T>> {
        match self.number()? {
            0 => Some(None),
            1 => read(self).map(Some),
            _ => None,
        }
    }

    fn small(&mut self) -> Option<u32> {
        self.number()?.try_into().ok()
    }

    fn output(&mut self) -> Option<OutputFile> {
        Some(OutputFile { path: PathBuf::from(self.text()?), mode: self.option(Self::small)? })
    }

    fn keeper(&mut self) -> Option<KeeperPlan> {
        let program = PathBuf::from(self.text()?);
        let when = match self.number()? {
            0 => RespawnWhen::Never,
            1 => RespawnWhen::Failure,
            2 => RespawnWhen::Always,
            _ => return None,
        };
        let (delay, max_delay) = (self.time()??, self.time()??);
        let limit = self.number()?;
        let limit = if limit == UNBOUNDED { None } else { Some(u32::try_from(limit).ok()?) };
        let respawn = Respawn { when, delay, max_delay, limit, window: self.time()?? };
        Some(KeeperPlan {
            program,
            respawn,
            instances: self.number()?.try_into().ok()?,
            ready_timeout: self.time()?,
            stop_timeout: self.time()??,
            stop_signal: Signal::from(self.signed()?),
            drain_timeout: self.time()??,
            listen: self.list(Self::listen)?,
            // These are the body plan's.
            needs: Vec::new(),
            root: None,
            identity: None,
            executable: self.option(Self::executable)?,
            args_at: self.number()?.try_into().ok()?,
        })
    }

    fn executable(&mut self) -> Option<Executable> {
        Some(Executable {
            oom_score_adj: self.option(Self::signed)?,
            ready: match self.number()? {
                0 => Readiness::Running,
                1 => Readiness::Notify,
                2 => Readiness::Port { host: self.host()?, port: self.number()?.try_into().ok()? },
                3 => Readiness::Path(PathBuf::from(self.text()?)),
                _ => return None,
            },
        })
    }

    /// None: any host of the reader's choice.
    fn host(&mut self) -> Option<Option<IpAddr>> {
        let octets = self.bytes()?;
        let v4 = || <[u8; 4]>::try_from(octets).map(IpAddr::from).ok();
        let v6 = || <[u8; 16]>::try_from(octets).map(IpAddr::from).ok();
        if octets.is_empty() { Some(None) } else { v4().or_else(v6).map(Some) }
    }

    fn listen(&mut self) -> Option<ListenPlan> {
        let name = self.text()?.into_string().ok()?;
        let address = match self.number()? {
            0 => ListenAddress::Tcp { host: self.host()?, port: self.number()?.try_into().ok()? },
            1 => ListenAddress::Path {
                path: PathBuf::from(self.text()?),
                mode: self.number()?.try_into().ok()?,
            },
            _ => return None,
        };
        Some(ListenPlan { name, address, backlog: self.option(Self::signed)? })
    }
}
