//! Link settings of the Node addon: on macOS its `napi_*` symbols are resolved when Node loads it.

fn main() {
    napi_build::setup();
}
