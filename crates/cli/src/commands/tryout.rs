//! `lapwing try`: the daemon on a virtual world, and what it does there, told as it happens.

mod child;
mod facts;
mod feed;
mod screen;
mod story;
mod truth;
mod world;

use super::Surroundings;
use crate::bus::Bus;
use crate::failure::Failure;
use crate::options::{Options, Try};
use child::Daemon;
use feed::Feed;
use screen::Screen;
use story::Story;
use world::World;

/// Shows it, and ends what it began, however it ends.
pub(super) async fn run(options: &Options, wish: &Try, around: &mut Surroundings) -> Result<(), Failure> {
    let screen = Screen::new(around.style, options.json, wish.fast);
    let mut daemon = Daemon::start(wish)?;
    let shown = tokio::select! {
        shown = show(&mut daemon, screen) => shown,
        signal = around.signals.next() => Err(signal),
    };
    daemon.end().await;
    shown
}

async fn show(daemon: &mut Daemon, screen: Screen) -> Result<(), Failure> {
    let begun = daemon.begun();
    daemon.ready().await?;
    let address = daemon.address();
    let (bus, ears) = (Bus::open(Some(&address)).await?, Bus::open(Some(&address)).await?);
    let feed = Feed::new();
    let world = World::open(&daemon.control(), feed.sender()).await?;
    feed.listen(&ears).await?;
    Story { begun, address, bus, world, feed, screen }.tell().await
}
