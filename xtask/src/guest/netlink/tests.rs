use super::*;

pub(super) fn message(kind: u16, flags: u16, sequence: u32, port: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(16 + payload.len()).unwrap();
    let mut bytes = [length.to_ne_bytes().as_slice(), &kind.to_ne_bytes(), &flags.to_ne_bytes()].concat();
    bytes.extend([sequence.to_ne_bytes(), port.to_ne_bytes()].concat());
    bytes.extend(payload);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

pub(super) fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(4 + value.len()).unwrap();
    let mut bytes = [length.to_ne_bytes().as_slice(), &kind.to_ne_bytes(), value].concat();
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

/// One packet a second, the first at 1 s and 1 µs.
pub(super) fn capture(packets: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = vec![0; 24];
    for (packet, second) in packets.iter().zip(1_u32..) {
        bytes.extend([second.to_ne_bytes(), 1_u32.to_ne_bytes()].concat());
        let length = u32::try_from(16 + packet.len()).unwrap();
        bytes.extend([length.to_ne_bytes(), length.to_ne_bytes()].concat());
        bytes.extend([0; 14]);
        bytes.extend(GENERIC.to_be_bytes());
        bytes.extend(packet);
    }
    bytes
}

pub(super) fn family() -> Vec<u8> {
    let mut payload = vec![NEW_FAMILY, 2, 0, 0];
    payload.extend(attribute(FAMILY_NAME, b"nl80211\0"));
    payload.extend(attribute(FAMILY_ID, &30_u16.to_ne_bytes()));
    message(CONTROLLER, 0, 1, 7, &payload)
}

/// The kernel's answer to a request, with the request's header only.
fn error(request: &[u8], error: i32, text: Option<&[u8]>) -> Vec<u8> {
    let mut payload = error.to_ne_bytes().to_vec();
    payload.extend(&request[..16]);
    let flags = CAPPED | text.map_or(0, |_| HAS_ATTRIBUTES);
    payload.extend(text.map(|text| attribute(TEXT, text)).unwrap_or_default());
    message(ERROR, flags, 2, 7, &payload)
}

#[test]
fn refusal_names_its_command_and_the_kernels_words() {
    let request = message(30, 5, 2, 7, &[12, 0, 0, 0]);
    let answer = error(&request, -22, Some(b"link ID must (be set) for MLO group key\0"));
    let capture = Capture::parse(&capture(&[family(), request, answer]));
    let refusals = capture.refusals();
    let message = Some("link ID must (be set) for MLO group key".to_owned());
    let at = Duration::from_secs(3) + Duration::from_micros(1);
    assert_eq!(refusals, [Refusal { command: 12, error: 22, message, port: 7, at }]);
    assert!(refusals[0].to_string().starts_with("DEL_KEY: Invalid argument"));
}

#[test]
fn an_uncapped_error_carries_its_request() {
    let request = message(30, 5, 2, 7, &[37, 0, 0, 0]);
    let mut payload = (-2_i32).to_ne_bytes().to_vec();
    payload.extend(&request);
    payload.extend(attribute(TEXT, b"no\0"));
    let answer = message(ERROR, HAS_ATTRIBUTES, 2, 7, &payload);
    // The request itself was not captured.
    let refusals = Capture::parse(&capture(&[family(), answer])).refusals();
    let told: Vec<_> =
        refusals.iter().map(|refusal| (refusal.command, refusal.error, refusal.message.as_deref())).collect();
    assert_eq!(told, [(37, 2, Some("no"))]);
}

#[test]
fn acknowledgements_and_other_families_are_no_refusals() {
    let request = message(30, 5, 2, 7, &[37, 0, 0, 0]);
    let other = message(31, 5, 3, 7, &[1, 0, 0, 0]);
    let packets = [family(), error(&request, 0, None), error(&other, -22, None)];
    assert_eq!(Capture::parse(&capture(&packets)).refusals(), []);
}

#[test]
fn installed_keys_are_told_by_their_index() {
    let key = attribute(KEY, &[attribute(1, &[0; 16]), attribute(KEY_INDEX, &[6])].concat());
    let payload = [vec![NEW_KEY, 0, 0, 0], attribute(3, &[1, 0, 0, 0]), key].concat();
    let request = message(30, 5, 2, 7, &payload);
    assert_eq!(Capture::parse(&capture(&[family(), request])).keys(), [(None, 6)]);
}

#[test]
fn requests_are_told_from_answers_and_by_their_time() {
    let request = |command| message(30, 5, 2, 7, &[command, 0, 0, 0]);
    let answer = message(30, 2, 2, 7, &[34, 0, 0, 0]);
    let capture = Capture::parse(&capture(&[family(), request(32), answer, request(37), request(38)]));
    let second = |number| Duration::new(number, 1000);
    assert_eq!(capture.requests(second(2), second(4)), [32, 37]);
    assert_eq!(capture.requests(second(5), second(9)), [38]);
    assert!(capture.requests(second(6), second(9)).is_empty());
}

#[test]
fn a_capture_cut_anywhere_is_read_as_far_as_it_goes() {
    let request = message(30, 5, 2, 7, &[12, 0, 0, 0]);
    let bytes = capture(&[family(), request.clone(), error(&request, -22, None)]);
    for length in 0..bytes.len() {
        assert_eq!(Capture::parse(&bytes[..length]).refusals(), [], "at {length}");
    }
    assert_eq!(Capture::parse(&bytes).refusals().len(), 1);
}
