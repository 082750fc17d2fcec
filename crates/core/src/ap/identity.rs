//! Who sent a frame. A device may come back as another client than it was: with links, without, or as another MLD, from
//! an address that it had before. And anybody may say so.

use super::{AccessPoint, At, client::Client};
use lapwing_frames::MacAddr;

impl AccessPoint {
    /// Who asks: whoever authenticated last from this address, as what it called itself then. The kernel puts the MLD
    /// address of a client that it knows in place of that on the link, although the device may be another one by now.
    pub(super) fn asker(&self, at: &At) -> Option<MacAddr> {
        let from = at.header.transmitter;
        let address = self.link_address(at);
        let anew = |station: &MacAddr| matches!(self.clients.get(*station), Some(Client::Authenticated(_)));
        let anew = Some(address).filter(anew).or_else(|| self.clients.users(address).find(anew));
        anew.or_else(|| self.whose(from))
    }

    /// The address that a frame came from on its link. The kernel has put MLD addresses in both places or in none.
    pub(super) fn link_address(&self, at: &At) -> MacAddr {
        let from = at.header.transmitter;
        let rewritten = Some(at.header.receiver) == self.setup.structure.mld_address();
        let known = self.association(from).filter(|known| rewritten && known.authentication.is_mld);
        let on_link = known.and_then(|known| known.links.get(&at.link?).copied());
        on_link.or(known.map(|known| known.authentication.address)).unwrap_or(from)
    }

    /// Another client, still associated, with the address that this one has on its link: it is gone, or this one is
    /// not what it says.
    pub(super) fn in_the_way_of(&self, station: MacAddr) -> Option<MacAddr> {
        let address = match self.clients.get(station)? {
            Client::Authenticated(authentication) => authentication.address,
            Client::Associated(_) => return None,
        };
        self.associated_at(address).filter(|other| *other != station)
    }

    /// Whether another client is known by an address or uses it on a link.
    pub(super) fn is_used_by_another(&self, station: MacAddr, address: MacAddr) -> bool {
        let known = self.clients.get(address).map(|_| address);
        known.into_iter().chain(self.clients.users(address)).any(|other| other != station)
    }

    /// The associated client that an address belongs to. Who only says that the address is his stands behind.
    pub(super) fn associated_at(&self, address: MacAddr) -> Option<MacAddr> {
        let mut known = [address].into_iter().chain(self.clients.users(address));
        known.find(|station| self.association(*station).is_some())
    }

    /// Whether an address is one of ours.
    pub(super) fn is_ours(&self, address: MacAddr) -> bool {
        let structure = &self.setup.structure;
        structure.mld_address() == Some(address) || structure.iter().any(|(_, bss)| bss.bssid == address)
    }
}
