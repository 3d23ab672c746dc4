//! The daemon's side: adoption, and word to the launcher.

use std::ffi::OsStr;
use std::path::Path;

use daimon_core::{FrameKind, Outputs, Rotation, adopt as core_adopt, own_daemon};
use napi::bindgen_prelude::{Buffer, Either, Function};
use napi::threadsafe_function::ThreadsafeFunctionCallMode;
use napi_derive::napi;

use crate::convert::NativeError;

/// The daemon that this process is.
#[napi(object)]
pub struct NativeAdopted {
    pub pid: i32,
    /// Which body of a keeper this process is, where it is one.
    pub generation: Option<u32>,
    pub instance: Option<u32>,
    pub pid_file: String,
}

/// Whether this is the process's main thread, and no worker: told without loading `node:worker_threads`.
#[napi]
pub fn is_main_thread() -> bool {
    daimon_core::is_main_thread()
}

/// Takes over what the adoption variable names; the same daemon again after the first time.
#[napi]
pub fn adopt(value: String) -> Either<NativeAdopted, NativeError> {
    match core_adopt(OsStr::new(&value)) {
        Ok(daemon) => Either::A(NativeAdopted {
            pid: daemon.pid(),
            generation: daemon.place().map(|place| place.generation),
            instance: daemon.place().map(|place| place.instance),
            pid_file: daemon.path().to_string_lossy().into_owned(),
        }),
        Err(error) => Either::B(error.into()),
    }
}

/// The payload from the launcher; waits until all of it is there. Null if the launcher has gone.
#[napi]
pub fn receive_payload() -> Option<Buffer> {
    own_daemon()?.receive_payload().map(Buffer::from)
}

/// Says that handlers for signals are in place.
#[napi]
pub fn listening() {
    if let Some(daemon) = own_daemon() {
        daemon.listening();
    }
}

/// Tells the launcher that the daemon serves; once.
#[napi]
pub fn ready() {
    if let Some(daemon) = own_daemon() {
        daemon.ready();
    }
}

fn tell(kind: FrameKind, text: &str) {
    if let Some(daemon) = own_daemon() {
        daemon.tell(kind, text.as_bytes());
    }
}

/// Progress text for the waiting launcher.
#[napi]
pub fn tell_status(text: String) {
    tell(FrameKind::Status, &text);
}

/// An error, as JSON, that will probably end this daemon.
#[napi]
pub fn tell_error(json: String) {
    tell(FrameKind::Error, &json);
}

/// The keeper is to end the daemon, in the way that this process ends; nothing where there is no keeper.
#[napi]
pub fn tell_end() {
    if own_daemon().is_some_and(|daemon| daemon.place().is_some()) {
        tell(FrameKind::End, "");
    }
}

/// Lines for the supervisor of a daemon in the foreground, by its keeper; nothing where there is none.
#[napi]
pub fn tell_supervisor(lines: String) {
    if own_daemon().is_some_and(|daemon| daemon.place().is_some()) {
        tell(FrameKind::Notify, &lines);
    }
}

/// The code that this daemon exits with.
#[napi]
pub fn tell_exit(code: i32) {
    tell(FrameKind::Exit, &code.to_string());
}

/// Opens a log again and puts it in place of stdout or stderr or both; the error, if any, is returned.
#[napi]
pub fn reopen_log(path: String, stdout: bool, stderr: bool, mode: Option<u32>) -> Option<NativeError> {
    daimon_core::reopen(Path::new(&path), Outputs { stdout, stderr }, mode).err().map(NativeError::from)
}

/// When a log is rotated, and which files are kept.
#[napi(object)]
pub struct NativeRotation {
    pub path: String,
    pub max_size: f64,
    pub keep: u32,
    pub compress: bool,
    pub mode: Option<u32>,
}

/// Why this process, as it is, must not rotate a log; null where it may.
#[napi]
pub fn check_rotation(path: String) -> Option<NativeError> {
    daimon_core::check_rotation(Path::new(&path)).err().map(NativeError::from)
}

/// Rotates this daemon's log from now on, on a thread of its own; the error, if any, is returned.
#[napi]
pub fn start_rotation(rotation: NativeRotation) -> Option<NativeError> {
    let NativeRotation { path, max_size, keep, compress, mode } = rotation;
    let rotation = Rotation { path: path.into(), max_size: max_size as u64, keep, compress, mode };
    daimon_core::start_rotation(rotation, tell_rotated).err().map(NativeError::from)
}

/// The other bodies of a keeper write to the same log.
fn tell_rotated() {
    if let Some(daemon) = own_daemon().filter(|daemon| daemon.place().is_some()) {
        daemon.tell(FrameKind::Reopen, &[]);
    }
}

/// Has signals that do not come by the system given to the callback, by their numbers; it does not keep the event loop
/// alive. False where the system has signals, and in a process that is no daemon.
#[napi]
pub fn take_signals(callback: Function<'_, i32, ()>) -> napi::Result<bool> {
    let callback = callback.build_threadsafe_function().callee_handled::<false>().weak::<true>().build()?;
    Ok(daimon_core::take_signals(move |signal| {
        // It fails only when the environment is ending, and the process with it.
        callback.call(signal.number(), ThreadsafeFunctionCallMode::NonBlocking);
    }))
}

/// The folder for files of this user, or of the machine, by the system's own table; null where the system has none.
#[napi]
pub fn local_folder(for_machine: bool) -> Option<String> {
    daimon_core::local_folder(for_machine).map(|path| path.to_string_lossy().into_owned())
}

/// Whether this process has the rights of an administrator, or is root's.
#[napi]
pub fn is_administrator() -> bool {
    daimon_core::is_administrator()
}

/// Makes a folder of the machine, in which administrators alone can change anything; the error, if any, is returned.
#[napi]
pub fn make_machine_folder(path: String) -> Option<NativeError> {
    daimon_core::make_machine_folder(Path::new(&path)).err().map(NativeError::from)
}
