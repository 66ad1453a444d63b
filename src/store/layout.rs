//! Every path and file name of the state directory. Nothing else builds a path into it.

use std::path::{Path, PathBuf};

use crate::base::{digest::Digest, id::ContainerId};

/// The two directories of one user's state, and the names in them.
#[derive(Debug, Clone)]
pub struct Layout {
    root: PathBuf,
    runtime: PathBuf,
}

impl Layout {
    /// Names a state directory and a runtime directory; neither need exist.
    pub fn new(root: PathBuf, runtime: PathBuf) -> Self {
        Layout { root, runtime }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn oci_layout(&self) -> PathBuf {
        self.root.join("oci-layout")
    }

    pub fn index(&self) -> PathBuf {
        self.root.join("index.json")
    }

    pub fn index_lock(&self) -> PathBuf {
        self.root.join("locks/index")
    }

    /// Shared by everybody who puts blobs and layers into the store before an image lists them.
    pub fn load_lock(&self) -> PathBuf {
        self.root.join("locks/load")
    }

    pub fn blobs(&self) -> PathBuf {
        self.root.join("blobs/sha256")
    }

    pub fn blob(&self, digest: &Digest) -> PathBuf {
        self.blobs().join(digest.hex())
    }

    pub fn layers(&self) -> PathBuf {
        self.root.join("layers")
    }

    /// Guards the replacing of a torn tree.
    pub fn layers_lock(&self) -> PathBuf {
        self.root.join("locks/layers")
    }

    /// The tree of the layer with this diff id, as it is on disk under an identity map (`IdMap::tag`).
    pub fn layer(&self, map_tag: &str, diff_id: &Digest) -> PathBuf {
        self.layers().join(map_tag).join(diff_id.hex())
    }

    /// Guards the replacing of stale names.
    pub fn names_lock(&self) -> PathBuf {
        self.root.join("locks/names")
    }

    pub fn containers(&self) -> PathBuf {
        self.root.join("containers")
    }

    pub fn container(&self, id: &ContainerId) -> ContainerDir {
        ContainerDir(self.containers().join(id.as_str()))
    }

    pub fn names(&self) -> PathBuf {
        self.root.join("names")
    }

    /// The link that claims a container's name; `name` has passed [`crate::base::id::check_name`].
    pub fn name(&self, name: &str) -> PathBuf {
        self.names().join(name)
    }

    /// A tree of what is mounted upon in every container, the lowest of all: see [`crate::store::mount_points`].
    pub fn mount_points(&self) -> PathBuf {
        self.root.join("mountpoints")
    }

    pub fn volumes(&self) -> PathBuf {
        self.root.join("volumes")
    }

    /// Held while volumes are made for a container or removed, so that none goes between its lookup and its use.
    pub fn volumes_lock(&self) -> PathBuf {
        self.root.join("locks/volumes")
    }

    pub fn volume(&self, name: &str) -> VolumeDir {
        VolumeDir(self.volumes().join(name))
    }

    pub fn tmp(&self) -> PathBuf {
        self.root.join("tmp")
    }

    pub fn runtime(&self) -> &Path {
        &self.runtime
    }

    /// The socket on which a container's monitor takes attach clients. Short: a socket's path has 108 bytes at most.
    pub fn attach_socket(&self, id: &ContainerId) -> PathBuf {
        self.runtime.join(&id.as_str()[..16])
    }

    /// The note of a live process whose user namespace others with the same map may join.
    pub fn shared_userns(&self, map_tag: &str) -> PathBuf {
        self.runtime.join(format!("userns-{map_tag}"))
    }
}

/// A container's directory.
#[derive(Debug, Clone)]
pub struct ContainerDir(PathBuf);

impl ContainerDir {
    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn config(&self) -> PathBuf {
        self.0.join("config.json")
    }

    pub fn state(&self) -> PathBuf {
        self.0.join("state.json")
    }

    pub fn lock(&self) -> PathBuf {
        self.0.join("lock")
    }

    pub fn upper(&self) -> PathBuf {
        self.0.join("upper")
    }

    pub fn work(&self) -> PathBuf {
        self.0.join("work")
    }

    /// `hosts`, `hostname` or `resolv.conf`, which is bound over the container's own in /etc.
    pub fn etc_file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub fn log(&self) -> PathBuf {
        self.0.join("log/container.log")
    }
}

/// A volume's directory.
#[derive(Debug, Clone)]
pub struct VolumeDir(PathBuf);

impl VolumeDir {
    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn record(&self) -> PathBuf {
        self.0.join("volume.json")
    }

    pub fn data(&self) -> PathBuf {
        self.0.join("data")
    }

    /// Held while the volume is filled at its first use.
    pub fn lock(&self) -> PathBuf {
        self.0.join("lock")
    }
}
