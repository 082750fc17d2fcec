//! The clock that counts suspended time.

use lapwing_core::{Duration, Instant};
use rustix::time::{ClockId, clock_gettime};

/// The moment now, on `CLOCK_BOOTTIME`: it never goes back, and goes on while the machine sleeps.
#[must_use]
pub fn now() -> Instant {
    let time = clock_gettime(ClockId::Boottime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    let nanoseconds = u32::try_from(time.tv_nsec).unwrap_or_default();
    Instant::after_start(Duration::new(seconds, nanoseconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_forward() {
        let first = now();
        std::thread::sleep(Duration::from_millis(2));
        assert!(now().since(first) >= Duration::from_millis(2));
    }
}
