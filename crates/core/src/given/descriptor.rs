//! Descriptors that the program around this crate knows by their number.

use std::fmt;

/// A descriptor of this process by its number, which owns nothing.
///
/// ```
/// use daimon_core::{Descriptor, is_open};
///
/// let stderr = Descriptor::from(2);
/// assert!(is_open(stderr));
/// assert!(!is_open(-1));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Descriptor(i32);

impl Descriptor {
    #[cfg_attr(windows, expect(dead_code, reason = "descriptors mean nothing there"))]
    pub(crate) fn number(self) -> i32 {
        self.0
    }
}

impl From<i32> for Descriptor {
    fn from(number: i32) -> Self {
        Self(number)
    }
}

impl fmt::Display for Descriptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
