//! The steps of the model are those of the code, by name and in the order of the code.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use daimon_model::{Code, Step};

/// A file of the core without comments and tests.
fn source(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/src").join(file);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let code = text.split("#[cfg(test)]").next().unwrap();
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// The text of a function, head included.
fn function<'a>(source: &'a str, name: &str) -> Option<&'a str> {
    let begin = source.find(&format!("fn {name}("))?;
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
        let Some(Code { file, function: name, call }) = step.code() else { panic!("{step:?} is no code") };
        let source = source(file);
        let Some(body) = function(&source, name) else { panic!("{file} has no function {name}") };
        let from = reached.entry((file, name)).or_insert(0);
        let Some(place) = body[*from..].find(call) else {
            panic!("{step:?}: in {name}, {file}, no {call} follows the step before it")
        };
        *from += place + call.len();
    }
}
