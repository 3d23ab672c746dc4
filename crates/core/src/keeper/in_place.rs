//! What a process tells the keeper that it executes in its own place: the order, and what it leaves open for the
//! keeper, by number.

use std::ffi::OsString;
use std::os::fd::RawFd;

use super::codec::{Reader, Writer};

/// Keeper and the process before it may be of different versions of this library.
const VERSION: u64 = 2;

/// The order, and the descriptors of a keeper in the foreground.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct OrderInPlace {
    /// The control socket, and what the keeper is told of it.
    pub(crate) control: (RawFd, String),
    /// Those at which bodies are to listen, in the order of the plan, then those that its supervisor has given beside
    /// them.
    pub(crate) sockets: Vec<InheritedSocket<RawFd>>,
    /// Descriptors, and the numbers that they are to have: the standard ones, and those that bodies inherit.
    pub(crate) places: Vec<(RawFd, RawFd)>,
    /// The address of the supervisor's socket.
    pub(crate) supervisor: Option<OsString>,
    /// The [`super::KeeperOrder`].
    pub(crate) order: Vec<u8>,
}

/// A socket that the keeper has from the process before it.
#[derive(Debug, PartialEq, Eq)]
pub struct InheritedSocket<Fd = std::os::fd::OwnedFd> {
    /// Its name.
    pub name: String,
    /// The socket.
    pub fd: Fd,
    /// Whether its supervisor has opened it, who holds it for the next start.
    pub is_given: bool,
}

impl OrderInPlace {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut to = Writer(Vec::with_capacity(self.order.len() + 1_024));
        to.number(VERSION);
        let (control, told) = &self.control;
        to.signed(*control);
        to.text(told.as_ref());
        to.list(&self.sockets, |to, InheritedSocket { name, fd, is_given }| {
            to.text(name.as_ref());
            to.signed(*fd);
            to.number((*is_given).into());
        });
        to.list(&self.places, |to, (source, target)| {
            to.signed(*source);
            to.signed(*target);
        });
        to.list(self.supervisor.as_slice(), |to, address| to.text(address));
        to.bytes(&self.order);
        to.0
    }

    /// Reads what [`OrderInPlace::encode`] has written; `None` for anything else.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut from = Reader::new(bytes);
        if from.number() != VERSION {
            return None;
        }
        let order = Self {
            control: (from.signed(), from.string()),
            sockets: from.list(|from| InheritedSocket {
                name: from.string(),
                fd: from.signed(),
                is_given: from.flag(),
            }),
            places: from.list(|from| (from.signed(), from.signed())),
            supervisor: from.option(Reader::text),
            order: from.bytes().to_vec(),
        };
        from.is_whole().then_some(order)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_process_writes_its_keeper_reads() {
        let order = OrderInPlace {
            control: (9, "64769 18".into()),
            sockets: vec![InheritedSocket { name: "web".into(), fd: 17, is_given: true }],
            places: vec![(20, 1), (21, 7)],
            supervisor: Some("@abstract".into()),
            order: vec![1, 2, 3],
        };
        let bytes = order.encode();
        assert_eq!(OrderInPlace::decode(&bytes), Some(order));
        assert_eq!(OrderInPlace::decode(&bytes[..bytes.len() - 1]), None);
    }
}
