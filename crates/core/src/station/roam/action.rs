//! Action frames of the AP: neighbor reports, wishes, requests for measurements.

use super::said::RoamStep;
use crate::{
    attempt::Entry,
    station::{State, connected::Connected, context::Turn},
};
use alloc::boxed::Box;
use lapwing_frames::management::{Action, Body, Management};

impl Connected {
    /// Takes a management frame, if it is one of the AP's about roaming; else gives the connection back.
    pub(in crate::station) fn roam_heard(
        mut self: Box<Self>,
        turn: &mut Turn<'_>,
        octets: &[u8],
    ) -> Result<State, Box<Self>> {
        let Ok(Management { header, body: Body::Action(action) }) = Management::parse_decrypted(octets)
        else {
            return Err(self);
        };
        if header.transmitter != self.peer() && !self.bssids().contains(&header.transmitter) {
            return Err(self);
        }
        match action {
            Action::TransitionRequest(request) => Ok(self.wished(turn, &request)),
            Action::NeighborReportResponse(answer) => {
                let mut own = self.bssids();
                own.push(self.peer());
                Ok(match self.watch.neighbors.answered(&answer, &own, turn.now) {
                    Some(count) => {
                        turn.log(Some(self.journey.id), Entry::Roam(RoamStep::Neighbors(count)));
                        self.neighbors_known(turn)
                    }
                    None => {
                        turn.ignore(Some(self.journey.id), "a neighbor report that was not asked for");
                        State::Connected(self)
                    }
                })
            }
            Action::MeasurementRequest(request) => {
                self.measure(turn, &request);
                Ok(State::Connected(self))
            }
            _ => Err(self),
        }
    }
}
