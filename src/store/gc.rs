//! What nothing reaches: blobs and layer trees that no listed image and no container needs. Swept whenever an image
//! goes and at the end of whatever adds one, also when that failed; so what a killed load leaves goes with the next.
//!
//! ```text
//! index.json ──→ index ──→ manifest ──→ config ──→ diff ids ──→ layers/<map>/<diff-id>
//!                             └─→ layers (blobs)                      ↑
//! containers/<id>/config.json: root (diff ids), image (manifest) ─────┘
//! ```
//!
//! Who adds blobs that nothing lists yet holds [`Loading`]; nothing is swept while somebody does.

use std::{
    collections::HashSet,
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use serde::Deserialize;

use crate::{base::digest::Digest, sys::remove::remove_tree};

use super::{
    blob::{self, DOCUMENT_LIMIT},
    container::{ImageUse, RootSource},
    image::{Descriptor, Index, IndexChange, change_index, make_skeleton},
    layout::Layout,
    lock::Lock,
    record,
    tmp::Tmp,
    usage,
};

/// Says that blobs and layers are being added.
#[derive(Debug)]
pub struct Loading {
    _lock: Lock,
}

impl Loading {
    /// Begins to add; makes the store where there is none.
    pub fn begin(layout: &Layout) -> anyhow::Result<Loading> {
        make_skeleton(layout)?;
        let path = layout.load_lock();
        let lock = Lock::shared(&path).with_context(|| format!("lock {}", path.display()))?;
        Ok(Loading { _lock: lock })
    }
}

/// What is in use.
#[derive(Debug, Default)]
pub struct Reachable {
    pub blobs: HashSet<Digest>,
    pub diff_ids: HashSet<Digest>,
}

/// What leads from one document to others: an index, a manifest and a config at once.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Links {
    manifests: Vec<Descriptor>,
    config: Option<serde_json::Value>,
    layers: Vec<Descriptor>,
    rootfs: Option<RootFs>,
}

#[derive(Debug, Deserialize)]
struct RootFs {
    #[serde(default)]
    diff_ids: Vec<String>,
}

/// What a container's record says of images.
#[derive(Debug, Deserialize)]
struct Pins {
    root: RootSource,
    image: Option<ImageUse>,
}

impl Reachable {
    /// Follows everything from the index and the containers.
    pub fn find(layout: &Layout, index: &Index) -> anyhow::Result<Reachable> {
        let mut reachable = Reachable::default();
        for descriptor in &index.manifests {
            reachable.follow(layout, &descriptor.digest)?;
        }
        for pins in containers(layout)? {
            if let RootSource::Layers(diff_ids) = pins.root {
                reachable.diff_ids.extend(diff_ids);
            }
            if let Some(image) = pins.image {
                reachable.follow(layout, &image.manifest)?;
            }
        }
        Ok(reachable)
    }

    /// Follows everything from one document.
    pub fn from_document(layout: &Layout, document: &Digest) -> anyhow::Result<Reachable> {
        let mut reachable = Reachable::default();
        reachable.follow(layout, document)?;
        Ok(reachable)
    }

    fn follow(&mut self, layout: &Layout, document: &Digest) -> anyhow::Result<()> {
        if !self.blobs.insert(*document) {
            return Ok(());
        }
        let Some(links) = links(layout, document)? else { return Ok(()) };
        self.blobs.extend(links.layers.iter().map(|layer| layer.digest));
        let diff_ids = links.rootfs.map(|rootfs| rootfs.diff_ids).unwrap_or_default();
        self.diff_ids.extend(diff_ids.iter().filter_map(|text| text.parse::<Digest>().ok()));
        for manifest in &links.manifests {
            self.follow(layout, &manifest.digest)?;
        }
        // A manifest's `config` describes a blob; a config's own `config` does not.
        match links.config.map(serde_json::from_value::<Descriptor>) {
            Some(Ok(config)) => self.follow(layout, &config.digest),
            _ => Ok(()),
        }
    }
}

/// Reads where a document leads. One that is missing or damaged leads nowhere; one that cannot be read just now is an
/// error, so that nothing is swept by mistake.
fn links(layout: &Layout, document: &Digest) -> anyhow::Result<Option<Links>> {
    if !blob::has(layout, document)? {
        return Ok(None);
    }
    match blob::read_verified(layout, document, DOCUMENT_LIMIT) {
        Ok(content) => Ok(serde_json::from_slice(&content).ok()),
        Err(error) if error.downcast_ref::<io::Error>().is_some() => Err(error),
        Err(_) => Ok(None),
    }
}

/// What the containers need. A directory without a readable record is no container.
fn containers(layout: &Layout) -> anyhow::Result<Vec<Pins>> {
    let directories = list(&layout.containers())?;
    Ok(directories.iter().filter_map(|dir| record::read(&dir.join("config.json")).ok().flatten()).collect())
}

/// What a sweep removed.
#[derive(Debug, Default)]
pub struct Swept {
    pub blobs: Vec<Digest>,
    pub trees: Vec<PathBuf>,
    /// Of blobs and trees, as du(1) counts.
    pub bytes: u64,
}

/// Removes what nothing reaches; nothing while somebody adds to the store. Call it in the user namespace of who
/// unpacks: trees have many owners.
pub fn collect(layout: &Layout) -> anyhow::Result<Swept> {
    let mut swept = Swept::default();
    if !layout.oci_layout().exists() {
        return Ok(swept);
    }
    let change = change_index(layout)?;
    let path = layout.load_lock();
    let Some(load) = Lock::try_exclusive(&path).with_context(|| format!("lock {}", path.display()))? else {
        return Ok(swept);
    };
    let reachable = Reachable::find(layout, &change.index)?;
    for path in unreachable(&layout.blobs(), &reachable.blobs)? {
        swept.bytes += usage::of(&path);
        fs::remove_file(&path).with_context(|| format!("remove {}", path.display()))?;
        swept.blobs.extend(digest_of(&path));
    }
    // A write of the index that was interrupted; nobody writes it while we hold its lock.
    for path in list(layout.root())? {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if name.ends_with(".new") && (name.starts_with("index.json.") || name.starts_with("oci-layout.")) {
            fs::remove_file(&path).with_context(|| format!("remove {}", path.display()))?;
        }
    }
    // Trees are moved out of sight and removed when the locks are free again: there may be very many files in one.
    let mut doomed = Vec::new();
    for of_map in list(&layout.layers())? {
        for path in unreachable(&of_map, &reachable.diff_ids)? {
            let grave = Tmp::claim(layout)?;
            fs::rename(&path, grave.content()).with_context(|| format!("remove {}", path.display()))?;
            swept.trees.push(path);
            doomed.push(grave);
        }
        // Stays where it is not empty.
        let _ = fs::remove_dir(&of_map);
    }
    drop((load, change));
    swept.bytes += doomed.iter().map(|grave| usage::of(&grave.content())).sum::<u64>();
    drop(doomed);
    Ok(swept)
}

/// Writes an index that lists less than before. On a full disk that needs room for a second one; the trees that it does
/// not reach make it, since each can be made again from its blob, should the write fail all the same. Call it in the user
/// namespace of who unpacks.
pub fn write_shrunk(change: &mut IndexChange<'_>) -> anyhow::Result<()> {
    match change.write() {
        Err(error) if record::is_full(&error) => remove_trees(change)?,
        answer => return answer,
    }
    change.write()
}

/// Removes the trees that an index does not reach where they are: a place in tmp/ needs room.
fn remove_trees(change: &IndexChange<'_>) -> anyhow::Result<()> {
    let layout = change.layout();
    let path = layout.load_lock();
    let load = Lock::try_exclusive(&path).with_context(|| format!("lock {}", path.display()))?;
    if load.is_none() {
        return Ok(());
    }
    let reachable = Reachable::find(layout, &change.index)?;
    for of_map in list(&layout.layers())? {
        for path in unreachable(&of_map, &reachable.diff_ids)? {
            // A name that stands for no layer: half a tree must not be taken for one.
            let doomed = path.with_extension("gone");
            let remove = || format!("remove {}", path.display());
            fs::rename(&path, &doomed).with_context(remove)?;
            let name = doomed.file_name().context("a tree has a name").with_context(remove)?;
            remove_tree(fs::File::open(&of_map)?, name.as_encoded_bytes()).with_context(remove)?;
        }
    }
    Ok(())
}

/// The entries of a directory whose names are no digest in `needed`.
fn unreachable(directory: &Path, needed: &HashSet<Digest>) -> anyhow::Result<Vec<PathBuf>> {
    let mut paths = list(directory)?;
    paths.retain(|path| digest_of(path).is_none_or(|digest| !needed.contains(&digest)));
    Ok(paths)
}

fn digest_of(path: &Path) -> Option<Digest> {
    format!("sha256:{}", path.file_name()?.to_str()?).parse().ok()
}

/// The paths in a directory; none where there is no directory.
pub fn list(directory: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let paths = fs::read_dir(directory).and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect());
    match paths {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        paths => paths.with_context(|| format!("list {}", directory.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        store::{directory, image::INDEX_TYPE},
        sys::{
            fd, mount, namespace,
            testing::{alone, in_child},
            userns,
        },
    };

    struct Store {
        layout: Layout,
        _dir: tempfile::TempDir,
    }

    impl Store {
        fn new() -> Store {
            Store::on(tempfile::tempdir().unwrap())
        }

        fn on(dir: tempfile::TempDir) -> Store {
            Store { layout: Layout::new(dir.path().join("state"), dir.path().join("run")), _dir: dir }
        }

        fn document(&self, content: &serde_json::Value) -> Descriptor {
            let blob = blob::write(&self.layout, content.to_string().as_bytes()).unwrap();
            Descriptor::new("type/does-not-matter", blob.digest, blob.size)
        }

        /// An image of one layer, with its tree; gives its manifest and the layer's digest.
        fn image(&self, layer: &str) -> (Descriptor, Digest) {
            let digest = blob::write(&self.layout, layer.as_bytes()).unwrap().digest;
            directory::make(&self.layout.layer("u0", &digest).join("bin")).unwrap();
            let config = self.document(&serde_json::json!({"config": {}, "rootfs": {"diff_ids": [digest]}}));
            let layers = [Descriptor::new("t", digest, 1)];
            (self.document(&serde_json::json!({"config": config, "layers": layers})), digest)
        }

        fn has(&self, layer: &Digest) -> (bool, bool) {
            (self.layout.blob(layer).exists(), self.layout.layer("u0", layer).exists())
        }

        fn blobs(&self) -> usize {
            list(&self.layout.blobs()).unwrap().len()
        }
    }

    #[test]
    fn what_an_index_reaches_stays_and_the_rest_goes() {
        let store = Store::new();
        let ((one, one_layer), (two, two_layer)) = (store.image("one"), store.image("two"));
        let index = store.document(&serde_json::json!({"manifests": [one]}));
        let mut change = change_index(&store.layout).unwrap();
        change.index.tag(&Descriptor { media_type: INDEX_TYPE.to_owned(), ..index.clone() }, "a");
        change.write().unwrap();
        drop(change);
        let loading = Loading::begin(&store.layout).unwrap();
        assert!(collect(&store.layout).unwrap().blobs.is_empty(), "somebody adds");
        drop(loading);
        fs::write(store.layout.blobs().join("stray"), b"").unwrap();
        let swept = collect(&store.layout).unwrap();
        assert_eq!((store.has(&one_layer), store.has(&two_layer)), ((true, true), (false, false)));
        assert!(swept.blobs.contains(&two.digest) && swept.trees.len() == 1 && swept.bytes > 0);
        assert_eq!(store.blobs(), 4, "index, manifest, config, layer");

        let mut change = change_index(&store.layout).unwrap();
        change.index.remove(&index.digest);
        change.write().unwrap();
        drop(change);
        collect(&store.layout).unwrap();
        assert_eq!((store.blobs(), list(&store.layout.layers()).unwrap().len()), (0, 0));
        assert_eq!(list(&store.layout.tmp()).unwrap().len(), 0);
    }

    #[test]
    fn an_image_can_be_removed_from_a_full_disk() {
        if !alone() {
            return;
        }
        if let Some(reason) = namespace::why_no_user_namespace() {
            return eprintln!("skipped: an_image_can_be_removed_from_a_full_disk: {reason}");
        }
        let dir = tempfile::tempdir().unwrap();
        in_child(|| {
            userns::enter(&userns::best_map())?;
            namespace::unshare(rustix::thread::UnshareFlags::NEWNS)?;
            mount::make_all_slaves()?;
            let size = [mount::Parameter::new("size", "256k")];
            mount::mount_new("tmpfs", &size, mount::Attributes::empty(), fd::open_dir(dir.path())?)?;
            let store = Store::on(dir);
            let ((one, one_layer), (two, two_layer)) = (store.image("one"), store.image("two"));
            fs::write(store.layout.layer("u0", &one_layer).join("bin/file"), [0; 8192])?;
            let mut change = change_index(&store.layout)?;
            change.index.tag(&one, "a");
            change.index.tag(&two, "b");
            change.write()?;
            let filled = fs::write(store.layout.root().join("fill"), [0; 256 << 10]);
            anyhow::ensure!(filled.is_err_and(|error| error.kind() == io::ErrorKind::StorageFull));
            change.index.remove(&one.digest);
            anyhow::ensure!(change.write().is_err());
            write_shrunk(&mut change)?;
            drop(change);
            collect(&store.layout)?;
            anyhow::ensure!(store.has(&one_layer) == (false, false) && store.has(&two_layer) == (true, true));
            Ok(())
        });
    }

    #[test]
    fn what_the_first_load_left_goes_too() {
        let store = Store::new();
        drop(Loading::begin(&store.layout).unwrap());
        store.image("one");
        collect(&store.layout).unwrap();
        assert_eq!(store.blobs(), 0);
    }

    #[test]
    fn a_container_keeps_its_layers_and_its_image() {
        let store = Store::new();
        let (manifest, layer) = store.image("one");
        let pins = serde_json::json!({
            "root": {"layers": [layer]},
            "image": {"name": "a", "id": manifest.digest, "manifest": manifest.digest},
        });
        let dir = store.layout.containers().join("c");
        directory::make(&dir).unwrap();
        drop(change_index(&store.layout).unwrap());
        fs::write(dir.join("config.json"), pins.to_string()).unwrap();
        collect(&store.layout).unwrap();
        assert_eq!((store.has(&layer), store.blobs()), ((true, true), 3));
        fs::write(dir.join("config.json"), "{").unwrap();
        collect(&store.layout).unwrap();
        assert_eq!((store.has(&layer), store.blobs()), ((false, false), 0));
    }
}
