//! Who may use what this process names for all to find, and whom it trusts: its own user, the system and
//! administrators.
#![expect(unsafe_code, reason = "std knows no access lists")]

use std::fs::File;
use std::os::windows::io::{AsHandle, AsRawHandle, BorrowedHandle, FromRawHandle, OwnedHandle};
use std::ptr::null_mut;
use std::sync::OnceLock;

use windows_sys::Win32::Foundation::{ERROR_SUCCESS, LocalFree};
use windows_sys::Win32::Globalization::lstrlenW;
use windows_sys::Win32::Security::Authorization::{
    ConvertSidToStringSidW, ConvertStringSecurityDescriptorToSecurityDescriptorW, GetSecurityInfo,
    SDDL_REVISION_1, SE_FILE_OBJECT, SE_KERNEL_OBJECT, SE_OBJECT_TYPE,
};
use windows_sys::Win32::Security::{
    CheckTokenMembership, CreateWellKnownSid, GetTokenInformation, OWNER_SECURITY_INFORMATION,
    PSECURITY_DESCRIPTOR, PSID, SECURITY_ATTRIBUTES, TOKEN_ELEVATION_TYPE, TOKEN_QUERY, TOKEN_USER,
    TokenElevationType, TokenElevationTypeFull, TokenUser, WinBuiltinAdministratorsSid,
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
        Self::of(&format!("D:P(A;;GA;;;SY)(A;;GA;;;BA)(A;;GA;;;{})", own_user()?))
    }

    /// For a folder of the machine: all rights for the system and administrators, to whom it belongs; others may read.
    /// What is made in it has the same rights.
    pub(super) fn of_machine() -> Result<Self, Errno> {
        Self::of("O:BAD:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FRFX;;;BU)")
    }

    /// A list in the system's language for such lists.
    fn of(text: &str) -> Result<Self, Errno> {
        let text = wide(text);
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

/// Whether this process has the rights of an administrator: the system's own services, and elevated administrators.
/// Those that are not elevated, and services with few rights, do not.
pub(crate) fn is_administrator() -> bool {
    static IS: OnceLock<bool> = OnceLock::new();
    *IS.get_or_init(|| {
        let mut id = [0_u64; 9];
        let mut size = size_of_val(&id) as u32;
        let memory = id.as_mut_ptr().cast();
        // SAFETY: the system writes at most so many bytes to the memory, which is aligned for an id, and one number.
        let done =
            unsafe { CreateWellKnownSid(WinBuiltinAdministratorsSid, null_mut(), memory, &raw mut size) };
        let mut is_member = 0;
        // SAFETY: the call before has written an id there, and the system writes one number to the pointer.
        done != 0
            && unsafe { CheckTokenMembership(null_mut(), memory, &raw mut is_member) } != 0
            && is_member != 0
    })
}

/// The owner of what is open, as text.
pub(super) fn owner_of(file: &File) -> Result<String, Errno> {
    owner(file.as_handle(), SE_FILE_OBJECT)
}

/// Whether a pipe belongs to somebody who is trusted, see [`is_trusted`]. False where that cannot be told.
pub(super) fn is_of_trusted(pipe: BorrowedHandle<'_>) -> bool {
    owner(pipe, SE_KERNEL_OBJECT).is_ok_and(|owner| is_trusted(&owner))
}

fn owner(handle: BorrowedHandle<'_>, kind: SE_OBJECT_TYPE) -> Result<String, Errno> {
    let (mut owner, mut descriptor) = (null_mut(), null_mut());
    // SAFETY: the handle is open for the whole call, and the system writes one pointer to each of two of the pointers;
    // the others are not wanted.
    let errno = unsafe {
        GetSecurityInfo(
            handle.as_raw_handle(),
            kind,
            OWNER_SECURITY_INFORMATION,
            &raw mut owner,
            null_mut(),
            null_mut(),
            null_mut(),
            &raw mut descriptor,
        )
    };
    if errno != ERROR_SUCCESS {
        return Err(Errno::from_raw(errno.cast_signed()));
    }
    let _access = Access { descriptor };
    // SAFETY: the id is in the descriptor, which lives to the end of this function.
    unsafe { text_of(owner) }
}

/// Whether what belongs to that user cannot be changed by anybody who is not trusted: it is the system's, the
/// administrators', or this process's own user's.
fn is_trusted(owner: &str) -> bool {
    is_machine(owner) || is_own(owner)
}

/// Whether that is the system or administrators; or this process's own user, if that has no processes with fewer rights
/// than this one's.
pub(super) fn is_machine(owner: &str) -> bool {
    is_machine_for(owner, is_elevated())
}

fn is_machine_for(owner: &str, is_elevated: bool) -> bool {
    const SYSTEM: &str = "S-1-5-18";
    const ADMINISTRATORS: &str = "S-1-5-32-544";
    [SYSTEM, ADMINISTRATORS].contains(&owner) || (!is_elevated && is_own(owner))
}

fn is_own(owner: &str) -> bool {
    own_user().is_ok_and(|own| own == owner)
}

/// Whether this process has more rights than others of its user, or that cannot be told.
fn is_elevated() -> bool {
    let mut kind: TOKEN_ELEVATION_TYPE = 0;
    let mut size = 0;
    let Ok(token) = own_token() else { return true };
    // SAFETY: the handle is open, and the system writes at most the size of a number to each of the pointers.
    let done = unsafe {
        GetTokenInformation(
            token.as_raw_handle(),
            TokenElevationType,
            (&raw mut kind).cast(),
            size_of_val(&kind) as u32,
            &raw mut size,
        )
    };
    done == 0 || kind == TokenElevationTypeFull
}

fn own_token() -> Result<OwnedHandle, Errno> {
    let mut token = null_mut();
    // SAFETY: the call takes nothing, and gives a value that stands for this process.
    let own = unsafe { GetCurrentProcess() };
    // SAFETY: the system writes one handle to the pointer.
    if unsafe { OpenProcessToken(own, TOKEN_QUERY, &raw mut token) } == 0 {
        return Err(Errno::last());
    }
    // SAFETY: the call has just made this handle, which nobody else owns.
    Ok(unsafe { OwnedHandle::from_raw_handle(token) })
}

/// The user of this process, as text: `S-1-…`.
fn own_user() -> Result<String, Errno> {
    let token = own_token()?;
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
    // SAFETY: the id is in the memory, which lives through the call.
    unsafe { text_of(user.User.Sid) }
}

/// # Safety
///
/// The id is one of the system's, and lives through the call.
unsafe fn text_of(id: PSID) -> Result<String, Errno> {
    let mut text = null_mut();
    // SAFETY: promised by the caller; the system writes one pointer.
    if unsafe { ConvertSidToStringSidW(id, &raw mut text) } == 0 {
        return Err(Errno::last());
    }
    // SAFETY: the text ends with a zero, and is the system's up to there.
    let length = unsafe { lstrlenW(text) };
    // SAFETY: as above; nobody changes it meanwhile.
    let units = unsafe { std::slice::from_raw_parts(text, usize::try_from(length).unwrap_or(0)) };
    let id = String::from_utf16_lossy(units);
    // SAFETY: the system has made it by this allocator, and nothing uses it any more.
    unsafe { LocalFree(text.cast()) };
    Ok(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_one_that_the_system_accepts() {
        assert!(own_user().unwrap().starts_with("S-1-"));
        let access = Access::of_owner().unwrap();
        assert!(!access.attributes().lpSecurityDescriptor.is_null());
        assert!(Access::of_machine().is_ok());
    }

    #[test]
    fn a_user_trusts_itself_and_is_not_the_machine() {
        let own = own_user().unwrap();
        assert!(is_trusted(&own));
        assert_eq!(is_machine_for(&own, true), own == "S-1-5-18");
        assert!(is_machine_for(&own, false));
        assert!(is_machine_for("S-1-5-32-544", true) && is_machine_for("S-1-5-18", true));
        assert!(!is_machine("S-1-5-21-1-2-3-1001") && !is_trusted("S-1-5-21-1-2-3-1001"));
    }
}
