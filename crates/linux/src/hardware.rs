//! What the machine says of a radio's hardware: its names, where udev or the device knows them.

use std::fs;
use std::path::Path;

/// The longest name of a model or a vendor that is believed, in characters.
const LONGEST: usize = 128;

/// The maker and the model of a radio, as far as the hardware tells. A virtual radio has none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hardware {
    /// The model.
    pub model: Option<String>,
    /// The vendor.
    pub vendor: Option<String>,
}

impl Hardware {
    /// Of the radio with this name (`phy0`).
    #[must_use]
    pub fn of_radio(name: &str) -> Self {
        Self::read(Path::new("/sys/class/ieee80211"), Path::new("/run/udev/data"), name)
    }

    /// `radios` has a folder for each radio, `udev` is udev's database.
    fn read(radios: &Path, udev: &Path, name: &str) -> Self {
        // A name of the kernel, which has neither; but it becomes a path.
        if name.contains('/') || name.starts_with('.') {
            return Self::default();
        }
        let radio = radios.join(name);
        let device = radio.join("device");
        let mut found = Self::default();
        let base = |path: &Path| {
            let path = fs::canonicalize(path).ok()?;
            Some(path.file_name()?.to_str()?.to_owned())
        };
        // udev keeps what its hardware database says of each device.
        if let (Some(subsystem), Some(device)) = (base(&device.join("subsystem")), base(&device)) {
            let text = fs::read_to_string(udev.join(format!("+{subsystem}:{device}"))).unwrap_or_default();
            let property = |key: &str| {
                let value = text.lines().find_map(|line| line.strip_prefix("E:")?.strip_prefix(key));
                value.and_then(tidy)
            };
            found.model = property("ID_MODEL_FROM_DATABASE=");
            found.vendor = property("ID_VENDOR_FROM_DATABASE=");
        }
        // The device is an interface of a USB device, which may have words of its own.
        let own = |file: &str| {
            let path = fs::canonicalize(&device).ok()?.parent()?.join(file);
            tidy(&fs::read_to_string(path).ok()?)
        };
        found.model = found.model.or_else(|| own("product"));
        found.vendor = found.vendor.or_else(|| own("manufacturer"));
        found
    }
}

/// The name of the driver of the radio with this name, such as `iwlwifi`.
#[must_use]
pub fn driver_of_radio(name: &str) -> Option<String> {
    driver(Path::new("/sys/class/ieee80211"), name)
}

fn driver(radios: &Path, name: &str) -> Option<String> {
    if name.contains('/') || name.starts_with('.') {
        return None;
    }
    let driver = fs::canonicalize(radios.join(name).join("device/driver")).ok()?;
    Some(driver.file_name()?.to_str()?.to_owned())
}

/// A name without what is no part of one.
fn tidy(text: &str) -> Option<String> {
    let visible = text.trim().chars().filter(|character| !character.is_control());
    Some(visible.take(LONGEST).collect()).filter(|name: &String| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn from_udev_from_the_device_and_from_nowhere() {
        let root = std::env::temp_dir().join(format!("lapwing-hardware-{}", std::process::id()));
        drop(fs::remove_dir_all(&root));
        let put = |file: &str, text: &str| {
            fs::create_dir_all(root.join(file).parent().unwrap()).unwrap();
            fs::write(root.join(file), text).unwrap();
        };
        for (radio, device, subsystem) in
            [("phy0", "pci0/0000:00:14.3", "pci"), ("phy1", "usb1/1-1/1-1:1.0", "usb")]
        {
            fs::create_dir_all(root.join("bus").join(subsystem)).unwrap();
            put(&format!("devices/{device}/modalias"), "x");
            put(&format!("class/{radio}/name"), radio);
            let device = root.join("devices").join(device);
            symlink(&device, root.join("class").join(radio).join("device")).unwrap();
            symlink(root.join("bus").join(subsystem), device.join("subsystem")).unwrap();
        }
        fs::create_dir_all(root.join("drivers/iwlwifi")).unwrap();
        symlink(root.join("drivers/iwlwifi"), root.join("devices/pci0/0000:00:14.3/driver")).unwrap();
        let driver = |name| driver(&root.join("class"), name);
        assert_eq!(driver("phy0").as_deref(), Some("iwlwifi"));
        assert_eq!((driver("phy1"), driver("../class/phy0")), (None, None));
        put(
            "udev/+pci:0000:00:14.3",
            "I:1\nE:ID_VENDOR_FROM_DATABASE=Intel Corporation\nE:ID_MODEL_FROM_DATABASE=Wi-Fi 7\u{1b}\n",
        );
        put("devices/usb1/1-1/product", "802.11ac NIC\n");
        put("devices/usb1/1-1/manufacturer", "\n");
        let read = |name| Hardware::read(&root.join("class"), &root.join("udev"), name);
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(read("phy0"), Hardware { model: text("Wi-Fi 7"), vendor: text("Intel Corporation") });
        assert_eq!(read("phy1"), Hardware { model: text("802.11ac NIC"), vendor: None });
        for name in ["phy2", "..", "../class/phy0", ""] {
            assert_eq!(read(name).model, None, "{name}");
        }
        fs::remove_dir_all(&root).unwrap();
    }
}
