#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| daimon_core::fuzzing::hello(bytes));
