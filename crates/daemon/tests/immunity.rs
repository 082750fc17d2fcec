//! The page about immunity names tests that there are.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

use std::fs;
use std::path::{Path, PathBuf};

fn sources(directory: &Path, text: &mut String) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, text);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn every_test_that_the_page_names_is_there() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut text = String::new();
    sources(&root.join("crates"), &mut text);
    let page = fs::read_to_string(root.join("docs/immunity.md")).unwrap();
    let mut count = 0;
    for row in page.lines().filter(|line| line.starts_with("| ")) {
        let tests = row.trim_end_matches([' ', '|']).rsplit(" | ").next().unwrap();
        // What is in backticks is every second piece.
        for name in tests.split('`').skip(1).step_by(2).filter(|name| !name.contains(['/', ' ', '-'])) {
            assert!(text.contains(&format!("fn {name}(")), "{name} is no test: {row}");
            count += 1;
        }
    }
    assert!(count > 80, "the page is not read as it should be: {count}");
}
