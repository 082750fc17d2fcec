//! The Traffic Indication Map (5).

use super::{ElementId, bits};
use alloc::vec::Vec;

fields! {
    /// TIM: for whom the AP holds frames (802.11-2020 9.4.2.5).
    pub struct Tim {
        /// Beacons until the next DTIM; 0 in a DTIM.
        dtim_count: u8,
        /// Beacons from one DTIM to the next.
        dtim_period: u8,
        /// Bitmap Control: bit 0 says that group frames follow, the others are the bitmap's offset.
        control: u8,
        /// The part of the bitmap that is sent.
        bitmap: Vec<u8>,
    }
}
element!(Tim, "TIM", ElementId::Plain(5));

impl Tim {
    /// Whether group frames follow this beacon.
    #[must_use]
    pub const fn group_traffic(&self) -> bool {
        self.control & 1 != 0
    }

    /// Whether there are frames for the station of this association ID.
    #[must_use]
    pub fn has(&self, association_id: u16) -> bool {
        // The offset counts pairs of octets: as bits 1 to 7 stand, they count octets.
        let skipped = usize::from(self.control & 0xfe).saturating_mul(8);
        usize::from(association_id).checked_sub(skipped).is_some_and(|number| bits::bit(&self.bitmap, number))
    }
}
