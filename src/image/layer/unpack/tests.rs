//! Whole passes: what is stored of a good layer, and that nothing is of a bad one.

#![allow(clippy::print_stderr, clippy::type_complexity)] // skipped tests say so; tables are what they are

use std::{
    fs,
    io::{Cursor, Write},
};

use super::{
    super::{
        compress::Encoder,
        testing::{Tar, list, own_map},
    },
    *,
};

struct Store {
    _dir: tempfile::TempDir,
    layout: Layout,
    map: IdMap,
}

impl Store {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let layout = Layout::new(dir.path().join("state"), dir.path().join("run"));
        Store { _dir: dir, layout, map: own_map() }
    }

    fn target(&self) -> Target<'_> {
        Target { layout: &self.layout, map: &self.map, progress: Progress::NONE }
    }

    fn tree(&self, diff_id: &Digest) -> std::path::PathBuf {
        self.layout.layer(&self.map.tag(), diff_id)
    }

    fn ingest(&self, data: &[u8], expected: Expected, diff_id: Option<Digest>) -> anyhow::Result<Layer> {
        ingest(self.target(), Cursor::new(data.to_vec()), expected, diff_id)
    }

    /// All files of the store but for directories and locks.
    fn files(&self) -> Vec<String> {
        let root = self.layout.root();
        let files = if root.exists() { list(root) } else { Default::default() };
        let files =
            files.into_iter().filter(|(path, text)| text.starts_with("file") && !path.starts_with("locks"));
        files.map(|(path, _)| path).collect()
    }
}

fn archive() -> Vec<u8> {
    let noise: String =
        (0..400_000u32).map(|n| char::from(b'a' + (n.wrapping_mul(n) >> 9) as u8 % 26)).collect();
    Tar::new().dir("d").file("d/noise", &noise).file("e", "x").end()
}

fn compressed(compression: Compression) -> Vec<u8> {
    let mut encoder = Encoder::new(compression, Vec::new()).unwrap();
    encoder.write_all(&archive()).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn a_layer_is_stored_and_unpacked_in_one_pass() {
    for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
        let (store, data) = (Store::new(), compressed(compression));
        let layer = store.ingest(&data, Expected::default(), None).unwrap();
        let (blob, diff_id) = (Digest::of(&data), Digest::of(&archive()));
        assert_eq!(layer, Layer { blob, size: data.len() as u64, diff_id, compression });
        assert!(fs::read(store.layout.blob(&blob)).unwrap() == data);
        let tree = list(&store.tree(&diff_id));
        assert_eq!(tree.keys().collect::<Vec<_>>(), ["d", "d/noise", "e"], "{compression:?}");
        assert!(tree::is_whole(&store.tree(&diff_id)).unwrap());

        // Again, with all that is known by now; and again from the blob alone.
        let expected = Expected { digest: Some(blob), size: Some(data.len() as u64) };
        assert_eq!(store.ingest(&data, expected, Some(diff_id)).unwrap(), layer);
        fs::remove_dir_all(store.tree(&diff_id)).unwrap();
        unpack_blob(store.target(), &blob, &diff_id).unwrap();
        assert!(list(&store.tree(&diff_id)) == tree);
        assert_eq!(fs::read_dir(store.layout.tmp()).unwrap().count(), 0);
    }
}

#[test]
fn a_bad_layer_leaves_nothing() {
    let good = compressed(Compression::Gzip);
    let zstd = compressed(Compression::Zstd);
    let other = Some(Digest::of(b"other"));
    let of = |digest, size| Expected { digest, size };
    let escape = Tar::new().file("a", "x").file("../b", "x").end();
    let cases: &[(&str, &[u8], Expected, Option<Digest>, &str)] = &[
        ("digest", &good, of(other, None), None, "digest"),
        ("too long", &good, of(None, Some(10)), None, "more than the 10 bytes"),
        ("too short", &good, of(None, Some(1 << 30)), None, "were announced"),
        ("diff id", &good, of(None, None), other, "diff id"),
        ("gzip cut", &good[..good.len() / 2], of(None, None), None, "inflate"),
        ("zstd cut", &zstd[..zstd.len() / 2], of(None, None), None, "inflate"),
        ("garbage after it", &[&good[..], b"garbage"].concat(), of(None, None), None, "inflate"),
        ("tar cut", &archive()[..700], of(None, None), None, "cut off"),
        ("no archive", &[b'x'; 2000], of(None, None), None, "not a tar archive"),
        ("escape", &escape, of(None, None), None, "upwards"),
        ("bzip2", b"BZh91AY&SY......", of(None, None), None, "bzip2"),
    ];
    for (case, data, expected, diff_id, text) in cases {
        let store = Store::new();
        let error = store.ingest(data, *expected, *diff_id).unwrap_err();
        assert!(format!("{error:#}").contains(text), "{case}: {error:#}");
        assert_eq!(store.files(), [""; 0], "{case}");
        assert_eq!(fs::read_dir(store.layout.tmp()).unwrap().count(), 0, "{case}");
    }
}

#[test]
fn a_source_that_fails_is_the_error() {
    struct Broken(usize);
    impl Read for Broken {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            self.0 += 1;
            if self.0 > 3 {
                return Err(std::io::Error::other("the line is dead"));
            }
            buffer[..512].fill(0);
            Ok(512)
        }
    }
    let store = Store::new();
    let error = ingest(store.target(), Broken(0), Expected::default(), None).unwrap_err();
    assert!(format!("{error:#}").contains("the line is dead"), "{error:#}");
    assert_eq!(store.files(), [""; 0]);
}

#[test]
fn a_damaged_blob_is_not_unpacked() {
    let (store, mut data) = (Store::new(), compressed(Compression::Gzip));
    let layer = store.ingest(&data, Expected::default(), None).unwrap();
    fs::remove_dir_all(store.tree(&layer.diff_id)).unwrap();
    data.push(0);
    fs::write(store.layout.blob(&layer.blob), data).unwrap();
    assert!(unpack_blob(store.target(), &layer.blob, &layer.diff_id).is_err());
    assert!(!store.tree(&layer.diff_id).exists());
}

#[test]
fn a_tree_of_another_boot_is_made_again() {
    let (store, data) = (Store::new(), compressed(Compression::None));
    let layer = store.ingest(&data, Expected::default(), None).unwrap();
    let tree = store.tree(&layer.diff_id);
    if rustix::fs::lsetxattr(&tree, "user.coracle.boot", b"another", rustix::fs::XattrFlags::empty()).is_err()
    {
        return eprintln!(
            "skipped: a_tree_of_another_boot_is_made_again: no user attributes on this file system"
        );
    }
    fs::remove_file(tree.join("e")).unwrap();
    assert!(!tree::is_whole(&tree).unwrap());
    unpack_blob(store.target(), &layer.blob, &layer.diff_id).unwrap();
    assert!(tree::is_whole(&tree).unwrap() && tree.join("e").exists());
    assert_eq!(fs::read_dir(store.layout.tmp()).unwrap().count(), 0);
}

#[test]
fn jobs_run_together_and_answer_in_order() {
    let jobs: Vec<_> = (0..20).map(|n| move || Ok(n * n)).collect();
    let results: Vec<i32> = in_parallel(jobs).into_iter().map(Result::unwrap).collect();
    assert_eq!(results, (0..20).map(|n| n * n).collect::<Vec<_>>());
    let jobs: Vec<_> = (0..20).map(|n| move || if n == 3 { bail!("job 3") } else { Ok(n) }).collect();
    let first = in_parallel(jobs).into_iter().find_map(Result::err).unwrap();
    assert_eq!(first.to_string(), "job 3");
    assert!(in_parallel(Vec::<fn() -> anyhow::Result<()>>::new()).is_empty());
}
