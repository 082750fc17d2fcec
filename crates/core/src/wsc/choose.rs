//! Which access point is meant.

use super::pin::Password;
use crate::{kernel::Frequency, scan::Bss};
use alloc::vec::Vec;
use lapwing_frames::{
    MacAddr, Ssid,
    element::Elements,
    wsc::{Beacon, DevicePasswordId, SimpleConfiguration},
};

/// An access point that waits for an enrollee.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Candidate {
    /// Its BSS.
    pub bssid: MacAddr,
    /// Its channel.
    pub frequency: Frequency,
    /// Its network.
    pub ssid: Ssid,
}

/// Which access point is meant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Choice {
    /// Nobody waits so far.
    Nobody,
    /// These, the likeliest first.
    These(Vec<Candidate>),
    /// The buttons of several are pushed: nobody can say which is the right one.
    Overlap,
}

struct Waiting<'a> {
    bss: &'a Bss,
    announced: Beacon,
}

/// Which of these access points are meant by who has this password and address (WSC 2.0.5 11.3 and 11.4).
///
/// With the button, only one may wait, on however many bands. With a PIN, those that name us come before those that
/// wait for anybody; the others would refuse us.
pub fn choose<'a>(bsss: impl Iterator<Item = &'a Bss>, password: &Password, address: MacAddr) -> Choice {
    let mut waiting: Vec<Waiting<'a>> = bsss.filter_map(|bss| waits(bss, password, address)).collect();
    if waiting.is_empty() {
        return Choice::Nobody;
    }
    if *password == Password::PushButton {
        let same = |a: &Waiting<'_>, b: &Waiting<'_>| match (a.announced.uuid, b.announced.uuid) {
            (Some(one), Some(other)) => one == other,
            // Only probe responses must tell it.
            _ => a.bss.bssid == b.bss.bssid,
        };
        if let Some((first, others)) = waiting.split_first()
            && others.iter().any(|other| !same(first, other))
        {
            return Choice::Overlap;
        }
    }
    waiting.sort_by_key(|waiting| {
        let named = waiting.announced.extension.authorized.as_ref();
        let rank = match named {
            Some(list) if list.contains(&address) => 0,
            Some(_) => 1,
            None => 2,
        };
        (rank, core::cmp::Reverse(waiting.bss.signal_mbm), waiting.bss.bssid)
    });
    let candidate = |waiting: Waiting<'_>| Candidate {
        bssid: waiting.bss.bssid,
        frequency: waiting.bss.frequency,
        ssid: waiting.bss.ssid.clone(),
    };
    Choice::These(waiting.into_iter().map(candidate).collect())
}

/// What a BSS announces, if its registrar waits for such an enrollee.
fn waits<'a>(bss: &'a Bss, password: &Password, address: MacAddr) -> Option<Waiting<'a>> {
    let attributes = SimpleConfiguration::join(Elements::new(&bss.elements))?;
    let announced = Beacon::parse(&attributes).ok().filter(|beacon| beacon.selected == Some(true))?;
    let pushed = announced.password_id == Some(DevicePasswordId::PushButton);
    if pushed != (*password == Password::PushButton) {
        return None;
    }
    let welcome = announced
        .extension
        .authorized
        .as_ref()
        .is_none_or(|list| list.contains(&address) || list.contains(&MacAddr::BROADCAST));
    (pushed || welcome).then_some(Waiting { bss, announced })
}
