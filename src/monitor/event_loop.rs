//! The loop: one poll(2) over everything that can happen, then whatever did, in a fixed order.

use std::{
    os::fd::AsFd,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use rustix::{
    event::{PollFd, PollFlags, poll},
    io::Errno,
    process::{Signal, pidfd_send_signal},
};

use super::{
    End, Ended, OwnStreams, Session, Stream,
    input::Input,
    logs::{Limits, Writer},
    output::{Got, Source},
    own::{Fed, Feed, Sink, Written},
    protocol::{CHUNK, Request},
    server::Server,
    timespec, watched_signals,
};
use crate::{
    runtime::Started,
    sys::{
        memory, process,
        signal::{self, Mask, SignalFd},
        tty,
    },
};

/// When a program that wrote to an output that nobody reads is looked at again.
const CUT_OFF_GRACE: Duration = Duration::from_secs(1);

/// A container being looked after.
#[derive(Debug)]
pub(super) struct Monitor {
    started: Started,
    sources: Vec<Source>,
    input: Input,
    own: Option<Own>,
    log: Option<Writer>,
    server: Server,
    signals: SignalFd,
    /// When the program is killed (`--timeout`).
    deadline: Option<Instant>,
    /// When a program is killed whose output was cut off.
    cut_off: Option<Instant>,
    was_cut_off: bool,
    end: Option<End>,
    /// What is read goes through this; empty until there is something.
    buffer: Vec<u8>,
}

/// The command's own streams: those that are attached, opened when first used.
#[derive(Debug)]
struct Own {
    streams: OwnStreams,
    feed: Option<Feed>,
    sinks: [Option<Sink>; 2],
    broken: [bool; 2],
    unwritten: Option<(Stream, Errno)>,
}

/// What a poll entry stands for.
#[derive(Debug, Clone, Copy)]
enum Token {
    Signals,
    Program,
    Source(Stream),
    Sink(Stream),
    Input,
    Feed,
    Listener,
    Client(u32),
}

impl Monitor {
    pub(super) fn new(mut session: Session) -> anyhow::Result<Monitor> {
        let terminal = session.started.terminal.as_ref();
        let terminal = terminal.map(|fd| fd.try_clone()).transpose().context("duplicate the terminal")?;
        let (input, sources) = match (session.streams.take(), terminal) {
            (Some(streams), _) => {
                let stdout = Source::new(streams.stdout, Stream::Stdout);
                (streams.stdin, vec![stdout, Source::new(streams.stderr, Stream::Stderr)])
            }
            (None, Some(master)) => {
                let input = master.try_clone().context("duplicate the terminal")?;
                (Some(input), vec![Source::new(master, Stream::Stdout)])
            }
            (None, None) => (None, Vec::new()),
        };
        for fd in sources.iter().map(AsFd::as_fd).chain(input.as_ref().map(AsFd::as_fd)) {
            rustix::io::ioctl_fionbio(fd, true).context("make the container's streams non-blocking")?;
        }
        let signals = Mask::block(watched_signals())?.descriptor()?;
        Ok(Monitor {
            sources,
            input: Input::new(input),
            own: session.own.map(Own::new),
            log: session.log.map(|path| Writer::new(path, Limits::default())),
            server: Server::new(session.listener, session.client),
            signals,
            deadline: session.timeout.map(|timeout| Instant::now() + timeout),
            cut_off: None,
            was_cut_off: false,
            end: None,
            buffer: Vec::new(),
            started: session.started,
        })
    }

    pub(super) fn run(mut self) -> anyhow::Result<Ended> {
        self.open_feed();
        if self.own.is_none() {
            memory::release();
        }
        loop {
            if let Some(end) = self.end.filter(|_| self.is_finished()) {
                if let Some(log) = &mut self.log {
                    log.finish();
                }
                let unwritten = self.own.and_then(|own| own.unwritten);
                return Ok(Ended { end, server: self.server, unwritten });
            }
            for (token, events) in self.wait()? {
                self.handle(token, events)?;
            }
            if let Some(log) = &mut self.log {
                log.flush();
            }
            self.keep_time();
        }
    }

    fn is_finished(&self) -> bool {
        self.sources.is_empty()
            && !self.server.is_waiting()
            && !self.own.as_ref().is_some_and(Own::is_waiting)
    }

    /// Sleeps until something happens, and says what.
    fn wait(&self) -> anyhow::Result<Vec<(Token, PollFlags)>> {
        let mut tokens = Vec::with_capacity(8);
        let mut fds = Vec::with_capacity(8);
        let mut watch = |token, fd, events| {
            tokens.push(token);
            fds.push(PollFd::from_borrowed_fd(fd, events));
        };
        watch(Token::Signals, self.signals.as_fd(), PollFlags::IN);
        if self.end.is_none() {
            watch(Token::Program, self.started.pidfd.as_fd(), PollFlags::IN);
        }
        for source in &self.sources {
            if !self.is_held_back(source.stream) {
                watch(Token::Source(source.stream), source.as_fd(), PollFlags::IN);
            }
        }
        if let Some(fd) = self.input.waiting() {
            watch(Token::Input, fd, PollFlags::OUT);
        }
        if let Some(own) = &self.own {
            for stream in [Stream::Stdout, Stream::Stderr] {
                if let Some(sink) = own.sinks[stream as usize].as_ref().filter(|sink| sink.is_waiting()) {
                    watch(Token::Sink(stream), sink.as_fd(), PollFlags::OUT);
                }
            }
            if let Some(feed) = own.feed.as_ref().filter(|_| self.input.has_room()) {
                watch(Token::Feed, feed.as_fd(), PollFlags::IN);
            }
        }
        if let Some(listener) = self.server.listening() {
            watch(Token::Listener, listener, PollFlags::IN);
        }
        for client in &self.server.clients {
            // Messages of a client wait with it while the program takes no input.
            let mut events = PollFlags::empty();
            events.set(PollFlags::IN, self.input.has_room() || !self.input.is_open());
            events.set(PollFlags::OUT, client.is_waiting());
            if !events.is_empty() {
                watch(Token::Client(client.id), client.as_fd(), events);
            }
        }
        let timeout = self.next_deadline().map(|at| timespec(at.saturating_duration_since(Instant::now())));
        match poll(&mut fds, timeout.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error).context("wait for the container"),
        }
        let events = fds.iter().map(PollFd::revents);
        Ok(tokens.into_iter().zip(events).filter(|(_, events)| !events.is_empty()).collect())
    }

    fn handle(&mut self, token: Token, events: PollFlags) -> anyhow::Result<()> {
        match token {
            Token::Signals => self.pass_signals_on()?,
            Token::Program => self.reap()?,
            Token::Source(stream) => self.read_output(stream),
            Token::Sink(stream) => self.flush_sink(stream)?,
            Token::Input => self.input.flush(),
            Token::Feed => self.read_own_input(),
            Token::Listener => self.server.accept(),
            Token::Client(id) => self.serve(id, events),
        }
        Ok(())
    }

    fn pass_signals_on(&mut self) -> anyhow::Result<()> {
        while let Some(received) = self.signals.read()? {
            if received.signal == Signal::WINCH && received.by_kernel {
                self.follow_own_size();
            } else if self.end.is_some() {
                // The program is gone, and its last output waits for a slow reader: the user has had enough of it.
                let deadly =
                    [Signal::HUP, Signal::INT, Signal::QUIT, Signal::TERM].contains(&received.signal);
                if let Some(own) = self.own.as_mut().filter(|_| deadly) {
                    own.sinks = [None, None];
                }
            } else if self.passes_on(received.signal) {
                let _ = pidfd_send_signal(&self.started.pidfd, received.signal);
            }
        }
        Ok(())
    }

    /// A forked monitor has no terminal: it passes on SIGTERM alone, which can only be meant for the container.
    fn passes_on(&self, signal: Signal) -> bool {
        match &self.own {
            Some(own) => own.streams.proxy_signals,
            None => signal == Signal::TERM,
        }
    }

    /// Gives the container's terminal the size of ours.
    fn follow_own_size(&self) {
        if let (Some(master), Some(_)) = (&self.started.terminal, &self.own)
            && let Ok(size) = tty::size(rustix::stdio::stdout())
        {
            let _ = tty::set_size(master, size);
        }
    }

    fn reap(&mut self) -> anyhow::Result<()> {
        let Some(end) = process::try_wait(&self.started.pidfd)? else { return Ok(()) };
        self.end = Some(if self.was_cut_off { End::Signalled(Signal::PIPE.as_raw() as u8) } else { end });
        self.deadline = None;
        self.cut_off = None;
        self.server.finish(Instant::now());
        self.sources.iter_mut().for_each(Source::finish);
        self.sources.retain(|source| !source.is_drained());
        if let Some(own) = &mut self.own {
            own.feed = None;
        }
        Ok(())
    }

    fn read_output(&mut self, stream: Stream) {
        let Some(at) = self.sources.iter().position(|source| source.stream == stream) else { return };
        self.make_buffer();
        let source = &mut self.sources[at];
        let got = source.read(&mut self.buffer[..CHUNK]);
        let ended = got == Got::End || source.is_drained();
        match got {
            Got::Unwanted(_) if !self.server.has_audience() => return self.cut_off(stream),
            Got::Bytes(count) | Got::Unwanted(count) => {
                let buffer = std::mem::take(&mut self.buffer);
                self.deliver(stream, &buffer[..count]);
                self.buffer = buffer;
            }
            Got::Nothing | Got::End => {}
        }
        if ended {
            self.sources.retain(|source| source.stream != stream);
        }
    }

    fn deliver(&mut self, stream: Stream, bytes: &[u8]) {
        if let Some(log) = &mut self.log {
            log.append(stream, bytes);
        }
        self.server.output(stream, bytes);
        if let Some(own) = &mut self.own
            && own.put(stream, bytes) == Written::Broken
        {
            self.forsake(stream);
        }
    }

    fn flush_sink(&mut self, stream: Stream) -> anyhow::Result<()> {
        if let Some(own) = &mut self.own
            && own.flush(stream) == Written::Broken
        {
            self.forsake(stream);
        }
        Ok(())
    }

    /// Nobody reads this output of ours any more (`… | head -1`).
    fn forsake(&mut self, stream: Stream) {
        let source = self.sources.iter_mut().find(|source| source.stream == stream);
        if let Some(source) = source.filter(|_| self.started.terminal.is_none()) {
            source.forsake();
        }
    }

    /// The program has written to an output that nobody reads: from now on that fails, as it would without us in
    /// between. Outside a container SIGPIPE would end the writer, but the kernel spares process 1 of a namespace the
    /// signals that it does not handle; so we do what the kernel does to any other.
    ///
    /// It is killed if it is alone, and so the writer. If it is not, the writer is most likely a child, which the signal
    /// ends: what process 1 makes of that is its own business, as long as it has children.
    fn cut_off(&mut self, stream: Stream) {
        // Before the pipe is closed: a child that wrote is still there.
        let is_alone = !process::has_children(self.started.pid);
        self.sources.retain(|source| source.stream != stream);
        if self.end.is_none() && signal::is_default_in(self.started.pid, Signal::PIPE) {
            self.end_by_sigpipe(is_alone);
        }
    }

    fn end_by_sigpipe(&mut self, is_alone: bool) {
        self.cut_off = (!is_alone).then(|| Instant::now() + CUT_OFF_GRACE);
        if is_alone {
            self.was_cut_off = true;
            let _ = pidfd_send_signal(&self.started.pidfd, Signal::KILL);
        }
    }

    fn is_held_back(&self, stream: Stream) -> bool {
        self.server.holds_back()
            || self
                .own
                .as_ref()
                .is_some_and(|own| own.sinks[stream as usize].as_ref().is_some_and(Sink::is_waiting))
    }

    fn open_feed(&mut self) {
        let open = self.input.is_open();
        match &mut self.own {
            Some(own) if own.streams.stdin && open => match Feed::open(rustix::stdio::stdin()) {
                Ok(feed) => own.feed = Some(feed),
                Err(_) => self.input.close(),
            },
            _ => {}
        }
    }

    fn make_buffer(&mut self) {
        if self.buffer.is_empty() {
            self.buffer = vec![0; CHUNK + 1];
        }
    }

    fn read_own_input(&mut self) {
        self.make_buffer();
        let Some(feed) = self.own.as_mut().and_then(|own| own.feed.as_ref()) else { return };
        match feed.read(&mut self.buffer) {
            Fed::Bytes(count) => self.input.put(&self.buffer[..count]),
            Fed::Nothing => {}
            Fed::End => {
                self.own.as_mut().expect("it was read from").feed = None;
                if self.started.terminal.is_none() {
                    self.input.close();
                }
            }
        }
    }

    fn serve(&mut self, id: u32, events: PollFlags) {
        self.make_buffer();
        let mut buffer = std::mem::take(&mut self.buffer);
        if self.talk_to(id, events, &mut buffer).is_err() {
            self.server.drop_client(id);
        }
        self.buffer = buffer;
    }

    fn talk_to(&mut self, id: u32, events: PollFlags, buffer: &mut [u8]) -> Result<(), Errno> {
        let Some(client) = self.server.client(id) else { return Ok(()) };
        if events.contains(PollFlags::OUT) {
            client.flush()?;
        }
        if !events.intersects(PollFlags::IN | PollFlags::HUP | PollFlags::ERR) {
            return Ok(());
        }
        match client.receive(buffer)? {
            Some(Request::Input(bytes)) => self.input.put(bytes),
            Some(Request::InputEnd) if client.is_owner && self.started.terminal.is_none() => {
                self.input.close()
            }
            Some(Request::Resize(size)) => {
                if let Some(master) = &self.started.terminal {
                    let _ = tty::set_size(master, size);
                }
            }
            Some(Request::Signal(signal)) if self.end.is_none() => {
                let _ = pidfd_send_signal(&self.started.pidfd, signal);
            }
            _ => {}
        }
        Ok(())
    }

    fn next_deadline(&self) -> Option<Instant> {
        let log = self.log.as_ref().and_then(Writer::due);
        [self.deadline, self.cut_off, log, self.server.due()].into_iter().flatten().min()
    }

    /// Does what is due.
    fn keep_time(&mut self) {
        let Some(next) = self.next_deadline() else { return };
        let now = Instant::now();
        if next > now {
            return;
        }
        if let Some(log) = &mut self.log {
            log.keep_time(now);
        }
        self.server.keep_time(now);
        if self.deadline.take_if(|at| *at <= now).is_some() {
            let _ = pidfd_send_signal(&self.started.pidfd, Signal::KILL);
        }
        if self.cut_off.take_if(|at| *at <= now).is_some() {
            self.end_by_sigpipe(!process::has_children(self.started.pid));
        }
    }
}

impl Own {
    fn new(streams: OwnStreams) -> Own {
        Own { streams, feed: None, sinks: [None, None], broken: [false, false], unwritten: None }
    }

    fn is_waiting(&self) -> bool {
        self.sinks.iter().flatten().any(Sink::is_waiting)
    }

    fn put(&mut self, stream: Stream, bytes: &[u8]) -> Written {
        let (attached, fd) = match stream {
            Stream::Stdout => (self.streams.stdout, rustix::stdio::stdout()),
            Stream::Stderr => (self.streams.stderr, rustix::stdio::stderr()),
        };
        if !attached || self.broken[stream as usize] {
            return Written::All;
        }
        let slot = &mut self.sinks[stream as usize];
        let opened = match slot.take() {
            Some(sink) => Ok(sink),
            None => Sink::open(fd),
        };
        let result = opened.and_then(|sink| slot.insert(sink).put(bytes));
        self.note(stream, result)
    }

    fn flush(&mut self, stream: Stream) -> Written {
        let Some(sink) = &mut self.sinks[stream as usize] else { return Written::All };
        let result = sink.flush();
        self.note(stream, result)
    }

    fn note(&mut self, stream: Stream, result: Result<Written, Errno>) -> Written {
        result.unwrap_or_else(|errno| {
            // Nobody reads the pipe, or the terminal is gone: that is no error of anybody's. A full disk is.
            if ![Errno::PIPE, Errno::IO].contains(&errno) {
                self.unwritten.get_or_insert((stream, errno));
            }
            self.sinks[stream as usize] = None;
            self.broken[stream as usize] = true;
            Written::Broken
        })
    }
}
