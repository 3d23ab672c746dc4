//! Properties: what holds for all values of a kind, tried with many of them.

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngSeed, TestRunner};

/// The variable that gives another seed than [`SEED`].
const VARIABLE: &str = "PROPERTY_SEED";
const SEED: u64 = 1;

/// Miri is about a thousand times slower.
const FEWER: u32 = if cfg!(miri) { 256 } else { 1 };

/// Tries `check`, which panics if the property does not hold, with so many values. Fails with the seed and the smallest
/// value for which it does not hold.
#[track_caller]
pub(crate) fn for_all<S: Strategy>(cases: u32, strategy: S, check: impl Fn(S::Value)) {
    let seed = std::env::var(VARIABLE).ok().and_then(|seed| seed.parse().ok()).unwrap_or(SEED);
    let config = Config {
        cases: cases.div_ceil(FEWER),
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(seed),
        ..Config::default()
    };
    let found = TestRunner::new(config).run(&strategy, |value| {
        check(value);
        Ok(())
    });
    if let Err(error) = found {
        panic!("{error}\nAgain: {VARIABLE}={seed}");
    }
}
