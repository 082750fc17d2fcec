use super::*;

const RADIO_ADDRESSES: [MacAddr; 2] = [MacAddr([2, 0, 0, 0, 0, 0]), MacAddr([0x42, 0, 0, 0, 0, 0])];

fn origin() -> Origin {
    Origin { sender: ":1.7".to_owned(), serial: 9, wants_reply: true }
}

fn service() -> Service {
    let radio = Radio { id: 3, name: "rad0".to_owned(), channels: 1, p2p: true };
    let interface =
        Netdev { number: 5, name: "wln0".to_owned(), address: RADIO_ADDRESSES[0], radio: "rad0".to_owned() };
    let mut service = Service::default();
    service.radios.insert(3, Known { radio, addresses: RADIO_ADDRESSES });
    service.interfaces.push(interface);
    service
}

struct Bench {
    service: Service,
    rules: Rules,
}

impl Bench {
    fn new() -> Self {
        Self { service: service(), rules: Rules::default() }
    }

    fn effects(&mut self, path: &str, interface: &str, member: &str, body: Vec<Value>) -> Vec<Effect> {
        let call = MethodCall {
            origin: origin(),
            path: path.to_owned(),
            interface: Some(interface.to_owned()),
            member: member.to_owned(),
            body: body.into(),
        };
        self.service.receive(Incoming::Call(call), &mut self.rules)
    }

    fn call(
        &mut self,
        path: &str,
        interface: &str,
        member: &str,
        body: Vec<Value>,
    ) -> Result<Vec<Value>, String> {
        match self.effects(path, interface, member, body).as_slice() {
            [Effect::Send(Outgoing::Return(_, values))] => Ok(values.clone()),
            [Effect::Send(Outgoing::Error(_, error))] => Err(error.name.clone()),
            other => panic!("{other:?}"),
        }
    }

    fn set(&mut self, name: &str, value: Value) -> Result<Vec<Value>, String> {
        let body = vec![Value::text(RULE), Value::text(name), value.in_variant()];
        self.call("/rule0", PROPERTIES, "Set", body)
    }

    fn get(&mut self, name: &str) -> Value {
        let body = vec![Value::text(RULE), Value::text(name)];
        let values = self.call("/rule0", PROPERTIES, "Get", body).unwrap();
        let [Value::Variant(value)] = values.as_slice() else { panic!("{values:?}") };
        value.as_ref().clone()
    }
}

#[test]
fn a_rule_is_added_set_and_removed() {
    let mut bench = Bench::new();
    assert_eq!(bench.call("/", RULE_MANAGER, "AddRule", vec![]), Ok(vec![Value::Path("/rule0".to_owned())]));
    // It is not in force yet, and for every frame.
    assert_eq!(
        (bench.get("Enabled"), bench.get("MatchTimes")),
        (Value::Boolean(false), Value::Uint16(u16::MAX))
    );
    let values = [
        ("Source", Value::text("02:00:00:00:00:00")),
        ("Destination", Value::text("multicast")),
        ("Bidirectional", Value::Boolean(true)),
        ("Frequency", Value::Uint32(2412)),
        ("Priority", Value::Int16(4)),
        ("SignalStrength", Value::Int16(-4500)),
        ("Drop", Value::Boolean(true)),
        ("Delay", Value::Uint32(30)),
        ("Prefix", Value::octets(b"\x80")),
        ("MatchBytes", Value::octets(b"\x01\x02")),
        ("MatchBytesOffset", Value::Uint16(26)),
        ("Enabled", Value::Boolean(true)),
        ("MatchTimes", Value::Uint16(1)),
        ("DropAck", Value::Boolean(false)),
        ("FrameKind", Value::text("beacon")),
        ("Loss", Value::Byte(10)),
        ("Duplicate", Value::Boolean(true)),
        ("Corrupt", Value::Boolean(true)),
    ];
    for (name, value) in values {
        assert_eq!(bench.set(name, value.clone()), Ok(vec![]), "{name}");
        assert_eq!(bench.get(name), value, "{name}");
    }
    assert_eq!(bench.call("/rule0", RULE, "Remove", vec![]), Ok(vec![]));
    let gone = bench.call("/rule0", RULE, "Remove", vec![]);
    assert_eq!(gone, Err("org.freedesktop.DBus.Error.UnknownObject".to_owned()));
}

#[test]
fn values_that_are_none_are_refused_and_change_nothing() {
    let mut bench = Bench::new();
    bench.call("/", RULE_MANAGER, "AddRule", vec![]).unwrap();
    for (name, value) in [
        ("Source", Value::text("multicast")),
        ("Source", Value::Boolean(true)),
        ("SignalStrength", Value::Int16(1)),
        ("SignalStrength", Value::Int16(-10_001)),
        ("Prefix", Value::octets(&[0; 129])),
        ("Loss", Value::Byte(101)),
        ("FrameKind", Value::text("becon")),
    ] {
        let before = bench.get(name);
        assert_eq!(bench.set(name, value), Err("net.connman.hwsim.InvalidArgs".to_owned()), "{name}");
        assert_eq!(bench.get(name), before);
    }
    let unknown = bench.set("Colour", Value::Byte(1));
    assert_eq!(unknown, Err("org.freedesktop.DBus.Error.UnknownProperty".to_owned()));
}

#[test]
fn every_property_is_as_the_table_says() {
    let mut bench = Bench::new();
    bench.call("/", RULE_MANAGER, "AddRule", vec![]).unwrap();
    let tree = objects::tree(&bench.service.radios, &bench.service.interfaces, &bench.rules);
    for interfaces in tree.values() {
        for (interface, values) in interfaces {
            let table = objects::find(interface).unwrap().properties;
            let expected: BTreeMap<_, _> =
                table.iter().map(|property| (property.name, property.signature.into())).collect();
            let shown: BTreeMap<_, _> =
                values.iter().map(|(name, value)| (*name, value.signature())).collect();
            assert_eq!(shown, expected, "{interface}");
        }
    }
}

#[test]
fn a_radio_is_made_and_removed() {
    let mut bench = Bench::new();
    let wishes = Value::options([
        ("Name", Value::text("rad1")),
        ("P2P", Value::Boolean(true)),
        ("NoVirtualInterface", Value::Boolean(true)),
        ("InterfaceTypeDisable", Value::text("ap")),
        ("CipherTypeDisable", Value::text("ccmp,tkip")),
    ]);
    let effects = bench.effects("/", RADIO_MANAGER, "CreateRadio", vec![wishes]);
    let [Effect::Create(_, radio)] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!((radio.name.as_deref(), radio.p2p, radio.no_interface), (Some("rad1"), true, true));
    assert_eq!(radio.interface_types, Some(1 << 1 | 1 << 2 | 1 << 7 | 1 << 8 | 1 << 9));
    assert_eq!(radio.ciphers.as_ref().unwrap().len(), 9);
    assert!(!radio.ciphers.as_ref().unwrap().contains(&0x000f_ac04));
    let path = vec![Value::Path("/radio3".to_owned())];
    let made = bench.service.created(origin(), 3);
    assert_eq!(made, Some(Effect::Send(Outgoing::Return(origin(), path))));
    let nameless = bench.call("/", RADIO_MANAGER, "CreateRadio", vec![Value::options::<&str>([])]);
    assert_eq!(nameless, Err("net.connman.hwsim.InvalidArgs".to_owned()));
    assert_eq!(bench.effects("/radio3", RADIO, "Destroy", vec![]), [Effect::Destroy(origin(), 3)]);
}

#[test]
fn a_frame_is_sent_by_an_interface() {
    let mut bench = Bench::new();
    let body = |station: &[u8]| {
        vec![Value::octets(station), Value::Uint32(2412), Value::Int32(-30), Value::octets(b"frame")]
    };
    let station = RADIO_ADDRESSES[1];
    let expected = Effect::SendFrame {
        origin: origin(),
        station,
        frequency: 2412,
        signal: -30,
        octets: b"frame".to_vec(),
    };
    assert_eq!(bench.effects("/radio3/5", INTERFACE, "SendFrame", body(&station.0)), [expected]);
    let short = bench.call("/radio3/5", INTERFACE, "SendFrame", body(b"12345"));
    assert_eq!(short, Err("net.connman.hwsim.InvalidArgs".to_owned()));
}

#[test]
fn objects_are_listed_described_and_told_of() {
    let mut bench = Bench::new();
    let told = bench.service.settle(&bench.rules);
    assert_eq!(told.len(), 3, "{told:?}");
    bench.call("/", RULE_MANAGER, "AddRule", vec![]).unwrap();
    let list = bench.call("/", OBJECT_MANAGER, "GetManagedObjects", vec![]).unwrap();
    assert_eq!(signature(&list), "a{oa{sa{sv}}}");
    for part in ["/radio3/5", "/rule0", "net.connman.hwsim.Interface", "02:00:00:00:00:00"] {
        assert!(format!("{list:?}").contains(part), "{part}");
    }
    let xml = bench.call("/", INTROSPECTABLE, "Introspect", vec![]).unwrap();
    assert!(format!("{xml:?}").contains("radio3"));
    let member = |message: &Outgoing| match message {
        Outgoing::Signal { member, .. } => *member,
        other => panic!("{other:?}"),
    };
    let told = |bench: &mut Bench| bench.service.settle(&bench.rules).iter().map(member).collect::<Vec<_>>();
    assert_eq!(told(&mut bench), ["InterfacesAdded"]);
    bench.set("Drop", Value::Boolean(true)).unwrap();
    assert_eq!(told(&mut bench), ["PropertiesChanged"]);
    bench.call("/rule0", RULE, "Remove", vec![]).unwrap();
    assert_eq!(told(&mut bench), ["InterfacesRemoved"]);
    assert!(told(&mut bench).is_empty());
}

#[test]
fn calls_that_are_wrong_are_refused() {
    let mut bench = Bench::new();
    for (path, interface, member, error) in [
        ("/", RULE_MANAGER, "AddRules", "org.freedesktop.DBus.Error.UnknownMethod"),
        ("/rule9", RULE, "Remove", "org.freedesktop.DBus.Error.UnknownObject"),
        ("/", PROPERTIES, "GetAll", "org.freedesktop.DBus.Error.UnknownMethod"),
        ("/radio3", PROPERTIES, "GetAll", "net.connman.hwsim.InvalidArgs"),
    ] {
        assert_eq!(bench.call(path, interface, member, vec![]), Err(error.to_owned()), "{path} {member}");
    }
}

#[test]
fn the_name_is_ours_or_we_are_of_no_use() {
    let mut bench = Bench::new();
    let mut reply = |number| {
        let outcome = Ok(vec![Value::Uint32(number)]);
        let incoming = Incoming::Reply {
            serial: REQUEST_NAME,
            sender: BUS.to_owned(),
            outcome: outcome.map(Into::into),
        };
        bench.service.receive(incoming, &mut bench.rules)
    };
    assert_eq!((reply(1), reply(3)), (vec![Effect::Ready], vec![Effect::NameTaken]));
}
