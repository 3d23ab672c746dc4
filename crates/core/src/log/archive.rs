//! Compression of a rotated log.

use std::fs::{self, File, FileTimes, OpenOptions};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use nix::fcntl::OFlag;
use nix::sys::stat::fstat;

use super::open::{belong_and_permit, mode_of};
use crate::given::Owner;
use crate::sys;
use crate::trusted_path::SAFE_OPEN;

/// Replaces `plain` by `packed`, which has the same owner, mode and time of modification. By that time and the size a
/// reader that has the plain file open knows that both are the same log. At every moment one of the two is whole.
///
/// A log that a child of the daemon still writes to is left as it is: lines after the compression would be lost.
pub(super) fn pack(plain: &Path, unfinished: &Path, packed: &Path) -> io::Result<()> {
    let source = OpenOptions::new().read(true).custom_flags(SAFE_OPEN.bits()).open(plain)?;
    if !source.metadata()?.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    if sys::is_written(source.as_fd()) {
        return Ok(());
    }
    let packing = write_packed(source, unfinished).and_then(|unchanged| {
        if unchanged {
            fs::rename(unfinished, packed)?;
            fs::remove_file(plain)
        } else {
            fs::remove_file(unfinished)
        }
    });
    if packing.is_err() {
        // An unfinished file is of no use; the next try makes it anew.
        let _ = fs::remove_file(unfinished);
    }
    packing
}

/// Gives false when the source has grown meanwhile.
fn write_packed(mut source: File, unfinished: &Path) -> io::Result<bool> {
    match fs::remove_file(unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => (),
    }
    let flags = (OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW).bits();
    let target =
        OpenOptions::new().write(true).create_new(true).mode(0o600).custom_flags(flags).open(unfinished)?;
    let mut encoder = GzEncoder::new(target, Compression::default());
    let read = io::copy(&mut source, &mut encoder)?;
    let target = encoder.finish()?;
    let metadata = source.metadata()?;
    target
        .set_times(FileTimes::new().set_accessed(metadata.accessed()?).set_modified(metadata.modified()?))?;
    // The plain file is removed next: after a power failure at least one of the two must be there.
    target.sync_all()?;
    let former = fstat(&source)?;
    belong_and_permit(&OwnedFd::from(target), mode_of(&former), Some(Owner::of(&former)));
    Ok(metadata.len() == read)
}
