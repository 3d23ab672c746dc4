//! Steps at which the torture can kill or stop the keeper, and rules that it can break, as in the core. Without the
//! feature `seams`, which nothing that is shipped has, they are compiled to nothing.

#[cfg(feature = "seams")]
pub(crate) use daimon_core::{breaks, reached as at};

/// The keeper gets to a step.
#[cfg(not(feature = "seams"))]
#[inline]
pub(crate) const fn at(_step: &str) {}

/// Whether the torture has this rule broken.
#[cfg(not(feature = "seams"))]
#[inline]
pub(crate) const fn breaks(_rule: &str) -> bool {
    false
}
