//! The protocol with all its rules breaks no property.
#![cfg(test)]

use daimon_model::{check, small};

#[test]
fn the_protocol_holds_in_each_setting() {
    for model in small() {
        let found = check(&model, None);
        assert!(found.broken.is_empty(), "{}: {:?}", model.name, found.broken);
        assert!(found.states > 10_000, "{}: {} states", model.name, found.states);
    }
}
