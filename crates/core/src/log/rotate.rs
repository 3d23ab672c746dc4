//! The thread of the daemon that rotates its log.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, OnceLock};

use nix::unistd::write;

use super::names::{Look, Names};
use super::watch::Pace;
use crate::error::{Error, Result, Subject};
use crate::given::Rotation;
use crate::mutex::lock;
use crate::sys::block_all;
use crate::sys::stderr;
use crate::threads;
use crate::trusted_path::Walk;

/// The compressor's tables are on the heap in the end, but some compilers build them on the stack first.
const STACK: usize = 1_024 * 1_024;

/// Rotates the log from now on, as long as this process's outputs go there. The thread does not keep the process from
/// exiting; an exit at any moment leaves a whole set of files behind. `rotated` is called, on that thread, each time
/// that the outputs have been put into a new file.
///
/// ```no_run
/// use daimon_core::{Rotation, start_rotation};
///
/// let path = "/var/log/web.log".into();
/// let rotation = Rotation { path, max_size: 1_000_000, keep: 5, compress: true, mode: None };
/// start_rotation(rotation, || println!("the log is a new file"))?;
/// # Ok::<(), daimon_core::Error>(())
/// ```
///
/// # Errors
///
/// `StartFailed` when there is no thread left; `InvalidOption` as [`check_rotation`].
pub fn start_rotation(rotation: Rotation, rotated: impl Fn() + Send + 'static) -> Result<()> {
    check_rotation(&rotation.path)?;
    let work = Box::new(move || watch(&rotation, rotated));
    threads::spawn("daimon-log", STACK, work).map(drop).map_err(|error| {
        Error::io("rotate", "clone", &error, "no thread for the rotation of the log could be made")
    })
}

/// Held while a log is rotated or compressed. True once the end of that has been told.
static AT_WORK: Mutex<bool> = Mutex::new(false);

/// What is called when this process rotates no more; set by [`end_rotation`].
static ENDED: OnceLock<fn()> = OnceLock::new();

/// Ends the rotation, because another process is to rotate the log. `ended` is called once, when this process rotates
/// no more: now, or on the thread that is just rotating.
pub fn end_rotation(ended: fn()) {
    if ENDED.set(ended).is_err() {
        return;
    }
    // The thread looks at `ENDED` whenever it has taken or released the lock.
    if let Ok(told) = AT_WORK.try_lock() {
        tell_end(told, ended);
    }
}

fn tell_end(mut told: MutexGuard<'_, bool>, ended: fn()) {
    if !*told {
        *told = true;
        ended();
    }
}

/// Refuses a rotation by root if other users can redirect the log's path.
///
/// ```
/// # use std::path::Path;
/// daimon_core::check_rotation(Path::new("/var/log/web.log")).ok();
/// ```
///
/// # Errors
///
/// `InvalidOption`. Where the path cannot be followed, opening the log tells why.
pub fn check_rotation(log: &Path) -> Result<()> {
    let Some(folder) = log.parent() else { return Ok(()) };
    match Walk::to(folder) {
        Ok(Some(walk)) if !walk.is_roots_alone() => {
            let message = format!(
                "{} is in a folder, or reached by one, that others than root can change: root does \
                 not rotate there; give a user, or another folder",
                log.display()
            );
            Err(Error::invalid(Subject::LogRotation, message).at(log))
        }
        _ => Ok(()),
    }
}

fn watch(rotation: &Rotation, rotated: impl Fn()) {
    block_all();
    let names = Names::of(&rotation.path);
    let mut troubles = Troubles::default();
    let mut pace = Pace::of(&rotation.path, rotation.max_size);
    loop {
        pace.wait();
        let at_work = lock(&AT_WORK);
        if let Some(ended) = ENDED.get() {
            return tell_end(at_work, *ended);
        }
        let look = names.rotate(rotation);
        troubles.report("rotated", look.as_ref().err());
        if matches!(look, Ok(Look::Rotated(_))) {
            rotated();
        }
        if rotation.compress && matches!(look, Ok(Look::Rotated(_))) {
            troubles.report("compressed", names.compress(rotation.keep).err().as_ref());
        }
        drop(at_work);
        if let Some(ended) = ENDED.get() {
            return tell_end(lock(&AT_WORK), *ended);
        }
        pace.saw(&look);
    }
}

/// The present troubles. Each is said once, until it is over.
#[derive(Default)]
struct Troubles {
    told: Vec<&'static str>,
}

impl Troubles {
    /// Says in the log itself, where people look, that it cannot be rotated or compressed (`what`).
    fn report(&mut self, what: &'static str, error: Option<&Error>) {
        let Some(error) = error else {
            return self.told.retain(|told| *told != what);
        };
        if self.told.contains(&what) {
            return;
        }
        self.told.push(what);
        let text = format!("daimon: the log cannot be {what}: {error}\n");
        // Ignore a failure: if the log cannot be written to, there is no other place to say it.
        let _ = write(stderr(), text.as_bytes());
    }
}
