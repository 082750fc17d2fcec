//! Puts side by side what runs: see `layout.txt`, which `cargo xtask bench --layout` writes.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=layout.txt");
    let linux = env::var("CARGO_CFG_TARGET_OS").is_ok_and(|system| system == "linux");
    // Only where each function has a section of its own that is named after it, and what is not called is left out.
    if !linux || env::var("PROFILE").as_deref() != Ok("release") {
        return;
    }
    let list = fs::read_to_string("layout.txt").expect("the list is beside this script");
    // A name that no function has any more is no harm, and one that is missing costs a page.
    let sections: String =
        list.lines().map(|name| format!("    *(.text.{name} .text.unlikely.{name})\n")).collect();
    // Assembly has one section for each file: that of the curve which nearly all access points use.
    let script = format!(
        "SECTIONS {{\n  .text.runs : {{\n{sections}    *p256*.o(.text)\n  }}\n}} INSERT BEFORE .text;\n"
    );
    let place = PathBuf::from(env::var_os("OUT_DIR").expect("Cargo says where")).join("layout.ld");
    fs::write(&place, script).expect("the folder is ours");
    println!("cargo::rustc-link-arg-bins=-Wl,-T,{}", place.display());
    link_unwinder();
    // Addresses that the loader sets, in a fraction of the room (needs glibc 2.36).
    println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
}

/// Links what walks the stack from its archive, where there is one: it is needed after a panic alone, and as a library
/// costs each start its loading and fifty kilobytes.
fn link_unwinder() {
    let is_gnu = env::var("CARGO_CFG_TARGET_ENV").is_ok_and(|library| library == "gnu");
    let is_native = env::var_os("HOST") == env::var_os("TARGET");
    if is_gnu
        && is_native
        && let Ok(answer) = Command::new("cc").arg("-print-file-name=libgcc_eh.a").output()
        && let Ok(place) = String::from_utf8(answer.stdout)
        && let Some(directory) = Path::new(place.trim()).parent().filter(|directory| directory.is_absolute())
    {
        println!("cargo::rustc-link-search=native={}", directory.display());
        println!("cargo::rustc-link-lib=static:-bundle=gcc_eh");
    }
}
