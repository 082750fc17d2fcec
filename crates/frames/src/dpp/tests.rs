use super::{base64::Alphabet, *};
use crate::{Channel, MacAddr, management::StatusCode};
use std::{format, string::ToString, vec, vec::Vec};

const KEY: &str = "MDkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDIgADURzxmttZoIRIPWGoQMV00XHWCAQIhXruVWOz0NjlkIA=";

fn channels(frequencies: &[u32]) -> Vec<Channel> {
    frequencies.iter().map(|mhz| Channel::from_frequency(*mhz).unwrap()).collect()
}

#[test]
fn a_uri_with_everything_both_ways() {
    let text = format!("DPP:C:81/1,115/36;I:SN=4774LH2b4044;M:5254005828e5;V:2;K:{KEY};;");
    let uri = Uri::parse(&text).unwrap();
    assert_eq!(uri.address, Some(MacAddr([0x52, 0x54, 0x00, 0x58, 0x28, 0xe5])));
    assert_eq!(uri.channels, channels(&[2412, 5180]));
    assert_eq!((uri.version, uri.information.as_deref()), (Some(2), Some("SN=4774LH2b4044")));
    assert_eq!(uri.key.curve, Curve::P256);
    assert_eq!(Uri::parse(&uri.to_string()), Ok(uri));
}

#[test]
fn a_uri_with_a_key_alone_and_with_a_class_for_several_channels() {
    let alone = format!("DPP:K:{KEY};;");
    assert_eq!(Uri::parse(&alone).unwrap().to_string(), alone);
    let several = Uri::parse(&format!("DPP:K:{KEY};C:81/1,6,11,115/36,40;;")).unwrap();
    assert_eq!(several.channels, channels(&[2412, 2437, 2462, 5180, 5200]));
    assert!(Uri::parse(&format!("DPP:K:{KEY};C:250/1;;")).unwrap().channels.is_empty());
    assert!(Uri::parse(&format!("DPP:K:{KEY};Z:of a later version;;")).is_ok());
}

#[test]
fn uris_that_are_none_are_refused() {
    let mut bad: Vec<std::string::String> = [
        "C:81/1;K:whatever;;",
        "DPP:",
        "DPP:;;",
        "DPP:C:81/1,115/36;I:SN=4774LH2b4044;M:5254005828e5;V:2;;",
        "DPP:K:MDkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDIgADURzxmttZoIRIPWGoQMV00XHWCAQIhXruVWOz0;;",
    ]
    .map(Into::into)
    .to_vec();
    bad.push(format!("DPP:K:{KEY};;C:81/1;;"));
    bad.push(format!("DPP:K:{KEY};"));
    bad.push(format!("DPP:K:{KEY}"));
    bad.push(format!("DPP:K:{KEY};K:{KEY};;"));
    let fields = [
        "C:",
        "C:81",
        "C:81/",
        "C:81/1,",
        "C:81/1,81/",
        "C:81/1,/",
        "C:1",
        "C:+81/1",
        "C:81/-1",
        "C:300/1",
        "C:81/1;C:81/1",
        "M:5254005828e5;M:5254005828e5",
        "M:5254005828e",
        "M:5254005828g5",
        "M:ffffffffffff",
        "M:000000000000",
        "M:+254005828e5",
        "V:2;V:2",
        "V:x",
        "V:256",
        "V:",
        "nothing",
    ];
    bad.extend(fields.map(|field| format!("DPP:{field};K:{KEY};;")));
    bad.push(format!("DPP:K:{KEY};I:{};;", "x".repeat(MAX_URI)));
    for uri in bad {
        assert!(Uri::parse(&uri).is_err(), "{uri}");
    }
}

#[test]
fn keys_of_all_curves_both_ways_and_none_cut_short() {
    for curve in [Curve::P256, Curve::P384, Curve::P521] {
        for (form, length) in [(2, 1), (3, 1), (4, 2)] {
            let point = [&[form][..], &vec![7; length * curve.octets()]].concat();
            let key = PublicKey { curve, point };
            let der = key.to_der();
            assert_eq!(PublicKey::from_der(&der), Ok(key));
            for cut in 0..der.len() {
                assert!(PublicKey::from_der(&der[..cut]).is_err(), "{curve:?} {form} {cut}");
            }
            assert!(PublicKey::from_der(&[&der[..], &[0]].concat()).is_err());
        }
    }
    let infinity = PublicKey { curve: Curve::P256, point: vec![0] };
    assert!(PublicKey::from_der(&infinity.to_der()).is_err());
}

#[test]
fn base64_as_rfc_4648_writes_it() {
    let examples = [
        ("", ""),
        ("f", "Zg=="),
        ("fo", "Zm8="),
        ("foo", "Zm9v"),
        ("foob", "Zm9vYg=="),
        ("foobar", "Zm9vYmFy"),
    ];
    for (octets, text) in examples {
        assert_eq!(base64::encode(Alphabet::Standard, octets.as_bytes()), text);
        assert_eq!(base64::decode(Alphabet::Standard, text).as_deref(), Some(octets.as_bytes()));
        let url = text.trim_end_matches('=');
        assert_eq!(base64::encode(Alphabet::Url, octets.as_bytes()), url);
        assert_eq!(base64::decode(Alphabet::Url, url).as_deref(), Some(octets.as_bytes()));
    }
    assert_eq!(base64::encode(Alphabet::Standard, &[0xfb, 0xff]), "+/8=");
    assert_eq!(base64::encode(Alphabet::Url, &[0xfb, 0xff]), "-_8");
    for bad in ["Z", "Zg=", "Zg", "Zh==", "Zg==Zg==", "Z===", "====", "Zm9\u{e9}", "Zm 9"] {
        assert_eq!(base64::decode(Alphabet::Standard, bad), None, "{bad}");
    }
    assert_eq!(base64::decode(Alphabet::Url, "Zg=="), None);
}

#[test]
fn a_frame_both_ways_and_never_cut_short() {
    let attributes = Writer::new()
        .with(Type::Status, &[0])
        .with(Type::ResponderBootstrappingHash, &[1; 32])
        .with_some(Type::CodeIdentifier, None)
        .with(Type::WrappedData, &[2; 20]);
    let body = Frame::write(FrameType::AuthenticationConfirm, attributes.octets());
    let frame = Frame::parse(&body).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(frame.kind, FrameType::AuthenticationConfirm);
    assert_eq!(frame.attributes.status(), Some(Status::Ok));
    let (wrapped, before) = frame.attributes.wrapped().unwrap();
    assert_eq!((wrapped, before.len()), (&[2; 20][..], 5 + 36));
    assert_eq!(body.get(2..8), Some(&Frame::header(frame.kind)[..]));
    for length in 0..body.len() {
        let whole = [8, 8 + 5, 8 + 5 + 36].contains(&length);
        assert_eq!(Frame::parse(&body[..length]).is_ok(), whole, "{length}");
    }
    for at in 0..7 {
        let mut other = body.clone();
        other[at] ^= 1;
        assert!(Frame::parse(&other).is_err(), "octet {at}");
    }
}

#[test]
fn nothing_behind_wrapped_data_is_taken() {
    let attributes = Writer::new().with(Type::WrappedData, &[2; 20]).with(Type::Status, &[0]);
    assert!(
        Attributes::parse(attributes.octets()).unwrap_or_else(|error| panic!("{error}")).wrapped().is_none()
    );
}

#[test]
fn gas_frames_both_ways_and_never_cut_short() {
    let all = [
        Gas::InitialRequest { dialog_token: 7, query: &[1, 2, 3] },
        Gas::InitialResponse {
            dialog_token: 7,
            status: StatusCode::Success,
            comeback_delay: 1,
            response: &[4, 5],
        },
        Gas::ComebackRequest { dialog_token: 7 },
        Gas::ComebackResponse {
            dialog_token: 7,
            status: StatusCode::Success,
            fragment: Fragment::new(3, true),
            comeback_delay: 0,
            response: &[6; 9],
        },
    ];
    for (gas, prefix) in all.into_iter().zip(Gas::PREFIXES) {
        let octets = gas.to_octets();
        assert!(octets.starts_with(&prefix));
        assert!(Gas::parse(&octets).unwrap_or_else(|error| panic!("{error}")) == gas);
        for length in 0..octets.len() {
            assert!(Gas::parse(&octets[..length]).is_err(), "{length}");
        }
        assert!(Gas::parse(&[&octets[..], &[0]].concat()).is_err());
    }
    assert_eq!((Fragment::new(3, true).number(), Fragment::new(3, true).more()), (3, true));
    let mut other = all[0].to_octets();
    other[6] = 0;
    assert!(Gas::parse(&other).is_err(), "of another protocol");
}
