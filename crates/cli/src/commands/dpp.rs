//! A network handed over by a QR code or a shared code.

use super::{Output, Surroundings, connect, one_device, print};
use crate::bus::{Bus, decode};
use crate::failure::{Failure, Kind};
use crate::model::{Device, STATION, Snapshot, Status};
use crate::options::{Dpp, Options, SharedCode};
use crate::qr;
use crate::secret::{self, Secret};
use crate::terminal::Progress;
use crate::text::{self, Style};
use serde_json::json;
use std::collections::HashMap;
use std::time::{Duration, Instant};
use zbus::Variant;

const BY_URI: &str = "net.connman.iwd.DeviceProvisioning";
const BY_CODE: &str = "net.connman.iwd.SharedCodeDeviceProvisioning";

/// How often is looked whether it has ended.
const LOOK: Duration = Duration::from_millis(300);
/// How long it may take to join the network that was handed over.
const JOINING: Duration = Duration::from_secs(45);

/// Hands a network over, or has one handed over, and waits until that has ended.
pub(super) async fn run(
    bus: &Bus,
    options: &Options,
    wish: &Dpp,
    around: &mut Surroundings,
) -> Result<Output, Failure> {
    let snapshot = Snapshot::take(bus).await?;
    let device = one_device(&snapshot, options)?;
    let (enrolls, code, uri) = match wish {
        Dpp::Stop => return stop(bus, &device).await,
        Dpp::Enroll(code) => (true, code, None),
        Dpp::Configure { uri, code } => (false, code, uri.as_deref()),
    };
    let before = current(bus, &device).await?;
    let interface = if code.is_wanted() { BY_CODE } else { BY_URI };
    let Surroundings { style, progress, is_terminal, secret, signals } = around;
    let place = Place { bus, device: &device, style: *style, json: options.json, is_terminal: *is_terminal };
    let begun = Instant::now();
    let outcome = async {
        place.begin((enrolls, code, uri), secret.take(), progress).await?;
        ended(bus, &device, interface, enrolls).await
    };
    let status = tokio::select! {
        outcome = outcome => outcome?,
        signal = signals.next() => {
            // Whoever interrupts lets nobody in any more. It may have just ended.
            let _ = bus.call(&device.path, interface, "Stop", &()).await;
            return Err(signal);
        }
    };
    progress.clear();
    match (enrolls, status.network.clone(), before.network) {
        (true, Some(name), _) => {
            let seconds = begun.elapsed().as_secs_f64();
            Ok(connect::told(*style, &device, &name, seconds, &status))
        }
        (true, None, _) => {
            Err(Failure::new(Kind::Failed, "The network was handed over, and is not joined so far.")
                .code("not-joined")
                .next("It is known now, and joined when it is heard: lapwing status."))
        }
        (false, _, name) => {
            let human = name.as_ref().map_or_else(String::new, |name| {
                format!("The other device has got {}.\n", style.title(&name.octets))
            });
            Ok(Output::new(json!({ "configured": true, "network": name }), human))
        }
    }
}

async fn stop(bus: &Bus, device: &Device) -> Result<Output, Failure> {
    let mut answers = Vec::new();
    for interface in [BY_URI, BY_CODE] {
        answers.push(bus.call(&device.path, interface, "Stop", &()).await);
    }
    if answers.iter().any(Result::is_ok) {
        return Ok(Output::new(json!({ "stopped": true }), "Stopped.\n".to_owned()));
    }
    match answers.into_iter().find_map(Result::err) {
        Some(error) => Err(error.into()),
        None => Ok(Output::new(json!({ "stopped": false }), String::new())),
    }
}

/// Where it is done, and where it is shown.
struct Place<'a> {
    bus: &'a Bus,
    device: &'a Device,
    style: Style,
    json: bool,
    is_terminal: bool,
}

impl Place<'_> {
    /// Begins, and shows what the other device has to be told.
    async fn begin(
        &self,
        (enrolls, code, uri): (bool, &SharedCode, Option<&str>),
        secret: Option<Secret>,
        progress: &mut Progress,
    ) -> Result<(), Failure> {
        let Self { bus, device, .. } = *self;
        if code.is_wanted() {
            let secret = match secret {
                Some(secret) => secret,
                None => secret::code().await?,
            };
            let mut arguments = HashMap::from([("Code", Variant::from(secret.as_str()))]);
            arguments.extend(code.identifier.as_deref().map(|name| ("Identifier", Variant::from(name))));
            let method = if enrolls { "StartEnrollee" } else { "ConfigureEnrollee" };
            bus.call(&device.path, BY_CODE, method, &(arguments,)).await?;
            progress.show("begin with the same code on the other device within two minutes");
            return Ok(());
        }
        let reply = match uri {
            Some(uri) => bus.call(&device.path, BY_URI, "ConfigureEnrollee", &(uri,)).await?,
            None if enrolls => bus.call_patiently(&device.path, BY_URI, "StartEnrollee", &()).await?,
            None => bus.call(&device.path, BY_URI, "StartConfigurator", &()).await?,
        };
        if uri.is_some() {
            progress.show("looking for the device");
            return Ok(());
        }
        let ours: String = decode(&reply.body(), "the URI")?;
        if self.json {
            print(&(text::json(&json!({ "uri": ours }).to_string()) + "\n"))?;
        } else {
            let is_drawn = self.is_terminal && self.style.unicode;
            let drawing = qr::draw(&ours, self.style.colour).filter(|_| is_drawn);
            print(&format!(
                "{}\n{}",
                self.style.text(&ours),
                drawing.as_ref().map_or("", |drawing| drawing)
            ))?;
        }
        progress.show("have the other device read this");
        Ok(())
    }
}

/// Waits until it has ended, and until the network is joined that was handed over to us.
async fn ended(bus: &Bus, device: &Device, interface: &str, enrolls: bool) -> Result<Status, Failure> {
    loop {
        tokio::time::sleep(LOOK).await;
        let properties = bus.properties(&device.path, interface).await?;
        let Some(properties) = properties else {
            return Err(Failure::new(Kind::NotFound, format!("{} was switched off.", device.name)));
        };
        if !properties.get("Started")?.unwrap_or(false) {
            break;
        }
    }
    let station = bus.properties(&device.path, STATION).await?;
    let provisioned = station.map(|station| station.dictionary("Provisioned")).transpose()?.flatten();
    if let Some(provisioned) = provisioned.filter(|provisioned| !provisioned.is_empty())
        && !provisioned.get("Done")?.unwrap_or(false)
    {
        let sentence = provisioned.text("Sentence")?.unwrap_or_default();
        return Err(Failure::new(Kind::Failed, sentence).code("not-handed-over"));
    }
    let begun = Instant::now();
    loop {
        let status = current(bus, device).await?;
        if !enrolls || status.connection.is_some() || begun.elapsed() >= JOINING {
            return Ok(status);
        }
        tokio::time::sleep(LOOK).await;
    }
}

async fn current(bus: &Bus, device: &Device) -> Result<Status, Failure> {
    connect::current(bus, device).await
}
