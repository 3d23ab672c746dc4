//! The processes that control the daemon by the socket beside the pidfile.

use std::time::Duration;

use daimon_core::{Channel, Frame, FrameKind, Reception, Signal};

use crate::keeper::{Keeper, Phase};
use crate::report::report;

/// As many at a time: each costs a descriptor.
const MOST_CLIENTS: usize = 64;

/// A connection.
#[derive(Debug)]
pub(crate) struct Client {
    number: u64,
    channel: Channel,
}

/// A stop whose signal is about to come, from a client that stays until then.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Announced {
    client: u64,
    pub(crate) signal: Signal,
    /// Whether the signals of the stop are for all that the bodies have started.
    pub(crate) groups: bool,
}

/// What is asked for: how long the new generation may take to serve, how long the old one to stop once it has drained,
/// and the arguments that the new one gets; `None`: those of before.
pub(crate) struct UpgradeOrder<'a> {
    pub(crate) ready_timeout: Option<Duration>,
    pub(crate) stop_timeout: Option<Duration>,
    pub(crate) args: Option<&'a [u8]>,
}

impl<'a> UpgradeOrder<'a> {
    /// The two times in milliseconds as eight bytes each (little endian, all ones for ever), and one byte that says
    /// whether arguments follow.
    fn decode(body: &'a [u8]) -> Option<Self> {
        let (ready, rest) = body.split_first_chunk()?;
        let (stop, rest) = rest.split_first_chunk()?;
        let args = match rest.split_first()? {
            (0, []) => None,
            (1, args) => Some(args),
            _ => return None,
        };
        let time = |bytes| time_of(u64::from_le_bytes(bytes));
        Some(Self { ready_timeout: time(*ready), stop_timeout: time(*stop), args })
    }
}

impl Keeper<'_> {
    pub(crate) fn add_client(&mut self, channel: Channel) {
        if self.clients.len() >= MOST_CLIENTS {
            channel.offer(FrameKind::Refused, b"ERR_DAEMON_UNVERIFIED too many ask the keeper at once", None);
            return;
        }
        let number = self.new_numbers();
        if self.events.add(&channel, number).is_ok() {
            self.clients.push(Client { number, channel });
        }
    }

    pub(crate) fn hear_client(&mut self, number: u64) {
        let Some(client) = self.clients.iter_mut().find(|client| client.number == number) else { return };
        let (frames, how) = client.channel.receive();
        for frame in &frames {
            self.serve(number, frame);
        }
        if !matches!(how, Reception::GoesOn) {
            self.client_gone(number);
        }
    }

    fn serve(&mut self, number: u64, frame: &Frame) {
        match frame.kind {
            FrameKind::Bodies => {
                let report = report(self);
                self.answer(number, FrameKind::Bodies, report.as_bytes());
            }
            FrameKind::Upgrade => match UpgradeOrder::decode(&frame.body) {
                Some(order) => self.begin_upgrade(number, &order),
                None => self.close_client(number),
            },
            FrameKind::Stop => {
                if let [groups, signal @ ..] = frame.body.as_slice()
                    && let Ok(signal) = signal.try_into()
                {
                    let signal = Signal::from(i32::from_le_bytes(signal));
                    self.announced = Some(Announced { client: number, signal, groups: *groups != 0 });
                }
                self.answer(number, FrameKind::Stop, &[]);
            }
            FrameKind::Kill => self.kill(),
            _ => (),
        }
    }

    /// Turns the last client away, but none that has asked for an upgrade or a stop; false without any.
    pub(crate) fn forget_last_client(&mut self) -> bool {
        let last =
            self.clients.iter().rev().map(|client| client.number).find(|number| !self.works_for(*number));
        last.inspect(|number| self.client_gone(*number)).is_some()
    }

    /// A client that has asked for an upgrade and goes gives it up; so does one that has announced a stop, and has not
    /// sent its signal.
    fn client_gone(&mut self, number: u64) {
        self.close_client(number);
        let is_announced = self.announced.as_ref().is_some_and(|announced| announced.client == number);
        if is_announced && !matches!(self.phase, Phase::Ending(_)) {
            self.announced = None;
        }
        if self.upgrade.as_ref().is_some_and(|upgrade| upgrade.client == number) {
            self.end_upgrade();
        }
    }

    fn works_for(&self, client: u64) -> bool {
        self.upgrade.as_ref().is_some_and(|upgrade| upgrade.client == client)
            || self.announced.is_some_and(|announced| announced.client == client)
    }

    pub(crate) fn close_client(&mut self, number: u64) {
        if let Some(at) = self.clients.iter().position(|client| client.number == number) {
            let client = self.clients.swap_remove(at);
            self.events.remove(&client.channel);
        }
    }

    /// Tells a client something, without waiting for it. Progress texts are lost where it does not read.
    pub(crate) fn answer(&mut self, number: u64, kind: FrameKind, body: &[u8]) {
        let Some(client) = self.clients.iter().find(|client| client.number == number) else { return };
        if kind == FrameKind::Status {
            client.channel.offer(kind, body, None);
        } else {
            client.channel.offer_last(kind, body);
        }
    }

    /// Answers with an error, the last that the client hears.
    pub(crate) fn refuse(&mut self, number: u64, code: &str, message: &str) {
        self.answer(number, FrameKind::Refused, [code, " ", message].concat().as_bytes());
        self.close_client(number);
    }
}

/// A time from a client's number; `None`: for ever.
fn time_of(millis: u64) -> Option<Duration> {
    (millis != u64::MAX).then(|| Duration::from_millis(millis))
}
