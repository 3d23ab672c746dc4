//! The service that this process is, if the service control manager has started it: what sd_notify(3) is elsewhere,
//! without a wrapper program.

use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use super::own::{own_daemon, remove_own};
use crate::given::Course;
use crate::sys::control::{HUP, TERM};
use crate::sys::service::{Control, Manager, Progress, Serviced, dispatch};
use crate::sys::{self, Errno};
use crate::threads;

/// The program of the service control manager.
const MANAGER: &str = "services.exe";
/// How long the manager may take to take this process for the service as which it has started it.
const PATIENCE: Duration = Duration::from_secs(5);
/// What a start or stop may take whose time nobody has told.
const COMMON: Duration = Duration::from_secs(30);

const STACK: usize = 256 * 1_024;

/// The service that this process is.
#[derive(Debug)]
pub struct Service {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    link: Link,
    course: Course,
    /// The manager takes a start or a stop whose count does not grow for one that hangs.
    count: u32,
    is_stop_asked: bool,
}

#[derive(Clone, Copy, Debug)]
enum Link {
    /// The manager has not answered yet.
    Pending,
    Joined(Manager),
    /// This is no service, the manager has not answered in time, or it has been told that the service has stopped.
    Over,
}

static SERVICE: OnceLock<Service> = OnceLock::new();

impl Service {
    /// Tells whether the service control manager has made this process, which is then a service. The manager itself has
    /// the last word ([`Service::is_joined`]).
    pub fn is_this_process() -> bool {
        static IS: OnceLock<bool> = OnceLock::new();
        *IS.get_or_init(|| sys::is_child_of(MANAGER))
    }

    /// Begins to be the service, if this process is one. Does not wait for the manager. Once; later calls give the same
    /// service.
    pub fn begin() -> Option<&'static Self> {
        if !Self::is_this_process() {
            return None;
        }
        let mut is_first = false;
        let service = SERVICE.get_or_init(|| {
            is_first = true;
            let state = State {
                link: Link::Pending,
                course: Course::Starting(COMMON),
                count: 0,
                is_stop_asked: false,
            };
            Self { state: Mutex::new(state), changed: Condvar::new() }
        });
        if is_first {
            // It returns when the service has stopped, too.
            let work = Box::new(|| {
                let _ = dispatch(service);
                service.link(Link::Over);
            });
            if threads::spawn("daimon-service", STACK, work).is_err() {
                service.link(Link::Over);
            }
        }
        Some(service)
    }

    /// Tells whether the manager has taken this process for its service. Waits until it has answered, for 5 seconds at
    /// most. After that time this is no service, and a late manager is told that it has stopped.
    pub fn is_joined(&self) -> bool {
        matches!(self.answered().link, Link::Joined(_))
    }

    fn answered(&self) -> MutexGuard<'_, State> {
        let pending = |state: &mut State| matches!(state.link, Link::Pending);
        let waited = self.changed.wait_timeout_while(self.lock(), PATIENCE, pending);
        let (mut state, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() {
            // For good: otherwise a late answer makes a service of a process that goes on as none.
            state.link = Link::Over;
        }
        state
    }

    /// Tells the manager where the service is. What has been told before the manager has answered is told then.
    pub fn report(&self, course: Course) {
        let mut state = self.lock();
        // A stop is the last that there is, and a start that goes on says nothing new about a service that runs.
        let is_back = match (state.course, course) {
            (Course::Stopping(_), course) => !matches!(course, Course::Stopping(_)),
            (Course::Running, Course::Starting(_)) => true,
            _ => false,
        };
        if !is_back {
            state.tell(course);
        }
    }

    /// Tells the manager that the service has stopped, with this exit code; the process must end now. The pidfile is
    /// removed before, because the manager may start the service anew at once.
    pub fn end(&self, code: i32) {
        let mut state = self.answered();
        let Link::Joined(manager) = state.link else { return };
        state.link = Link::Over;
        remove_own();
        // It has done what it was asked for, if in the way of a program that knows no signals.
        let is_asked = state.is_stop_asked && code.cast_unsigned() == sys::TERMINATED;
        let code = if is_asked { 0 } else { code.cast_unsigned() };
        // Ignore a failure: the manager sees the end of the process, too.
        let _ = manager.tell(Progress::Stopped(code));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn link(&self, link: Link) {
        let mut state = self.lock();
        if let (Link::Over, Link::Joined(manager)) = (state.link, link) {
            // Ignore a failure: it would be that of a manager that has gone.
            let _ = manager.tell(Progress::Stopped(0));
            return;
        }
        state.link = link;
        let course = state.course;
        state.tell(course);
        drop(state);
        self.changed.notify_all();
    }
}

impl State {
    fn tell(&mut self, course: Course) {
        let is_same = std::mem::discriminant(&self.course) == std::mem::discriminant(&course);
        self.count = if is_same { self.count.saturating_add(1) } else { 1 };
        self.course = course;
        let Link::Joined(manager) = self.link else { return };
        // Ignore a failure: it would be that of a manager that has gone.
        let _ = manager.tell(match course {
            Course::Starting(time) => Progress::Starting(self.count, time),
            Course::Running => Progress::Running,
            Course::Stopping(time) => Progress::Stopping(self.count, time),
        });
    }
}

impl Serviced for Service {
    fn begun(&self, manager: Result<Manager, Errno>) {
        self.link(manager.map_or(Link::Over, Link::Joined));
    }

    fn asked(&self, control: Control) {
        if control == Control::Stop {
            let mut state = self.lock();
            state.is_stop_asked = true;
            state.tell(Course::Stopping(COMMON));
        }
        match (own_daemon(), control) {
            (Some(daemon), Control::Stop) => daemon.hear(TERM),
            (Some(daemon), Control::Reload) => daemon.hear(HUP),
            // Nothing is there yet that could be stopped in order.
            (None, Control::Stop) => end_by_signal(),
            (None, Control::Reload) => (),
        }
    }
}

/// Ends this process as a SIGTERM does that nobody handles. A service is told to have stopped.
pub(super) fn end_by_signal() {
    if let Some(service) = SERVICE.get() {
        service.end(sys::TERMINATED.cast_signed());
    }
    remove_own();
    sys::end_now(sys::TERMINATED);
}
