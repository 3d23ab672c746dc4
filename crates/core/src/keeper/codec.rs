//! How the orders of keepers are written and read: numbers of eight bytes (little endian), bytes after their length,
//! lists after their number of items.

use std::ffi::{OsStr, OsString};
use std::net::IpAddr;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::whole_millis;

/// Instead of a time or a number that has no bound.
const UNBOUNDED: u64 = u64::MAX;

pub(super) struct Writer(pub(super) Vec<u8>);

impl Writer {
    pub(super) fn number(&mut self, value: u64) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    pub(super) fn signed(&mut self, value: i32) {
        self.0.extend_from_slice(&i64::from(value).to_le_bytes());
    }

    /// In milliseconds; `None`: for ever.
    pub(super) fn time(&mut self, value: Option<Duration>) {
        self.number(value.map_or(UNBOUNDED, whole_millis));
    }

    /// `None`: any number.
    pub(super) fn bound(&mut self, value: Option<u32>) {
        self.number(value.map_or(UNBOUNDED, u64::from));
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    pub(super) fn text(&mut self, text: &OsStr) {
        self.bytes(text.as_bytes());
    }

    pub(super) fn path(&mut self, path: &Path) {
        self.text(path.as_os_str());
    }

    /// An option is a list with one item, or none.
    pub(super) fn list<T>(&mut self, items: &[T], mut write: impl FnMut(&mut Self, &T)) {
        self.number(items.len() as u64);
        for item in items {
            write(self, item);
        }
    }

    pub(super) fn host(&mut self, host: Option<IpAddr>) {
        match host {
            None => self.bytes(&[]),
            Some(IpAddr::V4(host)) => self.bytes(&host.octets()),
            Some(IpAddr::V6(host)) => self.bytes(&host.octets()),
        }
    }
}

/// From the first thing on that no [`Writer`] has written, everything is empty, and [`Reader::is_whole`] false: so that
/// what is read needs one check, at the end.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    is_wrong: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, is_wrong: false }
    }

    /// Whether all that was read was there, and nothing is left.
    pub(super) fn is_whole(&self) -> bool {
        !self.is_wrong && self.rest.is_empty()
    }

    /// Nothing that was read is to be believed, unless that holds.
    pub(super) fn demand(&mut self, holds: bool) {
        if !holds {
            self.is_wrong = true;
            self.rest = &[];
        }
    }

    /// What is there, or something that is not believed.
    fn demanded<T: Default>(&mut self, value: Option<T>) -> T {
        self.demand(value.is_some());
        value.unwrap_or_default()
    }

    pub(super) fn number(&mut self) -> u64 {
        let bytes = self.rest.split_first_chunk().map(|(bytes, rest)| {
            self.rest = rest;
            u64::from_le_bytes(*bytes)
        });
        self.demanded(bytes)
    }

    /// A number that the type has room for.
    pub(super) fn small<T: TryFrom<u64> + Default>(&mut self) -> T {
        let number = self.number().try_into().ok();
        self.demanded(number)
    }

    pub(super) fn signed(&mut self) -> i32 {
        let number = self.number().cast_signed().try_into().ok();
        self.demanded(number)
    }

    pub(super) fn flag(&mut self) -> bool {
        let number = self.number();
        self.demand(number <= 1);
        number == 1
    }

    /// `None`: for ever.
    pub(super) fn time(&mut self) -> Option<Duration> {
        let millis = self.number();
        (millis != UNBOUNDED).then(|| Duration::from_millis(millis))
    }

    /// A time that ends.
    pub(super) fn finite(&mut self) -> Duration {
        let time = self.time();
        self.demanded(time)
    }

    /// `None`: any number.
    pub(super) fn bound(&mut self) -> Option<u32> {
        let number = self.number();
        let bound = (number != UNBOUNDED).then(|| number.try_into().ok());
        bound.map(|bound| self.demanded(bound))
    }

    pub(super) fn bytes(&mut self) -> &'a [u8] {
        let length = self.small();
        let bytes = self.rest.split_at_checked(length).map(|(bytes, rest)| {
            self.rest = rest;
            bytes
        });
        self.demanded(bytes)
    }

    pub(super) fn text(&mut self) -> OsString {
        OsString::from_vec(self.bytes().to_vec())
    }

    /// A text that is UTF-8.
    pub(super) fn string(&mut self) -> String {
        let text = std::str::from_utf8(self.bytes()).ok();
        self.demanded(text).to_owned()
    }

    pub(super) fn path(&mut self) -> PathBuf {
        PathBuf::from(self.text())
    }

    pub(super) fn list<T>(&mut self, mut read: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let mut all = Vec::new();
        for _ in 0..self.number() {
            if self.is_wrong {
                break;
            }
            all.push(read(self));
        }
        all
    }

    pub(super) fn option<T>(&mut self, read: impl FnOnce(&mut Self) -> T) -> Option<T> {
        let items = self.number();
        self.demand(items <= 1);
        (items == 1).then(|| read(self))
    }

    /// `None`: any host of the reader's choice.
    pub(super) fn host(&mut self) -> Option<IpAddr> {
        let octets = self.bytes();
        let v4 = || <[u8; 4]>::try_from(octets).map(IpAddr::from).ok();
        let v6 = || <[u8; 16]>::try_from(octets).map(IpAddr::from).ok();
        let host = v4().or_else(v6);
        self.demand(host.is_some() || octets.is_empty());
        host
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type All = (
        u64,
        i32,
        u16,
        Option<Duration>,
        Duration,
        Option<u32>,
        Vec<OsString>,
        Option<PathBuf>,
        Option<IpAddr>,
    );

    fn write() -> Vec<u8> {
        let mut to = Writer(Vec::new());
        to.number(7);
        to.signed(-7);
        to.number(80);
        to.time(None);
        to.time(Some(Duration::from_millis(1_500)));
        to.bound(Some(3));
        to.list(&["a", "b\u{fc}"], |to, text| to.text(text.as_ref()));
        to.list(&["/x"], |to, path| to.path(path.as_ref()));
        to.host(Some([127, 0, 0, 1].into()));
        to.0
    }

    fn read(from: &mut Reader<'_>) -> All {
        (
            from.number(),
            from.signed(),
            from.small(),
            from.time(),
            from.finite(),
            from.bound(),
            from.list(Reader::text),
            from.option(Reader::path),
            from.host(),
        )
    }

    #[test]
    fn what_is_written_is_read_and_nothing_less_or_more() {
        let mut bytes = write();
        let mut from = Reader::new(&bytes);
        let time = Duration::from_millis(1_500);
        let texts = vec!["a".into(), "b\u{fc}".into()];
        let host = Some([127, 0, 0, 1].into());
        assert_eq!(read(&mut from), (7, -7, 80, None, time, Some(3), texts, Some("/x".into()), host));
        assert!(from.is_whole());
        for length in 0..bytes.len() {
            let mut from = Reader::new(&bytes[..length]);
            read(&mut from);
            assert!(!from.is_whole(), "{length}");
        }
        bytes.push(0);
        let mut from = Reader::new(&bytes);
        read(&mut from);
        assert!(!from.is_whole());
    }

    #[test]
    fn numbers_without_room_and_lists_without_end_are_wrong() {
        type Read = fn(&mut Reader<'_>);
        let reads: [(u64, Read); 7] = [
            (1 << 16, |from| _ = from.small::<u16>()),
            (u32::MAX.into(), |from| _ = from.signed()),
            (u64::MAX, |from| _ = from.finite()),
            (2, |from| _ = from.option(|_| ())),
            (u64::MAX, |from| _ = from.list(Reader::number)),
            (u64::MAX, |from| _ = from.bytes()),
            (1 << 40, |from| _ = from.bound()),
        ];
        for (number, read) in reads {
            let bytes = number.to_le_bytes();
            let mut from = Reader::new(&bytes);
            read(&mut from);
            assert!(!from.is_whole(), "{number}");
        }
    }
}
