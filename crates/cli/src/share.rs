//! A known network as a QR code, so that a telephone can join it.
//!
//! The daemon tells nobody a passphrase. Who may read the network's file may see it: root, as a rule. Where that is
//! encrypted, who may read the credential too: the daemon tells where systemd has put it.

use crate::bus::{Bus, DAEMON, Properties, decode};
use crate::failure::{Failure, Kind};
use crate::model::Name;
use crate::qr::{Invitation, Protection};
use lapwing_core::Secret;
use lapwing_core::network::Credentials;
use lapwing_frames::Ssid;
use lapwingd::networks::document::Document;
use lapwingd::networks::name::Security;
use lapwingd::networks::{FileName, KnownNetwork, Seal, sealing, store};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use zbus::OwnedVariant;
use zeroize::Zeroizing;

/// What a known network's file says that a telephone has to know.
pub(crate) struct Shared {
    ssid: Vec<u8>,
    passphrase: Option<Secret>,
    hidden: bool,
}

impl Shared {
    /// The invitation.
    pub(crate) fn invitation(&self) -> Invitation<'_> {
        let protection = match &self.passphrase {
            Some(passphrase) => Protection::Personal { passphrase: passphrase.expose() },
            None => Protection::None,
        };
        Invitation { ssid: &self.ssid, protection, hidden: self.hidden }
    }
}

/// Reads the file of a known network.
///
/// # Errors
/// If it cannot be read, or has nothing that another device could use.
pub(crate) async fn read(bus: &Bus, name: &Name) -> Result<Shared, Failure> {
    let reply = bus.call(DAEMON, "net.connman.iwd.Daemon", "GetInfo", &()).await?;
    let members: HashMap<String, OwnedVariant> = decode(&reply.body(), "GetInfo")?;
    let info = Properties::new("GetInfo", members);
    let directory: String = info.require("StateDirectory")?;
    let security = match name.kind.as_str() {
        "open" => Security::Open,
        "psk" => Security::Personal,
        _ => {
            return Err(Failure::new(Kind::Failed, "A network with accounts cannot be shared by a QR code.")
                .code("not-shareable"));
        }
    };
    let ssid = Ssid::new(&name.octets).map_err(|_| Failure::garbage("a network's name is too long"))?;
    let file = FileName { ssid, security };
    let path = PathBuf::from(directory).join(file.to_string());
    let octets = std::fs::read(&path).map(Zeroizing::new).map_err(|error| {
        let failure = Failure::new(Kind::Failed, format!("{} cannot be read: {error}.", path.display()));
        match error.kind() {
            std::io::ErrorKind::PermissionDenied => Failure { kind: Kind::NotAllowed, ..failure }
                .code("not-allowed")
                .next("Passphrases are for root alone: run this with sudo."),
            std::io::ErrorKind::NotFound => Failure { kind: Kind::NotFound, ..failure }
                .code("not-known")
                .next("See which networks are known: lapwing known."),
            _ => failure.code("unreadable"),
        }
    })?;
    let unfit = |what: &dyn std::fmt::Display| {
        Failure::new(Kind::Failed, format!("{}: {what}.", path.display())).code("unreadable")
    };
    let mut document = Document::parse(&octets).map_err(|malformed| unfit(&malformed.problem))?;
    if sealing::is_sealed(&document) {
        let seal = seal(info.get("Credential")?)?;
        document = seal.open(&document, &file.ssid).map_err(|wrong| unfit(&wrong.problem))?;
    }
    let network = KnownNetwork::read(file, &document).map_err(|wrong| unfit(&wrong.problem))?.network;
    let passphrase = match network.credentials {
        Credentials::Open => None,
        Credentials::Personal(personal) => Some(personal.passphrase.ok_or_else(|| {
            Failure::new(
                Kind::Failed,
                "Only the key of this network is stored, not the passphrase it was made of.",
            )
            .code("not-shareable")
            .next("Join it again with its passphrase.")
        })?),
    };
    Ok(Shared { ssid: name.octets.clone(), passphrase, hidden: network.hidden })
}

/// The key of encrypted network files, from the credential that systemd has put there for the daemon.
fn seal(path: Option<String>) -> Result<Seal, Failure> {
    let encrypted = |what: String| {
        Failure::new(Kind::Failed, format!("Its passphrase is encrypted, and {what}")).code("encrypted")
    };
    let Some(path) = path else {
        return Err(encrypted("the daemon has no credential to read it with.".to_owned()).next(
            "Name the credential with SystemdEncrypt in main.conf and give it to the service, or join the network \
             again with its passphrase.",
        ));
    };
    let octets = store::read(Path::new(&path)).map_err(|error| {
        let kind = match error.kind() {
            std::io::ErrorKind::PermissionDenied => Kind::NotAllowed,
            _ => Kind::Failed,
        };
        let failure = encrypted(format!("the credential {path} cannot be read: {error}."));
        Failure { kind, ..failure }
            .next("Credentials of services are for root of the same machine: run this there with sudo.")
    })?;
    Seal::of_credential(octets.expose()).ok_or_else(|| encrypted(format!("the credential {path} is empty.")))
}

/// The QR code of a known network, for a dark background.
///
/// # Errors
/// If there is none.
pub(crate) async fn draw(bus: &Bus, name: &Name) -> Result<Zeroizing<String>, Failure> {
    read(bus, name).await?.invitation().draw(false).ok_or_else(no_text)
}

/// What a URI cannot hold.
pub(crate) fn no_text() -> Failure {
    Failure::new(Kind::Failed, "Its name or its passphrase is no text: a QR code cannot say it.")
        .code("not-shareable")
}
