//! The numbers of `linux/nl80211.h` that Lapwing uses; a test compares each with the header.
//!
//! The names are those of the header without their prefix, and mean what it says there.

/// A module of numbers, and the table of them that the test reads.
macro_rules! numbers {
    ($(#[$meta:meta])* $vis:vis mod $module:ident: $type:ty = $prefix:literal { $($name:ident = $value:literal),* $(,)? }) => {
        $(#[$meta])*
        // The names are the header's, and are explained there; some modules are public and some are not.
        #[allow(missing_docs, unreachable_pub)]
        $vis mod $module {
            $( pub const $name: $type = $value; )*

            #[cfg(test)]
            pub(in crate::nl80211) const TABLE: &[(&str, u64)] =
                &[$( (concat!($prefix, stringify!($name)), $name as u64) ),*];
        }
    };
}

/// A command of nl80211 (`enum nl80211_commands`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Command(pub u8);

macro_rules! commands {
    ($($name:ident = $value:literal),* $(,)?) => {
        #[allow(missing_docs)] // The names are the header's, and are explained there.
        impl Command {
            $( pub const $name: Self = Self($value); )*

            /// The name, without the prefix, if it is one that Lapwing uses.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self {
                    $( Self::$name => Some(stringify!($name)), )*
                    _ => None,
                }
            }

            #[cfg(test)]
            pub(super) const TABLE: &[(&str, u64)] =
                &[$( (concat!("NL80211_CMD_", stringify!($name)), $value) ),*];
        }
    };
}

impl core::fmt::Debug for Command {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "command {}", self.0),
        }
    }
}

commands! {
    GET_WIPHY = 1,
    NEW_WIPHY = 3,
    DEL_WIPHY = 4,
    GET_INTERFACE = 5,
    SET_INTERFACE = 6,
    NEW_INTERFACE = 7,
    DEL_INTERFACE = 8,
    GET_KEY = 9,
    SET_KEY = 10,
    NEW_KEY = 11,
    DEL_KEY = 12,
    SET_BEACON = 14,
    START_AP = 15,
    STOP_AP = 16,
    GET_STATION = 17,
    SET_STATION = 18,
    NEW_STATION = 19,
    DEL_STATION = 20,
    SET_BSS = 25,
    REQ_SET_REG = 27,
    GET_REG = 31,
    GET_SCAN = 32,
    TRIGGER_SCAN = 33,
    NEW_SCAN_RESULTS = 34,
    SCAN_ABORTED = 35,
    REG_CHANGE = 36,
    AUTHENTICATE = 37,
    ASSOCIATE = 38,
    DEAUTHENTICATE = 39,
    DISASSOCIATE = 40,
    MICHAEL_MIC_FAILURE = 41,
    REG_BEACON_HINT = 42,
    JOIN_IBSS = 43,
    LEAVE_IBSS = 44,
    CONNECT = 46,
    ROAM = 47,
    DISCONNECT = 48,
    SET_PMKSA = 52,
    DEL_PMKSA = 53,
    FLUSH_PMKSA = 54,
    REMAIN_ON_CHANNEL = 55,
    CANCEL_REMAIN_ON_CHANNEL = 56,
    REGISTER_FRAME = 58,
    FRAME = 59,
    FRAME_TX_STATUS = 60,
    SET_POWER_SAVE = 61,
    SET_CQM = 63,
    NOTIFY_CQM = 64,
    FRAME_WAIT_CANCEL = 67,
    UNPROT_DEAUTHENTICATE = 70,
    UNPROT_DISASSOCIATE = 71,
    SET_REKEY_OFFLOAD = 79,
    PMKSA_CANDIDATE = 80,
    UNEXPECTED_FRAME = 83,
    PROBE_CLIENT = 84,
    UNEXPECTED_4ADDR_FRAME = 86,
    CH_SWITCH_NOTIFY = 88,
    RADAR_DETECT = 94,
    GET_PROTOCOL_FEATURES = 95,
    CHANNEL_SWITCH = 102,
    VENDOR = 103,
    CH_SWITCH_STARTED_NOTIFY = 110,
    WIPHY_REG_CHANGE = 113,
    ABORT_SCAN = 114,
    PORT_AUTHORIZED = 125,
    EXTERNAL_AUTH = 127,
    CONTROL_PORT_FRAME = 129,
    UNPROT_BEACON = 138,
    CONTROL_PORT_FRAME_TX_STATUS = 139,
    ASSOC_COMEBACK = 147,
    ADD_LINK = 148,
    REMOVE_LINK = 149,
    ADD_LINK_STA = 150,
    REMOVE_LINK_STA = 152,
    LINKS_REMOVED = 154,
    ASSOC_MLO_RECONF = 156,
}

numbers! {
    /// Top-level attributes (`enum nl80211_attrs`).
    pub(super) mod attr: u16 = "NL80211_ATTR_" {
        WIPHY = 1,
        WIPHY_NAME = 2,
        IFINDEX = 3,
        IFNAME = 4,
        IFTYPE = 5,
        MAC = 6,
        KEY_IDX = 8,
        BEACON_INTERVAL = 12,
        DTIM_PERIOD = 13,
        BEACON_HEAD = 14,
        BEACON_TAIL = 15,
        STA_AID = 16,
        STA_LISTEN_INTERVAL = 18,
        STA_SUPPORTED_RATES = 19,
        STA_INFO = 21,
        WIPHY_BANDS = 22,
        HT_CAPABILITY = 31,
        SUPPORTED_IFTYPES = 32,
        REG_ALPHA2 = 33,
        REG_RULES = 34,
        WIPHY_FREQ = 38,
        IE = 42,
        MAX_NUM_SCAN_SSIDS = 43,
        SCAN_FREQUENCIES = 44,
        SCAN_SSIDS = 45,
        BSS = 47,
        SUPPORTED_COMMANDS = 50,
        FRAME = 51,
        SSID = 52,
        AUTH_TYPE = 53,
        REASON_CODE = 54,
        MAX_SCAN_IE_LEN = 56,
        KEY_TYPE = 55,
        CIPHER_SUITES = 57,
        TIMED_OUT = 65,
        USE_MFP = 66,
        STA_FLAGS2 = 67,
        CONTROL_PORT = 68,
        PRIVACY = 70,
        DISCONNECTED_BY_AP = 71,
        STATUS_CODE = 72,
        CIPHER_SUITES_PAIRWISE = 73,
        CIPHER_SUITE_GROUP = 74,
        WPA_VERSIONS = 75,
        AKM_SUITES = 76,
        REQ_IE = 77,
        RESP_IE = 78,
        PREV_BSSID = 79,
        KEY = 80,
        PMKID = 85,
        MAX_NUM_PMKIDS = 86,
        DURATION = 87,
        COOKIE = 88,
        FRAME_MATCH = 91,
        ACK = 92,
        PS_STATE = 93,
        CQM = 94,
        LOCAL_STATE_CHANGE = 95,
        AP_ISOLATE = 96,
        FRAME_TYPE = 101,
        CONTROL_PORT_ETHERTYPE = 102,
        CONTROL_PORT_NO_ENCRYPT = 103,
        OFFCHANNEL_TX_OK = 108,
        MAX_REMAIN_ON_CHANNEL_DURATION = 111,
        INTERFACE_COMBINATIONS = 120,
        REKEY_DATA = 122,
        HIDDEN_SSID = 126,
        STA_WME = 129,
        ROAM_SUPPORT = 131,
        PMKSA_CANDIDATE = 134,
        DEVICE_AP_SME = 141,
        FEATURE_FLAGS = 143,
        PROBE_RESP = 145,
        DFS_REGION = 146,
        WDEV = 153,
        AUTH_DATA = 156,
        VHT_CAPABILITY = 157,
        SCAN_FLAGS = 158,
        CHANNEL_WIDTH = 159,
        CENTER_FREQ1 = 160,
        CENTER_FREQ2 = 161,
        RADAR_EVENT = 168,
        EXT_CAPA = 169,
        STA_CAPABILITY = 171,
        STA_EXT_CAPABILITY = 172,
        PROTOCOL_FEATURES = 173,
        SPLIT_WIPHY_DUMP = 174,
        CH_SWITCH_COUNT = 183,
        CSA_IES = 185,
        CNTDWN_OFFS_BEACON = 186,
        CNTDWN_OFFS_PRESP = 187,
        MAX_AP_ASSOC_STA = 202,
        SOCKET_OWNER = 204,
        USE_RRM = 208,
        WIPHY_SELF_MANAGED_REG = 216,
        EXT_FEATURES = 217,
        IFTYPE_EXT_CAPA = 230,
        BSSID = 245,
        PMK = 254,
        EXTERNAL_AUTH_ACTION = 260,
        EXTERNAL_AUTH_SUPPORT = 261,
        CONTROL_PORT_OVER_NL80211 = 264,
        HE_CAPABILITY = 269,
        TIMEOUT = 272,
        SAE_PASSWORD = 277,
        IFTYPE_AKM_SUITES = 284,
        CONTROL_PORT_NO_PREAUTH = 286,
        PMK_LIFETIME = 287,
        RECEIVE_MULTICAST = 289,
        HE_6GHZ_CAPABILITY = 293,
        SAE_PWE = 298,
        EHT_CAPABILITY = 310,
        MLO_LINKS = 312,
        MLO_LINK_ID = 313,
        MLD_ADDR = 314,
        MLO_SUPPORT = 315,
        WIPHY_RADIOS = 331,
        WIPHY_INTERFACE_COMBINATIONS = 332,
        MLO_RECONF_REM_LINKS = 335,
        EML_CAPABILITY = 317,
        MLD_CAPA_AND_OPS = 318,
        EXT_MLD_CAPA_AND_OPS = 337,
    }
}

numbers! {
    /// Widths of a channel.
    pub(super) mod chan: u32 = "NL80211_CHAN_" {
        WIDTH_20_NOHT = 0,
        WIDTH_20 = 1,
        WIDTH_40 = 2,
        WIDTH_80 = 3,
        WIDTH_80P80 = 4,
        WIDTH_160 = 5,
        WIDTH_320 = 13,
    }
}

numbers! {
    /// Attributes of a band.
    pub(super) mod band: u16 = "NL80211_BAND_ATTR_" {
        FREQS = 1,
        RATES = 2,
        HT_MCS_SET = 3,
        HT_CAPA = 4,
        HT_AMPDU_FACTOR = 5,
        HT_AMPDU_DENSITY = 6,
        VHT_MCS_SET = 7,
        VHT_CAPA = 8,
        IFTYPE_DATA = 9,
    }
}

numbers! {
    /// Attributes of a band's HE and EHT capabilities.
    pub(super) mod band_iftype: u16 = "NL80211_BAND_IFTYPE_ATTR_" {
        IFTYPES = 1,
        HE_CAP_MAC = 2,
        HE_CAP_PHY = 3,
        HE_CAP_MCS_SET = 4,
        HE_CAP_PPE = 5,
        HE_6GHZ_CAPA = 6,
        EHT_CAP_MAC = 8,
        EHT_CAP_PHY = 9,
        EHT_CAP_MCS_SET = 10,
        EHT_CAP_PPE = 11,
    }
}

numbers! {
    /// Attributes of a legacy rate.
    pub(super) mod bitrate: u16 = "NL80211_BITRATE_ATTR_" {
        RATE = 1,
    }
}

numbers! {
    /// Attributes of a channel.
    pub(super) mod frequency: u16 = "NL80211_FREQUENCY_ATTR_" {
        FREQ = 1,
        DISABLED = 2,
        NO_IR = 3,
        RADAR = 5,
        MAX_TX_POWER = 6,
        OFFSET = 20,
    }
}

numbers! {
    /// Interface types.
    pub mod iftype: u16 = "NL80211_IFTYPE_" {
        ADHOC = 1,
        STATION = 2,
        AP = 3,
    }
}

numbers! {
    /// Attributes of the AKM suites of an interface type.
    pub(super) mod iftype_akm: u16 = "NL80211_IFTYPE_AKM_ATTR_" {
        IFTYPES = 1,
        SUITES = 2,
    }
}

numbers! {
    /// Extended features for the 4-way handshake in the firmware: bit numbers.
    pub mod four_way: u16 = "NL80211_EXT_FEATURE_4WAY_HANDSHAKE_" {
        STA_PSK = 15,
    }
}

numbers! {
    /// Extended features: bit numbers.
    pub mod extended: u16 = "NL80211_EXT_FEATURE_" {
        RRM = 1,
        CQM_RSSI_LIST = 13,
        CONTROL_PORT_OVER_NL80211 = 26,
        CAN_REPLACE_PTK0 = 31,
        EXT_KEY_ID = 36,
        SAE_OFFLOAD = 38,
        BEACON_PROTECTION = 41,
        MULTICAST_REGISTRATIONS = 45,
        BEACON_PROTECTION_CLIENT = 46,
        OPERATING_CHANNEL_VALIDATION = 49,
        POWERED_ADDR_CHANGE = 61,
        SPP_AMSDU_SUPPORT = 68,
    }
}

numbers! {
    /// Features: bits.
    pub(super) mod feature: u32 = "NL80211_FEATURE_" {
        SAE = 0x20,
        FULL_AP_CLIENT_STATE = 0x8000,
        SCAN_RANDOM_MAC_ADDR = 0x20000000,
    }
}

numbers! {
    /// Attributes of a BSS.
    pub(super) mod bss: u16 = "NL80211_BSS_" {
        BSSID = 1,
        FREQUENCY = 2,
        TSF = 3,
        BEACON_INTERVAL = 4,
        CAPABILITY = 5,
        INFORMATION_ELEMENTS = 6,
        SIGNAL_MBM = 7,
        STATUS = 9,
        SEEN_MS_AGO = 10,
        BEACON_IES = 11,
        BEACON_TSF = 13,
        MLO_LINK_ID = 21,
        MLD_ADDR = 22,
        USE_FOR = 23,
        CANNOT_USE_REASONS = 24,
    }
}

numbers! {
    /// What a BSS is to the interface.
    pub(super) mod bss_status: u32 = "NL80211_BSS_STATUS_" {
        ASSOCIATED = 1,
    }
}

numbers! {
    /// Attributes of a station.
    pub(super) mod sta: u16 = "NL80211_STA_INFO_" {
        INACTIVE_TIME = 1,
        SIGNAL = 7,
        TX_BITRATE = 8,
        TX_RETRIES = 11,
        TX_FAILED = 12,
        SIGNAL_AVG = 13,
        RX_BITRATE = 14,
        CONNECTED_TIME = 16,
        STA_FLAGS = 17,
        BEACON_LOSS = 18,
        RX_BYTES64 = 23,
        TX_BYTES64 = 24,
        EXPECTED_THROUGHPUT = 27,
        BEACON_SIGNAL_AVG = 30,
    }
}

numbers! {
    /// Flags of a station: bit numbers.
    pub(super) mod sta_flag: u32 = "NL80211_STA_FLAG_" {
        AUTHORIZED = 1,
        SHORT_PREAMBLE = 2,
        WME = 3,
        MFP = 4,
    }
}

numbers! {
    /// Attributes of a client's QoS.
    pub(super) mod sta_wme: u16 = "NL80211_STA_WME_" {
        UAPSD_QUEUES = 1,
        MAX_SP = 2,
    }
}

numbers! {
    /// How a beacon hides the SSID.
    pub(super) mod hidden_ssid: u32 = "NL80211_HIDDEN_SSID_" {
        NOT_IN_USE = 0,
        ZERO_LEN = 1,
    }
}

numbers! {
    /// Attributes of a combination of interfaces.
    pub(super) mod combination: u16 = "NL80211_IFACE_COMB_" {
        LIMITS = 1,
        NUM_CHANNELS = 4,
    }
}

numbers! {
    /// Attributes of one limit of a combination of interfaces.
    pub(super) mod limit: u16 = "NL80211_IFACE_LIMIT_" {
        TYPES = 2,
    }
}

numbers! {
    /// Attributes of one of several radios of a device.
    pub(super) mod wiphy_radio: u16 = "NL80211_WIPHY_RADIO_ATTR_" {
        INTERFACE_COMBINATION = 3,
    }
}

numbers! {
    /// Attributes of a rate.
    pub(super) mod rate: u16 = "NL80211_RATE_INFO_" {
        BITRATE = 1,
        MCS = 2,
        SHORT_GI = 4,
        BITRATE32 = 5,
        VHT_MCS = 6,
        VHT_NSS = 7,
        HE_MCS = 13,
        HE_NSS = 14,
        HE_GI = 15,
        HE_DCM = 16,
        HE_RU_ALLOC = 17,
        EHT_MCS = 19,
        EHT_NSS = 20,
        EHT_GI = 21,
        EHT_RU_ALLOC = 22,
    }
}

numbers! {
    /// Attributes of a rate: flags that say the channel's width.
    pub(super) mod rate_width: u16 = "NL80211_RATE_INFO" {
        _40_MHZ_WIDTH = 3,
        _80_MHZ_WIDTH = 8,
        _80P80_MHZ_WIDTH = 9,
        _160_MHZ_WIDTH = 10,
        _10_MHZ_WIDTH = 11,
        _5_MHZ_WIDTH = 12,
        _320_MHZ_WIDTH = 18,
    }
}

numbers! {
    /// Attributes of a regulatory rule.
    pub(super) mod reg: u16 = "NL80211_ATTR_" {
        REG_RULE_FLAGS = 1,
        FREQ_RANGE_START = 2,
        FREQ_RANGE_END = 3,
        FREQ_RANGE_MAX_BW = 4,
        POWER_RULE_MAX_EIRP = 6,
    }
}

numbers! {
    /// Attributes of connection quality.
    pub(super) mod cqm: u16 = "NL80211_ATTR_CQM_" {
        RSSI_THOLD = 1,
        RSSI_HYST = 2,
        RSSI_THRESHOLD_EVENT = 3,
        PKT_LOSS_EVENT = 4,
        BEACON_LOSS_EVENT = 8,
        RSSI_LEVEL = 9,
    }
}

numbers! {
    /// What happened to the signal.
    pub(super) mod cqm_event: u32 = "NL80211_CQM_RSSI_" {
        THRESHOLD_EVENT_LOW = 0,
        THRESHOLD_EVENT_HIGH = 1,
        BEACON_LOSS_EVENT = 2,
    }
}

numbers! {
    /// Attributes of a PMKSA candidate.
    pub(super) mod pmksa_candidate: u16 = "NL80211_PMKSA_CANDIDATE_" {
        BSSID = 2,
        PREAUTH = 3,
    }
}

numbers! {
    /// Attributes of rekeying by the driver.
    pub(super) mod rekey: u16 = "NL80211_REKEY_DATA_" {
        REPLAY_CTR = 3,
    }
}

numbers! {
    /// Attributes of a key.
    pub(super) mod key: u16 = "NL80211_KEY_" {
        DATA = 1,
        IDX = 2,
        CIPHER = 3,
        SEQ = 4,
        DEFAULT = 5,
        DEFAULT_MGMT = 6,
        TYPE = 7,
        DEFAULT_TYPES = 8,
        MODE = 9,
        DEFAULT_BEACON = 10,
    }
}

numbers! {
    /// For what a key is the default one.
    pub(super) mod key_default: u16 = "NL80211_KEY_DEFAULT_TYPE_" {
        MULTICAST = 2,
    }
}

numbers! {
    /// For whom a key is.
    pub(super) mod key_type: u32 = "NL80211_KEYTYPE_" {
        GROUP = 0,
        PAIRWISE = 1,
    }
}

numbers! {
    /// How a key is used.
    pub(super) mod key_mode: u8 = "NL80211_KEY_" {
        NO_TX = 1,
        SET_TX = 2,
    }
}

numbers! {
    /// Authentication types.
    pub(super) mod auth_type: u32 = "NL80211_AUTHTYPE_" {
        OPEN_SYSTEM = 0,
        SHARED_KEY = 1,
        FT = 2,
        SAE = 4,
        FILS_SK = 5,
        FILS_SK_PFS = 6,
        FILS_PK = 7,
    }
}

numbers! {
    /// How SAE finds its password element.
    pub(super) mod sae_pwe: u8 = "NL80211_SAE_PWE_" {
        HUNT_AND_PECK = 1,
        HASH_TO_ELEMENT = 2,
    }
}

numbers! {
    /// Protection of management frames.
    pub(super) mod mfp: u32 = "NL80211_MFP_" {
        REQUIRED = 1,
    }
}

numbers! {
    /// Power saving.
    pub(super) mod power_save: u32 = "NL80211_PS_" {
        DISABLED = 0,
        ENABLED = 1,
    }
}

numbers! {
    /// Flags of a scan: bits.
    pub(super) mod scan_flag: u32 = "NL80211_SCAN_FLAG_" {
        FLUSH = 0x2,
        AP = 0x4,
        RANDOM_ADDR = 0x8,
        COLOCATED_6GHZ = 0x4000,
    }
}

numbers! {
    /// WPA versions: bits.
    pub(super) mod wpa_version: u32 = "NL80211_" {
        WPA_VERSION_1 = 0x1,
        WPA_VERSION_2 = 0x2,
        WPA_VERSION_3 = 0x4,
    }
}

/// Every table, for the comparison with the header.
#[cfg(test)]
pub(super) const TABLES: &[&[(&str, u64)]] = &[
    Command::TABLE,
    attr::TABLE,
    chan::TABLE,
    band::TABLE,
    band_iftype::TABLE,
    bitrate::TABLE,
    frequency::TABLE,
    iftype::TABLE,
    iftype_akm::TABLE,
    four_way::TABLE,
    extended::TABLE,
    feature::TABLE,
    bss::TABLE,
    bss_status::TABLE,
    sta::TABLE,
    sta_flag::TABLE,
    sta_wme::TABLE,
    hidden_ssid::TABLE,
    combination::TABLE,
    limit::TABLE,
    wiphy_radio::TABLE,
    rate::TABLE,
    rate_width::TABLE,
    reg::TABLE,
    cqm::TABLE,
    cqm_event::TABLE,
    pmksa_candidate::TABLE,
    rekey::TABLE,
    key::TABLE,
    key_mode::TABLE,
    key_type::TABLE,
    key_default::TABLE,
    auth_type::TABLE,
    sae_pwe::TABLE,
    mfp::TABLE,
    power_save::TABLE,
    scan_flag::TABLE,
    wpa_version::TABLE,
];
