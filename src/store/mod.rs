//! What is on disk: one directory per user, mode 0700, every path in it named by [`layout`] and stored relative.
//!
//! ```text
//! $CORACLE_ROOT, else $XDG_DATA_HOME/coracle, else ~/.local/share/coracle
//!   oci-layout, index.json, blobs/sha256/<hex>   a valid OCI image layout: every tarball, config and manifest,
//!                                                byte for byte. The tarballs are the truth.
//!   layers/<map>/<diff-id hex>/                  unpacked trees, kept apart by identity map (owners differ on disk):
//!                                                a cache, each rebuildable from its tarball
//!   containers/<id>/config.json                  how it was created; changed only by rename and update
//!                   state.json                   status, pid + start time + boot id, exit code, times
//!                   upper/ work/                 the writable layer
//!                   hosts, hostname, resolv.conf   bound into the container
//!                   log/                         JSON-lines log
//!                   lock                         flock held by the monitor for the container's life; its text: the exit code
//!   mountpoints/                                 what is mounted upon in every container: below all layers
//!   names/<name>                                 symbolic link whose text is a container id: creating it claims the name
//!   volumes/<name>/volume.json, data/, lock    the lock is held while it is filled at its first use
//!   locks/index                                  guards index.json
//!         load                                   shared while blobs and layers are added: nothing is swept meanwhile
//!         layers                                 guards the replacing of a torn tree
//!         names                                  guards the replacing of stale names
//!         volumes                                guards the making and removing of volumes
//!   tmp/                                         same file system as the rest; swept of dead owners' leavings
//! $XDG_RUNTIME_DIR/coracle, if set and ours, else <state directory>/run: sockets for attach. Losing it loses nothing.
//! ```
//!
//! Records are versioned JSON: written to a temporary name, synced, renamed, directory synced ([`record`]).
//! Locks are flock on small files, always taken in this order: container, volumes, one volume, names, index, load, layers. A read never
//! repairs or deletes.

pub mod blob;
pub mod container;
pub mod directory;
pub mod gc;
pub mod image;
pub mod layout;
pub mod lock;
pub mod mount_points;
pub mod names;
pub mod record;
pub mod tmp;
pub mod usage;
pub mod volume;
