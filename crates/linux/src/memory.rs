//! What the C library keeps of the memory that was freed.
#![allow(unsafe_code)] // Only C has a function for it.

/// Gives the pages in which nothing is any more back to the kernel. It takes a part of a millisecond for each ten
/// megabytes, and is for who has just freed much.
pub fn give_back() {
    // SAFETY: the function takes no pointer, may be called by any thread at any time, and moves nothing that is in use.
    #[cfg(target_env = "gnu")]
    unsafe {
        libc::malloc_trim(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
