//! What the keeper tells, as JSON: its bodies, and its own errors.

use std::fmt::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use daimon_core::{Error, ExitStatus, stats, whole_millis};

use crate::keeper::{Keeper, Phase};
use crate::running::{Running, State};

/// The bodies, and what has become of those before.
pub(crate) fn report(keeper: &Keeper<'_>) -> String {
    let mut json = String::from("{\"bodies\":[");
    for (at, one) in
        keeper.running.iter().filter(|body| !matches!(body.state, State::Left { .. })).enumerate()
    {
        json.push_str(if at == 0 { "" } else { "," });
        push_body(&mut json, one, one.place.generation < keeper.generation);
    }
    let _ = write!(json, "],\"respawns\":{}", keeper.respawns.count);
    if let Some((status, at)) = keeper.last_exit {
        let how = match status {
            ExitStatus::Code(code) => format!("\"code\":{code}"),
            ExitStatus::Signal(signal) => format!("\"signal\":{}", signal.number()),
        };
        let _ = write!(json, ",\"lastExit\":{{{how},\"at\":{}}}", millis(at));
    }
    if keeper.plan.executable.is_some() {
        json.push_str(",\"program\":");
        push_string(&mut json, &keeper.program.program.to_string_lossy());
    }
    if keeper.phase == Phase::Serving && keeper.at_work().next().is_none() {
        json.push_str(",\"restarting\":true");
    }
    if matches!(keeper.phase, Phase::Ending(_)) {
        json.push_str(",\"stopping\":true");
    }
    json.push('}');
    json
}

fn push_body(json: &mut String, running: &Running, is_replaced: bool) {
    let Running { body, place, state, .. } = running;
    let pid = body.process.pid();
    let _ = write!(
        json,
        "{{\"pid\":{pid},\"instance\":{},\"generation\":{},\"ready\":{},\"draining\":{}",
        place.instance,
        place.generation,
        matches!(state, State::Ready | State::Draining),
        is_replaced,
    );
    // It is not collected, so that the PID is its own.
    if let Some(stats) = stats(pid) {
        let _ = write!(
            json,
            ",\"startedAt\":{},\"uptime\":{},\"memory\":{},\"cpu\":{}",
            millis(stats.started_at),
            whole_millis(stats.uptime),
            stats.memory,
            whole_millis(stats.cpu),
        );
    }
    json.push('}');
}

fn millis(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, whole_millis)
}

/// An error as the facade reads it from a daemon.
pub(crate) fn error_json(error: &Error) -> Vec<u8> {
    let mut json = String::from("{\"name\":\"Error\"");
    if let (Some(syscall), Some(errno)) = (error.syscall(), error.os_error().and_then(|os| os.raw_os_error()))
    {
        // As Node.js has it, the number is negative.
        let _ = write!(json, ",\"syscall\":\"{syscall}\",\"errno\":-{errno}");
    }
    json.push_str(",\"message\":");
    push_string(&mut json, error.message());
    json.push('}');
    json.into_bytes()
}

/// Appends a string of JSON; control characters are blanks.
fn push_string(json: &mut String, text: &str) {
    json.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => json.extend(['\\', character]),
            character if (character as u32) < 0x20 => json.push(' '),
            character => json.push(character),
        }
    }
    json.push('"');
}
