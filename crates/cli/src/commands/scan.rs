//! Looking for networks, to the end.

use crate::bus::{Bus, Incoming};
use crate::failure::{CallError, Failure, Kind};
use crate::model::Device;
use crate::terminal::Progress;
use std::time::Duration;
use tokio::time::Instant;

/// The longest that a scan of all channels takes: some radios wait 100 ms on each of more than 60 channels,
/// and are busy with something else half of the time.
const LONGEST: Duration = Duration::from_secs(30);

/// How long a scan that was accepted may take to show.
const BEGIN: Duration = Duration::from_secs(1);

/// How often is looked, should a signal be lost.
const LOOK: Duration = Duration::from_millis(500);

const STATION: &str = "net.connman.iwd.Station";

/// Has a device look for networks, and waits until it has.
pub(super) async fn scan(bus: &Bus, device: &Device, progress: &mut Progress) -> Result<(), Failure> {
    let mut incoming = bus.listen().await?;
    progress.show("scanning");
    match bus.call(&device.path, STATION, "Scan", &()).await {
        Ok(_) => {}
        // One runs already.
        Err(CallError::Refused(name, _)) if matches!(name.as_str(), "InProgress" | "Busy") => {}
        Err(other) => return Err(other.into()),
    }
    let begun = Instant::now();
    let mut was_seen = false;
    loop {
        let scanning = match bus.properties(&device.path, STATION).await? {
            Some(properties) => properties.get("Scanning")?.unwrap_or(false),
            None => return Err(Failure::new(Kind::NotFound, format!("{} is gone.", device.name))),
        };
        let is_over = !scanning && (was_seen || begun.elapsed() >= BEGIN);
        was_seen |= scanning;
        if is_over {
            return Ok(());
        }
        if begun.elapsed() >= LONGEST {
            let sentence = format!("The scan did not end within {} s.", LONGEST.as_secs());
            return Err(Failure::new(Kind::Failed, sentence).code("timeout").whose("driver"));
        }
        was_seen |= news(&mut incoming, device).await?;
    }
}

/// Waits for news of the device, or a moment; says whether it was seen that a scan has ended.
async fn news(incoming: &mut Incoming, device: &Device) -> Result<bool, Failure> {
    let deadline = Instant::now() + LOOK;
    loop {
        match tokio::time::timeout_at(deadline, incoming.next()).await {
            Err(_) => return Ok(false),
            Ok(message) => {
                let message = message?;
                if super::changed(&message).is_some_and(|path| path == device.path) {
                    return Ok(ended(&message));
                }
            }
        }
    }
}

/// Whether a signal says that no scan runs (any more).
fn ended(message: &zbus::Message) -> bool {
    type Body = (String, std::collections::HashMap<String, zbus::OwnedVariant>, Vec<String>);
    let body = message.body();
    let Ok((interface, members, _)) = body.deserialize::<Body>() else { return false };
    interface == STATION && members.get("Scanning").is_some_and(|value| bool::try_from(value) == Ok(false))
}
