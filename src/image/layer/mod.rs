//! Layers: from a tarball, whatever compresses it, to a tree that overlayfs can mount, and back.
//!
//! ```text
//! source ─┬─ blob file + sha256          (unpack, store::blob)
//!         └─ inflate ─┬─ sha256: diff id (compress)
//!                     └─ entries         (archive: header, pax, sparse)
//!                          └─ tree       (apply: directory, owner, whiteout, xattr)
//! ```
//!
//! Everything in an archive is hostile until checked: names are resolved component by component beneath the tree's
//! root, by descriptor. image-spec layer.md.

pub mod apply;
pub mod compress;
pub mod member;
pub mod tree;
pub mod unpack;

mod archive;
mod directory;
mod flow;
mod header;
mod owner;
mod pax;
pub mod progress;
mod sparse;
mod whiteout;
mod xattr;

#[cfg(test)]
mod testing;
