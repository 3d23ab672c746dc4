//! Named steps at which a test can stop or kill this process, and rules that a test can break, to see what the
//! torture makes of that. Without the feature `seams`, which nothing that is shipped has, all of it is compiled to
//! nothing.
//!
//! `DAIMON_SEAM` in the environment is `STEP ACTION FILE`. When the process gets to the step for the first time it
//! makes the file, and then sends itself the signal of the action: `kill` (SIGKILL) or `stop` (SIGSTOP). As long as the
//! file is there, nothing happens: it is one process that acts, after the test has removed the file at the latest. With
//! `DAIMON_JITTER`, a number of milliseconds, every fourth step on average takes up to that time, so that races
//! become likely. `DAIMON_BROKEN` is the name of a rule that this process breaks.

#[cfg(feature = "seams")]
pub(crate) use enabled::{arm, at, variables};
#[cfg(feature = "seams")]
pub use enabled::{breaks, on_step, reached};

/// The process gets to a step.
#[cfg(not(feature = "seams"))]
#[inline]
pub(crate) const fn at(_step: &str) {}

/// Reads the orders, so that the steps between clone and exec need not.
#[cfg(not(feature = "seams"))]
#[inline]
pub(crate) const fn arm() {}

/// The orders of this process, for the environment of another one that gets nothing else of it.
#[cfg(all(unix, not(feature = "seams")))]
#[inline]
pub(crate) const fn variables() -> Vec<std::ffi::CString> {
    Vec::new()
}

/// Whether a test has this rule broken.
#[cfg(not(feature = "seams"))]
#[inline]
pub(crate) const fn breaks(_rule: &str) -> bool {
    false
}

#[cfg(feature = "seams")]
mod enabled {
    use std::env;
    use std::ffi::{CStr, CString};
    use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
    use std::sync::{Mutex, OnceLock, PoisonError};

    use rustix::fs::{Mode, OFlags, open};
    use rustix::io::Errno;
    use rustix::process::{Signal, getpid, kill_process};
    use rustix::thread::{NanosleepRelativeResult, Timespec, nanosleep};

    struct Orders {
        step: String,
        action: Action,
        file: CString,
    }

    #[derive(Clone, Copy)]
    enum Action {
        Kill,
        Stop,
    }

    /// The longest time that a step takes, in ms; 0 for none.
    static JITTER: OnceLock<u64> = OnceLock::new();
    static RANDOM: AtomicU64 = AtomicU64::new(0);

    static ORDERS: OnceLock<Option<Orders>> = OnceLock::new();
    static DONE: AtomicBool = AtomicBool::new(false);
    static HOOK: Mutex<Option<fn(&str)>> = Mutex::new(None);
    static HAS_HOOK: AtomicBool = AtomicBool::new(false);

    fn orders() -> Option<&'static Orders> {
        ORDERS.get_or_init(read).as_ref()
    }

    fn read() -> Option<Orders> {
        let value = env::var("DAIMON_SEAM").ok()?;
        let mut words = value.splitn(3, ' ');
        let step = words.next()?.to_owned();
        let action = match words.next()? {
            "kill" => Action::Kill,
            "stop" => Action::Stop,
            _ => return None,
        };
        let file = CString::new(words.next()?).ok()?;
        Some(Orders { step, action, file })
    }

    pub(crate) fn arm() {
        orders();
        jitter();
    }

    fn jitter() -> u64 {
        *JITTER.get_or_init(|| {
            RANDOM.store(u64::from(std::process::id()) << 20 | 1, Ordering::Relaxed);
            env::var("DAIMON_JITTER").ok().and_then(|text| text.parse().ok()).unwrap_or(0)
        })
    }

    /// Every fourth step takes a while: splitmix64, whose state is a counter.
    fn delay(longest: u64) {
        let mut mixed = RANDOM.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        if mixed & 3 == 0 {
            pause((mixed >> 8) % longest.saturating_mul(1_000_000).max(1));
        }
    }

    fn pause(nanoseconds: u64) {
        let (seconds, rest) = (nanoseconds / 1_000_000_000, nanoseconds % 1_000_000_000);
        let time = Timespec { tv_sec: seconds.cast_signed(), tv_nsec: rest as _ };
        let _: NanosleepRelativeResult = nanosleep(&time);
    }

    /// Between clone and exec, too: once the orders are read, all calls here are system calls without libc's state.
    pub(crate) fn at(step: &str) {
        reached(step);
    }

    /// As the steps of the core, for those of its callers.
    pub fn reached(step: &str) {
        if HAS_HOOK.load(Ordering::Acquire) {
            let hook = *HOOK.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(hook) = hook {
                hook(step);
            }
        }
        arm();
        let longest = jitter();
        if longest > 0 {
            delay(longest);
        }
        let Some(orders) = orders() else { return };
        // Launcher and child share memory, and this with it: they have no step in common.
        if orders.step != step || DONE.swap(true, Ordering::AcqRel) {
            return;
        }
        if !act(orders.action, &orders.file) {
            DONE.store(false, Ordering::Release);
        }
    }

    /// False while the file is there.
    fn act(action: Action, file: &CStr) -> bool {
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::RDWR | OFlags::CLOEXEC;
        match open(file, flags, Mode::from_raw_mode(0o644)) {
            Err(Errno::EXIST) => return false,
            made => drop(made),
        }
        match action {
            Action::Kill => drop(kill_process(getpid(), Signal::KILL)),
            Action::Stop => drop(kill_process(getpid(), Signal::STOP)),
        }
        true
    }

    pub(crate) fn variables() -> Vec<CString> {
        let pair = |name: &&str| env::var(name).ok().map(|value| format!("{name}={value}"));
        let pairs = ["DAIMON_SEAM", "DAIMON_JITTER", "DAIMON_BROKEN"];
        pairs.iter().filter_map(pair).filter_map(|pair| CString::new(pair).ok()).collect()
    }

    /// Has each step call this function, in the process and on the thread that gets there.
    pub fn on_step(hook: fn(&str)) {
        *HOOK.lock().unwrap_or_else(PoisonError::into_inner) = Some(hook);
        HAS_HOOK.store(true, Ordering::Release);
    }

    /// Whether a test has this rule broken.
    pub fn breaks(rule: &str) -> bool {
        static BROKEN: OnceLock<Option<String>> = OnceLock::new();
        BROKEN.get_or_init(|| env::var("DAIMON_BROKEN").ok()).as_deref() == Some(rule)
    }
}
