//! Link settings of the Node addon: on macOS its `napi_*` symbols are resolved when Node loads it.
#![warn(unused_crate_dependencies)]

fn main() {
    napi_build::setup();
}
