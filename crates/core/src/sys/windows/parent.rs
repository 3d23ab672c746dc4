//! The process that has made this one.
#![expect(unsafe_code, reason = "std does not know the parent of a process")]

use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};

use windows_sys::Win32::Foundation::INVALID_HANDLE_VALUE;
use windows_sys::Win32::System::Diagnostics::ToolHelp::{
    CreateToolhelp32Snapshot, PROCESSENTRY32W, Process32FirstW, Process32NextW, TH32CS_SNAPPROCESS,
};

/// Whether the program of the process that has made this one has that name, such as `services.exe`. A list of all
/// processes tells, because a service with few rights may not open its parent.
pub(crate) fn is_child_of(program: &str) -> bool {
    let Some(processes) = processes() else { return false };
    let own = std::process::id();
    let parent =
        processes.iter().find(|entry| entry.th32ProcessID == own).map(|entry| entry.th32ParentProcessID);
    processes
        .iter()
        .filter(|entry| Some(entry.th32ProcessID) == parent)
        .any(|entry| name_of(entry).eq_ignore_ascii_case(program))
}

fn name_of(entry: &PROCESSENTRY32W) -> String {
    let name = &entry.szExeFile;
    let end = name.iter().position(|unit| *unit == 0).unwrap_or(name.len());
    String::from_utf16_lossy(&name[..end])
}

fn processes() -> Option<Vec<PROCESSENTRY32W>> {
    // SAFETY: the call takes two numbers.
    let snapshot = unsafe { CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0) };
    if snapshot == INVALID_HANDLE_VALUE || snapshot.is_null() {
        return None;
    }
    // SAFETY: the call has just made this handle, which nobody else owns.
    let snapshot = unsafe { OwnedHandle::from_raw_handle(snapshot) };
    let mut entry = PROCESSENTRY32W { dwSize: size_of::<PROCESSENTRY32W>() as u32, ..Default::default() };
    let mut found = Vec::new();
    // SAFETY: the handle is open for the whole call, and the system writes to a structure that tells its size.
    let mut more = unsafe { Process32FirstW(snapshot.as_raw_handle(), &raw mut entry) };
    while more != 0 {
        found.push(entry);
        // SAFETY: as above.
        more = unsafe { Process32NextW(snapshot.as_raw_handle(), &raw mut entry) };
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parent_is_found_by_its_name_alone() {
        // The name of the program that runs the tests is not known. It is no service.
        assert!(!is_child_of("services.exe"));
        assert!(processes().unwrap().iter().any(|entry| entry.th32ProcessID == std::process::id()));
    }
}
