//! A stream between two threads: blocks of a fixed size that go round, so that memory is bounded and nothing is
//! copied twice. A stream ends well only when its writer said so: a thread that failed cannot look like an end of file.

use std::{
    io::{self, BufRead, Read},
    sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel},
};

/// How much goes over at a time.
pub(super) const BLOCK: usize = 256 << 10;

/// How many blocks may wait; with those in the two threads' hands, the memory of a stream.
const WAITING: usize = 4;

/// Makes a stream.
pub(super) fn stream() -> (BlockWriter, BlockReader) {
    let (blocks, incoming) = sync_channel(WAITING);
    let (back, free) = channel();
    let reader = BlockReader { incoming, back, block: Vec::new(), position: 0, ended: false };
    (BlockWriter { blocks, free }, reader)
}

enum Message {
    Block(Vec<u8>),
    End,
}

/// The reader went away: it has failed, and says why itself.
#[derive(Debug)]
pub(super) struct ReaderGone;

impl std::fmt::Display for ReaderGone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("nobody reads any more")
    }
}

impl std::error::Error for ReaderGone {}

/// The end that gives.
#[derive(Debug)]
pub(super) struct BlockWriter {
    blocks: SyncSender<Message>,
    free: Receiver<Vec<u8>>,
}

impl BlockWriter {
    /// A block to fill, with [`BLOCK`] bytes in it.
    pub(super) fn block(&self) -> Vec<u8> {
        self.free.try_recv().unwrap_or_else(|_| vec![0; BLOCK])
    }

    /// Hands over the first `length` bytes of a block.
    pub(super) fn send(&self, mut block: Vec<u8>, length: usize) -> Result<(), ReaderGone> {
        block.truncate(length);
        self.blocks.send(Message::Block(block)).map_err(|_| ReaderGone)
    }

    /// Ends the stream.
    pub(super) fn end(self) -> Result<(), ReaderGone> {
        self.blocks.send(Message::End).map_err(|_| ReaderGone)
    }
}

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Message::Block(_) => "Block",
            Message::End => "End",
        })
    }
}

/// The end that takes.
#[derive(Debug)]
pub(super) struct BlockReader {
    incoming: Receiver<Message>,
    back: Sender<Vec<u8>>,
    block: Vec<u8>,
    position: usize,
    ended: bool,
}

impl BufRead for BlockReader {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.position == self.block.len() && !self.ended {
            let mut read = std::mem::take(&mut self.block);
            self.position = 0;
            if read.capacity() > 0 {
                read.resize(BLOCK, 0);
                // The writer may have ended: then nobody wants it.
                let _ = self.back.send(read);
            }
            match self.incoming.recv() {
                Ok(Message::Block(block)) => self.block = block,
                Ok(Message::End) => self.ended = true,
                Err(_) => return Err(io::Error::new(io::ErrorKind::BrokenPipe, "the stream broke off")),
            }
        }
        Ok(&self.block[self.position..])
    }

    fn consume(&mut self, amount: usize) {
        self.position += amount;
    }
}

impl Read for BlockReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let length = available.len().min(buffer.len());
        buffer[..length].copy_from_slice(&available[..length]);
        self.consume(length);
        Ok(length)
    }
}

/// Fills a buffer as far as the source goes.
pub(super) fn fill(source: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match source.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_carries_all_in_order_and_a_lost_writer_is_no_end() {
        for finishes in [true, false] {
            let (writer, mut reader) = stream();
            let thread = std::thread::spawn(move || {
                for n in 0..50u8 {
                    let mut block = writer.block();
                    block[..1000].fill(n);
                    writer.send(block, 1000).unwrap();
                }
                if finishes {
                    writer.end().unwrap();
                }
            });
            let mut all = Vec::new();
            assert_eq!(reader.read_to_end(&mut all).is_ok(), finishes);
            thread.join().unwrap();
            assert_eq!(all.len(), 50_000);
            assert!(all.chunks(1000).zip(0..50u8).all(|(chunk, n)| chunk.iter().all(|b| *b == n)));
        }
    }

    #[test]
    fn a_writer_learns_that_the_reader_is_gone() {
        let (writer, reader) = stream();
        drop(reader);
        assert!(writer.send(writer.block(), 1).is_err());
    }
}
