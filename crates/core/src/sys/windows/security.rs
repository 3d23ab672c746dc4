//! Who may use what this process names for all to find: its own user, the system and administrators.
#![expect(unsafe_code, reason = "std knows no access lists")]

use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::ptr::null_mut;

use windows_sys::Win32::Foundation::LocalFree;
use windows_sys::Win32::Globalization::lstrlenW;
use windows_sys::Win32::Security::Authorization::{
    ConvertSidToStringSidW, ConvertStringSecurityDescriptorToSecurityDescriptorW, SDDL_REVISION_1,
};
use windows_sys::Win32::Security::{
    GetTokenInformation, PSECURITY_DESCRIPTOR, SECURITY_ATTRIBUTES, TOKEN_QUERY, TOKEN_USER, TokenUser,
};
use windows_sys::Win32::System::Threading::{GetCurrentProcess, OpenProcessToken};

use super::{Errno, wide};

/// An access list, in the system's form.
pub(super) struct Access {
    descriptor: PSECURITY_DESCRIPTOR,
}

impl Access {
    /// All rights for the user of this process, the system and administrators; none for others.
    pub(super) fn of_owner() -> Result<Self, Errno> {
        let text = wide(format!("D:P(A;;GA;;;SY)(A;;GA;;;BA)(A;;GA;;;{})", own_user()?));
        let mut descriptor = null_mut();
        // SAFETY: the text ends with a zero and lives through the call, and the system writes one pointer.
        let done = unsafe {
            ConvertStringSecurityDescriptorToSecurityDescriptorW(
                text.as_ptr(),
                SDDL_REVISION_1,
                &raw mut descriptor,
                null_mut(),
            )
        };
        if done == 0 { Err(Errno::last()) } else { Ok(Self { descriptor }) }
    }

    /// For a call that makes something with a name, which must not outlive this.
    pub(super) fn attributes(&self) -> SECURITY_ATTRIBUTES {
        SECURITY_ATTRIBUTES {
            nLength: size_of::<SECURITY_ATTRIBUTES>() as u32,
            lpSecurityDescriptor: self.descriptor,
            bInheritHandle: 0,
        }
    }
}

impl Drop for Access {
    fn drop(&mut self) {
        // SAFETY: the system has made it by this allocator, and nothing uses it any more.
        unsafe { LocalFree(self.descriptor) };
    }
}

/// The user of this process, as text: `S-1-…`.
fn own_user() -> Result<String, Errno> {
    let mut token = null_mut();
    // SAFETY: the call takes nothing, and gives a value that stands for this process.
    let own = unsafe { GetCurrentProcess() };
    // SAFETY: the system writes one handle to the pointer.
    if unsafe { OpenProcessToken(own, TOKEN_QUERY, &raw mut token) } == 0 {
        return Err(Errno::last());
    }
    // SAFETY: the call has just made this handle, which nobody else owns.
    let token = unsafe { OwnedHandle::from_raw_handle(token) };
    // More than a user takes: the structure, and an id of at most 68 bytes. Aligned as the structure.
    let mut memory = [0_u64; 32];
    let mut size = 0;
    // SAFETY: the handle is open, and the system writes at most so many bytes to the memory, and one number.
    let done = unsafe {
        GetTokenInformation(
            token.as_raw_handle(),
            TokenUser,
            memory.as_mut_ptr().cast(),
            size_of_val(&memory) as u32,
            &raw mut size,
        )
    };
    if done == 0 {
        return Err(Errno::last());
    }
    // SAFETY: the call has succeeded, so that the memory, which is aligned for it, begins with such a structure.
    let user = unsafe { memory.as_ptr().cast::<TOKEN_USER>().read() };
    let mut text = null_mut();
    // SAFETY: the id is in the memory, which lives through the call, and the system writes one pointer.
    if unsafe { ConvertSidToStringSidW(user.User.Sid, &raw mut text) } == 0 {
        return Err(Errno::last());
    }
    // SAFETY: the text ends with a zero, and is the system's up to there.
    let length = unsafe { lstrlenW(text) };
    // SAFETY: as above; nobody changes it meanwhile.
    let units = unsafe { std::slice::from_raw_parts(text, usize::try_from(length).unwrap_or(0)) };
    let user = String::from_utf16_lossy(units);
    // SAFETY: the system has made it by this allocator, and nothing uses it any more.
    unsafe { LocalFree(text.cast()) };
    Ok(user)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_one_that_the_system_accepts() {
        assert!(own_user().unwrap().starts_with("S-1-"));
        let access = Access::of_owner().unwrap();
        assert!(!access.attributes().lpSecurityDescriptor.is_null());
    }
}
