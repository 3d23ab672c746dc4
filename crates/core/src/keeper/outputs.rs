//! The outputs of a keeper, which its bodies inherit: always the files that are at the paths.

use nix::sys::stat::{fstat, stat};

use super::order::OutputFile;
use crate::error::Result;
use crate::given::Outputs;
use crate::log::reopen;
use crate::sys::FileId;
use crate::sys::{stderr, stdout};

/// Opens the outputs again whose path stands for another file by now, or for none, as after a rotation.
///
/// # Errors
///
/// As [`crate::reopen`]: the outputs are as before.
pub fn open_outputs(files: &[Option<OutputFile>; 2]) -> Result<()> {
    let [stdout, stderr] = files;
    let is_same = |file: &&OutputFile| {
        stderr.as_ref().is_some_and(|other| file.path.as_os_str() == other.path.as_os_str())
    };
    if let Some(file) = stdout.as_ref().filter(is_same) {
        return open(file, Outputs { stdout: true, stderr: true });
    }
    if let Some(file) = stdout {
        open(file, Outputs { stdout: true, stderr: false })?;
    }
    if let Some(file) = stderr {
        open(file, Outputs { stdout: false, stderr: true })?;
    }
    Ok(())
}

fn open(file: &OutputFile, outputs: Outputs) -> Result<()> {
    let present = if outputs.stderr { fstat(stderr()) } else { fstat(stdout()) };
    let is_there = stat(file.path.as_path())
        .is_ok_and(|at_path| present.is_ok_and(|present| FileId::of(&present) == FileId::of(&at_path)));
    if is_there { Ok(()) } else { reopen(&file.path, outputs, file.mode) }
}
