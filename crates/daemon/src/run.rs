//! The loop: one thread that waits for the machine, the bus, a deadline, a signal, or a changed network file.

use crate::bus::Bus;
use crate::daemon::{Daemon, Listened, Now};
use crate::kernel::Kernel;
use crate::log::Lines;
use crate::networks::FileName;
use crate::networks::name::Parsed;
use crate::networks::passpoint;
use crate::notify::notify;
use crate::rest::Rest;
use lapwing_core::{Duration, Instant};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify;
use rustix::io::Errno;
use rustix::thread::sched_yield;
use std::ffi::OsStr;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::SystemTime;
use tokio::io::unix::AsyncFd;
use tokio::io::{Interest, Ready};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{sleep, timeout};
use tracing::{debug, info, warn};

/// How long leaving the networks may take.
const FAREWELL: Duration = Duration::from_secs(1);
/// How long the files may rest before they are read: an editor writes and renames in several steps.
const SETTLE: Duration = Duration::from_millis(20);
/// A difference between the clocks that is a sleep of the machine.
const SLEPT: Duration = Duration::from_secs(2);

/// How long the other side of a handshake is waited for before anything else is done: most access points have answered
/// by then, and nobody notices a property that is told so much later.
const SOON: Timespec = Timespec { tv_sec: 0, tv_nsec: 500_000 };
/// How often in a row.
const WAITS: u32 = 8;
/// After how many rounds of hearing and telling others have their turn though there is more to hear.
const ROUNDS: u32 = 8;

/// Runs the daemon until it is told to end.
///
/// # Errors
/// If the kernel cannot be heard any more, or signals cannot be received.
pub async fn run<K: Kernel + AsFd>(
    mut daemon: Daemon<K>,
    state: &Path,
    mut bus: Bus,
    lines: &Lines,
) -> io::Result<()> {
    let wake = Shared::wait_on(daemon.kernel().as_fd().try_clone_to_owned()?)?;
    let files = watch(state);
    let mut settled = None;
    let mut end = [signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?];
    let mut reload = signal(SignalKind::hangup())?;
    let socket = std::env::var_os("NOTIFY_SOCKET");
    let tell = |state| {
        if let Err(error) = notify(socket.as_deref(), state) {
            warn!("systemd cannot be told: {error}");
        }
    };
    daemon.listen(now)?;
    bus.turn(now(), &mut daemon).await;
    daemon.settle(now());
    tell("READY=1");
    let mut clocks = Clocks::read();
    // The start was much, in however few rounds.
    let mut rest = Rest::after_much(clocks.boot);
    let mut has_more = false;
    loop {
        let deadline = daemon.next_deadline().into_iter().chain(rest.due()).min();
        tokio::select! {
            ready = wake.readable() => clear(ready?),
            () = bus.wait() => {}
            () = until(deadline) => {}
            () = changed(files.as_ref(), &mut settled) => {
                daemon.reload(now());
            }
            _ = reload.recv() => {
                info!("reading the network files again");
                daemon.reload(now());
            }
            () = first(&mut end) => break,
            // Which of those that are ready comes is drawn: nobody is kept waiting by a kernel that never ceases.
            () = std::future::ready(()), if has_more => {}
        }
        let turn = lines.turn();
        bus.hear(now(), &mut daemon).await;
        let (mut waits, mut rounds) = (0, 0);
        has_more = loop {
            // What was there before the flag was cleared is read now, so nothing is left unheard.
            let listened = daemon.listen_to_answer(now)?;
            if listened == Listened::ToAnswer {
                bus.turn(now(), &mut daemon).await;
                // Where there is but one processor, whoever has the answer goes on before what nobody waits for.
                sched_yield();
                continue;
            }
            // What came while others were told goes before the disk, too.
            if listened == Listened::ToSilence && rounds > 0 {
                break false;
            }
            if let Some(slept) = clocks.slept() {
                daemon.resumed(now(), slept);
            }
            if daemon.next_deadline().is_some_and(|deadline| deadline <= now().clock) {
                daemon.tick(now());
            }
            // Between the frames of an attempt there is time to tell of it only when the other side needs longer.
            if waits < WAITS && daemon.is_in_a_hurry() && is_heard_soon(&daemon)? {
                waits += 1;
                continue;
            }
            daemon.tell_rest();
            bus.turn(now(), &mut daemon).await;
            rounds += 1;
            if rounds == ROUNDS {
                break true;
            }
        };
        drop(turn);
        // Nobody waits for the disk; what came of that is told at once.
        daemon.settle(now());
        bus.turn(now(), &mut daemon).await;
        // The last of all, since whatever runs afterwards is held again.
        if rest.is_due(clocks.boot) {
            if let Err(error) = lapwing_linux::memory::let_go_of_code() {
                debug!("code is held that is not needed: {error}");
            }
        } else {
            rest.turn(clocks.boot, rounds.saturating_add(waits));
        }
    }
    info!("leaving");
    tell("STOPPING=1");
    bus.shut_down().await;
    daemon.shut_down(now());
    let quiet = async {
        while !daemon.is_quiet() {
            tokio::select! {
                ready = wake.readable() => clear(ready?),
                () = bus.wait() => {}
                () = until(daemon.next_deadline()) => daemon.tick(now()),
            }
            daemon.listen(now)?;
            bus.turn(now(), &mut daemon).await;
        }
        io::Result::Ok(())
    };
    match timeout(FAREWELL, quiet).await {
        Ok(result) => result?,
        Err(_) => warn!("the kernel did not confirm every farewell in time"),
    }
    daemon.finish(now());
    // What was just asked for is answered before the sockets close.
    daemon.listen(now)?;
    bus.turn(now(), &mut daemon).await;
    Ok(())
}

fn now() -> Now {
    let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Now { clock: lapwing_linux::clock::now(), wall: wall.as_secs() }
}

/// The clock that counts the machine's sleep, and the one that does not.
struct Clocks {
    boot: Instant,
    awake: std::time::Instant,
}

impl Clocks {
    fn read() -> Self {
        Self { boot: lapwing_linux::clock::now(), awake: std::time::Instant::now() }
    }

    /// How long the machine has slept since this was asked last.
    fn slept(&mut self) -> Option<Duration> {
        let before = std::mem::replace(self, Self::read());
        let slept = self.boot.since(before.boot).saturating_sub(self.awake.duration_since(before.awake));
        (slept > SLEPT).then_some(slept)
    }
}

/// Whether the kernel has something to say within a moment.
fn is_heard_soon<K: Kernel + AsFd>(daemon: &Daemon<K>) -> io::Result<bool> {
    let mut polled = [PollFd::new(daemon.kernel(), PollFlags::IN)];
    match poll(&mut polled, Some(&SOON)) {
        Ok(count) => Ok(count > 0),
        // A signal, which the loop hears.
        Err(Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Until this moment; for ever if there is none.
async fn until(deadline: Option<Instant>) {
    match deadline {
        // A millisecond late at most, since the timer counts in those.
        Some(deadline) => sleep(deadline.since(lapwing_linux::clock::now())).await,
        None => std::future::pending().await,
    }
}

async fn first(signals: &mut [Signal; 2]) {
    let [one, other] = signals;
    tokio::select! {
        _ = one.recv() => {}
        _ = other.recv() => {}
    }
}

/// Watches the state directory. Without, only SIGHUP reads the files again.
fn watch(state: &Path) -> Option<AsyncFd<Shared>> {
    let open = || -> io::Result<AsyncFd<Shared>> {
        let descriptor = inotify::init(inotify::CreateFlags::NONBLOCK | inotify::CreateFlags::CLOEXEC)?;
        let flags = inotify::WatchFlags::CLOSE_WRITE
            | inotify::WatchFlags::MOVED_FROM
            | inotify::WatchFlags::MOVED_TO
            | inotify::WatchFlags::DELETE
            | inotify::WatchFlags::ATTRIB
            | inotify::WatchFlags::ONLYDIR;
        inotify::add_watch(&descriptor, state, flags)?;
        // As with iwd: of a directory that is there from the start.
        match inotify::add_watch(&descriptor, state.join(passpoint::DIRECTORY), flags) {
            Err(error) if error != Errno::NOENT => return Err(error.into()),
            _ => {}
        }
        Shared::wait_on(descriptor)
    };
    match open() {
        Ok(watch) => Some(watch),
        Err(error) => {
            warn!("{state:?} cannot be watched for changes: {error}");
            None
        }
    }
}

/// Until a network file changed and the changes have settled; for ever without a watch. When they have settled is kept
/// by the caller: whoever waits for several things calls this again after each other, and a client that never ceases
/// to ask shall not keep files from being read.
async fn changed(watch: Option<&AsyncFd<Shared>>, settled: &mut Option<tokio::time::Instant>) {
    let Some(watch) = watch else { return std::future::pending().await };
    loop {
        let Ok(ready) = watch.readable().await else { return std::future::pending().await };
        let at = *settled.get_or_insert_with(|| tokio::time::Instant::now() + SETTLE);
        tokio::time::sleep_until(at).await;
        *settled = None;
        // Whoever waits for several things drops this one when another comes while the files settle: from here on
        // nothing waits.
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut events = inotify::Reader::new(watch.get_ref().0.as_fd(), &mut buffer);
        let mut is_network = false;
        while let Ok(event) = events.next() {
            // Our own notes and half-written files are none; without a name, events were lost.
            let name = event.file_name().map(|name| OsStr::from_bytes(name.to_bytes()));
            let is_other = |name: &OsStr| {
                let extension = Path::new(name).extension();
                FileName::parse(name) == Parsed::Other
                    && extension.is_none_or(|it| it != passpoint::EXTENSION)
            };
            is_network |= !name.is_some_and(is_other);
        }
        clear(ready);
        if is_network {
            return;
        }
    }
}

fn clear(mut ready: tokio::io::unix::AsyncFdReadyGuard<'_, Shared>) {
    ready.clear_ready_matching(Ready::READABLE);
}

/// A descriptor of our own to wait on.
struct Shared(OwnedFd);

impl Shared {
    #[allow(deprecated)] // The other constructor is unsafe, for the sake of types whose descriptor may change.
    fn wait_on(descriptor: OwnedFd) -> io::Result<AsyncFd<Self>> {
        AsyncFd::with_interest(Self(descriptor), Interest::READABLE)
    }
}

impl AsRawFd for Shared {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_file_is_heard_though_something_else_comes_all_the_time_while_it_settles() {
        let directory = std::env::temp_dir().join(format!("lapwing-run-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let files = watch(&directory);
            std::fs::write(directory.join("plain.psk"), "").unwrap();
            let mut settled = None;
            // The other thing is first even if the machine is so slow that both are there.
            tokio::select! {
                biased;
                () = sleep(SETTLE / 4) => {}
                () = changed(files.as_ref(), &mut settled) => panic!("not settled yet"),
            }
            let mut others = 0;
            let heard = async {
                while timeout(SETTLE / 4, changed(files.as_ref(), &mut settled)).await.is_err() {
                    others += 1;
                }
            };
            assert!(timeout(SETTLE * 500, heard).await.is_ok(), "{others} others");
            std::fs::write(directory.join(".lapwing.memory"), "").unwrap();
            std::fs::write(directory.join("plain.psk.12.tmp"), "").unwrap();
            // And once is enough, and other files are nothing.
            assert!(timeout(SETTLE * 4, changed(files.as_ref(), &mut settled)).await.is_err());
        });
        std::fs::remove_dir_all(directory).unwrap();
    }
}
