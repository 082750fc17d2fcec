//! Profiles of hotspots of others (Hotspot 2.0, Passpoint): `hotspot/*.conf` in the state directory, as iwd has them.
//!
//! Such a profile is for every network of a provider, whatever its name: it says by what a network is known to be one.
//! Of that, two things are in the beacons: the HESSID and the roaming consortiums. The realms have to be asked for by
//! ANQP, and all these networks want EAP: neither is done here. So the profiles are listed, networks are shown to belong
//! to them as far as beacons tell, and nothing is joined by them. The files are never written but for `AutoConnect`.

use super::document::{Document, Value};
use super::error::Problem;
use super::file::{Unfit, parse};
use lapwing_frames::MacAddr;
use lapwing_frames::element::{ElementId, Elements};
use sha2::{Digest, Sha256};

/// Where profiles are in the state directory.
pub const DIRECTORY: &str = "hotspot";
/// The extension of their files.
pub const EXTENSION: &str = "conf";
/// The longest name and the most realms that are taken: far more than anybody has, and a bound.
const MOST: usize = 256;
/// Interworking (802.11-2020 9.4.2.91).
const INTERWORKING: ElementId = ElementId::Plain(107);
/// Roaming Consortium (802.11-2020 9.4.2.95).
const ROAMING_CONSORTIUM: ElementId = ElementId::Plain(111);

/// What a file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The file's name.
    pub file: String,
    /// Its name, for people.
    pub name: String,
    /// The address that all access points of one network have in common.
    pub hessid: Option<MacAddr>,
    /// The realms of accounts that are good here.
    pub realms: Vec<String>,
    /// The identifier of the roaming consortium, of three or five octets.
    pub consortium: Option<Vec<u8>>,
    /// Whether its networks do not announce their names.
    pub hidden: bool,
    /// Whether they are to be joined without being asked.
    pub autoconnect: bool,
}

impl Profile {
    /// Understands the document in the file of this name.
    ///
    /// # Errors
    /// The first key that does not fit, or what is missing.
    pub fn read(file: String, document: &Document) -> Result<Self, Unfit> {
        let value = |key| document.value("Hotspot", key);
        let boolean =
            |key, default| document.value("Settings", key).map_or(Ok(default), |value| value.boolean());
        let bounded = |value: &Value<'_>| {
            let text = value.plain()?;
            if text.is_empty() || text.len() > MOST {
                Err(value.wrong(Problem::BadProfile))
            } else {
                Ok(text)
            }
        };
        let name = value("Name").map(|value| bounded(&value)).transpose()?.ok_or(Problem::NoName)?;
        let hessid = value("HESSID").map(|value| parse(&value, Problem::BadMacAddress)).transpose()?;
        let realms: Vec<_> = match value("NAIRealmNames") {
            Some(value) => {
                let text = value.plain()?;
                text.split(',').filter(|realm| !realm.is_empty()).take(MOST).map(str::to_owned).collect()
            }
            None => Vec::new(),
        };
        let consortium = match value("RoamingConsortium") {
            Some(value) => {
                let octets = value.octets()?.expose().to_vec();
                if !matches!(octets.len(), 3 | 5) {
                    return Err(value.wrong(Problem::BadProfile).into());
                }
                Some(octets)
            }
            None => None,
        };
        if hessid.is_none() && realms.is_empty() && consortium.is_none() {
            return Err(Problem::NoMatch.into());
        }
        let (hidden, autoconnect) = (boolean("Hidden", false)?, boolean("AutoConnect", true)?);
        Ok(Self { file, name, hessid, realms, consortium, hidden, autoconnect })
    }

    /// The number by which clients of iwd know it: made of what it matches.
    #[must_use]
    pub fn id(&self) -> u32 {
        let mut hash = Sha256::new();
        self.realms.iter().for_each(|realm| hash.update(realm));
        hash.update(self.consortium.as_deref().unwrap_or_default());
        if let Some(hessid) = self.hessid {
            hash.update(hessid.0);
        }
        let [one, two, three, four, ..]: [u8; 32] = hash.finalize().into();
        u32::from_be_bytes([one, two, three, four])
    }

    /// Whether these elements of a beacon or a probe response say that it is a network of the profile.
    #[must_use]
    pub fn matches(&self, elements: &[u8]) -> bool {
        let body =
            |id| Elements::new(elements).iter().find(|element| element.id == id).map(|element| element.body);
        let hessid = body(INTERWORKING).and_then(|body| hessid(&body));
        if self.hessid.is_some() && self.hessid == hessid {
            return true;
        }
        let told = body(ROAMING_CONSORTIUM).unwrap_or_default();
        self.consortium.as_ref().is_some_and(|ours| consortiums(&told).contains(&ours.as_slice()))
    }
}

/// The HESSID of an Interworking element. Before it stand the access network options, and the venue if there is one.
fn hessid(body: &[u8]) -> Option<MacAddr> {
    let octets = match body.len() {
        7 => body.get(1..)?,
        9 => body.get(3..)?,
        _ => return None,
    };
    octets.try_into().ok().map(MacAddr)
}

/// The identifiers in a Roaming Consortium element: the lengths of two stand before them, the third is the rest.
fn consortiums(body: &[u8]) -> Vec<&[u8]> {
    let [_, lengths, rest @ ..] = body else { return Vec::new() };
    let (first, second) = (usize::from(lengths & 15), usize::from(lengths >> 4));
    let Some((first, rest)) = rest.split_at_checked(first) else { return Vec::new() };
    let (second, third) = rest.split_at_checked(second).unwrap_or_default();
    [first, second, third].into_iter().filter(|identifier| !identifier.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROVIDER: &str = "[Security]\nEAP-Method=TTLS\n[Hotspot]\nName=NAI Hotspot\n";

    fn read(text: &str) -> Result<Profile, Unfit> {
        let document = Document::parse([PROVIDER, text].concat().as_bytes()).unwrap();
        Profile::read("example.conf".to_owned(), &document)
    }

    #[test]
    fn what_a_profile_says() {
        let profile =
            read("NAIRealmNames=realm1.random.net,example.com\n[Settings]\nAutoConnect=False\n").unwrap();
        assert_eq!(profile.name, "NAI Hotspot");
        assert_eq!(profile.realms, ["realm1.random.net", "example.com"]);
        assert!(!profile.autoconnect && !profile.hidden);
        // SHA-256 of the realms behind each other.
        assert_eq!(profile.id(), 0xc52b_8a48);
        assert_eq!(read("HESSID=11:22:33:44:55:66\n").unwrap().id(), 0xbb00_0ddd);
        assert_eq!(read(""), Err(Unfit { line: None, problem: Problem::NoMatch }));
        assert_eq!(
            read("RoamingConsortium=0102\n"),
            Err(Unfit { line: Some(5), problem: Problem::BadProfile })
        );
        assert_eq!(read("HESSID=x\n"), Err(Unfit { line: Some(5), problem: Problem::BadMacAddress }));
        let nameless = Document::parse(b"[Hotspot]\nHESSID=11:22:33:44:55:66\n").unwrap();
        let nameless = Profile::read("x.conf".to_owned(), &nameless);
        assert_eq!(nameless, Err(Unfit { line: None, problem: Problem::NoName }));
    }

    #[test]
    fn what_beacons_tell_of_a_network() {
        let hessid = read("HESSID=11:22:33:44:55:66\n").unwrap();
        let with_venue = [107, 9, 0x12, 2, 8, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66];
        let without = [107, 7, 0x12, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66];
        assert!(hessid.matches(&with_venue) && hessid.matches(&without));
        assert!(!hessid.matches(&[107, 1, 0x12]) && !hessid.matches(&[]));
        let consortium = read("RoamingConsortium=112233\n").unwrap();
        // The first, the second, and the one that stands behind them.
        assert!(consortium.matches(&[111, 5, 0, 0x03, 0x11, 0x22, 0x33]));
        assert!(consortium.matches(&[111, 8, 0, 0x33, 1, 2, 3, 0x11, 0x22, 0x33]));
        assert!(consortium.matches(&[111, 13, 1, 0x53, 1, 2, 3, 1, 2, 3, 4, 5, 0x11, 0x22, 0x33]));
        assert!(!consortium.matches(&[111, 5, 0, 0x03, 0x11, 0x22, 0x34]));
        assert!(!consortium.matches(&[111, 3, 0, 0x03, 0x11]) && !consortium.matches(&[111, 0]));
        // Realms are told by ANQP alone.
        assert!(!read("NAIRealmNames=example.com\n").unwrap().matches(&with_venue));
    }
}
