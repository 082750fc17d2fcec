use super::*;
use std::path::PathBuf;

const NETLINK: &str = "\
sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode   
0000000000000000 0   612        00000551 0        0        0     2        0        17034   
0000000000000000 16  701        00000000 0        0        0     2        0        17100   
0000000000000000 16  4195005    00000180 0        0        0     2        0        17101   
0000000000000000 16  702        000001c0 0        0        0     2        0        17200   
0000000000000000 16  4294963197 000001c0 0        0        0     2        0        17201   
0000000000000000 16  703        000001c0 0        0        0     2        0        17300   
0000000000000000 16  0          00000000 0        0        0     2        0        13      
";

const PACKET: &str = "\
sk               RefCnt Type Proto  Iface R Rmem   User   Inode
0000000000000000 3      3    888e   4     1 0      0      22000 
0000000000000000 3      3    0003   5     1 0      0      22001 
";

/// A made-up `/proc`, removed when dropped.
struct Proc(PathBuf);

impl Proc {
    fn new(name: &str, processes: &[(u32, &str, &str)]) -> Self {
        let this = Self(std::env::temp_dir().join(format!("lapwing-{name}-{}", std::process::id())));
        drop(fs::remove_dir_all(&this.0));
        this.put("net/netlink", NETLINK);
        this.put("net/packet", PACKET);
        for (process, name, arguments) in processes {
            this.put(&format!("{process}/comm"), &format!("{name}\n"));
            this.put(&format!("{process}/cmdline"), &format!("{}\0", arguments.replace(' ', "\0")));
        }
        this
    }

    fn put(&self, file: &str, text: &str) {
        let place = self.0.join(file);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, text).unwrap();
    }

    fn rivals(&self, own: u32, interfaces: &[(u32, &str)]) -> Vec<(Program, u32)> {
        let interfaces = interfaces.iter().map(|&(ifindex, name)| (ifindex, name.to_owned())).collect();
        let found = rivals(&self.0, own, &interfaces).unwrap();
        found.into_iter().map(|rival| (rival.program, rival.process)).collect()
    }
}

impl Drop for Proc {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

#[test]
fn the_table_of_netlink_sockets() {
    let sockets: Vec<_> = NetlinkSocket::table(NETLINK).collect();
    assert_eq!(sockets.len(), 7);
    assert_eq!(sockets[3], NetlinkSocket { protocol: 16, port: 702, groups: 0x1c0 });
    // Whatever is cut off or is no number is no line, and stops nothing.
    for length in 0..NETLINK.len() {
        assert!(NetlinkSocket::table(&NETLINK[..length]).count() <= 7);
    }
    assert_eq!(NetlinkSocket::table("a b c d\n1 16 -1 0\n1 300 1 0\n1 16 1 zz\n\n").count(), 0);
    assert_eq!(eapol_listeners(PACKET), BTreeSet::from([4]));
    for length in 0..PACKET.len() {
        assert!(eapol_listeners(&PACKET[..length]).len() <= 1);
    }
}

#[test]
fn a_supplicant_is_a_rival_where_it_listens() {
    let proc = Proc::new(
        "rivals-supplicant",
        &[(701, "wpa_supplicant", "/sbin/wpa_supplicant -u -s"), (702, "NetworkManager", "NetworkManager")],
    );
    assert_eq!(proc.rivals(1, &[(4, "wlan0")]), [(Program::WpaSupplicant, 701)]);
    assert_eq!(proc.rivals(1, &[(5, "wlan1")]), []);
    assert_eq!(proc.rivals(701, &[(4, "wlan0")]), [], "ourselves");
    assert_eq!(proc.rivals(1, &[]), []);
}

#[test]
fn others_are_rivals_unless_they_are_told_not_to() {
    for (name, arguments, runs_wlan0) in [
        ("iwd", "/usr/libexec/iwd", true),
        ("iwd", "iwd -i wlan1", false),
        ("iwd", "iwd --interfaces wlan1,wlan0", true),
        ("iwd", "iwd -i wl*0", true),
        ("iwd", "iwd -I wlan?", false),
        ("iwd", "iwd --nointerfaces=eth*", true),
        ("lapwingd", "lapwingd", true),
        ("lapwingd", "lapwingd --interface=wlan1", false),
        ("lapwingd", "lapwingd -iwlan0 -d", true),
        ("lapwingd", "lapwingd --interface wlan0 --interface wlan1", true),
        ("hostapd", "hostapd ap.conf", false),
        ("connmand", "connmand", false),
        ("iwd-not", "iwd", false),
    ] {
        let proc = Proc::new("rivals-others", &[(703, name, arguments)]);
        let found = proc.rivals(1, &[(4, "wlan0")]);
        assert_eq!(!found.is_empty(), runs_wlan0, "{arguments}: {found:?}");
    }
}

#[test]
fn hostapd_is_a_rival_where_an_access_point_is_and_nowhere_else() {
    let interfaces = BTreeMap::from([(4, "wlan0".to_owned())]);
    for (arguments, runs_wlan0) in
        [("hostapd ap.conf", true), ("hostapd -iwlan0 ap.conf", true), ("hostapd -i wlan1 ap.conf", false)]
    {
        let proc = Proc::new("rivals-hostapd", &[(703, "hostapd", arguments)]);
        assert_eq!(proc.rivals(1, &[(4, "wlan0")]), [], "it does not join anything");
        let found = rivals_of_access_point(&proc.0, 1, &interfaces).unwrap();
        let hostapd = Rival { program: Program::Hostapd, process: 703 };
        assert_eq!(found.contains(&hostapd), runs_wlan0, "{arguments}");
    }
}

#[test]
fn patterns() {
    for (pattern, name, expected) in [
        ("wlan0", "wlan0", true),
        ("wlan", "wlan0", false),
        ("", "wlan0", false),
        ("*", "wlan0", true),
        ("**0", "wlan0", true),
        ("w*a?0", "wlan0", true),
        ("*****", "wlan0", false),
    ] {
        assert_eq!(matches(pattern, name), expected, "{pattern}");
    }
}

#[test]
fn the_sentence_says_who_and_what_to_do() {
    let rival = Rival { program: Program::WpaSupplicant, process: 123 };
    assert_eq!(
        rival.to_string(),
        "wpa_supplicant (process 123) runs this radio, too: stop it with systemctl stop wpa_supplicant"
    );
    let rival = Rival { program: Program::Lapwing, process: 7 };
    assert_eq!(rival.to_string(), "lapwingd (process 7) runs this radio, too: end one of the two");
}

#[test]
fn the_machine_itself_can_be_read() {
    assert!(rivals(Path::new("/proc"), std::process::id(), &BTreeMap::new()).unwrap().is_empty());
    let nowhere = rivals(Path::new("/nonexistent"), 1, &BTreeMap::new()).unwrap_err();
    assert_eq!(nowhere.kind(), io::ErrorKind::NotFound);
}
