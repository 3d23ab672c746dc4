//! What a process is made with beside its command.
#![expect(
    unsafe_code,
    reason = "std can neither say which handles a process inherits, nor put it into a job"
)]

use std::ptr::{null, null_mut};

use windows_sys::Win32::Foundation::HANDLE;
use windows_sys::Win32::System::Threading::{
    DeleteProcThreadAttributeList, InitializeProcThreadAttributeList, LPPROC_THREAD_ATTRIBUTE_LIST,
    PROC_THREAD_ATTRIBUTE_HANDLE_LIST, PROC_THREAD_ATTRIBUTE_JOB_LIST, UpdateProcThreadAttribute,
};

use super::Errno;

/// The handles that a process inherits, and the job that it is in from its making on.
pub(super) struct Attributes<'a> {
    memory: Vec<u64>,
    /// The system reads them when the process is made.
    _lists: [&'a [HANDLE]; 2],
}

impl<'a> Attributes<'a> {
    pub(super) fn of(handles: &'a [HANDLE], jobs: &'a [HANDLE]) -> Result<Self, Errno> {
        let lists = [(PROC_THREAD_ATTRIBUTE_HANDLE_LIST, handles), (PROC_THREAD_ATTRIBUTE_JOB_LIST, jobs)];
        let count = lists.len() as u32;
        let mut size = 0;
        // SAFETY: without a list the call only tells the size that one needs.
        unsafe { InitializeProcThreadAttributeList(null_mut(), count, 0, &raw mut size) };
        let mut memory = vec![0_u64; size.div_ceil(8)];
        let list = memory.as_mut_ptr().cast();
        // SAFETY: the memory has the size that the system has asked for.
        if unsafe { InitializeProcThreadAttributeList(list, count, 0, &raw mut size) } == 0 {
            return Err(Errno::last());
        }
        let mut attributes = Self { memory, _lists: [handles, jobs] };
        for (kind, values) in lists.into_iter().filter(|(_, values)| !values.is_empty()) {
            let list = attributes.pointer();
            let (kind, size) = (kind as usize, size_of_val(values));
            // SAFETY: the list has been made above, and the values live as long as it does, by its lifetime.
            let done = unsafe {
                let values = values.as_ptr().cast();
                UpdateProcThreadAttribute(list, 0, kind, values, size, null_mut(), null())
            };
            if done == 0 {
                return Err(Errno::last());
            }
        }
        Ok(attributes)
    }

    pub(super) fn pointer(&mut self) -> LPPROC_THREAD_ATTRIBUTE_LIST {
        self.memory.as_mut_ptr().cast()
    }
}

impl Drop for Attributes<'_> {
    fn drop(&mut self) {
        // SAFETY: the system has made the list in this memory; it is not used any more.
        unsafe { DeleteProcThreadAttributeList(self.pointer()) };
    }
}
