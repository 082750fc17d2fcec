//! What is said of links on which daemon and kernel agree, and of those on which they do not.

use super::*;
use lapwing_core::failure::{Code, Failure};
use lapwing_core::kernel::{Frequency, InterfaceLink};
use lapwing_core::select::LeftOut;
use lapwing_frames::MacAddr;
use lapwing_frames::management::StatusCode;

const PEER: MacAddr = MacAddr([2, 0, 0, 0, 0, 0xaa]);
const WE: MacAddr = MacAddr([2, 0, 0, 0, 0, 1]);

fn id(number: u8) -> LinkId {
    LinkId::new(number).unwrap()
}

fn mhz(number: u8) -> u32 {
    [2412, 5180, 5955][usize::from(number)]
}

fn link(number: u8, state: LinkState) -> LinkView {
    let bssid = Some(MacAddr([2, 0, 0, 0, 1, number]));
    let association = number == 0;
    LinkView { id: Some(id(number)), bssid, frequency: Some(mhz(number)), association, state: Some(state) }
}

fn kernel(links: &[u8]) -> InterfaceState {
    let link = |number: &u8| {
        let channel = ChannelDefinition::narrow(Frequency(mhz(*number)));
        InterfaceLink { id: id(*number), address: MacAddr([2, 0, 0, 0, 2, *number]), channel: Some(channel) }
    };
    InterfaceState { address: WE, ssid: None, channel: None, links: links.iter().map(link).collect() }
}

/// Figures of each of these links, stronger with each number, and of all together.
fn figures(links: &[u8]) -> StationFigures {
    let of = |address, dbm| StationFigures { address, signal_dbm: Some(dbm), ..StationFigures::default() };
    let links = links.iter().map(|number| (id(*number), of(PEER, -60 + number.cast_signed())));
    StationFigures { links: links.collect(), ..of(PEER, -50) }
}

fn view(links: &[LinkView]) -> LinksView {
    LinksView { peer: PEER, manner: Manner::AllLinks, fell_back: None, links: links.to_vec() }
}

fn report(view: &LinksView, kernel: &InterfaceState, figures: Option<&StationFigures>) -> LinksReport {
    compare(view, kernel, figures, |_| Some(-42))
}

#[test]
fn verdicts() {
    use LinkState::{BeingAdded, Disabled, LeftOut as Left, Refused, Removed, Used};
    type Row = (Vec<LinkView>, &'static [u8], Option<&'static [u8]>, &'static str, &'static str);
    let both = || vec![link(0, Used), link(1, Used)];
    let rows: Vec<Row> = vec![
        (both(), &[0, 1], Some(&[]), "2 of 2 links in use; daemon and kernel agree.", ""),
        (
            vec![link(0, Used), link(1, Left(LeftOut::NotHeard)), link(2, Used)],
            &[0, 2],
            Some(&[0, 2]),
            "2 of 3 links in use; link 1 left out: it was not heard; daemon and kernel agree.",
            "",
        ),
        (
            vec![link(0, Used), link(1, Refused(StatusCode::DeniedInsufficientBandwidth)), link(2, Disabled)],
            &[0, 2],
            None,
            "2 of 3 links in use; link 1: the access point refused it with status DeniedInsufficientBandwidth(33); \
             link 2: the access point has disabled it for the moment; daemon and kernel agree.",
            "",
        ),
        // Either side may be first to have a link that is being added.
        (
            vec![link(0, Used), link(1, BeingAdded), link(2, BeingAdded)],
            &[0, 1],
            None,
            "1 of 3 links in use; link 1: it is being added; link 2: it is being added; daemon and kernel agree.",
            "",
        ),
        (
            both(),
            &[0],
            Some(&[0]),
            "2 of 2 links in use; the kernel does not have link 1, which the daemon uses.",
            ASK_AGAIN,
        ),
        (
            both(),
            &[0],
            Some(&[0, 1]),
            "2 of 2 links in use; the interface does not have link 1, which the daemon uses.",
            ASK_AGAIN,
        ),
        (
            vec![link(0, Used), link(1, Left(LeftOut::Disabled))],
            &[0, 1],
            Some(&[0, 1]),
            "1 of 2 links in use; link 1 left out: the access point has disabled it; the kernel has link 1, which the \
             daemon does not use.",
            ASK_AGAIN,
        ),
        (
            vec![link(0, Used), link(1, Removed)],
            &[0],
            Some(&[0, 1]),
            "1 of 2 links in use; link 1: the access point has removed it; the kernel's entry of the access point \
             keeps link 1, which the interface does not have.",
            KEPT,
        ),
        // A link that only the kernel knows.
        (
            vec![link(0, Used)],
            &[0, 2],
            None,
            "1 of 1 links in use; the kernel has link 2, which the daemon does not use.",
            ASK_AGAIN,
        ),
        (
            vec![LinkView { frequency: Some(2437), ..link(0, Used) }],
            &[0],
            None,
            "1 of 1 links in use; the kernel has link 0 on 2412 MHz, the daemon on 2437 MHz.",
            ASK_AGAIN,
        ),
    ];
    for (links, held, kept, verdict, next_step) in rows {
        let figures = kept.map(figures);
        let report = report(&view(&links), &kernel(held), figures.as_ref());
        assert_eq!((report.verdict.as_str(), report.next_step), (verdict, next_step));
        assert_eq!(report.agree, next_step.is_empty());
        assert!(report.multi_link);
    }
}

#[test]
fn each_side_of_a_link_is_told() {
    let links = [link(0, LinkState::Used), link(1, LinkState::LeftOut(LeftOut::Stale))];
    let mut state = kernel(&[0]);
    state.links[0].channel.as_mut().unwrap().width = ChannelWidth::Mhz320;
    let report = report(&view(&links), &state, Some(&figures(&[0])));
    let [used, left] = &report.links[..] else { panic!() };
    assert_eq!((used.kernel, used.width_mhz, used.beacon_dbm), (KernelLink::Used, Some(320), Some(-42)));
    assert_eq!((used.address, used.kernel_frequency), (Some(MacAddr([2, 0, 0, 0, 2, 0])), Some(2412)));
    assert_eq!(used.figures.unwrap().signal_dbm, Some(-60));
    assert_eq!((left.kernel, left.address, left.figures), (KernelLink::Absent, None, None));
    assert_eq!((left.link.state_name(), left.link.reason().as_str()), ("left-out", LeftOut::Stale.text()));
    assert_eq!(report.together.signal_dbm, Some(-50));
}

fn plain(links: Vec<LinkView>) -> LinksView {
    LinksView { manner: Manner::Plain, ..view(&links) }
}

#[test]
fn a_plain_connection_is_a_set_of_one() {
    let link = LinkView { id: None, ..link(0, LinkState::Used) };
    let mut state = kernel(&[]);
    state.channel = Some(ChannelDefinition::narrow(Frequency(2412)));
    let one = report(&plain(vec![link]), &state, Some(&figures(&[])));
    assert_eq!(one.verdict, "one link: the access point has no others; daemon and kernel agree.");
    let [only] = &one.links[..] else { panic!() };
    assert_eq!((only.kernel, only.address, only.width_mhz), (KernelLink::Used, Some(WE), Some(20)));
    assert_eq!((one.multi_link, only.figures.unwrap().signal_dbm), (false, Some(-50)));
    // The kernel has no such peer.
    let gone = report(&plain(vec![link]), &state, None);
    assert!(
        gone.verdict.ends_with("; the kernel does not have the link, which the daemon uses."),
        "{gone:?}"
    );
    assert_eq!(gone.next_step, ASK_AGAIN);
}

#[test]
fn an_ap_mld_that_is_joined_as_a_bss_says_why() {
    let links = vec![link(0, LinkState::Used), link(1, LinkState::LeftOut(LeftOut::FellBack))];
    let why = Failure { phase: Phase::Handshake, code: Code::MultiLink("it names another link") };
    let view = LinksView { fell_back: Some(why.clone()), ..plain(links) };
    let report = report(&view, &kernel(&[]), Some(&figures(&[])));
    let expected = format!(
        "1 of 2 links in use; link 1 left out: several links failed a moment ago; with all links it failed: {why}; \
         daemon and kernel agree."
    );
    assert_eq!(report.verdict, expected);
    assert_eq!(
        report.links.iter().map(|link| link.kernel).collect::<Vec<_>>(),
        [KernelLink::Used, KernelLink::Absent]
    );
}
