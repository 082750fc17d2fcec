//! A network by a push of a button or a PIN.

use super::{Output, Surroundings, connect, one_device};
use crate::bus::{Bus, decode};
use crate::failure::{Failure, Kind};
use crate::model::{Device, Snapshot};
use crate::options::{Options, Wps};
use serde_json::json;
use std::time::Instant;

const SIMPLE_CONFIGURATION: &str = "net.connman.iwd.SimpleConfiguration";

/// Has a network handed over, and waits until it was joined.
pub(super) async fn run(
    bus: &Bus,
    options: &Options,
    wish: &Wps,
    around: &mut Surroundings,
) -> Result<Output, Failure> {
    let snapshot = Snapshot::take(bus).await?;
    let device = one_device(&snapshot, options)?;
    match wish {
        Wps::Cancel => {
            bus.call(&device.path, SIMPLE_CONFIGURATION, "Cancel", &()).await?;
            Ok(Output::new(json!({ "cancelled": true }), "Cancelled.\n".to_owned()))
        }
        Wps::PushButton => {
            around.progress.show("push the button of the access point within two minutes");
            join(bus, &device, around, "PushButton", None).await
        }
        Wps::Pin { pin } => {
            let pin = match pin {
                Some(pin) => pin.clone(),
                None => {
                    let reply = bus.call(&device.path, SIMPLE_CONFIGURATION, "GeneratePin", &()).await?;
                    decode::<String>(&reply.body(), "the PIN")?
                }
            };
            if !pin.bytes().all(|octet| octet.is_ascii_digit()) {
                return Err(Failure::new(Kind::Usage, "A PIN has digits alone.".to_owned()));
            }
            around.progress.show(&format!("tell the access point this PIN: {pin}"));
            join(bus, &device, around, "StartPin", Some(&pin)).await
        }
    }
}

async fn join(
    bus: &Bus,
    device: &Device,
    around: &mut Surroundings,
    method: &str,
    pin: Option<&str>,
) -> Result<Output, Failure> {
    let Surroundings { style, progress, signals, .. } = around;
    let begun = Instant::now();
    let call = async {
        match pin {
            Some(pin) => bus.call_patiently(&device.path, SIMPLE_CONFIGURATION, method, &(pin,)).await,
            None => bus.call_patiently(&device.path, SIMPLE_CONFIGURATION, method, &()).await,
        }
    };
    let answer = tokio::select! {
        answer = call => Ok(answer),
        signal = signals.next() => Err(signal),
    };
    match answer {
        Ok(answer) => answer?,
        Err(signal) => {
            // Who interrupts does not want it any more: a pushed button lets anybody in. It may have just ended.
            let _ = bus.call(&device.path, SIMPLE_CONFIGURATION, "Cancel", &()).await;
            return Err(signal);
        }
    };
    let seconds = begun.elapsed().as_secs_f64();
    progress.clear();
    let status = connect::current(bus, device).await?;
    match status.network.clone() {
        Some(name) => Ok(connect::told(*style, device, &name, seconds, &status)),
        None => Err(Failure::new(Kind::Failed, "The connection was lost again.").code("lost")),
    }
}
