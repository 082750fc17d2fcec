//! Memory that is held and not needed: what the C library keeps of what was freed, and code that has run.
#![allow(unsafe_code)] // Both are changed where only C and the kernel know them.

use rustix::mm::{Advice, madvise};
use rustix::param::page_size;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;

/// Gives the pages in which nothing is any more back to the kernel. It takes a part of a millisecond for each ten
/// megabytes, and is for who has just freed much.
pub fn give_back() {
    // SAFETY: the function takes no pointer, may be called by any thread at any time, and moves nothing that is in use.
    #[cfg(target_env = "gnu")]
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Lets go of the pages of the program and its libraries that are as they are in their files. The kernel keeps them in its
/// cache as long as it has room, and maps each again when it is next touched. It does this by itself only when memory is
/// short, and then code that has once run is the last that goes.
///
/// Pages that this process has of its own (addresses set by the loader, breakpoints) stay.
///
/// # Errors
/// If the kernel does not tell what is mapped: then all stays.
pub fn let_go_of_code() -> io::Result<()> {
    let maps = std::fs::read_to_string("/proc/self/maps")?;
    let pages = File::open("/proc/self/pagemap")?;
    for range in maps.lines().filter_map(from_file) {
        for untouched in untouched(&pages, range)? {
            // SAFETY: the kernel has just told that these pages are a file's, mapped privately and not for writing, and none
            // is our own: what is read there afterwards is what was there before. Nothing takes their place in between: the
            // program and its libraries stay where they are until it ends, and none is loaded or let go of before.
            unsafe {
                madvise(
                    std::ptr::with_exposed_provenance_mut(untouched.start),
                    untouched.len(),
                    Advice::LinuxDontNeed,
                )?;
            }
        }
    }
    Ok(())
}

/// The addresses of a line of `maps`, if they are those of a file that is mapped privately and only read or run
/// (proc_pid_maps(5)).
fn from_file(line: &str) -> Option<Range<usize>> {
    let mut words = line.split_ascii_whitespace();
    let (addresses, rights, _offset, _device, file) =
        (words.next()?, words.next()?, words.next()?, words.next()?, words.next()?);
    let (start, end) = addresses.split_once('-')?;
    let is_file = matches!(rights, "r--p" | "r-xp") && file != "0";
    let number = |text| usize::from_str_radix(text, 16).ok();
    let range = number(start)?..number(end)?;
    (is_file && range.start < range.end).then_some(range)
}

/// The parts of a private mapping in which no page is our own, by what the kernel has for each page: eight octets in
/// its own order, of which bit 63 says that the page is there, 62 that it is swapped out, and 61 that it is the file's
/// (proc_pid_pagemap(5)).
fn untouched(pages: &File, range: Range<usize>) -> io::Result<Vec<Range<usize>>> {
    const ENTRY: usize = size_of::<u64>();
    let size = page_size();
    let mut entries = vec![0; range.len() / size * ENTRY];
    pages.read_exact_at(&mut entries, (range.start / size * ENTRY) as u64)?;
    let mut parts: Vec<Range<usize>> = Vec::new();
    for (entry, start) in entries.as_chunks().0.iter().zip(range.step_by(size)) {
        let entry = u64::from_ne_bytes(*entry);
        let bit = |number: u32| entry >> number & 1 == 1;
        let (is_there, is_swapped, is_of_file) = (bit(63), bit(62), bit(61));
        if is_swapped || is_there && !is_of_file {
            continue;
        }
        match parts.last_mut() {
            Some(last) if last.end == start => last.end += size,
            _ => parts.push(start..start + size),
        }
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap, mprotect, munmap};

    #[test]
    #[cfg(target_env = "gnu")]
    fn pages_between_what_is_kept_are_given_back() {
        let resident = || {
            let text = std::fs::read_to_string("/proc/self/statm").unwrap();
            text.split(' ').nth(1).unwrap().parse::<usize>().unwrap()
        };
        let all: Vec<_> = (0_u16..4096).map(|number| vec![number as u8; 8192]).collect();
        let kept: Vec<_> = all.into_iter().step_by(64).collect();
        let before = resident();
        give_back();
        assert!(resident() + 4096 < before, "{before} pages, then {}", resident());
        assert!(kept.iter().zip((0_u16..).step_by(64)).all(|(octets, number)| octets[8000] == number as u8));
    }

    #[test]
    fn pages_as_they_are_in_the_file_go_and_come_again_and_our_own_stay() {
        const PAGES: usize = 1024;
        let size = page_size();
        let place = std::env::temp_dir().join(format!("lapwing-memory-{}", std::process::id()));
        std::fs::write(&place, vec![7; PAGES * size]).unwrap();
        let file = File::open(&place).unwrap();
        // SAFETY: a new mapping of a whole file that nobody else changes.
        let begin = unsafe {
            let rights = ProtFlags::READ | ProtFlags::WRITE;
            mmap(std::ptr::null_mut(), PAGES * size, rights, MapFlags::PRIVATE, &file, 0)
        };
        let begin = begin.unwrap().cast::<u8>();
        let octet = |page: usize| {
            // SAFETY: the place is within the mapping, which nobody writes to meanwhile.
            unsafe { begin.add(page * size).read_volatile() }
        };
        // SAFETY: the same place, before anybody reads it.
        unsafe { begin.add(5 * size).write_volatile(9) };
        // SAFETY: the whole mapping, and nothing of Rust's.
        unsafe { mprotect(begin.cast(), PAGES * size, MprotectFlags::READ) }.unwrap();
        assert_eq!((0..PAGES).filter(|page| octet(*page) == 7).count(), PAGES - 1);

        let pages = File::open("/proc/self/pagemap").unwrap();
        let start = begin.expose_provenance();
        let range = start..start + PAGES * size;
        let parts = [start..start + 5 * size, start + 6 * size..range.end];
        assert_eq!(untouched(&pages, range.clone()).unwrap(), parts);
        let mapped = || {
            let mut entries = vec![0; PAGES * 8];
            pages.read_exact_at(&mut entries, (start / size * 8) as u64).unwrap();
            entries.as_chunks().0.iter().filter(|entry| u64::from_ne_bytes(**entry) >> 63 == 1).count()
        };
        assert_eq!(mapped(), PAGES);
        let_go_of_code().unwrap();
        assert_eq!(mapped(), 1);
        assert_eq!((0..PAGES).filter(|page| octet(*page) == 7).count(), PAGES - 1);
        assert_eq!(octet(5), 9);

        // SAFETY: nothing refers to it any more.
        unsafe { munmap(begin.cast(), PAGES * size) }.unwrap();
        std::fs::remove_file(place).unwrap();
    }

    #[test]
    fn only_what_is_mapped_from_a_file_without_writing_is_let_go() {
        let of = |rest| from_file(&format!("7f00-8f00 {rest}"));
        assert_eq!(of("r-xp 00002000 fe:00 1234   /usr/libexec/lapwingd"), Some(0x7f00..0x8f00));
        assert_eq!(of("r--p 00000000 fe:00 1234   /usr/libexec/lapwingd (deleted)"), Some(0x7f00..0x8f00));
        for rest in [
            "rw-p 00002000 fe:00 1234 /usr/libexec/lapwingd",
            "r--s 00002000 fe:00 1234 /run/shared",
            "r-xp 00000000 00:00 0 [vdso]",
            "r-xp 00000000 00:00",
            "",
        ] {
            assert_eq!(of(rest), None, "{rest}");
        }
        for line in ["8f00-7f00 r-xp 0 fe:00 1 x", "7f00 r-xp 0 fe:00 1 x", "x-8f00 r-xp 0 fe:00 1 x"] {
            assert_eq!(from_file(line), None, "{line}");
        }
    }
}
