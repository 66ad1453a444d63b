//! The record of a volume: `volumes/<name>/volume.json`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::base::time::Time;

/// A named or anonymous volume; its files are in `data/` beside the record.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct VolumeRecord {
    pub version: u32,
    pub name: String,
    pub created: Time,
    /// Made for a container that named no volume: removed with it by `rm -v` and `run --rm`.
    #[serde(default)]
    pub anonymous: bool,
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    #[serde(default)]
    pub options: BTreeMap<String, String>,
    /// The image's files under the mount point were copied in already: that happens at the first use only.
    #[serde(default)]
    pub populated: bool,
}
