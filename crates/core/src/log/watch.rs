//! The moments at which the thread of the rotation looks at the log: first when the kernel tells of a write, then again
//! and again until the log no longer grows.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;

use super::names::Look;
use crate::error::Result;
use crate::sys::{FileWatch, is_shared_by_machines};

/// How often a growing log is looked at: `max_size` is exceeded by no more than is written in this time.
const MOST_OFTEN: Duration = Duration::from_millis(20);
/// How often a log at rest is looked at where the kernel does not tell of writes, and how often a failed rotation is
/// tried again.
const LEAST_OFTEN: Duration = Duration::from_secs(1);
/// How often to look for a log that has gone, even if the kernel tells nothing.
const LOST: Duration = Duration::from_secs(10);

/// The step before the next look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// Set watches. The next look sees all earlier writes; the watches tell of later ones.
    Watches { is_lost: bool },
    /// Pause for that time.
    Pause(Duration),
    /// Wait until the kernel tells of a change, for that time at most.
    Word(Option<Duration>),
}

/// The pace of the looks at one log.
pub(super) struct Pace<'a> {
    log: &'a Path,
    max_size: u64,
    watch: Option<FileWatch>,
    /// Whether the kernel tells, as far as is known.
    is_told: bool,
    next: Next,
    /// As of the last look.
    size: u64,
    looked: Instant,
}

impl<'a> Pace<'a> {
    pub(super) fn of(log: &'a Path, max_size: u64) -> Self {
        let next = Next::Watches { is_lost: false };
        Self { log, max_size, watch: None, is_told: false, next, size: 0, looked: Instant::now() }
    }

    /// Waits until it is time for the next look.
    pub(super) fn wait(&mut self) {
        match self.next {
            // A kernel without a free watch may have one later.
            Next::Watches { is_lost } => self.is_told = self.arm(is_lost).is_ok(),
            Next::Pause(time) => thread::sleep(time),
            Next::Word(limit) => match &self.watch {
                Some(watch) => watch.wait(limit),
                None => thread::sleep(LEAST_OFTEN),
            },
        }
    }

    fn arm(&mut self, is_lost: bool) -> std::result::Result<(), Errno> {
        let watch = match &mut self.watch {
            Some(watch) => watch,
            None => self.watch.insert(FileWatch::new()?),
        };
        watch.disarm();
        let file = watch.add_file(self.log);
        if !is_lost {
            return file;
        }
        // The outputs may go to the file that is there now next.
        match file {
            Ok(()) | Err(Errno::ENOENT) => watch.add_folder(self.log.parent().unwrap_or(Path::new("/"))),
            error => error,
        }
    }

    /// Takes in what a look has shown.
    pub(super) fn saw(&mut self, look: &Result<Look>) {
        let now = Instant::now();
        let took = now.saturating_duration_since(self.looked);
        self.looked = now;
        // The size that the log has reached, and the size from which it grows on.
        let (grown_to, present) = match look {
            Ok(Look::Rotated(size)) => (*size, 0),
            Ok(Look::Size(size)) => (*size, *size),
            Ok(Look::NotOurs) => {
                self.next = self.after_lost();
                return;
            }
            Err(_) => {
                self.next = Next::Pause(LEAST_OFTEN);
                return;
            }
        };
        let grown = grown_to.saturating_sub(self.size);
        let is_at_rest = grown_to == self.size && matches!(look, Ok(Look::Size(_)));
        self.size = present;
        self.next = if is_at_rest {
            self.after_rest()
        } else if self.is_told {
            Next::Pause(MOST_OFTEN)
        } else {
            Next::Pause(pause(self.max_size, present, grown, took))
        };
    }

    fn after_rest(&self) -> Next {
        match self.next {
            Next::Pause(_) => Next::Watches { is_lost: false },
            // Something other than a write has happened to the file, and may happen all the time.
            Next::Word(_) => Next::Pause(MOST_OFTEN),
            Next::Watches { .. } if self.is_told => {
                Next::Word(is_shared_by_machines(self.log).then_some(LEAST_OFTEN))
            }
            Next::Watches { .. } => Next::Pause(LEAST_OFTEN),
        }
    }

    /// The outputs do not go to the file of the log's name: the program that renamed the log will have it opened again.
    fn after_lost(&self) -> Next {
        match self.next {
            Next::Pause(_) | Next::Watches { is_lost: false } => Next::Watches { is_lost: true },
            Next::Word(_) => Next::Pause(MOST_OFTEN),
            Next::Watches { is_lost: true } if self.is_told => Next::Word(Some(LOST)),
            Next::Watches { is_lost: true } => Next::Pause(LEAST_OFTEN),
        }
    }
}

/// How long the next look can wait where the kernel does not tell: half of the time that is left at the present growth.
fn pause(max_size: u64, size: u64, grown: u64, took: Duration) -> Duration {
    if grown == 0 {
        return LEAST_OFTEN;
    }
    let left = max_size.saturating_sub(size) as f64 / grown as f64;
    // Bounded before the multiplication, which overflows.
    let looks = (left / 2.0).min(1e6);
    took.min(LEAST_OFTEN).mul_f64(looks).clamp(MOST_OFTEN, LEAST_OFTEN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Error, ErrorKind};

    #[test]
    fn a_log_that_does_not_grow_is_looked_at_once_a_second() {
        assert_eq!(pause(1_000, 999, 0, LEAST_OFTEN), LEAST_OFTEN);
        assert_eq!(pause(u64::MAX, 1, 1, Duration::from_millis(20)), LEAST_OFTEN);
    }

    #[test]
    fn a_log_that_grows_is_looked_at_when_half_of_the_time_is_over() {
        assert_eq!(pause(1_000, 500, 100, Duration::from_millis(100)), Duration::from_millis(250));
        assert_eq!(pause(1_000, 999, 100, Duration::from_millis(100)), MOST_OFTEN);
        assert_eq!(pause(1_000, 5_000, 5_000, LEAST_OFTEN), MOST_OFTEN);
    }

    /// The step after each of these looks, without any wait.
    fn course(is_told: bool, looks: impl IntoIterator<Item = Result<Look>>) -> Vec<Next> {
        let mut pace = Pace::of(Path::new("/"), 1_000);
        pace.is_told = is_told;
        looks
            .into_iter()
            .map(|look| {
                pace.saw(&look);
                pace.next
            })
            .collect()
    }

    const ARMED: Next = Next::Watches { is_lost: false };
    const SOON: Next = Next::Pause(MOST_OFTEN);

    #[test]
    fn a_log_at_rest_is_waited_for_and_one_that_grows_is_looked_at_often() {
        let looks = [0, 0, 5, 9, 9, 9].map(|size| Ok(Look::Size(size)));
        // At rest; word of something that is no growth; growth, twice; at rest again, confirmed by one more look.
        assert_eq!(course(true, looks), [Next::Word(None), SOON, SOON, SOON, ARMED, Next::Word(None)]);
    }

    #[test]
    fn after_a_rotation_it_goes_on_soon() {
        let looks = [Ok(Look::Rotated(2_000)), Ok(Look::Size(0)), Ok(Look::Size(0))];
        assert_eq!(course(true, looks), [SOON, ARMED, Next::Word(None)]);
    }

    #[test]
    fn where_the_kernel_does_not_tell_it_is_looked_at_and_asked_again() {
        let looks = [0, 0, 0, 0].map(|size| Ok(Look::Size(size)));
        let second = Next::Pause(LEAST_OFTEN);
        assert_eq!(course(false, looks), [second, ARMED, second, ARMED]);
    }

    #[test]
    fn a_log_that_has_gone_is_waited_for_in_its_folder() {
        let lost = Next::Watches { is_lost: true };
        let looks = [(); 5].map(|()| Ok(Look::NotOurs));
        assert_eq!(course(true, looks), [lost, Next::Word(Some(LOST)), SOON, lost, Next::Word(Some(LOST))]);
        let looks = [(); 3].map(|()| Ok(Look::NotOurs));
        assert_eq!(course(false, looks), [lost, Next::Pause(LEAST_OFTEN), lost]);
    }

    #[test]
    fn what_fails_is_tried_again_in_a_second() {
        let failed = || Err(Error::new(ErrorKind::StartFailed, "full"));
        assert_eq!(course(true, [failed(), failed()]), [Next::Pause(LEAST_OFTEN); 2]);
    }
}
