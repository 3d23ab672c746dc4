//! Reading and listing `/proc`. By plain system calls, because a keeper would have std's files for nothing else.

use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::sys::stat::Mode;
use nix::unistd::{read, write};
use rustix::fs::RawDir;

use super::child::number;
use crate::sys::unix::fd::read_to_end;

/// How much is read of a text. A process can make the text about it very long, by a million locks on one file; locks by
/// flock(2) come first. Long enough for the user ids in `status`: they come before the groups, of which there may be
/// 65,536.
const LONGEST_TEXT: usize = 65_536;
/// Room for names of a folder.
const NAMES: usize = 4_096;

fn open_file(path: &str, flags: OFlag) -> Result<OwnedFd, Errno> {
    open(Path::new(path), flags | OFlag::O_CLOEXEC, Mode::empty())
}

/// The beginning of a text; `None` for one that cannot be read.
pub(super) fn read_begin(path: &str) -> Option<Vec<u8>> {
    read_to_end(&open_file(path, OFlag::O_RDONLY).ok()?, LONGEST_TEXT).ok()
}

/// What one read gives of a text; `None` for one that cannot be read.
pub(super) fn read_once<'a>(path: &str, room: &'a mut [u8]) -> Option<&'a [u8]> {
    let length = read(open_file(path, OFlag::O_RDONLY).ok()?, room).ok()?;
    room.get(..length)
}

/// Writes a text, in one call.
pub(super) fn write_text(path: &str, text: &str) -> Result<(), Errno> {
    let file = open_file(path, OFlag::O_WRONLY)?;
    write(&file, text.as_bytes()).map(drop)
}

/// The names in a folder that are numbers, as far as it can be read.
pub(super) fn numbers_in(folder: &str) -> Vec<i32> {
    let mut numbers = Vec::new();
    if let Ok(folder) = open_file(folder, OFlag::O_RDONLY | OFlag::O_DIRECTORY) {
        let mut buffer = [MaybeUninit::uninit(); NAMES];
        let mut list = RawDir::new(&folder, &mut buffer);
        while let Some(Ok(entry)) = list.next() {
            numbers.extend(number(entry.file_name()));
        }
    }
    numbers
}
