//! The listening sockets that the keeper holds, which outlive the bodies that accept at them.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use daimon_core::{Bodies, InheritedSocket, KeptSocket, ListenPlan, Owner, Result};

/// How many sockets are learned at most.
const MOST_LEARNED: usize = 128;
/// A socket counts as given up when no body listens at it for so long: a program may close it and open it again.
pub(crate) const GIVEN_UP: Duration = Duration::from_secs(1);
/// How much longer the sockets of an old generation are offered that the new one has not taken.
pub(crate) const OFFERED: Duration = Duration::from_secs(5);

/// One socket.
#[derive(Debug)]
struct Held {
    socket: KeptSocket,
    is_declared: bool,
    /// Whether each generation has to take it: a declared one that the plan names.
    is_planned: bool,
    /// Whether it is a supervisor's, who has it open anyway.
    is_given: bool,
    /// What a body is told of it: its key, and the name that it was declared by.
    text: String,
    /// The generation that it was learned from.
    generation: u32,
}

impl Held {
    /// Removes the file of a Unix socket, if it is still there: the keeper's own, or with a body's rights.
    fn remove_file(&self, bodies: &Bodies<'_>) {
        match self.socket.file() {
            Some(file) if self.is_declared => file.remove(),
            Some(file) => bodies.remove_file(file),
            None => (),
        }
    }

    fn declared(socket: KeptSocket, plan: &ListenPlan) -> Self {
        let text = [socket.key(), "\n", &plan.name].concat();
        Self { socket, is_declared: true, is_planned: true, is_given: false, text, generation: 0 }
    }

    /// The name that it was declared by.
    fn name(&self) -> Option<&str> {
        self.text.get(self.socket.key().len() + 1..)
    }

    /// One that a supervisor has opened; `is_planned` if the plan has one of that name.
    fn given(socket: KeptSocket, name: &str, is_planned: bool) -> Self {
        let text = [socket.key(), "\n", name].concat();
        Self { socket, is_declared: true, is_planned, is_given: true, text, generation: 0 }
    }
}

/// A socket that is dropped at that time, unless a body listens at it by then.
#[derive(Debug)]
struct Doubt {
    at: Instant,
    key: String,
    /// Whether an upgrade has left it over, which the log tells.
    is_left_over: bool,
}

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Sockets {
    held: Vec<Held>,
    doubts: Vec<Doubt>,
}

impl Sockets {
    /// Those that are open already: of the plan by their names, and others that a supervisor has given.
    pub(crate) fn new(sockets: Vec<InheritedSocket>, plan: &[ListenPlan]) -> Self {
        let mut held = Vec::with_capacity(sockets.len());
        for InheritedSocket { name, fd, is_given } in sockets {
            let plan = plan.iter().find(|plan| plan.name == name);
            held.extend(match plan {
                Some(plan) if !is_given => {
                    KeptSocket::declared(fd, plan).map(|socket| Held::declared(socket, plan))
                }
                _ => Some(Held::given(KeptSocket::given(fd), &name, plan.is_some())),
            });
        }
        Self { held, doubts: Vec::new() }
    }

    /// Those that a body can have.
    pub(crate) fn all(&self) -> Vec<(&str, BorrowedFd<'_>)> {
        self.held.iter().map(|held| (held.text.as_str(), held.socket.as_fd())).collect()
    }

    /// Those that were declared, by their names.
    pub(crate) fn declared_by_name(&self) -> Vec<(&str, BorrowedFd<'_>)> {
        let mut named = Vec::new();
        for held in &self.held {
            named.extend(held.name().map(|name| (name, held.socket.as_fd())));
        }
        named
    }

    /// Their keys.
    pub(crate) fn declared_keys(&self) -> Vec<String> {
        let mut keys = Vec::new();
        for held in self.held.iter().filter(|held| held.is_declared) {
            keys.push(held.socket.key().to_owned());
        }
        keys
    }

    /// Has those that were declared wait in accept(2), as a program expects that did not ask for anything else.
    pub(crate) fn let_block(&self) {
        self.held.iter().filter(|held| held.is_declared).for_each(|held| held.socket.let_block());
    }

    /// Takes a socket that a body has opened; gives its key if it is one. The first one of a key stays.
    pub(crate) fn learn(&mut self, fd: OwnedFd, said: &str, generation: u32) -> Option<String> {
        let socket = KeptSocket::learned(fd, said)?;
        let key = socket.key().to_owned();
        let learned = self.held.iter().filter(|held| !held.is_declared).count();
        // The program may have removed the file, and made it again.
        let is_old = |held: &Held| {
            !held.is_declared && held.socket.key() == key && held.socket.file() != socket.file()
        };
        self.held.retain(|held| !is_old(held));
        if !self.has(&key) && learned < MOST_LEARNED {
            let text = key.clone();
            self.held.push(Held {
                socket,
                is_declared: false,
                is_planned: false,
                is_given: false,
                text,
                generation,
            });
        }
        Some(key)
    }

    fn has(&self, key: &str) -> bool {
        self.held.iter().any(|held| held.socket.key() == key)
    }

    /// The keys that bodies of that generation lack: those of the declared ones that not all have, and one of those
    /// that were learned before, if there are any and nobody has one of them.
    pub(crate) fn missing(
        &self,
        generation: u32,
        have_all: &dyn Fn(&str) -> bool,
        has_any: &dyn Fn(&str) -> bool,
    ) -> Vec<&str> {
        let mut missing = Vec::new();
        let (mut learned, mut is_one_taken) = (None, false);
        for held in &self.held {
            let key = held.socket.key();
            if held.is_planned && !have_all(key) {
                missing.push(key);
            } else if !held.is_declared && held.generation < generation {
                learned = learned.or(Some(key));
                is_one_taken |= has_any(key);
            }
        }
        missing.extend(learned.filter(|_| !is_one_taken));
        missing
    }

    /// Forgets what only that generation has opened, which has failed.
    pub(crate) fn forget_generation(&mut self, generation: u32, bodies: &Bodies<'_>) {
        self.drop_each(bodies, &|held| !held.is_declared && held.generation == generation);
    }

    /// Drops those, with the files that are theirs alone.
    fn drop_each(&mut self, bodies: &Bodies<'_>, is_meant: &dyn Fn(&Held) -> bool) {
        self.held.retain(|held| {
            let is_meant = is_meant(held);
            if is_meant {
                held.remove_file(bodies);
            }
            !is_meant
        });
    }

    /// Has those dropped after a while that the new generation has not taken; the others are its own from now on.
    pub(crate) fn leave_over(&mut self, generation: u32, is_taken: &dyn Fn(&str) -> bool) {
        let at = Instant::now() + OFFERED;
        for held in self.held.iter_mut().filter(|held| !held.is_declared) {
            let key = held.socket.key();
            if is_taken(key) {
                held.generation = generation;
            } else {
                // An upgrade shortly before may have left it over, too.
                self.doubts.retain(|doubt| doubt.key != key);
                self.doubts.push(Doubt { at, key: key.to_owned(), is_left_over: true });
            }
        }
    }

    /// A body has closed this one.
    pub(crate) fn doubt(&mut self, key: &str) {
        let is_learned = self.held.iter().any(|held| !held.is_declared && held.socket.key() == key);
        if is_learned && !self.doubts.iter().any(|doubt| doubt.key == key) {
            let at = Instant::now() + GIVEN_UP;
            self.doubts.push(Doubt { at, key: key.to_owned(), is_left_over: false });
        }
    }

    /// A body has ended: what it had closed before is for the one that follows.
    pub(crate) fn trust(&mut self) {
        self.doubts.retain(|doubt| doubt.is_left_over);
    }

    /// When [`Sockets::drop_doubtful`] has something to do.
    pub(crate) fn next_time(&self) -> Option<Instant> {
        self.doubts.iter().map(|doubt| doubt.at).min()
    }

    /// Drops those whose time has come and at which nobody listens; gives their keys, and whether an upgrade has left
    /// them over.
    pub(crate) fn drop_doubtful(
        &mut self,
        now: Instant,
        bodies: &Bodies<'_>,
        is_taken: &dyn Fn(&str) -> bool,
    ) -> Vec<(String, bool)> {
        let mut dropped = Vec::new();
        while let Some(at) = self.doubts.iter().position(|doubt| doubt.at <= now) {
            let doubt = self.doubts.swap_remove(at);
            if is_taken(&doubt.key) {
                continue;
            }
            self.drop_each(bodies, &|held| !held.is_declared && held.socket.key() == doubt.key);
            dropped.push((doubt.key, doubt.is_left_over));
        }
        dropped
    }

    /// Closes all that can be closed: nobody waits in a queue that nobody serves.
    pub(crate) fn close(&mut self, bodies: &Bodies<'_>) {
        self.drop_each(bodies, &|held| !held.is_given);
        self.doubts.clear();
    }

    /// Opens those of the plan again that are closed.
    pub(crate) fn open(&mut self, plan: &[ListenPlan], owner: Option<Owner>) -> Result<()> {
        let is_open = |name: &str| self.held.iter().any(|held| held.is_declared && held.name() == Some(name));
        let closed: Vec<_> = plan.iter().filter(|declared| !is_open(&declared.name)).collect();
        for declared in closed {
            let socket = KeptSocket::open_again(declared, owner)?;
            self.held.push(Held::declared(socket, declared));
        }
        Ok(())
    }
}
