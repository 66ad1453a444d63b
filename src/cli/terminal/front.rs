//! Moves bytes between our standard streams and a container's monitor, until the program ends or the user leaves.

use std::{io::Write as _, os::fd::AsFd as _};

use anyhow::Context as _;
use rustix::{
    event::{PollFd, PollFlags, poll},
    io::Errno,
    process::{Signal, getpid, kill_process},
};

use super::{DetachKeys, RawMode, detach::Matcher, window_size};
use crate::{
    monitor::{
        Stream,
        client::{Connection, Received},
        own::{Fed, Feed, Sink, Written},
        protocol::{Event, Request},
        watched_signals,
    },
    sys::{
        signal::{Mask, SignalFd},
        tty,
    },
};

/// How we are attached.
#[derive(Debug)]
pub struct Front {
    pub connection: Connection,
    /// Our standard input goes to the program.
    pub stdin: bool,
    /// The program has a terminal: ours becomes raw, if it is one, and the program's gets its size.
    pub terminal: bool,
    /// The program was there before us: what shows on its terminal is to be drawn again.
    pub redraw: bool,
    pub detach_keys: DetachKeys,
    /// Signals that we get are for the program.
    pub proxy_signals: bool,
}

/// Why we are not attached any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrontEnd {
    /// The program has ended.
    Exited(u8),
    /// The user has typed the keys; the program runs on.
    Detached,
    /// We got a signal that is not passed on, or nobody reads our output; the program runs on.
    Signalled(u8),
    /// The monitor is gone without a word, or has let go of us because we took nothing for too long.
    Lost,
}

/// Attaches our standard streams until one of those.
pub fn front(front: Front) -> anyhow::Result<FrontEnd> {
    let raw = match front.terminal && front.stdin && tty::is_terminal(rustix::stdio::stdin()) {
        true => Some(RawMode::enter().context("put the terminal into raw mode")?),
        false => None,
    };
    let mut relay = Relay::new(front, raw)?;
    let end = relay.run();
    relay.raw = None;
    if let Ok(FrontEnd::Detached) = end {
        // docker's words.
        let _ = writeln!(std::io::stderr(), "read escape sequence");
    }
    end
}

struct Relay {
    front: Front,
    raw: Option<RawMode>,
    matcher: Matcher,
    feed: Option<Feed>,
    /// The monitor's queue is full: the program does not read its input.
    is_full: bool,
    sinks: [Option<Sink>; 2],
    signals: SignalFd,
    exited: Option<u8>,
    buffer: Vec<u8>,
}

#[derive(Debug, Clone, Copy)]
enum Token {
    Signals,
    Monitor,
    Room,
    Feed,
    Sink(Stream),
}

impl Relay {
    fn new(mut front: Front, raw: Option<RawMode>) -> anyhow::Result<Relay> {
        let stop = raw.is_some().then_some(Signal::TSTP);
        let signals = Mask::block(watched_signals().chain(stop))?.descriptor()?;
        let feed = match front.stdin {
            true => Some(Feed::open(rustix::stdio::stdin()).context("open standard input")?),
            false => None,
        };
        let keys = match raw.is_some() {
            true => std::mem::take(&mut front.detach_keys),
            false => "".parse().expect("no keys are keys"),
        };
        let mut relay = Relay {
            front,
            raw,
            matcher: Matcher::new(keys),
            feed,
            is_full: false,
            sinks: [None, None],
            signals,
            exited: None,
            buffer: vec![0; 16 << 10],
        };
        let redraw = relay.front.redraw;
        relay.show_size(redraw);
        Ok(relay)
    }

    fn run(&mut self) -> anyhow::Result<FrontEnd> {
        loop {
            if let Some(code) = self.exited.filter(|_| !self.sinks.iter().flatten().any(Sink::is_waiting)) {
                return Ok(FrontEnd::Exited(code));
            }
            for token in self.wait()? {
                if let Some(end) = self.handle(token)? {
                    return Ok(end);
                }
            }
        }
    }

    fn wait(&self) -> anyhow::Result<Vec<Token>> {
        let mut tokens = Vec::with_capacity(4);
        let mut fds = Vec::with_capacity(4);
        let mut watch = |token, fd, events| {
            tokens.push(token);
            fds.push(PollFd::from_borrowed_fd(fd, events));
        };
        watch(Token::Signals, self.signals.as_fd(), PollFlags::IN);
        let mut is_held_back = false;
        for stream in [Stream::Stdout, Stream::Stderr] {
            if let Some(sink) = self.sinks[stream as usize].as_ref().filter(|sink| sink.is_waiting()) {
                is_held_back = true;
                watch(Token::Sink(stream), sink.as_fd(), PollFlags::OUT);
            }
        }
        if self.exited.is_none() {
            if !is_held_back {
                watch(Token::Monitor, self.front.connection.as_fd(), PollFlags::IN);
            }
            match &self.feed {
                Some(_) if self.is_full => watch(Token::Room, self.front.connection.as_fd(), PollFlags::OUT),
                Some(feed) => watch(Token::Feed, feed.as_fd(), PollFlags::IN),
                None => {}
            }
        }
        match poll(&mut fds, None) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error).context("wait for the container"),
        }
        let ready = fds.iter().map(|fd| !fd.revents().is_empty());
        Ok(tokens.into_iter().zip(ready).filter_map(|(token, ready)| ready.then_some(token)).collect())
    }

    fn handle(&mut self, token: Token) -> anyhow::Result<Option<FrontEnd>> {
        match token {
            Token::Signals => self.take_signals(),
            Token::Monitor => Ok(self.take_event()),
            Token::Room => {
                self.is_full = false;
                Ok(None)
            }
            Token::Feed => Ok(self.take_input()),
            Token::Sink(stream) => {
                let result = self.sinks[stream as usize].as_mut().map(Sink::flush);
                Ok(result.and_then(written))
            }
        }
    }

    fn take_event(&mut self) -> Option<FrontEnd> {
        match self.front.connection.receive() {
            Received::Event(Event::Output(stream, bytes)) => {
                let fd = match stream {
                    Stream::Stdout => rustix::stdio::stdout(),
                    Stream::Stderr => rustix::stdio::stderr(),
                };
                let slot = &mut self.sinks[stream as usize];
                let sink = match slot.take() {
                    Some(sink) => Ok(sink),
                    None => Sink::open(fd),
                };
                written(sink.and_then(|sink| slot.insert(sink).put(bytes)))
            }
            Received::Event(Event::Exit(code)) => {
                self.exited = Some(code);
                None
            }
            Received::Nothing => None,
            Received::Closed => Some(FrontEnd::Lost),
        }
    }

    fn take_input(&mut self) -> Option<FrontEnd> {
        if !self.front.connection.has_room() {
            self.is_full = true;
            return None;
        }
        let fed = self.feed.as_ref()?.read(&mut self.buffer);
        match fed {
            Fed::Bytes(count) => {
                let mut bytes = Vec::with_capacity(count);
                let detached = self.matcher.filter(&self.buffer[..count], &mut bytes);
                if !bytes.is_empty() {
                    self.send(Request::Input(&bytes));
                }
                return detached.then_some(FrontEnd::Detached);
            }
            Fed::Nothing => {}
            Fed::End => {
                self.feed = None;
                self.send(Request::InputEnd);
            }
        }
        None
    }

    fn take_signals(&mut self) -> anyhow::Result<Option<FrontEnd>> {
        while let Some(received) = self.signals.read()? {
            let number = received.signal.as_raw();
            let is_deadly = [Signal::HUP, Signal::INT, Signal::QUIT, Signal::TERM].contains(&received.signal);
            match received.signal {
                Signal::WINCH => self.show_size(false),
                Signal::TSTP => self.stop()?,
                Signal::CONT => {}
                // A second way out where the program is gone or deaf to us: its last output has no reader.
                _ if is_deadly && (self.exited.is_some() || !self.front.proxy_signals) => {
                    return Ok(Some(self.exited.map_or(FrontEnd::Signalled(number as u8), FrontEnd::Exited)));
                }
                _ if self.front.proxy_signals => self.send(Request::Signal(received.signal)),
                _ => {}
            }
        }
        Ok(None)
    }

    /// Stops as a program with a terminal does, which finds its mode again when it goes on.
    fn stop(&mut self) -> anyhow::Result<()> {
        self.raw = None;
        let _ = kill_process(getpid(), Signal::STOP);
        self.raw = Some(RawMode::enter().context("put the terminal into raw mode")?);
        self.show_size(true);
        Ok(())
    }

    /// Gives the program's terminal the size of ours. One that is attached anew gets another size for a moment, so
    /// that what shows on it is drawn again.
    fn show_size(&mut self, redraw: bool) {
        if !self.front.terminal {
            return;
        }
        let Some(size) = window_size() else { return };
        if redraw {
            self.send(Request::Resize(tty::Size { rows: size.rows.saturating_add(1), ..size }));
        }
        self.send(Request::Resize(size));
    }

    /// Sends it; if nobody is there, the next event says so.
    fn send(&mut self, request: Request<'_>) {
        let _ = self.front.connection.send(request);
    }
}

fn written(result: Result<Written, Errno>) -> Option<FrontEnd> {
    match result {
        Ok(Written::All | Written::Waiting) => None,
        Ok(Written::Broken) | Err(_) => Some(FrontEnd::Signalled(Signal::PIPE.as_raw() as u8)),
    }
}
