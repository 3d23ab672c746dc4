//! The work of a keeper's body, by its threads: the keeper is told when the last one accepts no more, and when the last
//! one has finished.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use daimon_core::{FrameKind, own_daemon};
use napi::Env;
use napi_derive::napi;

/// How many threads accept connections.
static ACCEPTING: AtomicU32 = AtomicU32::new(0);
/// How much work there is that a drain waits for.
static WORKING: AtomicU32 = AtomicU32::new(0);

/// One of those that are counted.
struct Counted {
    accepts: AtomicBool,
    works: AtomicBool,
}

impl Counted {
    fn new(accepts: bool) -> Arc<Self> {
        WORKING.fetch_add(1, Ordering::SeqCst);
        if accepts {
            ACCEPTING.fetch_add(1, Ordering::SeqCst);
        }
        Arc::new(Self { accepts: accepts.into(), works: true.into() })
    }

    fn leave(&self) {
        end(&self.accepts, &ACCEPTING, FrameKind::Leaving);
    }

    fn finish(&self) {
        self.leave();
        end(&self.works, &WORKING, FrameKind::Drained);
    }
}

/// Counts it no more, once; the end of the last one is told.
fn end(counts: &AtomicBool, all: &AtomicU32, told: FrameKind) {
    let is_last = counts.swap(false, Ordering::SeqCst) && all.fetch_sub(1, Ordering::SeqCst) == 1;
    if is_last && let Some(daemon) = own_daemon() {
        daemon.tell_keeper(told, &[], None);
    }
}

/// Work of a thread that a drain waits for, until it is finished.
#[napi]
pub struct Work(Arc<Counted>);

#[napi]
impl Work {
    /// That of the main thread, which ends with the process; `accepts` if it accepts connections.
    #[napi(factory)]
    pub fn begin(accepts: bool) -> Self {
        Self(Counted::new(accepts))
    }

    /// That of a worker that accepts connections. It is finished when the worker ends, at the latest: one that is
    /// terminated has no event for that.
    #[napi(factory)]
    pub fn begin_in_worker(env: &Env) -> Self {
        let counted = Counted::new(true);
        // If the system has no memory for it, the keeper ends the body at its deadline.
        let _ = env.add_env_cleanup_hook(Arc::clone(&counted), |counted| counted.finish());
        Self(counted)
    }

    /// The thread accepts no more.
    #[napi]
    pub fn leave(&self) {
        self.0.leave();
    }

    /// Nothing is left to do.
    #[napi]
    pub fn finish(&self) {
        self.0.finish();
    }
}
