//! The PMKSA cache: what it gives out, and what it must not.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests are tests too"
)]

use lapwing_core::{
    Duration, Instant, Secret,
    crypto::keys::{Pmk, Pmkid},
    pmksa::{CAPACITY, Key, LIFETIME, PmksaCache},
};
use lapwing_frames::{MacAddr, Ssid, suite::Akm};

fn key(ap: u8, ssid: &str, akm: Akm) -> Key {
    Key {
        station: MacAddr([2; 6]),
        authenticator: MacAddr([ap; 6]),
        ssid: Ssid::new(ssid.as_bytes()).unwrap(),
        akm,
    }
}

fn at(seconds: u64) -> Instant {
    Instant::after_start(Duration::from_secs(seconds))
}

fn pmk(seed: u8) -> Pmk {
    Pmk::new(Secret::new(&[seed; 32])).unwrap()
}

#[test]
fn a_key_of_sae_may_be_offered_to_another_access_point_of_its_network() {
    let (of, to) = (key(1, "home", Akm::Sae), key(2, "home", Akm::Sae));
    let mut cache = cache(&[of.clone(), key(1, "home", Akm::Owe)]);
    let found = cache.find_shared(at(9), of.authenticator, &to).unwrap();
    assert!(found.pmkid == Pmkid([1; 16]) && found.pmk == pmk(1));
    // It is not there yet: nobody has proved to know it.
    assert!(cache.find(at(9), &to).is_none());
    for other in [key(2, "cafe", Akm::Sae), key(2, "home", Akm::SaeExtKey), key(2, "home", Akm::Owe)] {
        assert!(cache.find_shared(at(9), of.authenticator, &other).is_none(), "{other:?}");
    }
    assert!(cache.share(at(9), of.authenticator, to.clone()).is_empty());
    let (made, shared) = (cache.find(at(9), &of).unwrap(), cache.find(at(9), &to).unwrap());
    assert_eq!((made.pmkid, made.expires()), (shared.pmkid, shared.expires()));
    assert!(shared.wants_renewal(at(30_240)) && !shared.wants_renewal(at(30_239)));
}

#[test]
fn an_old_key_is_not_handed_on() {
    let (of, to) = (key(1, "home", Akm::Sae), key(2, "home", Akm::Sae));
    let mut cache = cache(std::slice::from_ref(&of));
    assert!(cache.find_shared(at(30_239), of.authenticator, &to).is_some());
    assert!(cache.find_shared(at(30_240), of.authenticator, &to).is_none());
    assert!(cache.share(at(30_240), of.authenticator, to.clone()).is_empty());
    assert!(cache.find(at(30_240), &to).is_none());
}

#[test]
fn who_refused_the_key_of_another_is_offered_none_until_the_network_is_forgotten() {
    let (of, to) = (key(1, "home", Akm::Sae), key(2, "home", Akm::Sae));
    let mut cache = cache(std::slice::from_ref(&of));
    for number in 0..200 {
        cache.keep_apart(&key(number, "home", Akm::Sae));
        cache.keep_apart(&to);
    }
    assert!(cache.find_shared(at(9), of.authenticator, &key(199, "home", Akm::Sae)).is_none());
    // The bound: the first of them are tried again.
    assert!(cache.find_shared(at(9), of.authenticator, &key(3, "home", Akm::Sae)).is_some());
    cache.forget(&of.ssid);
    cache.insert(at(0), of.clone(), Pmkid([1; 16]), pmk(1), LIFETIME);
    assert!(cache.find_shared(at(9), of.authenticator, &key(199, "home", Akm::Sae)).is_some());
}

fn cache(keys: &[Key]) -> PmksaCache {
    let mut cache = PmksaCache::new();
    for (number, key) in (1..).zip(keys) {
        cache.insert(at(0), key.clone(), Pmkid([number; 16]), pmk(number), LIFETIME);
    }
    cache
}

#[test]
fn a_pmkid_counts_only_in_its_network_with_its_akm_and_its_addresses() {
    let right = key(1, "net", Akm::Sae);
    let cache = cache(std::slice::from_ref(&right));
    assert!(cache.find_named(at(1), &right, Pmkid([1; 16])).unwrap().pmk == pmk(1));
    assert!(cache.find_named(at(1), &right, Pmkid([2; 16])).is_none());
    for wrong in [
        key(2, "net", Akm::Sae),
        key(1, "other", Akm::Sae),
        key(1, "net", Akm::SaeExtKey),
        Key { station: MacAddr([4; 6]), ..right },
    ] {
        assert!(cache.find_named(at(1), &wrong, Pmkid([1; 16])).is_none(), "{wrong:?}");
        assert!(cache.find(at(1), &wrong).is_none(), "{wrong:?}");
    }
}

#[test]
fn a_refusal_drops_one_ap_of_one_network_only() {
    let keys = [
        key(1, "net", Akm::Sae),
        key(1, "net", Akm::SaeExtKey),
        key(2, "net", Akm::Sae),
        key(1, "b", Akm::Sae),
    ];
    let mut cache = cache(&keys);
    let gone = cache.refused(MacAddr([1; 6]), &keys[0].ssid);
    assert_eq!(gone.iter().map(|entry| &entry.key).collect::<Vec<_>>(), [&keys[0], &keys[1]]);
    assert_eq!(cache.iter(at(1)).map(|entry| &entry.key).collect::<Vec<_>>(), [&keys[2], &keys[3]]);
    assert_eq!(cache.forget(&keys[2].ssid).len(), 1);
    assert_eq!(cache.iter(at(1)).count(), 1);
}

#[test]
fn keys_expire_after_twelve_hours_and_want_renewal_before() {
    let right = key(1, "net", Akm::Owe);
    let mut cache = cache(std::slice::from_ref(&right));
    assert_eq!(LIFETIME.as_secs(), 43_200);
    let entry = cache.find(at(30_239), &right).unwrap();
    assert!(!entry.wants_renewal(at(30_239)) && entry.wants_renewal(at(30_240)));
    assert_eq!(cache.next_expiry(), Some(at(43_200)));
    assert!(cache.find(at(43_199), &right).is_some());
    assert!(cache.find(at(43_200), &right).is_none());
    assert!(cache.expire(at(43_199)).is_empty());
    assert_eq!(cache.expire(at(43_200)).len(), 1);
    assert_eq!(cache.next_expiry(), None);
}

#[test]
fn a_new_key_takes_the_place_of_the_old_one() {
    let right = key(1, "net", Akm::Sae);
    let mut cache = cache(std::slice::from_ref(&right));
    let gone = cache.insert(at(5), right.clone(), Pmkid([9; 16]), pmk(9), LIFETIME);
    assert_eq!(gone.len(), 1);
    assert!(cache.find(at(6), &right).unwrap().pmk == pmk(9));
    assert_eq!(cache.iter(at(6)).count(), 1);
}

#[test]
fn a_full_cache_loses_its_oldest() {
    let mut cache = PmksaCache::new();
    for number in 0..=CAPACITY {
        let number = u8::try_from(number).unwrap();
        let gone = cache.insert(at(0), key(number, "net", Akm::Sae), Pmkid([number; 16]), pmk(1), LIFETIME);
        assert_eq!(gone.len(), usize::from(usize::from(number) == CAPACITY));
    }
    assert_eq!(cache.iter(at(1)).count(), CAPACITY);
    assert!(cache.find(at(1), &key(0, "net", Akm::Sae)).is_none());
    assert!(cache.find(at(1), &key(1, "net", Akm::Sae)).is_some());
}
