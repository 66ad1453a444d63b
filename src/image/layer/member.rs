//! A tar archive for who needs its files and links alone, an archive of images: read once, by the layers' own parser.

use std::io::{self, BufRead, Read};

use super::archive::{Archive, Kind};

/// An archive that is being read. Reading gives the content of the current member.
#[derive(Debug)]
pub struct MemberReader<R>(Archive<R>);

/// One member.
#[derive(Debug, PartialEq, Eq)]
pub enum Member {
    File {
        size: u64,
    },
    Symlink(String),
    HardLink(String),
    /// A directory, or what an archive of images has no use for.
    Other,
}

impl<R: BufRead> MemberReader<R> {
    pub fn new(input: R) -> Self {
        MemberReader(Archive::new(input))
    }

    /// Goes to the next member and gives its path; `None` at the archive's end.
    pub fn next_member(&mut self) -> anyhow::Result<Option<(String, Member)>> {
        let Some(entry) = self.0.next()? else { return Ok(None) };
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let member = match &entry.kind {
            Kind::File { size } => Member::File { size: *size },
            Kind::Symlink(target) => Member::Symlink(text(target)),
            Kind::HardLink(target) => Member::HardLink(text(target.as_bytes())),
            _ => Member::Other,
        };
        Ok(Some((text(entry.path.as_bytes()), member)))
    }

    /// Reads on to the stream's end, past what follows the archive in it.
    pub fn finish(self) -> anyhow::Result<()> {
        self.0.finish()
    }
}

impl<R: BufRead> Read for MemberReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let chunk = self.0.chunk().map_err(io::Error::other)?;
        let length = chunk.len().min(buffer.len());
        buffer[..length].copy_from_slice(&chunk[..length]);
        self.0.consume(length);
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_files_and_links_and_their_content() {
        let mut builder = tar::Builder::new(Vec::new());
        let mut add = |kind, path: &str, content: &[u8]| {
            let mut header = tar::Header::new_ustar();
            header.set_entry_type(kind);
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            if kind == tar::EntryType::Symlink {
                header.set_link_name("../b").unwrap();
            }
            builder.append_data(&mut header, path, content).unwrap();
        };
        add(tar::EntryType::Regular, "./a", b"content");
        add(tar::EntryType::Symlink, "d/link", b"");
        add(tar::EntryType::Regular, "last", b"x");
        let archive = builder.into_inner().unwrap();

        let mut members = MemberReader::new(&archive[..]);
        assert_eq!(members.next_member().unwrap(), Some(("a".to_owned(), Member::File { size: 7 })));
        let mut content = String::new();
        members.read_to_string(&mut content).unwrap();
        assert_eq!(content, "content");
        let link = Some(("d/link".to_owned(), Member::Symlink("../b".to_owned())));
        assert_eq!(members.next_member().unwrap(), link);
        assert_eq!(members.next_member().unwrap(), Some(("last".to_owned(), Member::File { size: 1 })));
        assert_eq!(members.next_member().unwrap(), None);
        members.finish().unwrap();
        let mut cut = MemberReader::new(&archive[..700]);
        assert!(cut.next_member().unwrap().is_some() && cut.next_member().is_err());
    }
}
