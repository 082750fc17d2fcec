//! Files of hotspots, iwd's and with our own group.

use super::*;

fn ssid() -> Ssid {
    Ssid::new(b"cafe").unwrap()
}

fn read(text: &str) -> Result<Profile, Unfit> {
    Profile::read(ssid(), &Document::parse(text.as_bytes()).map_err(Unfit::from)?)
}

fn secret(text: &str) -> Secret {
    Secret::new(text.as_bytes())
}

fn prefix(text: &str) -> Prefix<Ipv4Addr> {
    let (address, length) = text.split_once('/').unwrap();
    Prefix { address: address.parse().unwrap(), length: length.parse().unwrap() }
}

#[test]
fn a_passphrase_is_enough() {
    let profile = read("[Security]\nPassphrase=open sesame\n").unwrap();
    assert_eq!(profile, Profile::new(ssid(), Protection::Transition(secret("open sesame"))));
    let addresses = profile.addresses.unwrap();
    let own = addresses.own(&ssid(), &[], &[]).unwrap();
    assert_eq!((own.length, own.address.octets()[0], own.address.octets()[3]), (24, 192, 1));
    let server = addresses.server(own);
    assert_eq!((server.address, server.prefix, server.router), (own.address, 24, Some(own.address)));
    // What the machine's settings say, and what is in use.
    let machine = [prefix("10.1.0.0/24"), prefix("10.2.0.0/24")];
    assert_eq!(addresses.own(&ssid(), &machine, &[]), Some(prefix("10.1.0.1/24")));
    assert_eq!(addresses.own(&ssid(), &machine, &[prefix("10.1.0.9/16")]), Some(prefix("10.2.0.1/24")));
    // A small block has room for small networks.
    let machine = [prefix("192.168.80.0/27")];
    let first = addresses.own(&ssid(), &machine, &[]).unwrap();
    let second = addresses.own(&ssid(), &machine, &[first]).unwrap();
    let mut both = [first, second].map(|own| own.to_string());
    both.sort();
    assert_eq!(both, ["192.168.80.1/28", "192.168.80.17/28"]);
    assert_eq!(addresses.own(&ssid(), &machine, &[first, second]), None);
}

#[test]
fn every_key_of_iwd() {
    let profile = read(
        "[General]\nChannel=44\nRekeyTimeout=600\nDisableHT=true\n\
         [Security]\nPassphrase=open sesame\nPairwiseCiphers=TKIP,GCMP-256,CCMP-128\nGroupCipher=CCMP-128\n\
         [IPv4]\nAddress=192.168.9.1\nNetmask=255.255.255.240\nGateway=192.168.9.2\nDNSList=9.9.9.9,1.1.1.1\n\
         LeaseTime=7200\nIPRange=192.168.9.4,192.168.9.9\n",
    )
    .unwrap();
    assert_eq!(profile.links, [Place::Channel(Channel::new(Band::Ghz5, 44).unwrap())]);
    assert_eq!(profile.links[0].frequency(), Some(Frequency(5220)));
    assert_eq!(
        (profile.pairwise, profile.group),
        (vec![Cipher::Gcmp256, Cipher::Ccmp128], Some(Cipher::Ccmp128))
    );
    assert!(profile.legacy);
    let addresses = profile.addresses.unwrap();
    let own = addresses.own(&ssid(), &[], &[prefix("192.168.9.0/24")]).unwrap();
    assert_eq!(own, prefix("192.168.9.1/28"), "what is asked for is done");
    let server = addresses.server(own);
    assert_eq!(server.router, Some([192, 168, 9, 2].into()));
    assert_eq!(server.pool, [192, 168, 9, 4].into()..=[192, 168, 9, 9].into());
    assert_eq!(server.lease, Duration::from_secs(7200));
    assert_eq!(addresses.dns, Some(vec![[9, 9, 9, 9].into(), [1, 1, 1, 1].into()]));
    let pool = read("[Security]\nPassphrase=open sesame\n[IPv4]\nAddress=10.0.0.0/24,10.0.1.0/24\n").unwrap();
    let own = pool.addresses.unwrap().own(&ssid(), &[], &[prefix("10.0.0.7/24")]);
    assert_eq!(own, Some(prefix("10.0.1.1/24")));
    let short = read("[Security]\nPassphrase=open sesame\n[IPv4]\nLeaseTime=10\n").unwrap();
    assert_eq!(short.addresses.unwrap().lease, Some(Duration::from_secs(10)));
    let key = read(&format!("[Security]\nPreSharedKey={}\n", "a5".repeat(32))).unwrap();
    assert_eq!(key.protection, Protection::Wpa2(Key::PreShared(Secret::new(&[0xa5; 32]))));
}

#[test]
fn every_key_of_ours() {
    let text = |kind: &str| {
        format!(
            "[Security]\nPassphrase=open sesame\n[Hotspot]\nSecurity={kind}\nLinks=2.4GHz, 5GHz/36, 6GHz/37\n\
             Hidden=true\nIsolate=true\nClientLimit=20\nGroupKeyLifetime=3600\nShare=false\n"
        )
    };
    let passphrase = || secret("open sesame");
    for (kind, protection) in [
        ("open", Protection::Open),
        ("owe", Protection::Owe),
        ("wpa2", Protection::Wpa2(Key::Passphrase(passphrase()))),
        ("transition", Protection::Transition(passphrase())),
        ("wpa3", Protection::Wpa3(passphrase())),
    ] {
        assert_eq!(read(&text(kind)).unwrap().protection, protection);
    }
    let profile = read(&text("wpa3")).unwrap();
    let bands: Vec<_> = profile.links.iter().map(|link| link.band()).collect();
    assert_eq!(bands, [Band::Ghz2, Band::Ghz5, Band::Ghz6]);
    let frequencies: Vec<_> = profile.links.iter().map(|link| link.frequency()).collect();
    assert_eq!(frequencies, [None, Some(Frequency(5180)), Some(Frequency(6135))]);
    assert!(profile.hidden && profile.isolate);
    assert_eq!(
        (profile.client_limit, profile.group_key_lifetime),
        (Some(20), Some(Duration::from_secs(3600)))
    );
    assert!(!profile.addresses.unwrap().forward);
    assert_eq!(read("[Hotspot]\nSecurity=open\nAddresses=false\n").unwrap().addresses, None);
    assert!(!format!("{:?}", read(&text("wpa3"))).contains("sesame"));
}

#[test]
fn a_mistake_is_told_with_its_line() {
    let secret = "[Security]\nPassphrase=open sesame\n";
    for (text, problem) in [
        ("[General]\nChannel=35", Problem::BadChannel),
        ("[General]\nChannel=five", Problem::BadNumber),
        ("[General]\nDisableHT=maybe", Problem::NotABoolean),
        ("[IPv4]\nAddress=192.168.1", Problem::BadAddress),
        ("[IPv4]\nAddress=10.0.0.0/8,192.168.1.1", Problem::BadPrefix),
        ("[IPv4]\nNetmask=255.0.255.0", Problem::BadPrefix),
        ("[IPv4]\nIPRange=192.168.9.9,192.168.9.4", Problem::BadRange),
        ("[IPv4]\nDNSList=9.9.9.9,dns", Problem::BadAddress),
        ("[IPv4]\nLeaseTime=0", Problem::BadNumber),
        ("[Hotspot]\nSecurity=wep", Problem::BadProtection),
        ("[Hotspot]\nLinks=5GHz/36,5GHz/149", Problem::BadLink),
        ("[Hotspot]\nLinks=60GHz", Problem::BadLink),
        ("[Hotspot]\nClientLimit=2008", Problem::BadNumber),
        ("[Hotspot]\nIsolate=2", Problem::NotABoolean),
    ] {
        let error = read(&format!("{secret}{text}\n")).unwrap_err();
        assert_eq!((error.line, error.problem), (Some(4), problem), "{text}");
    }
    for (text, problem) in [
        ("[Security]\nPassphrase=seven77", Problem::BadPassphrase),
        ("[Security]\nPreSharedKey=00", Problem::BadPreSharedKey),
        ("[Security]\nPairwiseCiphers=TKIP", Problem::BadCipher),
        ("[Security]\nGroupCipher=WEP-40", Problem::BadCipher),
    ] {
        let error = read(&format!("{text}\n")).unwrap_err();
        assert_eq!((error.line, error.problem), (Some(2), problem), "{text}");
    }
    assert_eq!(read("").unwrap_err().problem, Problem::NoSecret);
    let key = format!("[Security]\nPreSharedKey={}\n[Hotspot]\nSecurity=wpa3\n", "a5".repeat(32));
    assert_eq!(read(&key).unwrap_err().problem, Problem::NoPassphrase);
    // SAE takes passphrases of any length.
    assert!(read("[Security]\nPassphrase=short\n[Hotspot]\nSecurity=wpa3\n").is_ok());
}

#[test]
fn files_in_their_directory() {
    let state = std::env::temp_dir().join(format!("lapwing-profiles-{}", std::process::id()));
    fs::create_dir_all(state.join(DIRECTORY)).unwrap();
    let odd = Ssid::new("café".as_bytes()).unwrap();
    for file in ["cafe.ap", "=636166c3a9.ap", "cafe.ap.tmp", "cafe.psk"] {
        fs::write(state.join(DIRECTORY).join(file), "[Security]\nPassphrase=open sesame\n").unwrap();
    }
    assert_eq!(Profile::names(&state), [ssid(), odd.clone()]);
    for ssid in [ssid(), odd] {
        assert_eq!(Profile::load(&state, &ssid).unwrap().ssid, ssid);
    }
    fs::write(state.join(DIRECTORY).join("cafe.ap"), "[Security]\nPassphrase=\n").unwrap();
    let error = Profile::load(&state, &ssid()).unwrap_err();
    assert!(error.to_string().contains("ap/cafe.ap\", line 2: a passphrase"), "{error}");
    assert!(Profile::load(&state, &Ssid::new(b"none").unwrap()).is_err());
    fs::remove_dir_all(&state).unwrap();
    assert_eq!(Profile::names(&state), []);
}
