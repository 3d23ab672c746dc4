//! The file for an error output that no option names: it is read back when the start fails, and nobody keeps it.
#![expect(unsafe_code, reason = "std cannot open what is open once more")]

use std::fs::{File, OpenOptions};
use std::io;
use std::os::windows::fs::OpenOptionsExt;
use std::os::windows::io::{AsRawHandle, FromRawHandle};

use windows_sys::Win32::Foundation::{GENERIC_READ, INVALID_HANDLE_VALUE};
use windows_sys::Win32::Storage::FileSystem::{
    DELETE, FILE_APPEND_DATA, FILE_ATTRIBUTE_TEMPORARY, FILE_FLAG_DELETE_ON_CLOSE, FILE_READ_ATTRIBUTES,
    FILE_WRITE_DATA, ReOpenFile, SYNCHRONIZE,
};

use super::file::SHARE_ALL;
use super::{Errno, errno_of, random};

/// Makes such a file, to append to and to read. The system removes it when the last handle of this opening is closed,
/// however the processes end that have one.
pub(crate) fn capture_file() -> Result<File, Errno> {
    OpenOptions::new()
        .access_mode(FILE_APPEND_DATA | GENERIC_READ | SYNCHRONIZE | DELETE)
        .share_mode(SHARE_ALL)
        .attributes(FILE_ATTRIBUTE_TEMPORARY)
        .custom_flags(FILE_FLAG_DELETE_ON_CLOSE)
        .append(true)
        .create_new(true)
        .open(std::env::temp_dir().join(format!("daimon-{:016x}.tmp", random())))
        .map_err(|error| errno_of(&error))
}

/// Opens the file that this process has for its error output once more, to cut it: who may append alone cannot.
pub(crate) fn captured_stderr() -> Option<File> {
    opened_to_cut(&io::stderr())
}

fn opened_to_cut(file: &impl AsRawHandle) -> Option<File> {
    // SAFETY: the call takes a handle, which it only asks about, and numbers.
    let handle =
        unsafe { ReOpenFile(file.as_raw_handle(), FILE_WRITE_DATA | FILE_READ_ATTRIBUTES, SHARE_ALL, 0) };
    if handle == INVALID_HANDLE_VALUE || handle.is_null() {
        return None;
    }
    // SAFETY: the call has just made this handle, which nobody else owns.
    Some(unsafe { File::from_raw_handle(handle) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::os::windows::fs::FileExt;

    #[test]
    fn what_is_appended_after_a_cut_begins_at_the_new_end() {
        let mut file = capture_file().unwrap();
        let cutter = opened_to_cut(&file).unwrap();
        file.write_all(b"a long text").unwrap();
        cutter.set_len(0).unwrap();
        file.write_all(b"more").unwrap();
        let mut bytes = [0; 16];
        let length = file.seek_read(&mut bytes, 0).unwrap();
        assert_eq!(&bytes[..length], b"more");
    }
}
