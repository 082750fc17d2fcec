//! The links of a connection, as the daemon and as the kernel sees them.

use super::{STATION, Snapshot};
use crate::bus::{Properties, decode, present};
use crate::failure::Failure;
use crate::radio;
use serde::Serialize;
use std::collections::HashMap;
use zbus::OwnedVariant;

/// The links of a connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Links {
    /// The access point.
    pub peer: Option<String>,
    /// Whether the connection has several, or could have.
    pub multi_link: bool,
    /// Each of them.
    pub links: Vec<Link>,
    /// The figures of all together.
    pub together: Figures,
    /// How it is, in one line.
    pub verdict: String,
    /// Whether daemon and kernel believe the same.
    pub agree: bool,
    /// What to do, if they do not.
    pub next_step: Option<String>,
}

/// One link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Link {
    /// Its number; none of a connection that has no numbers.
    pub link: Option<u8>,
    /// The access point's address on it.
    pub bssid: Option<String>,
    /// Our address on it.
    pub address: Option<String>,
    /// In MHz.
    pub frequency: Option<u32>,
    /// The number of its channel.
    pub channel: Option<u32>,
    /// Its band.
    pub band: Option<&'static str>,
    /// The width of its channel in MHz.
    pub width_mhz: Option<u16>,
    /// Whether it carried the association.
    pub association: bool,
    /// What the daemon makes of it.
    pub state: String,
    /// Why it is not used.
    pub reason: Option<String>,
    /// What the kernel makes of it.
    pub kernel: String,
    /// The channel that the kernel has it on, in MHz.
    pub kernel_frequency: Option<u32>,
    /// Whether daemon and kernel believe the same of it.
    pub agree: bool,
    /// The signal of its beacons in dBm.
    pub beacon_dbm: Option<i32>,
    /// Its figures, as far as the kernel keeps them for each link.
    pub figures: Figures,
}

/// Figures of a link, or of all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Figures {
    /// The signal in dBm.
    pub signal_dbm: Option<i32>,
    /// The rate at which was last received.
    pub receive_kbps: Option<u64>,
    /// The rate at which was last sent.
    pub transmit_kbps: Option<u64>,
    /// How many octets came.
    pub received_octets: Option<u64>,
    /// How many octets went.
    pub sent_octets: Option<u64>,
    /// How many frames had to be sent again.
    pub retries: Option<u32>,
    /// How many frames were given up.
    pub failures: Option<u32>,
}

impl Snapshot<'_> {
    /// The links of a device's connection; none of a daemon that does not tell.
    ///
    /// # Errors
    /// If there is no connection, or the answer is not as it must be.
    pub async fn links(&self, path: &str) -> Result<Option<Links>, Failure> {
        let reply = self.bus.call(path, STATION, "GetLinks", &()).await;
        let Some(reply) = present(reply)? else { return Ok(None) };
        type Members = HashMap<String, OwnedVariant>;
        let (list, summary): (Vec<Members>, Members) = decode(&reply.body(), "GetLinks")?;
        let summary = Properties::new("GetLinks", summary);
        let links = list.into_iter().map(|members| link(&Properties::new("GetLinks", members)));
        Ok(Some(Links {
            peer: summary.text("Peer")?,
            multi_link: summary.get("MultiLink")?.unwrap_or(false),
            links: links.collect::<Result<_, _>>()?,
            together: figures(&summary)?,
            verdict: summary.require("Verdict")?,
            agree: summary.require("Agree")?,
            next_step: summary.text("NextStep")?,
        }))
    }
}

fn link(members: &Properties) -> Result<Link, Failure> {
    let frequency = members.get::<u32>("Frequency")?;
    let channel = frequency.and_then(radio::channel);
    Ok(Link {
        link: members.get("Link")?,
        bssid: members.text("BSSID")?,
        address: members.text("Address")?,
        frequency,
        channel: channel.map(|(channel, _)| channel),
        band: channel.map(|(_, band)| band),
        width_mhz: members.get("Width")?,
        association: members.get("Association")?.unwrap_or(false),
        state: members.require("State")?,
        reason: members.text("Reason")?,
        kernel: members.require("Kernel")?,
        kernel_frequency: members.get("KernelFrequency")?,
        agree: members.require("Agree")?,
        beacon_dbm: members.get::<i16>("BeaconSignal")?.map(i32::from),
        figures: figures(members)?,
    })
}

fn figures(members: &Properties) -> Result<Figures, Failure> {
    // In units of 100 kbit/s.
    let rate =
        |key| Ok::<_, Failure>(members.get::<u32>(key)?.map(|rate| u64::from(rate).saturating_mul(100)));
    Ok(Figures {
        signal_dbm: members.get::<i16>("RSSI")?.map(i32::from),
        receive_kbps: rate("RxBitrate")?,
        transmit_kbps: rate("TxBitrate")?,
        received_octets: members.get("RxBytes")?,
        sent_octets: members.get("TxBytes")?,
        retries: members.get("TxRetries")?,
        failures: members.get("TxFailed")?,
    })
}
