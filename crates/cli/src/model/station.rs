//! What only our daemon tells of a station, and the figures of its link.

use super::{Addresses, Connection, LastFailure};
use crate::bus::Properties;
use crate::failure::Failure;
use crate::radio;

/// Every property of [`super::STATION`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Station {
    /// What the station does.
    pub state: Option<String>,
    /// The connection, while there is one.
    pub connection: Option<Connection>,
    /// Its addresses.
    pub addresses: Option<Addresses>,
    /// Why the last attempt failed.
    pub last_failure: Option<LastFailure>,
    /// What a person should know besides.
    pub warning: Option<String>,
}

impl Station {
    /// Reads the properties.
    ///
    /// # Errors
    /// If one is of another type.
    pub fn read(properties: &Properties) -> Result<Self, Failure> {
        let filled =
            |key| Ok::<_, Failure>(properties.dictionary(key)?.filter(|members| !members.is_empty()));
        Ok(Self {
            state: properties.text("State")?,
            connection: filled("Connection")?.map(|members| connection(&members)).transpose()?,
            addresses: filled("Addresses")?.map(|members| addresses(&members)).transpose()?,
            last_failure: filled("LastFailure")?.map(|members| last_failure(&members)).transpose()?,
            warning: properties.text("Warning")?,
        })
    }
}

fn connection(members: &Properties) -> Result<Connection, Failure> {
    let frequency = members.get::<u32>("Frequency")?;
    let akm = members.text("AKM")?;
    Ok(Connection {
        attempt: members.get("Attempt")?,
        bssid: members.text("BSSID")?,
        frequency,
        channel: frequency.and_then(radio::channel).map(|(channel, _)| channel),
        band: frequency.and_then(radio::channel).map(|(_, band)| band),
        security: Some(akm.as_deref().map_or("open", radio::security).to_owned()),
        akm,
        pairwise_cipher: members.text("PairwiseCipher")?,
        group_management_cipher: members.text("GroupManagementCipher")?,
        weakness: members.text("Weakness")?,
        beacon_protection: members.get("BeaconProtection")?,
        cached_pmksa: members.get("CachedPMKSA")?,
        ..Connection::default()
    })
}

fn addresses(members: &Properties) -> Result<Addresses, Failure> {
    Ok(Addresses {
        addresses: members.get("Addresses")?.unwrap_or_default(),
        router: members.text("Router")?,
        name_servers: members.get("NameServers")?.unwrap_or_default(),
    })
}

pub(crate) fn last_failure(members: &Properties) -> Result<LastFailure, Failure> {
    Ok(LastFailure {
        code: members.require("Code")?,
        phase: members.text("Phase")?,
        whose: members.text("Whose")?,
        sentence: members.require("Sentence")?,
        next_step: members.text("NextStep")?,
    })
}

/// Adds the figures of the moment, as iwd gives them. What the station told already stays.
pub(super) fn diagnose(connection: &mut Connection, members: &Properties) -> Result<(), Failure> {
    let frequency = connection.frequency.or(members.get("Frequency")?);
    connection.frequency = frequency;
    connection.channel = frequency.and_then(radio::channel).map(|(channel, _)| channel);
    connection.band = frequency.and_then(radio::channel).map(|(_, band)| band);
    connection.bssid = connection.bssid.take().or(members.text("ConnectedBss")?);
    connection.security = connection.security.take().or(members.text("Security")?);
    connection.pairwise_cipher = connection.pairwise_cipher.take().or(members.text("PairwiseCipher")?);
    connection.signal_dbm = members.get::<i16>("RSSI")?.map(i32::from);
    // In units of 100 kbit/s.
    let rate =
        |key| Ok::<_, Failure>(members.get::<u32>(key)?.map(|rate| u64::from(rate).saturating_mul(100)));
    connection.receive_kbps = rate("RxBitrate")?;
    connection.transmit_kbps = rate("TxBitrate")?;
    connection.connected_seconds = members.get("ConnectedTime")?;
    Ok(())
}
