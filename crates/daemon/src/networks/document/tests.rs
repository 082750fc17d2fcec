use super::*;
use proptest::prelude::*;

const FILE: &[u8] = b"# My network\n\n[Settings]\n  Hidden = true\nUnknown=kept\n\n# About the secret\n\
    [Security]\nPassphrase=\\s two\\\\words \nPreSharedKey=0aFF\n[@pem@ca one]\n\n-----BEGIN CERTIFICATE-----\n\
    Passphrase=not a key\n-----END CERTIFICATE-----\n\nEAP-Method=TLS\n[Settings]\nHidden=false\n";

fn plain(document: &Document, group: &str, key: &str) -> Option<String> {
    document.value(group, key).map(|value| value.plain().unwrap())
}

#[test]
fn reads_what_iwd_reads() {
    let document = Document::parse(FILE).unwrap();
    assert!(document.value("Settings", "Hidden").unwrap().boolean().unwrap(), "the first group counts");
    let passphrase = document.value("Security", "Passphrase").unwrap();
    assert_eq!(passphrase.text().unwrap().expose(), b"  two\\words ");
    assert_eq!(passphrase.line, 9);
    assert_eq!(document.value("Security", "PreSharedKey").unwrap().octets().unwrap().expose(), [0x0a, 0xff]);
    assert_eq!(plain(&document, "Security", "EAP-Method").unwrap(), "TLS", "an embedded group ends no group");
    assert_eq!(plain(&document, "Security", "Hidden"), None);
    assert_eq!(document.groups().collect::<Vec<_>>(), ["Settings", "Security", "Settings"]);
    assert_eq!(document.octets().expose(), FILE);
}

#[test]
fn changes_only_what_is_asked() {
    let mut document = Document::parse(FILE).unwrap();
    document.set("Settings", "Hidden", b"false");
    document.set("Security", "PreSharedKey", b"\t\xc3\xa4\n");
    document.set("Security", "New", b"x");
    document.set("Third", "Key", b"y");
    document.remove("Settings", "Unknown");
    let text = String::from_utf8(document.octets().expose().to_vec()).unwrap();
    let expected = String::from_utf8(FILE.to_vec())
        .unwrap()
        .replacen("Hidden = true\nUnknown=kept", "Hidden = false", 1)
        .replacen("0aFF", "\\tä\\n", 1)
        .replacen("EAP-Method=TLS\n", "EAP-Method=TLS\nNew=x\n", 1)
        + "\n[Third]\nKey=y\n";
    assert_eq!(text, expected);
    assert_eq!(Document::parse(text.as_bytes()).unwrap(), document);
}

#[test]
fn a_last_line_without_newline_gets_one() {
    let mut document = Document::parse(b"[A]\nb=c").unwrap();
    document.set("A", "d", b"e");
    assert_eq!(document.octets().expose(), b"[A]\nb=c\nd=e\n");
    let mut document = Document::parse(b"[A]").unwrap();
    document.set("A", "d", b"e");
    assert_eq!(document.octets().expose(), b"[A]\nd=e\n");
    let mut document = Document::default();
    document.set("A", "d", b"e");
    assert_eq!(document.octets().expose(), b"[A]\nd=e\n");
}

#[test]
fn each_problem_has_its_line() {
    for (text, line, problem) in [
        (&b"\nKey=value\n"[..], 2, Problem::NoGroup),
        (b"[Group\n", 1, Problem::BadGroup),
        (b"[Group]x\n", 1, Problem::BadGroup),
        (b"[Group]\r\n", 1, Problem::BadGroup),
        (b"[]\n", 1, Problem::BadGroup),
        (b"[A]\n[@pem@]\n", 2, Problem::BadEmbeddedGroup),
        (b"[A]\n[@der@x]\n", 2, Problem::BadEmbeddedGroup),
        (b"[A]\n[@pem@x]\n-----BEGIN A-----\nabc\n", 2, Problem::UnterminatedPem),
        (b"[A]\nnothing\n", 2, Problem::NoEquals),
        (b"[A]\n=value\n", 2, Problem::BadKey),
        (b"[A]\na key=value\n", 2, Problem::BadKey),
        (b"[A]\n#\xff\nkey=\xff\n", 3, Problem::NotText),
        (b"[A]\nkey=a\0b\n", 2, Problem::NotText),
        (b"[A]\nkey=value\r\n", 2, Problem::NotText),
    ] {
        assert_eq!(Document::parse(text), Err(Malformed { line, problem }), "{}", text.escape_ascii());
    }
    assert_eq!(Document::parse(&vec![b'#'; MAX_OCTETS + 1]).unwrap_err().problem, Problem::TooLong);
    let document = Document::parse(b"[A]\na=\\x\nb=yes\nc=0a0\nd=\\").unwrap();
    let value = |key| document.value("A", key).unwrap();
    assert!(value("a").text().err() == Some(Malformed { line: 2, problem: Problem::BadEscape }));
    assert!(value("d").text().err() == Some(Malformed { line: 5, problem: Problem::BadEscape }));
    assert_eq!(value("b").boolean(), Err(Malformed { line: 3, problem: Problem::NotABoolean }));
    assert!(value("c").octets().err() == Some(Malformed { line: 4, problem: Problem::NotHexadecimal }));
}

#[test]
fn nothing_of_it_is_printed() {
    let document = Document::parse(FILE).unwrap();
    assert!(!format!("{document:?}").contains("words"));
}

fn line() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just(b"[Security]".to_vec()),
        Just(b"[Other group]".to_vec()),
        Just(b"[@pem@x]".to_vec()),
        Just(b"-----BEGIN X-----".to_vec()),
        Just(b"-----END X-----".to_vec()),
        Just(b"Passphrase = a\\sb".to_vec()),
        Just(b"PreSharedKey=00".to_vec()),
        "#[ -~]{0,20}".prop_map(String::into_bytes),
        "[ \t]{0,3}[a-zA-Z_.-]{0,9}[ \t]{0,2}=?[^\n]{0,20}".prop_map(String::into_bytes),
        proptest::collection::vec(any::<u8>(), 0..20),
    ]
}

fn unended(line: &Line) -> &[u8] {
    let octets = line.raw.expose();
    octets.strip_suffix(b"\n").unwrap_or(octets)
}

proptest! {
    #[test]
    fn any_octets_are_read_or_refused(octets in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(document) = Document::parse(&octets) {
            let written = document.octets();
            prop_assert_eq!(written.expose(), &octets[..]);
        }
    }

    #[test]
    fn whatever_is_read_survives_a_change(
        lines in proptest::collection::vec(line(), 0..20),
        text in "[^\0]{0,30}",
        final_newline in any::<bool>(),
    ) {
        let mut octets = lines.join(&b'\n');
        if final_newline {
            octets.push(b'\n');
        }
        let Ok(before) = Document::parse(&octets) else { return Ok(()) };
        let unchanged = before.octets();
        prop_assert_eq!(unchanged.expose(), &octets[..]);
        let mut after = before.clone();
        after.set("Security", "Passphrase", text.as_bytes());
        let written = after.octets();
        let again = Document::parse(written.expose()).unwrap();
        let read = again.value("Security", "Passphrase").unwrap().text().unwrap();
        prop_assert_eq!(read.expose(), text.as_bytes());
        // Every line but the changed one is still there, in the same order and to the octet.
        let changed = before.find("Security", "Passphrase").map(|(index, _)| index);
        let mut rest = after.lines.iter();
        for (index, line) in before.lines.iter().enumerate() {
            if Some(index) != changed {
                let found = rest.any(|other| unended(other) == unended(line));
                prop_assert!(found, "{}", unended(line).escape_ascii());
            }
        }
    }
}
