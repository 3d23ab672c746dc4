//! The steps of the model are those of the code, by name and in the order of the code.
#![cfg(test)]

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use daimon_model::{Code, Step};

/// A file of the core without comments and tests; empty if there is none.
fn source(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/src").join(file);
    let text = fs::read_to_string(path).unwrap_or_default();
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// The text of a function, head included.
fn function<'a>(source: &'a str, name: &str) -> Option<&'a str> {
    let heads = [format!("fn {name}("), format!("fn {name}<")];
    let begin = heads.iter().find_map(|head| source.find(head))?;
    let mut depth = 0;
    for (place, character) in source[begin..].char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 1 => return Some(&source[begin..=begin + place]),
            '}' => depth -= 1,
            _ => (),
        }
    }
    None
}

#[test]
fn each_step_of_the_model_stands_in_the_code_in_the_same_order() {
    let mut reached = HashMap::new();
    for step in Step::CODE {
        let Code { file, function: name, call } = step.code().unwrap();
        let source = source(file);
        let body = function(&source, name).unwrap_or_default();
        assert_ne!(body, "", "{step:?}: {file} has no function {name}");
        let from = reached.entry((file, name)).or_insert(0);
        let place = body[*from..].find(call);
        assert_ne!(place, None, "{step:?}: in {name}, {file}, no {call} follows the step before it");
        *from += place.unwrap() + call.len();
    }
}
